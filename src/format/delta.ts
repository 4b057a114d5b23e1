// How to make one file of another one: a stream of instructions. The page s3r-signature(5) is the authority.

import {createHash} from 'node:crypto'
import {fatal} from '../base/errors.ts'

const MAGIC = 's3rdelta'
const VERSION = 1
const MD5 = 16
const LITERAL_LIMIT = 1 << 16
const TAG = {end: 0, literal: 1, copy: 2} as const

/** A file as signatures and deltas know it. */
export type Known = {readonly size: number; readonly md5: Buffer}

/** What a delta consists of: `basis` first, `result` last. */
export type Part =
	| {readonly basis: Known}
	| {readonly literal: Buffer}
	| {readonly offset: number; readonly length: number}
	| {readonly result: Known}

/** Writes a delta, part by part. */
export class DeltaWriter {
	readonly #hash = createHash('md5')

	#counted(...pieces: Buffer[]): Buffer {
		const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
		this.#hash.update(bytes)
		return bytes
	}

	head(basis: Known): Buffer {
		const bytes = Buffer.alloc(12)
		bytes.write(MAGIC, 'latin1')
		bytes.writeUInt32LE(VERSION, 8)
		return this.#counted(bytes, knownBytes(basis))
	}

	/** Any number of bytes, in as many instructions as that takes. */
	literal(literal: Buffer): Buffer {
		const pieces: Buffer[] = []
		for (let at = 0; at < literal.length; at += LITERAL_LIMIT) {
			const piece = literal.subarray(at, at + LITERAL_LIMIT)
			const head = Buffer.allocUnsafe(5)
			head.writeUInt8(TAG.literal, 0)
			head.writeUInt32LE(piece.length, 1)
			pieces.push(head, piece)
		}
		return this.#counted(...pieces)
	}

	copy(offset: number, length: number): Buffer {
		const bytes = Buffer.allocUnsafe(17)
		bytes.writeUInt8(TAG.copy, 0)
		bytes.writeBigUInt64LE(BigInt(offset), 1)
		bytes.writeBigUInt64LE(BigInt(length), 9)
		return this.#counted(bytes)
	}

	end(result: Known): Buffer {
		return Buffer.concat([this.#counted(Buffer.from([TAG.end]), knownBytes(result)), this.#hash.digest()])
	}
}

function knownBytes({size, md5}: Known): Buffer {
	const bytes = Buffer.allocUnsafe(8 + MD5)
	bytes.writeBigUInt64LE(BigInt(size), 0)
	md5.copy(bytes, 8)
	return bytes
}

/** Takes pieces of a known length from a stream, and remembers what it took. */
class Pieces {
	readonly #chunks: AsyncIterator<Buffer>
	readonly #hash = createHash('md5')
	#rest: Buffer = Buffer.alloc(0)

	constructor(chunks: AsyncIterable<Buffer>) {
		this.#chunks = chunks[Symbol.asyncIterator]()
	}

	async take(length: number): Promise<Buffer> {
		while (this.#rest.length < length) {
			const next = await this.#chunks.next()
			if (next.done === true) throw fatal('the delta is cut off')
			this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
		}
		const piece = this.#rest.subarray(0, length)
		this.#rest = this.#rest.subarray(length)
		this.#hash.update(piece)
		return piece
	}

	async takeNumber(): Promise<number> {
		return Number((await this.take(8)).readBigUInt64LE())
	}

	async takeKnown(): Promise<Known> {
		return {size: await this.takeNumber(), md5: Buffer.from(await this.take(MD5))}
	}

	/** The trailing MD5 must be that of what was taken, and the last. */
	async finish(): Promise<void> {
		const expected = this.#hash.copy().digest()
		if (!expected.equals(await this.take(MD5))) throw fatal('the delta is damaged')
		for (let rest = this.#rest; ;) {
			if (rest.length > 0) throw fatal('something follows the end of the delta')
			const next = await this.#chunks.next()
			if (next.done === true) return
			rest = next.value
		}
	}
}

/**
 * Reads a delta as it comes, in memory of one instruction. The `result` comes when all of the delta was seen and is
 * undamaged; until then nothing is vouched for.
 *
 * Throws status 128 for what is none, was cut off or changed, or reaches beyond the basis.
 */
export async function* decodeDelta(chunks: AsyncIterable<Buffer>): AsyncGenerator<Part> {
	const pieces = new Pieces(chunks)
	const head = await pieces.take(12)
	if (head.toString('latin1', 0, 8) !== MAGIC) throw fatal('what was given as the delta is none')
	if (head.readUInt32LE(8) !== VERSION)
		throw fatal(`the delta has version ${head.readUInt32LE(8)}`, 'a newer s3r may have written it')
	const basis = await pieces.takeKnown()
	yield {basis}

	for (;;) {
		const tag = (await pieces.take(1))[0]
		if (tag === TAG.literal) {
			const length = (await pieces.take(4)).readUInt32LE()
			if (length < 1 || length > LITERAL_LIMIT) throw fatal('the delta is damaged')
			yield {literal: await pieces.take(length)}
		} else if (tag === TAG.copy) {
			const offset = await pieces.takeNumber()
			const length = await pieces.takeNumber()
			if (length < 1 || offset + length > basis.size) throw fatal('the delta is damaged')
			yield {offset, length}
		} else if (tag === TAG.end) {
			const result = await pieces.takeKnown()
			await pieces.finish()
			yield {result}
			return
		} else throw fatal('the delta is damaged')
	}
}
