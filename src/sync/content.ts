// The content of an object as it comes: unpacked where it was stored as gzip, hashed on its way, and
// vouched for at its end.

import {createHash} from 'node:crypto'
import {pipeline} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {S3rError} from '../base/errors.ts'
import type {Head} from '../store/store.ts'
import type {Arrival} from './arrival.ts'

/** What came is not what was stored. */
export class Damaged extends S3rError {}

/** How often an object is read until it is taken for damaged: what damages bytes on their way seldom does it again. */
const READS = 3

/** Runs `work`, and again where what it read was damaged. */
export async function rereading<T>(work: () => Promise<T>): Promise<T> {
	for (let read = 1; ; read++)
		try {
			return await work()
		} catch (error) {
			if (!(error instanceof Damaged) || read === READS) throw error
		}
}

export type Content = {readonly size: number; /** MD5 in hex. */ readonly md5: string}

/**
 * Yields the content of an object and returns what it was; `body` is the reply to a GET of the whole
 * object, which may be lent, as its pieces are then, and `onBytes` is told of its bytes as they come. Throws behind the last byte where they are
 * not those that the object's metadata or ETag vouch for.
 */
export async function* contentOf(
	arrival: Arrival,
	body: AsyncIterable<Buffer>,
	onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer, Content> {
	const {original} = arrival.attributes
	const hash = createHash('md5')
	let size = 0
	const came = counted(body, onBytes)
	for await (const piece of original ? unpacked(came) : came) {
		size += piece.length
		if (original && size > original.size)
			throw new Damaged(`it unpacks to more than the ${original.size} bytes it was`)
		hash.update(piece)
		yield piece
	}
	const content = {size, md5: hash.digest('hex')}
	verify(arrival, content)
	return content
}

/** Throws where `content` is not what the object's metadata or ETag vouch for. */
export function verify({head, attributes: {original, md5}}: Arrival, content: Content): void {
	verifySize(content.size, original?.size ?? head.size)
	const expected = vouchedMd5({head, attributes: {original, md5}})
	if (expected !== undefined && content.md5 !== expected)
		throw new Damaged(`its MD5 is ${content.md5} instead of ${expected}`, {
			hint: 'the object or its transfer is damaged',
		})
}

/** Throws where `came` bytes are not all of them. */
export function verifySize(came: number, size: number): void {
	if (came !== size) throw new Damaged(`it came as ${came} bytes instead of ${size}`)
}

/** The MD5 that an object's metadata or ETag vouch for. */
export const vouchedMd5 = ({head, attributes}: Pick<Arrival, 'head' | 'attributes'>): string | undefined =>
	attributes.original?.md5 ?? attributes.md5 ?? (looksLikeMd5(head) ? head.etag : undefined)

/** A multipart object's ETag does not, and some stores' encrypted objects' only look so. */
const looksLikeMd5 = ({etag, etagIsMd5}: Head): boolean => etagIsMd5 !== false && /^[0-9a-f]{32}$/.test(etag)

async function* counted(
	body: AsyncIterable<Buffer>,
	onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
	for await (const piece of body) {
		onBytes(piece.length)
		yield piece
	}
}

async function* unpacked(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	const gunzip = createGunzip()
	// it still reads a piece when the next one comes
	const owned = async function* () {
		for await (const piece of body) yield Buffer.from(piece)
	}
	pipeline(owned(), gunzip, () => {})
	try {
		for await (const piece of gunzip as AsyncIterable<Buffer>) yield piece
	} catch (error) {
		throw (error as {code?: string}).code?.startsWith('Z_')
			? new Damaged('its gzip data is damaged', {cause: error})
			: error
	}
}
