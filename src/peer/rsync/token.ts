// The content of a file on the wire: literal bytes, and blocks of the file that the other side has.
//
// Plain tokens are numbers of 32 bits. Compressed ones begin with a byte that tells what follows; literals are then
// pieces of a stream in the format that was agreed on (compression.ts).

import {
	COMPRESSED,
	type Compression,
	compressor,
	type Compressor,
	decompressor,
	type Decompressor,
} from './compression.ts'
import {RERR, RsyncError} from './errors.ts'

/** Bytes, or blocks `block` to `block + count - 1` of the basis. */
export type Token = {readonly literal: Buffer} | {readonly block: number; readonly count: number}

export type TokenSource = {
	/** Exactly `length` bytes, which stay valid. */
	take(length: number): Buffer | Promise<Buffer>
}

export type TokenSink = {
	byte(value: number): void
	/** 32 bits, the lowest byte first. */
	int(value: number): void
	/** Bytes, of which a copy is made. */
	raw(bytes: Buffer): void
	/** Resolves when little is left to send. */
	ready(): Promise<void> | undefined
}

/** Literal bytes of one plain token; all rsyncs send so many. */
const CHUNK = 1 << 15
/** Bytes of one compressed piece: 14 bits hold its length. */
const PIECE = (1 << 14) - 1
/** Further blocks of one run: 16 bits. */
const RUN = 0xffff
/** Differences of blocks that fit into the first byte. */
const NEAR = 0x3f

const FLAG = {end: 0, long: 0x20, longRun: 0x21, data: 0x40, near: 0x80, nearRun: 0xc0} as const

/** Reads the tokens of one file after another. */
export class TokenReader {
	readonly #source: TokenSource
	readonly #inflate: Decompressor | undefined
	/** Bytes of a plain literal that did not come yet. */
	#left = 0
	/** The last block of the last run. */
	#last = 0
	/** Data came, and no other token behind it. */
	#inRun = false

	constructor(source: TokenSource, compression: Compression) {
		this.#source = source
		this.#inflate = COMPRESSED.has(compression) ? decompressor(compression) : undefined
	}

	/** The next token, or undefined at the end of the file; the next call begins with the next file. */
	async next(): Promise<Token | undefined> {
		return this.#inflate === undefined ? this.#plain() : this.#compressed(this.#inflate)
	}

	/** The bytes of a block that was named: the old zlib format refers back to them. */
	async see(block: Buffer): Promise<void> {
		await this.#inflate?.see(block)
	}

	close(): void {
		this.#inflate?.close()
	}

	async #plain(): Promise<Token | undefined> {
		if (this.#left === 0) {
			const n = (await this.#source.take(4)).readInt32LE()
			if (n === 0) return undefined
			if (n < 0) return {block: -(n + 1), count: 1}
			this.#left = n
		}
		const literal = await this.#source.take(Math.min(this.#left, CHUNK))
		this.#left -= literal.length
		return {literal}
	}

	async #compressed(inflate: Decompressor): Promise<Token | undefined> {
		for (;;) {
			const flag = await this.#byte()
			if ((flag & 0xc0) === FLAG.data) {
				const length = ((flag & 0x3f) << 8) | (await this.#byte())
				const literal = await inflate.data(await this.#source.take(length))
				this.#inRun = true
				if (literal.length > 0) return {literal}
				continue
			}
			if (this.#inRun) {
				this.#inRun = false
				const literal = await inflate.endRun()
				if (literal.length > 0) throw new RsyncError(RERR.stream, 'compressed data go on behind their end')
			}
			if (flag === FLAG.end) {
				this.#last = 0
				await inflate.endFile()
				return undefined
			}
			return this.#blocks(flag)
		}
	}

	async #blocks(flag: number): Promise<Token> {
		const near = (flag & 0x80) !== 0
		if (!near && flag !== FLAG.long && flag !== FLAG.longRun)
			throw new RsyncError(RERR.stream, `a token begins with ${flag}, which is none`)
		const block = near ? this.#last + (flag & NEAR) : (await this.#source.take(4)).readInt32LE()
		const isRun = near ? (flag & 0xc0) === FLAG.nearRun : flag === FLAG.longRun
		const count = 1 + (isRun ? (await this.#source.take(2)).readUInt16LE() : 0)
		this.#last = block + count - 1
		if (block < 0 || this.#last > 0x7fffffff) throw new RsyncError(RERR.stream, `block ${block} cannot be`)
		return {block, count}
	}

	async #byte(): Promise<number> {
		return (await this.#source.take(1))[0] as number
	}
}

/** Writes the tokens of one file after another. */
export class TokenWriter {
	readonly #sink: TokenSink
	readonly #deflate: Compressor | undefined
	/** Blocks that go on: they are sent when it is known how far. */
	#run: {readonly start: number; last: number} | undefined
	#last = 0
	#inRun = false

	/** `level` is that of the compression; undefined for a quick one. */
	constructor(sink: TokenSink, compression: Compression, level?: number) {
		this.#sink = sink
		this.#deflate = COMPRESSED.has(compression) ? compressor(compression, level) : undefined
	}

	/** Bytes that the other side does not have. They may be changed once this resolves. */
	async literal(bytes: Buffer): Promise<void> {
		if (bytes.length === 0) return
		if (this.#deflate === undefined) {
			for (let at = 0; at < bytes.length; at += CHUNK) {
				const piece = bytes.subarray(at, at + CHUNK)
				this.#sink.int(piece.length)
				this.#sink.raw(piece)
			}
		} else {
			this.#sendRun()
			this.#inRun = true
			this.#pieces(await this.#deflate.data(bytes))
		}
		await this.#sink.ready()
	}

	/** A block of the file that the other side has. */
	async match(block: number): Promise<void> {
		if (this.#deflate === undefined) this.#sink.int(-(block + 1))
		else {
			if (this.#inRun) await this.#endData(this.#deflate)
			const run = this.#run
			if (run !== undefined && block === run.last + 1 && block - run.start <= RUN) run.last = block
			else {
				this.#sendRun()
				this.#run = {start: block, last: block}
			}
		}
		await this.#sink.ready()
	}

	/** The end of a file. */
	async end(): Promise<void> {
		if (this.#deflate === undefined) return this.#sink.int(0)
		if (this.#inRun) await this.#endData(this.#deflate)
		this.#sendRun()
		this.#sink.byte(FLAG.end)
		this.#last = 0
	}

	close(): void {
		this.#deflate?.close()
	}

	async #endData(deflate: Compressor): Promise<void> {
		this.#inRun = false
		this.#pieces(await deflate.endRun())
	}

	#pieces(bytes: Buffer): void {
		for (let at = 0; at < bytes.length; at += PIECE) {
			const piece = bytes.subarray(at, at + PIECE)
			this.#sink.byte(FLAG.data | (piece.length >> 8))
			this.#sink.byte(piece.length & 0xff)
			this.#sink.raw(piece)
		}
	}

	#sendRun(): void {
		if (this.#run === undefined) return
		const {start, last} = this.#run
		const [far, more] = [start - this.#last, last - start]
		const isNear = far >= 0 && far <= NEAR
		if (isNear) this.#sink.byte((more > 0 ? FLAG.nearRun : FLAG.near) | far)
		else {
			this.#sink.byte(more > 0 ? FLAG.longRun : FLAG.long)
			this.#sink.int(start)
		}
		if (more > 0) {
			this.#sink.byte(more & 0xff)
			this.#sink.byte(more >> 8)
		}
		this.#last = last
		this.#run = undefined
	}
}
