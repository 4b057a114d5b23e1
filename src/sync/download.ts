// An object's bytes into a new file, verified before the file gets its name.

import {createHash} from 'node:crypto'
import type {Budget} from '../base/budget.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import type {Head, Store} from '../store/store.ts'
import type {Arrival} from './arrival.ts'
import {type Content, contentOf, verify} from './content.ts'
import type {NewFile} from './disk.ts'
import {Unfinished} from './unfinished.ts'

/** Objects of this size or more are fetched in ranges, several at once. */
const RANGED_FROM = 64 * 2 ** 20
const RANGE = 16 * 2 ** 20
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
	/** Of how many objects ranges may be under way at once, one of it for each; without, of any number. */
	readonly large?: Budget | undefined
	/** The directory where what comes is kept until it is whole; without, it is not kept. */
	readonly partial?: Path | undefined
}

/**
 * Writes the content of an object to `file`. `body` is the reply to a GET of the whole object.
 * Throws where the bytes are not those that the object's metadata or ETag vouch for.
 */
export async function download(
	arrival: Arrival,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
): Promise<Content> {
	const {head, attributes} = arrival
	if (attributes.original || head.size < RANGED_FROM) return stream(arrival, body, file, source)
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

/** Fetches ranges of one version of the object, pinned by its ETag, and hashes the file when it is whole. */
async function ranges(
	head: Head,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
	kept?: Unfinished,
): Promise<Content> {
	await body[Symbol.asyncIterator]().return?.()
	const all = Array.from({length: Math.ceil(head.size / RANGE)}, (_, i) => i * RANGE)
	const starts = kept ? all.filter((first) => !kept.has(first)) : all
	const into = kept ?? file
	const fetchRange = async (first: number): Promise<void> => {
		const last = Math.min(first + RANGE, head.size) - 1
		const {version} = source
		const got = await source.store.get(source.key, {range: {first, last}, ifMatch: head.etag, version})
		let at = first
		for await (const piece of got.body) {
			into.write(piece, at)
			at += piece.length
			source.onBytes(piece.length)
		}
		if (at !== last + 1) throw fatal('a range of it came short')
		kept?.done(first)
	}
	const fetchAll = () => pool(starts, {width: WIDTH, signal: source.signal}, fetchRange)
	await (source.large?.hold(1, fetchAll) ?? fetchAll())
	const hash = createHash('md5')
	for (let at = 0; at < head.size; at += CHUNK) {
		const piece = into.read(at, Math.min(CHUNK, head.size - at))
		hash.update(piece)
		if (kept) file.write(piece, at)
	}
	return {size: head.size, md5: hash.digest('hex')}
}
