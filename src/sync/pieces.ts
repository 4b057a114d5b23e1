// The pieces that a large file is sent in, as it is or as gzip.

import {createHash, hash} from 'node:crypto'
import {pipeline, Readable} from 'node:stream'
import {createGzip} from 'node:zlib'
import {md5Of} from '../algo/md5.ts'
import type {SpareMemory} from '../base/spare.ts'
import type {Body} from '../store/store.ts'
import type {OpenFile} from './files.ts'

/** Pieces larger than this are streamed, not held in memory. */
const HELD = 16 * 2 ** 20
export const CHUNK = 2 ** 20

export type Piece = {
	readonly number: number
	readonly body: Body
	/** Its MD5; what is not in memory is read for it. */
	readonly md5: () => Buffer
}

/** The pieces of `size` bytes of a file; one that is empty by now has an empty one, for an upload needs a part. */
export class PlainPieces {
	/** Bytes of each but the last. */
	readonly size: number
	readonly #file: OpenFile
	readonly #memory: SpareMemory
	/** The reading of the piece before. */
	#before: Promise<unknown> = Promise.resolve()

	/** `memory` is what those are read into that are held. */
	constructor(file: OpenFile, size: number, memory: SpareMemory) {
		this.#file = file
		this.size = size
		this.#memory = memory
	}

	/** Their numbers, beginning with 1. */
	*numbers(): Iterable<number> {
		for (let number = 1; number === 1 || this.#at(number) < this.#file.stat.size; number++) yield number
	}

	/** Whether one is in memory as a whole while something is done with it. */
	get areHeld(): boolean {
		return this.size <= HELD
	}

	/** Bytes that one of them takes in memory. */
	get held(): number {
		return this.areHeld ? this.size : CHUNK
	}

	/** Does something with a piece, whose bytes are good until that is done. */
	async use(number: number, work: (piece: Piece) => Promise<void>): Promise<void> {
		const at = this.#at(number)
		const length = Math.min(this.size, this.#file.stat.size - at)
		if (length > HELD) return work(streamed(this.#file, number, at, length))
		const memory = this.#memory.take(length) ?? Buffer.allocUnsafeSlow(length)
		const body = await this.#read(memory.subarray(0, length), at)
		await work({number, body, md5: () => md5Of(body)})
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

	#at(number: number): number {
		return (number - 1) * this.size
	}
}

/** The SHA-256 of the pieces of a file in hex, each of `size` bytes but the last. */
export type Sums = {readonly size: number; readonly ofPieces: readonly string[]}

/** Undefined where pieces are too large to be held. */
export async function sumsOf(pieces: PlainPieces, signal?: AbortSignal): Promise<Sums | undefined> {
	const ofPieces: string[] = []
	if (!pieces.areHeld) return undefined
	for (const number of pieces.numbers()) {
		await pieces.use(number, async ({body}) => void ofPieces.push(hash('sha256', body as Buffer)))
		signal?.throwIfAborted()
	}
	return {size: pieces.size, ofPieces}
}

function streamed(file: OpenFile, number: number, at: number, length: number): Piece {
	const body = {
		length,
		async *chunks() {
			yield* chunksOf(file, at, length)
		},
	}
	return {number, body, md5: () => md5OfStretch(file, at, length)}
}

function* chunksOf(file: OpenFile, at: number, length: number): Iterable<Buffer> {
	for (let done = 0; done < length; done += CHUNK) yield file.read(at + done, Math.min(CHUNK, length - done))
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
