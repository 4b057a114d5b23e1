// Bytes from the store. A download that breaks goes on where it stopped, pinned to the same object.

import {shownObject} from './errors.ts'
import type {S3Connection} from './s3-connection.ts'
import {type GetOptions, type Got, StoreError} from './store.ts'
import {WholeBody} from './whole.ts'

export function get(at: S3Connection, key: string, options: GetOptions): Promise<Got> {
	const {first = 0, last} = options.range ?? {}
	const open = (from: number, ifMatch: string | undefined) => {
		const range = options.range === undefined && from === 0 ? undefined : `bytes=${from}-${last ?? ''}`
		const {version, lent, size} = options
		return at.ask({key, condition: {ifMatch}}, (wire) => wire.get(key, {range, ifMatch, version, lent, size}))
	}
	return open(first, options.ifMatch).then(({head, length, body}) => {
		if (Buffer.isBuffer(body)) return {head, body: new WholeBody(body)}
		const reopen = async (received: number) => (await open(first + received, head.etag)).body
		return {head, body: resuming(at, key, length, body, reopen)}
	})
}

/** The bytes of `stream`, and where it breaks before `length` of them, of what `reopen` gives. */
async function* resuming(
	at: S3Connection,
	key: string,
	length: number,
	stream: AsyncIterable<Buffer>,
	reopen: (received: number) => Promise<Buffer | AsyncIterable<Buffer>>,
): AsyncIterable<Buffer> {
	let received = 0
	for (let attempt = 1, source: AsyncIterable<Buffer> = stream; ; attempt++) {
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
		const rest = await reopen(received)
		source = Buffer.isBuffer(rest) ? new WholeBody(rest) : rest
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
