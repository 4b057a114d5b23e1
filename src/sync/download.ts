// An object's bytes into a new file, verified before the file gets its name.

import {createHash, hash} from 'node:crypto'
import {readSync} from 'node:fs'
import type {Budget} from '../base/budget.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import type {Head, Store} from '../store/store.ts'
import {WholeBody} from '../store/whole.ts'
import type {Arrival} from './arrival.ts'
import {type Content, contentOf, verify} from './content.ts'
import type {NewFile} from './disk.ts'
import type {HashThreads} from './hash-thread.ts'
import type {Md5Together} from './md5-together.ts'
import {Unfinished} from './unfinished.ts'

/** Objects of this size or more are fetched in ranges, several at once. */
const RANGED_FROM = 64 * 2 ** 20
const RANGE = 8 * 2 ** 20
const WIDTH = 8
const CHUNK = 2 ** 20

/** How many requests for ranges an object of this size takes, behind the first. */
export const rangesOf = (size: number): number => (size < RANGED_FROM ? 0 : Math.ceil(size / RANGE))

export type Source = {
	readonly store: Store
	readonly key: string
	/** The version that is wanted, where it is not what the key shows. */
	readonly version?: string | undefined
	readonly signal?: AbortSignal | undefined
	readonly onBytes: (bytes: number) => void
	/** How what came at once is hashed; by itself without. */
	readonly md5s?: Md5Together | undefined
	/** Of how many objects ranges may be under way at once, one of it for each; without, of any number. */
	readonly large?: Budget | undefined
	/** Threads that hash what comes in ranges while it comes; without, it is hashed when it is whole. */
	readonly hashes?: HashThreads | undefined
	/** The directory where what comes is kept until it is whole; without, it is not kept. */
	readonly partial?: Path | undefined
}

/**
 * Writes the content of an object to `file`. `body` is the reply to a GET of the whole object.
 * Throws where the bytes are not those that the object's metadata or ETag vouch for.
 */
export function download(
	arrival: Arrival,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
): Promise<Content> {
	const {head, attributes} = arrival
	if (body instanceof WholeBody && !attributes.original) return atOnce(arrival, body.bytes, file, source)
	if (attributes.original || head.size < RANGED_FROM) return stream(arrival, body, file, source)
	return inRanges(arrival, body, file, source)
}

async function inRanges(
	arrival: Arrival,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
): Promise<Content> {
	const {head} = arrival
	const {partial, key} = source
	if (partial === undefined) {
		const content = await ranges(head, body, file, source)
		verify(arrival, content)
		return content
	}
	const kept = new Unfinished(partial, [source.store.url, key, head.etag, String(head.size)])
	try {
		const content = await ranges(head, body, file, source, kept)
		kept.remove()
		verify(arrival, content)
		return content
	} finally {
		kept.close()
	}
}

async function atOnce(
	arrival: Arrival,
	bytes: Buffer,
	file: NewFile,
	{onBytes, md5s}: Source,
): Promise<Content> {
	const md5 = md5s ? (await md5s.of(bytes)).hexSlice(0, 16) : hash('md5', bytes)
	const content = {size: bytes.length, md5}
	onBytes(bytes.length)
	verify(arrival, content)
	file.write(bytes, 0)
	return content
}

async function stream(
	arrival: Arrival,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	{onBytes}: Source,
): Promise<Content> {
	const pieces = contentOf(arrival, body, onBytes)
	let at = 0
	for (let next = await pieces.next(); ; next = await pieces.next()) {
		if (next.done) return next.value
		file.write(next.value, at)
		at += next.value.length
	}
}

/** Fetches ranges of one version of the object, pinned by its ETag, and hashes the file as far as it is whole. */
async function ranges(
	head: Head,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
	kept?: Unfinished,
): Promise<Content> {
	await body[Symbol.asyncIterator]().return?.()
	const {size} = head
	const into = kept ?? file
	file.reserve(size)
	const came = new Came(size, (first) => kept?.has(first) === true)
	const following = source.hashes?.follow(into.fd, size)
	const fetchRange = async ({first, end}: Range): Promise<void> => {
		const range = {first, last: end - 1}
		const how = {ifMatch: head.etag, version: source.version, lent: true}
		const got = await source.store.get(source.key, {range, ...how})
		let at = first
		for await (const piece of got.body) {
			into.write(piece, at)
			at += piece.length
			came.reached(first, at)
			following?.reach(came.whole)
			source.onBytes(piece.length)
		}
		if (at !== end) throw fatal('a range of it came short')
		kept?.done(first)
	}
	const fetchAll = () => pool(came.missing(), {width: WIDTH, signal: source.signal}, fetchRange)
	try {
		following?.reach(came.whole)
		await (source.large?.hold(1, fetchAll) ?? fetchAll())
	} catch (error) {
		await following?.drop()
		throw error
	}
	const md5 = (await following?.hashed()) ?? md5OfAll(into.fd, size)
	if (kept) for (const [at, piece] of piecesOf(kept.fd, size)) file.write(piece, at)
	return {size, md5}
}

type Range = {readonly first: number; /** Behind its last byte. */ readonly end: number}

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

/** The bytes of a file in pieces, each with its position; they are good until the next one. */
function* piecesOf(fd: number, size: number): Iterable<readonly [at: number, piece: Buffer]> {
	const memory = Buffer.allocUnsafeSlow(CHUNK)
	for (let at = 0; at < size;) {
		const got = readSync(fd, memory, 0, Math.min(CHUNK, size - at), at)
		if (got === 0) throw fatal('what came of it is cut short')
		yield [at, memory.subarray(0, got)]
		at += got
	}
}

function md5OfAll(fd: number, size: number): string {
	const whole = createHash('md5')
	for (const [, piece] of piecesOf(fd, size)) whole.update(piece)
	return whole.digest('hex')
}
