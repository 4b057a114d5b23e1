// Bytes from the store. A download that breaks goes on where it stopped, pinned to the same object.

import {GetObjectCommand} from '@aws-sdk/client-s3'
import type {S3Connection} from './s3-connection.ts'
import {headOf} from './s3-head.ts'
import {bareEtag, quoteEtag, target, versionOf} from './s3-params.ts'
import {type GetOptions, type Got, StoreError} from './store.ts'
import {shownObject} from './errors.ts'

export async function get(at: S3Connection, key: string, options: GetOptions): Promise<Got> {
	const {first = 0, last} = options.range ?? {}
	const open = (from: number, ifMatch: string | undefined) =>
		at.request({key, condition: {ifMatch}}, (client, signal) =>
			client.send(
				new GetObjectCommand({
					...target(at, key),
					...versionOf(options.version),
					...(ifMatch === undefined ? {} : {IfMatch: quoteEtag(ifMatch)}),
					...(options.range === undefined && from === 0 ? {} : {Range: `bytes=${from}-${last ?? ''}`}),
				}),
				signal,
			),
		)
	const output = await open(first, options.ifMatch)
	const {ContentRange: range, ContentLength: length = 0} = output
	const size = range === undefined ? length : Number(range.slice(range.lastIndexOf('/') + 1))
	const body = resuming(at, key, length, output.Body as AsyncIterable<Buffer>, async (received) => {
		const rest = await open(first + received, bareEtag(output.ETag))
		return rest.Body as AsyncIterable<Buffer>
	})
	return {head: headOf(output, size), body}
}

/** The bytes of `stream`, and where it breaks before `length` of them, of what `reopen` gives. */
async function* resuming(
	at: S3Connection,
	key: string,
	length: number,
	stream: AsyncIterable<Buffer>,
	reopen: (received: number) => Promise<AsyncIterable<Buffer>>,
): AsyncIterable<Buffer> {
	let received = 0
	for (let attempt = 1, source = stream; ; attempt++) {
		const before = received
		try {
			for await (const chunk of source) {
				received += chunk.length
				yield chunk
			}
			if (received >= length) return
			throw Object.assign(new Error('the answer ended early'), {code: 'ECONNRESET'})
		} catch (error) {
			if (error instanceof Error && /checksum mismatch/i.test(error.message)) throw damaged(at, key, error)
			if (received > before) attempt = 1
			await at.again(attempt, error, {key})
		}
		source = await reopen(received)
	}
}

const damaged = (at: S3Connection, key: string, cause: unknown): StoreError =>
	new StoreError(
		'other',
		'BadDigest',
		`${shownObject(at.bucket, key)} arrived damaged: its checksum differs`,
		{
			cause,
		},
	)
