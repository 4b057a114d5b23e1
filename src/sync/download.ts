// An object's bytes into a new file, verified before the file gets its name.

import {createHash, type Hash} from 'node:crypto'
import {pipeline} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {fatal} from '../base/errors.ts'
import {pool} from '../base/pool.ts'
import type {Head, Store} from '../store/store.ts'
import type {Arrival} from './arrival.ts'
import type {NewFile} from './disk.ts'

/** Objects of this size or more are fetched in ranges, several at once. */
const RANGED_FROM = 64 * 2 ** 20
const RANGE = 16 * 2 ** 20
const WIDTH = 4
const CHUNK = 2 ** 20

export type Source = {
	readonly store: Store
	readonly key: string
	readonly signal?: AbortSignal | undefined
	readonly onBytes: (bytes: number) => void
}

export type Content = {readonly size: number; /** MD5 in hex. */ readonly md5: string}

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
	const content = attributes.original
		? await unpack(body, attributes.original.size, file, source)
		: head.size >= RANGED_FROM
			? await ranges(head, body, file, source)
			: await stream(body, file, source)
	verify(arrival, content)
	return content
}


/** A multipart object's ETag does not, and some stores' encrypted objects' only look so. */
const looksLikeMd5 = ({etag, etagIsMd5}: Head): boolean => etagIsMd5 !== false && /^[0-9a-f]{32}$/.test(etag)

function verify({head, attributes: {original, md5}}: Arrival, content: Content): void {
	const size = original?.size ?? head.size
	if (content.size !== size) throw fatal(`it came as ${content.size} bytes instead of ${size}`)
	const expected = original?.md5 ?? md5 ?? (looksLikeMd5(head) ? head.etag : undefined)
	if (expected !== undefined && content.md5 !== expected)
		throw fatal(`its MD5 is ${content.md5} instead of ${expected}`, 'the object or its transfer is damaged')
}

class Writer {
	readonly #file: NewFile
	readonly #hash: Hash = createHash('md5')
	#size = 0

	constructor(file: NewFile) {
		this.#file = file
	}

	get size(): number {
		return this.#size
	}

	write(bytes: Buffer): void {
		this.#hash.update(bytes)
		this.#file.write(bytes, this.#size)
		this.#size += bytes.length
	}

	content(): Content {
		return {size: this.#size, md5: this.#hash.digest('hex')}
	}
}

async function stream(body: AsyncIterable<Buffer>, file: NewFile, {onBytes}: Source): Promise<Content> {
	const writer = new Writer(file)
	for await (const piece of body) {
		writer.write(piece)
		onBytes(piece.length)
	}
	return writer.content()
}

/** Unpacks gzip, and no further than the size that the object was said to have. */
async function unpack(
	body: AsyncIterable<Buffer>,
	size: number,
	file: NewFile,
	{onBytes}: Source,
): Promise<Content> {
	const writer = new Writer(file)
	const counted = async function* () {
		for await (const piece of body) {
			onBytes(piece.length)
			yield piece
		}
	}
	const gunzip = createGunzip()
	pipeline(counted, gunzip, () => {})
	try {
		for await (const piece of gunzip as AsyncIterable<Buffer>) {
			if (writer.size + piece.length > size) throw fatal(`it unpacks to more than the ${size} bytes it was`)
			writer.write(piece)
		}
	} catch (error) {
		throw (error as {code?: string}).code?.startsWith('Z_')
			? fatal('its gzip data is damaged', undefined, error)
			: error
	}
	return writer.content()
}

/** Fetches ranges of one version of the object, pinned by its ETag, and hashes the file when it is whole. */
async function ranges(
	head: Head,
	body: AsyncIterable<Buffer>,
	file: NewFile,
	source: Source,
): Promise<Content> {
	await body[Symbol.asyncIterator]().return?.()
	const starts = Array.from({length: Math.ceil(head.size / RANGE)}, (_, i) => i * RANGE)
	await pool(starts, {width: WIDTH, signal: source.signal}, async (first) => {
		const last = Math.min(first + RANGE, head.size) - 1
		const got = await source.store.get(source.key, {range: {first, last}, ifMatch: head.etag})
		let at = first
		for await (const piece of got.body) {
			file.write(piece, at)
			at += piece.length
			source.onBytes(piece.length)
		}
		if (at !== last + 1) throw fatal('a range of it came short')
	})
	const hash = createHash('md5')
	for (let at = 0; at < head.size; at += CHUNK) hash.update(file.read(at, Math.min(CHUNK, head.size - at)))
	return {size: head.size, md5: hash.digest('hex')}
}
