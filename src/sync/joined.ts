// The ETag of an object that was sent in parts, made again of a file: S3 does not say how large the parts were.

import {createHash, type Hash} from 'node:crypto'
import {setImmediate as turn} from 'node:timers/promises'
import {joinedEtag, likelyPartSizes, partCount} from '../algo/parts.ts'
import type {OpenFile} from './files.ts'
import {CHUNK} from './pieces.ts'

/** The MD5s of the parts of one size, as the bytes come. */
class Parts {
	readonly #size: number
	readonly #etags: {etag: string}[] = []
	#hash: Hash = createHash('md5')
	#length = 0

	constructor(size: number) {
		this.#size = size
	}

	add(bytes: Buffer): void {
		for (let at = 0; at < bytes.length;) {
			const piece = bytes.subarray(at, at + this.#size - this.#length)
			this.#hash.update(piece)
			this.#length += piece.length
			at += piece.length
			if (this.#length === this.#size) this.#end()
		}
	}

	#end(): void {
		this.#etags.push({etag: this.#hash.digest('hex')})
		this.#hash = createHash('md5')
		this.#length = 0
	}

	etag(): string {
		if (this.#length > 0 || this.#etags.length === 0) this.#end()
		return joinedEtag(this.#etags)
	}
}

/** Whether an ETag is that of an object made of this file's bytes, in parts of a size that some tool chooses. Reads it once. */
export async function isJoinedFrom(file: OpenFile, etag: string, signal?: AbortSignal): Promise<boolean> {
	const count = partCount(etag)
	if (count === undefined) return false
	const ways = likelyPartSizes(file.stat.size, count).map((size) => new Parts(size))
	if (ways.length === 0) return false
	for (let at = 0; at < file.stat.size; at += CHUNK) {
		const bytes = file.read(at, Math.min(CHUNK, file.stat.size - at))
		for (const way of ways) way.add(bytes)
		await turn()
		signal?.throwIfAborted()
	}
	return file.unchanged() && ways.some((way) => way.etag() === etag)
}
