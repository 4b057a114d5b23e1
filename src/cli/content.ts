// The content of an object as cat-object prints it: unpacked where it was stored as gzip, verified behind its
// last byte.

import {EXIT, fatal, S3rError} from '../base/errors.ts'
import {fromUnicode} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {noSuchObject} from '../store/errors.ts'
import {type Got, type Head, type Store, StoreError} from '../store/store.ts'
import {type Arrival, arrivalOf} from '../sync/arrival.ts'
import {contentOf} from '../sync/content.ts'
import {getInOrder} from '../sync/in-order.ts'
import {pickRange, type Range} from './range.ts'

export type Source = {
	readonly store: Store
	readonly key: string
	readonly version?: string | undefined
	/** What is stored is the content, also where it is gzip. */
	readonly raw: boolean
	readonly umask: number
}

/** The bytes of an object, verified behind the last one. */
async function* wholeOf(source: Source): AsyncGenerator<Buffer> {
	yield* contentIn(source, await getInOrder(source))
}

/** The bytes of the reply to a GET, verified behind the last one. */
export const contentIn = (source: Source, {head, body}: Got): AsyncGenerator<Buffer> =>
	contentOf(arrived(source, head), body, () => {})

/** The bytes of an object, or some of them. Throws with its name where they are not what they should be. */
export async function* bytesOf(source: Source, range: Range | undefined): AsyncGenerator<Buffer> {
	try {
		yield* range ? partOf(source, range) : wholeOf(source)
	} catch (error) {
		throw named(error, source.key)
	}
}

/** Some bytes of an object. Only its head tells whether they are those that are stored. */
async function* partOf(source: Source, range: Range): AsyncGenerator<Buffer> {
	const {store, key, version} = source
	const head = await store.head(key, {version})
	if (!head) throw noSuchObject(store.bucket, key)
	const {original} = arrived(source, head).attributes
	const {first, last} = pickRange(range, original?.size ?? head.size)
	if (original) yield* slice(wholeOf(source), first, last)
	else yield* (await store.get(key, {range: {first, last}, ifMatch: head.etag, version})).body
}

/** What the object says of its content: with --raw, what is stored is the content. */
function arrived({key, raw, umask}: Source, head: Head): Arrival {
	const arrival = arrivalOf(fromUnicode(key), key, head, {}, umask)
	return raw ? {...arrival, attributes: {...arrival.attributes, original: undefined}} : arrival
}

/** Bytes `first` to `last` of a stream; what is behind them is not read. */
async function* slice(pieces: AsyncIterable<Buffer>, first: number, last: number): AsyncGenerator<Buffer> {
	let at = 0
	for await (const piece of pieces) {
		const part = piece.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at))
		if (part.length > 0) yield part
		at += piece.length
		if (at > last) return
	}
}

/** The error of a content that is not what it should be, with the object's name. */
export const named = (error: unknown, key: string): unknown =>
	error instanceof S3rError && !(error instanceof StoreError) && error.status === EXIT.fatal
		? fatal(`${shown(fromUnicode(key))}: ${error.message}`, error.hint, error)
		: error
