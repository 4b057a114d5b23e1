// A large object in ranges, several at once, which are hashed as far as they are whole.

import {pool} from '../base/pool.ts'
import type {Arrival} from './arrival.ts'
import type {Content} from './content.ts'
import type {NewFile} from './disk.ts'
import type {Source} from './download.ts'
import {piecesOf, sumOf} from './file-sum.ts'
import type {Following} from './hash-thread.ts'
import {fetchRange, RANGE, type Range} from './one-range.ts'
import type {Unfinished} from './unfinished.ts'
import {md5By, vouchingPart} from './vouching.ts'

/** So many are asked for of which more than so much is still to come. */
const WIDTH = 8
const LAST = RANGE / 2

/** Fetches ranges of one version of an object, pinned by its ETag, and hashes the file as far as it is whole. */
export async function ranges(
	arrival: Arrival,
	file: NewFile,
	source: Source,
	kept?: Unfinished,
): Promise<Content> {
	const {head} = arrival
	const {size} = head
	const into = kept ?? file
	file.reserve(size)
	const came = new Came(size, (first) => kept?.has(first) === true)
	const whole = {fd: into.fd, size, part: vouchingPart(arrival)}
	let following: Following | undefined
	const receive = async (range: Range, onMost: () => void): Promise<void> => {
		const {first, end} = range
		await fetchRange(source, head.etag, range, (piece, at) => {
			into.write(piece, at)
			const to = at + piece.length
			came.reached(first, to)
			following?.reach(came.whole)
			source.onBytes(piece.length)
			if (end - to <= LAST) onMost()
		})
		kept?.done(first)
	}
	const fetchAll = () => {
		following = source.hashes?.follow(whole)
		following?.reach(came.whole)
		const asked = new Asked(came.missing())
		return pool(asked, {width: 2 * WIDTH, signal: source.signal}, (range) => asked.during(range, receive))
	}
	try {
		await (source.large?.hold(1, fetchAll) ?? fetchAll())
	} catch (error) {
		await following?.drop()
		throw error
	}
	const md5 = md5By(arrival, (await following?.hashed()) ?? sumOf(whole), whole)
	if (kept) for (const [at, piece] of piecesOf(kept.fd, 0, size)) file.write(piece, at)
	return {size, md5}
}

/**
 * Ranges in their order, each as soon as most of those before it came: one that was asked for only when another is whole would have its
 * way waited for, and as all share the line, they would end, and wait, together.
 */
class Asked {
	readonly #missing: Iterable<Range>
	/** Those of which most is still to come. */
	#far = 0
	#change: (() => void) | undefined

	constructor(missing: Iterable<Range>) {
		this.#missing = missing
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Range, undefined> {
		for (const range of this.#missing) {
			while (this.#far >= WIDTH) await new Promise<void>((resolve) => (this.#change = resolve))
			this.#far++
			yield range
		}
	}

	/** Fetches a range; the next one may come when `onMost` was called, or this one ended. */
	async during(range: Range, fetch: (range: Range, onMost: () => void) => Promise<void>): Promise<void> {
		let isFar = true
		const end = () => {
			if (!isFar) return
			isFar = false
			this.#far--
			this.#change?.()
		}
		try {
			await fetch(range, end)
		} finally {
			end()
		}
	}
}

/** What came of a file in ranges. */
class Came {
	readonly #size: number
	/** Up to where each range is there. */
	readonly #at: number[]
	/** The first range that is not whole. */
	#low = 0

	constructor(size: number, isThere: (first: number) => boolean) {
		this.#size = size
		this.#at = Array.from({length: Math.ceil(size / RANGE)}, (_, i) =>
			isThere(i * RANGE) ? this.#end(i) : i * RANGE,
		)
	}

	reached(first: number, at: number): void {
		this.#at[first / RANGE] = at
	}

	/** Bytes that are there without a gap. */
	get whole(): number {
		while (this.#low < this.#at.length - 1 && this.#at[this.#low] === this.#end(this.#low)) this.#low++
		return this.#at[this.#low] ?? 0
	}

	/** The ranges of which nothing is there. */
	missing(): Range[] {
		return this.#at.flatMap((at, i) => (at === i * RANGE ? [{first: at, end: this.#end(i)}] : []))
	}

	#end(i: number): number {
		return Math.min((i + 1) * RANGE, this.#size)
	}
}
