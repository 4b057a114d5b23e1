// An object's bytes into a new file, verified before the file gets its name.

import {hash} from 'node:crypto'
import type {Budget} from '../base/budget.ts'
import type {Path} from '../base/path.ts'
import type {Store} from '../store/store.ts'
import {WholeBody} from '../store/whole.ts'
import type {Arrival} from './arrival.ts'
import {type Content, contentOf, verify, verifySize} from './content.ts'
import type {NewFile} from './disk.ts'
import type {HashThreads} from './hash-thread.ts'
import type {Md5Together} from './md5-together.ts'
import {RANGE} from './one-range.ts'
import {ranges} from './ranges.ts'
import type {SumsTogether} from './sums-together.ts'
import {Unfinished} from './unfinished.ts'
import {md5By, vouchingPart} from './vouching.ts'

/** Objects of this size or more are fetched in ranges, several at once. */
export const RANGED_FROM = 64 * 2 ** 20

/** How many requests for ranges an object of this size takes, behind that for its head; none where it comes at once. */
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
	/** How what came in pieces is hashed. */
	readonly sums: SumsTogether
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
	if (attributes.original) return unpack(arrival, body, file, source)
	if (body instanceof WholeBody) return atOnce(arrival, body.bytes, file, source)
	if (head.size < RANGED_FROM) return stream(arrival, body, file, source)
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
	await body[Symbol.asyncIterator]().return?.()
	if (partial === undefined) {
		const content = await ranges(arrival, file, source)
		verify(arrival, content)
		return content
	}
	const kept = new Unfinished(partial, [source.store.url, key, head.etag, String(head.size)])
	try {
		const content = await ranges(arrival, file, source, kept)
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
	{onBytes, sums}: Source,
): Promise<Content> {
	const {size} = arrival.head
	const whole = {fd: file.fd, size, part: vouchingPart(arrival)}
	file.reserve(size)
	const sum = await sums.of(whole, async () => {
		let at = 0
		for await (const piece of body) {
			file.write(piece, at)
			at += piece.length
			onBytes(piece.length)
		}
		verifySize(at, size)
	})
	const content = {size, md5: md5By(arrival, sum, whole)}
	verify(arrival, content)
	return content
}

async function unpack(
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
