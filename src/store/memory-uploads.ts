// The multipart uploads of a memory store: parts kept until they become an object or are dropped.

import {createHash, randomUUID} from 'node:crypto'
import {joinedEtag} from '../algo/parts.ts'
import {invalid, noSuchUpload, shownObject} from './errors.ts'
import {PART_LEAST, PART_LIMIT} from './limits.ts'
import type {Part, Properties, Upload} from './store.ts'

type StoredPart = Part & {readonly bytes: Buffer}
type Open = Upload & {readonly properties: Properties; readonly parts: Map<number, StoredPart>}

/** What a completed upload is: its bytes, and S3's ETag for it (the MD5 of the parts' MD5s, and their number). */
export type Joined = {readonly bytes: Buffer; readonly etag: string; readonly properties: Properties}

export class MemoryUploads {
	readonly #bucket: string
	readonly #open = new Map<string, Open>()

	constructor(bucket: string) {
		this.#bucket = bucket
	}

	create(key: string, properties: Properties, initiated: number): string {
		const id = randomUUID()
		this.#open.set(id, {key, id, initiated, properties, parts: new Map()})
		return id
	}

	/** Keeps a part, in place of one of the same number; returns its ETag. */
	add(key: string, id: string, number: number, bytes: Buffer): string {
		const {parts} = this.#get(key, id)
		if (!Number.isInteger(number) || number < 1 || number > PART_LIMIT)
			throw invalid('InvalidArgument', `part numbers are 1 to ${PART_LIMIT}, not ${number}`)
		const etag = createHash('md5').update(bytes).digest('hex')
		parts.set(number, {number, etag, size: bytes.length, bytes})
		return etag
	}

	/** Joins the parts named, which must be there, in ascending order and large enough. */
	join(key: string, id: string, wanted: readonly Part[]): Joined {
		const {parts, properties} = this.#get(key, id)
		const what = `the upload of ${shownObject(this.#bucket, key)}`
		if (wanted.length === 0) throw invalid('MalformedXML', `${what} has no parts`)
		const found = wanted.map(({number, etag}, at) => {
			const part = parts.get(number)
			if (part === undefined || part.etag !== etag)
				throw invalid('InvalidPart', `${what} has no part ${number} with the ETag '${etag}'`)
			if (number <= (wanted[at - 1]?.number ?? 0))
				throw invalid('InvalidPartOrder', `${what} names its parts out of order`)
			if (part.size < PART_LEAST && at < wanted.length - 1)
				throw invalid('EntityTooSmall', `${what} has a part ${number} of ${part.size} bytes, too small`)
			return part
		})
		return {
			bytes: Buffer.concat(found.map((p) => p.bytes)),
			etag: joinedEtag(found),
			properties,
		}
	}

	/** Forgets an upload; one that is gone already is no error. */
	drop(id: string): void {
		this.#open.delete(id)
	}

	list(prefix: string): Upload[] {
		return [...this.#open.values()]
			.filter(({key}) => key.startsWith(prefix))
			.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated - b.initiated)
			.map(({key, id, initiated}) => ({key, id, initiated}))
	}

	listParts(key: string, id: string): Part[] {
		return [...this.#get(key, id).parts.values()]
			.toSorted((a, b) => a.number - b.number)
			.map(({number, etag, size}) => ({number, etag, size}))
	}

	#get(key: string, id: string): Open {
		const upload = this.#open.get(id)
		if (upload === undefined || upload.key !== key) throw noSuchUpload(this.#bucket, key)
		return upload
	}
}
