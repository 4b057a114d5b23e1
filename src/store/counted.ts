// A store that counts: what --stats prints, and what tests assert ("a push that changes nothing
// makes no request").

import type {Body, Got, Store} from './store.ts'

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
	part: number
	other: number
	sent: number
	received: number
}

/** Keys that one DeleteObjects request takes. */
const BATCH = 1000

const KINDS = ['put', 'get', 'head', 'list', 'copy', 'delete', 'part', 'other'] as const

/** All requests counted, of whatever kind. */
export const requests = (counts: Counts): number => KINDS.reduce((sum, kind) => sum + counts[kind], 0)

/** `store`, with every request counted in the `counts` given beside it. */
export function counted(store: Store): Store & {readonly counts: Counts} {
	const counts: Counts = {
		put: 0,
		get: 0,
		head: 0,
		list: 0,
		copy: 0,
		delete: 0,
		part: 0,
		other: 0,
		sent: 0,
		received: 0,
	}
	const count = <T>(kind: (typeof KINDS)[number], answer: T): T => {
		counts[kind]++
		return answer
	}
	const sending = (body: Body): Body => {
		if (Buffer.isBuffer(body)) {
			counts.sent += body.length
			return body
		}
		return {length: body.length, chunks: () => tally(body.chunks(), (bytes) => (counts.sent += bytes))}
	}
	return {
		counts,
		bucket: store.bucket,
		url: store.url,
		get conditional() {
			return store.conditional
		},
		close: () => store.close(),

		async *list(prefix, options) {
			for await (const page of store.list(prefix, options)) yield count('list', page)
		},
		async *listVersions(prefix) {
			for await (const page of store.listVersions(prefix)) yield count('list', page)
		},
		head: (key, options) => count('head', store.head(key, options)),
		async get(key, options): Promise<Got> {
			const {head, body} = await count('get', store.get(key, options))
			return {head, body: tally(body, (bytes) => (counts.received += bytes))}
		},
		put: (key, body, options) => count('put', store.put(key, sending(body), options)),
		copy: (from, to, options) => count('copy', store.copy(from, to, options)),
		delete: (key, options) => count('delete', store.delete(key, options)),
		deleteMany(keys) {
			counts.delete += Math.ceil(keys.length / BATCH)
			return store.deleteMany(keys)
		},

		createUpload: (key, properties) => count('part', store.createUpload(key, properties)),
		uploadPart: (key, id, number, body, md5) =>
			count('part', store.uploadPart(key, id, number, sending(body), md5)),
		copyPart: (key, id, number, source) => count('part', store.copyPart(key, id, number, source)),
		completeUpload: (key, id, parts, condition) =>
			count('part', store.completeUpload(key, id, parts, condition)),
		abortUpload: (key, id) => count('part', store.abortUpload(key, id)),
		listUploads: (prefix) => count('list', store.listUploads(prefix)),
		listParts: (key, id) => count('list', store.listParts(key, id)),

		getAcl: (key) => count('other', store.getAcl(key)),
		putAcl: (key, acl) => count('other', store.putAcl(key, acl)),
		bucketExists: () => count('other', store.bucketExists()),
		createBucket: (options) => count('other', store.createBucket(options)),
		deleteBucket: () => count('other', store.deleteBucket()),
	}
}

async function* tally(chunks: AsyncIterable<Buffer>, add: (bytes: number) => void): AsyncIterable<Buffer> {
	for await (const chunk of chunks) {
		add(chunk.length)
		yield chunk
	}
}
