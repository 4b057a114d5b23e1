// The pieces that a large file is sent in, as it is or as gzip.

import {createHash} from 'node:crypto'
import {totalmem} from 'node:os'
import {pipeline, Readable} from 'node:stream'
import {createGzip} from 'node:zlib'
import {md5Of} from '../algo/md5.ts'
import type {SpareMemory} from '../base/spare.ts'
import type {Body} from '../store/store.ts'
import type {OpenFile} from './files.ts'

/** Pieces larger than this are streamed, not held in memory. */
const HELD = 16 * 2 ** 20
export const CHUNK = 2 ** 20
/** Bytes of a streamed piece in memory: they are still in the processor's when they are sent. */
export const STREAMED = 256 * 2 ** 10
/** A file that takes more of the memory is read from the disk again, which likes one long piece after the other. */
const CACHED = totalmem() / 2

export type Piece = {
	readonly number: number
	readonly body: Body
	/** Its SHA-256 in hex, where that was taken before. */
	readonly sha256?: string | undefined
	/** Its MD5; what is not in memory is read for it. */
	readonly md5: () => Buffer
}

/** The pieces of `size` bytes of a file; one that is empty by now has an empty one, for an upload needs a part. */
export class PlainPieces {
	/** Bytes of each but the last. */
	readonly size: number
	readonly #file: OpenFile
	readonly #memory: SpareMemory
	readonly #sums: Sums | undefined
	/** The reading of the piece before. */
	#before: Promise<unknown> = Promise.resolve()

	/** `memory` is what they are read into, `sums` what was taken of pieces of this size before. */
	constructor(file: OpenFile, size: number, memory: SpareMemory, sums?: Sums) {
		this.#file = file
		this.size = size
		this.#memory = memory
		this.#sums = sums
	}

	/** Their numbers, beginning with 1. */
	*numbers(): Iterable<number> {
		for (let number = 1; number === 1 || this.#at(number) < this.#file.stat.size; number++) yield number
	}

	/** Whether one is in memory as a whole while something is done with it: to be hashed, or because the disk likes it. */
	get #areHeld(): boolean {
		return this.size <= HELD && (this.#sums === undefined || this.#file.stat.size > CACHED)
	}

	/** Bytes that one of them takes in memory. */
	get held(): number {
		return this.#areHeld ? this.size : STREAMED
	}

	/** Does something with a piece, whose bytes are good until that is done. */
	async use(number: number, work: (piece: Piece) => Promise<void>): Promise<void> {
		const at = this.#at(number)
		const length = Math.min(this.size, this.#file.stat.size - at)
		const sha256 = this.#sums?.ofPieces[number - 1]
		if (!this.#areHeld) return work({...this.#streamed(number, at, length), sha256})
		const memory = this.#memory.take(length) ?? Buffer.allocUnsafeSlow(length)
		const body = await this.#read(memory.subarray(0, length), at)
		await work({number, body, sha256, md5: () => md5Of(body)})
		// that of a piece which was not sent may still be on its way
		this.#memory.give(memory)
	}

	/** Reads one piece after the other, as disks like it, so that they are also sent in their order. */
	#read(memory: Buffer, at: number): Promise<Buffer> {
		const reading = this.#before.then(() => this.#file.readInto(memory, at))
		// who waits for this piece hears of it; the next one is read all the same
		this.#before = reading.catch(() => {})
		return reading
	}

	#streamed(number: number, at: number, length: number): Piece {
		const file = this.#file
		const body = streamed(file, at, length, this.#memory)
		return {number, body, md5: () => md5OfStretch(file, at, length)}
	}

	#at(number: number): number {
		return (number - 1) * this.size
	}
}

/** A stretch of a file as a body that is read while it is sent, into memory of `spare`. */
export const streamed = (
	file: Pick<OpenFile, 'read'>,
	at: number,
	length: number,
	spare: SpareMemory,
): Exclude<Body, Buffer> => ({
	length,
	async *chunks() {
		const memory = spare.take(STREAMED)
		yield* chunksOf(file, at, length, memory)
		// that of a piece which was not read to its end may still be on its way
		if (memory) spare.give(memory)
	},
})

/** The SHA-256 of the pieces of a file in hex, each of `size` bytes but the last. */
export type Sums = {readonly size: number; readonly ofPieces: readonly string[]}

/** The bytes of a stretch of a file; of `memory`, where that is given, which the next ones take again. */
function* chunksOf(
	file: Pick<OpenFile, 'read'>,
	at: number,
	length: number,
	memory?: Buffer,
): Iterable<Buffer> {
	const most = memory?.length ?? CHUNK
	for (let done = 0; done < length; done += most)
		yield file.read(at + done, Math.min(most, length - done), memory)
}

/** The MD5 of `length` bytes of a file, or of those that there are. */
export function md5OfStretch(file: OpenFile, at: number, length: number): Buffer {
	const md5 = createHash('md5')
	for (const chunk of chunksOf(file, at, length)) md5.update(chunk)
	return md5.digest()
}

/** The pieces of gzip of a file, of `size` bytes or a little more. */
export async function* packedPieces(file: OpenFile, size: number): AsyncIterable<Piece> {
	const gzip = createGzip()
	// what goes wrong ends the reading of gzip
	pipeline(Readable.from(chunksOf(file, 0, file.stat.size)), gzip, () => {})
	let held: Buffer[] = []
	let length = 0
	let number = 1
	const take = (): Piece => {
		const body = Buffer.concat(held)
		held = []
		length = 0
		return {number: number++, body, md5: () => md5Of(body)}
	}
	for await (const chunk of gzip as AsyncIterable<Buffer>) {
		held.push(chunk)
		length += chunk.length
		if (length >= size) yield take()
	}
	yield take()
}
