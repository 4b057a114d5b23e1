// The new content of a file, put together of bytes that came and of blocks that its object has: these are read in
// ranges, several at once, while the client goes on.

import {createHash} from 'node:crypto'
import {setImmediate as turn} from 'node:timers/promises'
import type {Budget} from '../../base/budget.ts'
import type {Path} from '../../base/path.ts'
import {keyOf} from '../../format/key.ts'
import type {Place} from '../../repo/find.ts'
import type {Store} from '../../store/store.ts'
import {fetchRange, RANGE} from '../../sync/one-range.ts'
import type {Came, Coming} from './coming.ts'
import {RERR, RsyncError} from './errors.ts'
import {Spooled} from './in-hand.ts'
import type {NewSignature} from './signatures.ts'

/** What there is of a file, whose blocks a client may name. */
export type Basis = {
	readonly path: Path
	readonly etag: string
	readonly size: number
	readonly blockLength: number
	readonly count: number
}

/** Bytes that are read for nothing rather than by another request. */
const GAP = 2 ** 18
/** Ranges of one file that wait for their turn, before the client does. */
const WAITING = 32
const CHUNK = 2 ** 20

/** Bytes of the object from `from` on, which are to stand at `to`. */
type Piece = {readonly from: number; length: number; readonly to: number}
/** What one request asks for; pieces in the order of the object. */
type Reading = {readonly first: number; end: number; readonly pieces: Piece[]}

export type PatchworkOptions = {
	readonly store: Store
	/** The remote's. */
	readonly prefix: string
	readonly scratch: Place
	/** How many ranges are read at once, of all files. */
	readonly width: Budget
	readonly signing: NewSignature | undefined
}

export class Patchwork implements Coming {
	readonly #options: PatchworkOptions
	readonly #basis: Basis
	readonly #spool: Spooled
	readonly #most: number
	#size = 0
	/** What is put together to be read. */
	#range: Reading | undefined
	readonly #running = new Set<Promise<void>>()
	#failure: {readonly error: unknown} | undefined
	#md5: Buffer | undefined

	/** `most` is what the file had when it was listed: no block is read to stand behind that. */
	constructor(options: PatchworkOptions, basis: Basis, most: number) {
		this.#options = options
		this.#basis = basis
		this.#most = most
		this.#spool = new Spooled(options.scratch)
	}

	literal(bytes: Buffer): void {
		this.#spool.writeAt(this.#size, bytes)
		this.#size += bytes.length
	}

	async copy(block: number, count: number): Promise<void> {
		const {blockLength, size, count: all} = this.#basis
		if (block + count > all)
			throw new RsyncError(RERR.protocol, `block ${block + count - 1} of a file of ${all}`)
		const end = Math.min((block + count) * blockLength, size)
		for (let from = block * blockLength; from < end;) {
			const length = Math.min(RANGE, end - from)
			if (this.#add({from, length, to: this.#size}))
				while (this.#running.size >= WAITING) await Promise.race(this.#running)
			this.#size += length
			from += length
		}
	}

	/** Adds a piece to what is to be read; true where that began to be read before it. */
	#add(piece: Piece): boolean {
		const {from, length, to} = piece
		// who names a block again and again sends nothing for what it costs; the checksum tells what came of it
		if (this.#failure || to + length > this.#most) return false
		const end = from + length
		const range = this.#range
		if (!range || from < range.end || from - range.end > GAP || end - range.first > RANGE) {
			this.#begin()
			this.#range = {first: from, end, pieces: [piece]}
			return true
		}
		const last = range.pieces.at(-1)
		if (last && from === range.end && to === last.to + last.length) last.length += length
		else range.pieces.push(piece)
		range.end = end
		return false
	}

	/** Begins to read what was put together. */
	#begin(): void {
		const range = this.#range
		this.#range = undefined
		if (!range) return
		const reading: Promise<void> = this.#options.width
			.hold(1, () => this.#read(range))
			.catch((error: unknown) => {
				this.#failure ??= {error}
			})
			.finally(() => this.#running.delete(reading))
		this.#running.add(reading)
	}

	async #read(range: Reading): Promise<void> {
		if (this.#failure) return
		const {store, prefix} = this.#options
		const {path, etag} = this.#basis
		const {pieces} = range
		let next = 0
		await fetchRange({store, key: prefix + keyOf(path)}, etag, range, (bytes, at) => {
			const stop = at + bytes.length
			for (let piece = pieces[next]; piece && piece.from < stop; piece = pieces[next]) {
				const {from, length, to} = piece
				const part = bytes.subarray(Math.max(0, from - at), from + length - at)
				this.#spool.writeAt(to + Math.max(0, at - from), part)
				if (from + length > stop) break
				next++
			}
		})
	}

	async finish(): Promise<Came> {
		this.#begin()
		await this.#settled()
		if (this.#failure) throw this.#failure.error
		const {signing} = this.#options
		const hash = createHash('md5')
		for (let at = 0; at < this.#size; at += CHUNK) {
			const bytes = this.#spool.read(at, Math.min(CHUNK, this.#size - at))
			hash.update(bytes)
			signing?.push(bytes)
			await turn()
		}
		const md5 = hash.digest()
		this.#md5 = md5
		return {content: this.#spool, md5, sum: md5}
	}

	sign(): void {
		if (this.#md5) this.#options.signing?.keep(this.#md5)
	}

	async drop(): Promise<void> {
		this.#failure ??= {error: undefined}
		await this.#settled()
		this.#spool.drop()
	}

	/** Waits until nothing is written any more. */
	async #settled(): Promise<void> {
		while (this.#running.size > 0) await Promise.all(this.#running)
	}
}
