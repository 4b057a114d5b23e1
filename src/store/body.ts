// Bodies: what is sent, read whole, and ranges of what is stored.

import {md5Of} from '../algo/md5.ts'
import {invalid, shownObject} from './errors.ts'
import type {Body, GetOptions} from './store.ts'

const CHUNK = 1 << 16

/** Bytes in the pieces in which a network would bring them. */
export async function* chunksOf(bytes: Buffer): AsyncIterable<Buffer> {
	for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}

/** The MD5 of a body in memory; that of a stream has to be known before. */
export const md5OfBody = (body: Body): Buffer | undefined => (Buffer.isBuffer(body) ? md5Of(body) : undefined)

/** The source of a body failed, not the store: its error reaches the caller as it is. */
export class SourceFailure {
	readonly error: unknown
	constructor(error: unknown) {
		this.error = error
	}
}

export type Watched = {
	/** To be read once. They fail before their end if they are not as many bytes as was promised. */
	readonly chunks: AsyncIterable<Buffer>
	/** Why they failed, if they did. */
	readonly failure: SourceFailure | undefined
}

/** The chunks of a source, opened anew; whether it is the source that failed can be seen later. */
export function watched(body: Exclude<Body, Buffer>): Watched {
	let failure: SourceFailure | undefined
	async function* chunks(): AsyncIterable<Buffer> {
		try {
			yield* exactly(body)
		} catch (error) {
			failure = new SourceFailure(error)
			throw error
		}
	}
	return {
		chunks: chunks(),
		get failure() {
			return failure
		},
	}
}

async function* exactly(body: Exclude<Body, Buffer>): AsyncIterable<Buffer> {
	let sent = 0
	for await (const chunk of body.chunks()) {
		sent += chunk.length
		if (sent > body.length) break
		yield chunk
	}
	if (sent !== body.length)
		throw invalid(
			'IncompleteBody',
			`a body of ${body.length} bytes gave ${sent > body.length ? 'more' : sent}`,
		)
}

/** The bytes of a body in one buffer; rejects with 'invalid' if there are not `length` of them. */
export async function readBody(body: Body): Promise<Buffer> {
	if (Buffer.isBuffer(body)) return body
	const chunks: Buffer[] = []
	for await (const chunk of body.chunks()) chunks.push(Buffer.from(chunk))
	const bytes = Buffer.concat(chunks)
	if (bytes.length !== body.length)
		throw invalid('IncompleteBody', `a body of ${body.length} bytes gave ${bytes.length}`)
	return bytes
}

/**
 * Where a range of an object of `size` bytes begins and ends (`end` is behind its last byte). Rejects
 * with 'invalid' if it begins behind the object's end, as every range of an empty object does.
 */
export function resolveRange(
	bucket: string,
	key: string,
	size: number,
	range: GetOptions['range'],
): {readonly start: number; readonly end: number} {
	if (range === undefined) return {start: 0, end: size}
	const {first, last = size - 1} = range
	if (first >= size || last < first)
		throw invalid(
			'InvalidRange',
			`${shownObject(bucket, key)} has ${size} bytes, none of them in the range ${first}-${range.last ?? ''}`,
		)
	return {start: first, end: Math.min(last + 1, size)}
}
