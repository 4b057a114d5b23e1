// Bytes to the store: one PUT, and the sending of any body.

import {createHash} from 'node:crypto'
import {Readable} from 'node:stream'
import {PutObjectCommand} from '@aws-sdk/client-s3'
import {invalid} from './errors.ts'
import {type Abort, type S3Connection, SourceFailure} from './s3-connection.ts'
import type {Guard, Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {bareEtag, digestOf, type Payload, propertiesOf, target} from './s3-params.ts'
import {type Body, isKind, type PutOptions, type Written} from './store.ts'

export async function put(
	at: S3Connection,
	guards: Guards,
	key: string,
	body: Body,
	options: PutOptions,
): Promise<Written> {
	const md5 = options.md5 ?? md5Of(body)
	let tries = 0
	const send = (guard: Guard) =>
		at.request({key, condition: options}, (client, signal) => {
			tries++
			return sendBody(body, signal, (Body, abort) =>
				client.send(
					new PutObjectCommand({
						...target(at, key),
						...propertiesOf(at, options),
						...digestOf(md5),
						...guard,
						Body,
						ContentLength: body.length,
					}),
					abort,
				),
			)
		})
	try {
		const output = await guards.write(key, options, true, send)
		return {etag: bareEtag(output.ETag), version: output.VersionId}
	} catch (error) {
		// the answer to an earlier try was lost, and what stands in the way may be what it wrote
		if (tries < 2 || md5 === undefined || !isKind(error, 'precondition')) throw error
		const found = await head(at, key)
		if (found?.etag !== md5.toString('hex')) throw error
		return {etag: found.etag, version: found.version, modified: found.modified}
	}
}

/** The MD5 of a body in memory; that of a stream has to be known before. */
export const md5Of = (body: Body): Buffer | undefined =>
	Buffer.isBuffer(body) ? createHash('md5').update(body).digest() : undefined

/**
 * Calls `send` with what the SDK takes as a body. A source is opened anew at each call; if it fails,
 * the request is aborted and a SourceFailure thrown.
 */
export async function sendBody<T>(
	body: Body,
	{abortSignal}: Abort,
	send: (payload: Payload, abort: Abort) => Promise<T>,
): Promise<T> {
	if (Buffer.isBuffer(body)) return send(body, abortSignal === undefined ? {} : {abortSignal})
	const broken = new AbortController()
	let failure: SourceFailure | undefined
	const stream = Readable.from(exactly(body), {objectMode: false})
	stream.on('error', (error) => {
		failure ??= new SourceFailure(error)
		broken.abort()
	})
	const either = abortSignal === undefined ? broken.signal : AbortSignal.any([abortSignal, broken.signal])
	try {
		return await send(stream, {abortSignal: either})
	} catch (error) {
		throw failure ?? error
	} finally {
		stream.destroy()
	}
}

/** The chunks of a source; fails before its end if they are not as many bytes as it promised. */
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
