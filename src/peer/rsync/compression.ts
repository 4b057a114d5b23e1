// The compressed streams inside tokens.
//
// zlib and zlibx: one raw deflate stream a file; each run of literals ends at a byte, with the four bytes of an
// empty stored block, which are not sent. With the old zlib the blocks that matched are part of what the stream
// refers back to, with zlibx they are not. zstd: one frame for the whole session, flushed at the end of each run.

import {promisify} from 'node:util'
import zlib from 'node:zlib'
import type {Transform} from 'node:stream'
import {shown} from '../../base/quote.ts'
import {RERR, RsyncError} from './errors.ts'

const NAMES = ['none', 'zlib', 'zlibx', 'zstd'] as const
export type Compression = (typeof NAMES)[number]
export const COMPRESSED: ReadonlySet<Compression> = new Set(['zlib', 'zlibx', 'zstd'])

/** Node has it from 22.15 on; the types are those of Node 20. */
type Zstd = {
	createZstdCompress(options: {
		params: Record<number, number>
	}): Transform & {flush(kind: number, done: () => void): void}
	createZstdDecompress(): Transform
	constants: {ZSTD_c_compressionLevel: number; ZSTD_e_flush: number}
}
const ZSTD = 'createZstdCompress' in zlib ? (zlib as unknown as Zstd) : undefined

/** The names that we send, best first. */
export const COMPRESSION_OFFER = ZSTD === undefined ? 'zlibx zlib' : 'zstd zlibx zlib'

/**
 * The compression of that name.
 *
 * Throws code 4 for one that we do not have.
 */
export function compressionNamed(text: string): Compression {
	const found = NAMES.find((name) => name === text.toLowerCase())
	if (found !== undefined && (found !== 'zstd' || ZSTD !== undefined)) return found
	throw new RsyncError(
		RERR.unsupported,
		`the compression ${shown(text)} is not known here; --compress-choice takes ${COMPRESSION_OFFER.replaceAll(' ', ', ')} or none`,
	)
}

export type Decompressor = {
	/** Takes a piece, and gives what came out of it. Rejects with code 12 for what is no such stream. */
	data(piece: Buffer): Promise<Buffer>
	/** A run of literals ends. */
	endRun(): Promise<Buffer>
	endFile(): Promise<void>
	/** A block that was not sent, and is referred to. */
	see(block: Buffer): Promise<void>
	close(): void
}

export type Compressor = {
	/** Takes literal bytes, and gives what is to be sent of them so far. */
	data(bytes: Buffer): Promise<Buffer>
	/** What is still to be sent at the end of a run. */
	endRun(): Promise<Buffer>
	close(): void
}

/** The empty stored block that ends a run. */
const MARK = Buffer.from([0, 0, 0xff, 0xff])
/** A stored block has at most so many bytes. */
const STORED = 0xffff
const NOTHING = Buffer.alloc(0)

/** A stream of zlib, as calls that wait for what comes out. */
class Flow {
	readonly #stream: Transform
	#out: Buffer[] = []
	#failed: Error | undefined
	#wake: (() => void) | undefined

