// A store that counts: what --stats prints, and what tests assert ("a push that changes nothing
// makes no request").

import {EXIT, S3rError} from '../base/errors.ts'
import type {Got, Store} from './store.ts'
import {WholeBody} from './whole.ts'

/**
 * Requests by kind, and bytes of objects in each direction. `part` is every request of a multipart
 * upload, `other` what concerns ACLs and the bucket. Retries are not seen from here.
 */
export type Counts = {
	put: number
	get: number
	head: number
	list: number
	copy: number
	delete: number
	restore: number
	part: number
	other: number
	sent: number
	received: number
}

/** Keys that one DeleteObjects request takes. */
const BATCH = 1000

const KINDS = ['put', 'get', 'head', 'list', 'copy', 'delete', 'restore', 'part', 'other'] as const

type Kind = (typeof KINDS)[number]

/** All requests counted, of whatever kind. */
export const requests = (counts: Counts): number => KINDS.reduce((sum, kind) => sum + counts[kind], 0)

const NONE: Counts = {
	put: 0,
	get: 0,
	head: 0,
	list: 0,
	copy: 0,
	delete: 0,
	restore: 0,
	part: 0,
	other: 0,
	sent: 0,
	received: 0,
}

/** What was counted in several places. */
export function sumOf(all: readonly Counts[]): Counts {
	const sum = {...NONE}
	for (const counts of all) addTo(sum, counts)
	return sum
}

/** Adds what was counted elsewhere. */
export function addTo(sum: Counts, counts: Counts): void {
	for (const kind of [...KINDS, 'sent', 'received'] as const) sum[kind] += counts[kind]
}

/** As many requests as were allowed have been made. */
export class RequestsSpent extends S3rError {
	constructor(limit: number) {
		super(`--max-requests=${limit} are made, and that was not all`, {
			status: EXIT.maxDelete,
			hint: 'the next run goes on where this one stopped',
		})
	}
}

/**
 * `store`, with every request counted in `counts`. What would be more than `limit` requests
 * rejects with RequestsSpent, and nothing is sent; only a listing that is under way may go one page further.
 */
export function counted(
	store: Store,
	limit: number = Infinity,
	counts = sumOf([]),
): Store & {readonly counts: Counts} {
	const spend = (kind: Kind, many = 1): void => {
		if (limit < Infinity && requests(counts) + many > limit) throw new RequestsSpent(limit)
		counts[kind] += many
	}
	/** Makes one request, if it may still be made. */
	const count = async <T>(kind: Kind, ask: () => Promise<T>, sent = 0): Promise<T> => {
		spend(kind)
		const answer = await ask()
		counts.sent += sent
		return answer
	}
	/** Counts the pages of a listing as they come. */
	const paged = async function* <T>(listing: () => AsyncIterable<T>): AsyncIterable<T> {
		if (requests(counts) >= limit) throw new RequestsSpent(limit)
		for await (const page of listing()) {
			spend('list')
			yield page
		}
	}
	return {
		counts,
		bucket: store.bucket,
		url: store.url,
		signsBodies: store.signsBodies,
		get conditional() {
			return store.conditional
		},
		showGuards: store.showGuards,
		findSite: store.findSite,
		close: () => store.close(),

		list: (prefix, options) => paged(() => store.list(prefix, options)),
		listVersions: (prefix) => paged(() => store.listVersions(prefix)),
		head: (key, options) => count('head', () => store.head(key, options)),
		async get(key, options): Promise<Got> {
			const {head, body} = await count('get', () => store.get(key, options))
			if (!(body instanceof WholeBody))
				return {head, body: tally(body, (bytes) => (counts.received += bytes))}
			counts.received += body.bytes.length
			return {head, body}
		},
		put: (key, body, options) => count('put', () => store.put(key, body, options), body.length),
		copy: (from, to, options) => count('copy', () => store.copy(from, to, options)),
		delete: (key, options) => count('delete', () => store.delete(key, options)),
		async deleteMany(keys) {
			spend('delete', Math.ceil(keys.length / BATCH))
			return store.deleteMany(keys)
		},

		createUpload: (key, properties) => count('part', () => store.createUpload(key, properties)),
		uploadPart: (key, id, number, body, digest) =>
			count('part', () => store.uploadPart(key, id, number, body, digest), body.length),
		copyPart: (key, id, number, source) => count('part', () => store.copyPart(key, id, number, source)),
		completeUpload: (key, id, parts, condition) =>
			count('part', () => store.completeUpload(key, id, parts, condition)),
		abortUpload: (key, id) => count('part', () => store.abortUpload(key, id)),
		async *listUploads(prefix) {
			spend('list')
			yield* store.listUploads(prefix)
		},
		async *listParts(key, id) {
			spend('list')
			yield* store.listParts(key, id)
		},

		restore: (key, options) => count('restore', () => store.restore(key, options)),
		getAcl: (key) => count('other', () => store.getAcl(key)),
		hasAcls: () => count('other', () => store.hasAcls()),
		putAcl: (key, acl) => count('other', () => store.putAcl(key, acl)),
		bucketExists: () => count('other', () => store.bucketExists()),
		createBucket: (options) => count('other', () => store.createBucket(options)),
		deleteBucket: () => count('other', () => store.deleteBucket()),
	}
}

async function* tally(chunks: AsyncIterable<Buffer>, add: (bytes: number) => void): AsyncIterable<Buffer> {
	for await (const chunk of chunks) {
		add(chunk.length)
		yield chunk
	}
}