	constructor(stream: Transform) {
		this.#stream = stream
		stream.on('data', (piece: Buffer) => void this.#out.push(piece))
		stream.on('error', (error) => {
			this.#failed = error
			this.#wake?.()
		})
	}

	async write(piece: Buffer): Promise<Buffer> {
		return this.collect((done) => void this.#stream.write(piece, done))
	}

	/** Does what ends in a call of `done`, and gives what came out meanwhile. */
	async collect(start: (done: () => void) => void): Promise<Buffer> {
		if (this.#failed === undefined)
			await new Promise<void>((resolve) => {
				this.#wake = resolve
				start(resolve)
			})
		if (this.#failed !== undefined)
			throw new RsyncError(RERR.stream, `compressed data are broken: ${this.#failed.message}`, this.#failed)
		// What was not handed out yet: each read is an event 'data' too.
		while (this.#stream.read() !== null);
		const [first = NOTHING, ...more] = this.#out
		const all = more.length === 0 ? first : Buffer.concat(this.#out)
		this.#out = []
		return all
	}

	close(): void {
		this.#stream.destroy()
	}
}

export function decompressor(compression: Compression): Decompressor {
	return compression === 'zstd' ? new Unzstd() : new Inflate(compression === 'zlib')
}

class Inflate implements Decompressor {
	readonly #seesBlocks: boolean
	readonly #stream = zlib.createInflateRaw()
	readonly #flow = new Flow(this.#stream)
	#fresh = true

	constructor(seesBlocks: boolean) {
		this.#seesBlocks = seesBlocks
	}

	async data(piece: Buffer): Promise<Buffer> {
		this.#fresh = false
		return this.#flow.write(piece)
	}

	async endRun(): Promise<Buffer> {
		return this.#flow.write(MARK)
	}

	async endFile(): Promise<void> {
		if (!this.#fresh) this.#stream.reset()
		this.#fresh = true
	}

	/** Fed as stored blocks, which come out again and are not wanted. */
	async see(block: Buffer): Promise<void> {
		if (!this.#seesBlocks) return
		this.#fresh = false
		for (let at = 0; at < block.length; at += STORED) {
			const piece = block.subarray(at, at + STORED)
			const head = Buffer.alloc(5)
			head.writeUInt16LE(piece.length, 1)
			head.writeUInt16LE(piece.length ^ 0xffff, 3)
			await this.#flow.write(Buffer.concat([head, piece]))
		}
	}

	close(): void {
		this.#flow.close()
	}
}

class Unzstd implements Decompressor {
	readonly #flow = new Flow(ZSTD!.createZstdDecompress())

	async data(piece: Buffer): Promise<Buffer> {
		return this.#flow.write(piece)
	}

	async endRun(): Promise<Buffer> {
		return NOTHING
	}

	async endFile(): Promise<void> {}

	async see(): Promise<void> {}

	close(): void {
		this.#flow.close()
	}
}

export function compressor(compression: Compression, level?: number): Compressor {
	return compression === 'zstd' ? new Zstandard(level) : new Deflate(level)
}

/** Each call's bytes are compressed for themselves: nothing is referred to, so zlib and zlibx are the same. */
const deflate = promisify(zlib.deflateRaw) as (bytes: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>
/** The quick levels: what is compressed goes through a pipe on one machine more often than through a wire. */
const DEFLATE_LEVEL = 1
const ZSTD_LEVEL = 1

class Deflate implements Compressor {
	readonly #level: number
	/** The mark behind the last piece: it is sent if more of the run follows. */
	#mark = NOTHING

	constructor(level: number = DEFLATE_LEVEL) {
		this.#level = Math.min(9, Math.max(0, level))
	}

	async data(bytes: Buffer): Promise<Buffer> {
		const options = {level: this.#level, finishFlush: zlib.constants.Z_SYNC_FLUSH}
		const packed = await deflate(bytes, options)
		const pieces = Buffer.concat([this.#mark, packed.subarray(0, -MARK.length)])
		this.#mark = MARK
		return pieces
	}

	async endRun(): Promise<Buffer> {
		this.#mark = NOTHING
		return NOTHING
	}

	close(): void {}
}

class Zstandard implements Compressor {
	readonly #stream
	readonly #flow

	constructor(level: number = ZSTD_LEVEL) {
		this.#stream = ZSTD!.createZstdCompress({params: {[ZSTD!.constants.ZSTD_c_compressionLevel]: level}})
		this.#flow = new Flow(this.#stream)
	}

	async data(bytes: Buffer): Promise<Buffer> {
		return this.#flow.write(bytes)
	}

	async endRun(): Promise<Buffer> {
		return this.#flow.collect((done) => this.#stream.flush(ZSTD!.constants.ZSTD_e_flush, done))
	}

	close(): void {
		this.#flow.close()
	}
}
