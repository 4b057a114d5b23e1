// Bytes to the store: one PUT, or one part.

import {md5OfBody} from './body.ts'
import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {type Body, type BodyDigest, isKind, type PutOptions, type Written} from './store.ts'
import type {Guard, PartNumber} from './wire.ts'

export function put(
	at: S3Connection,
	guards: Guards,
	key: string,
	body: Body,
	options: PutOptions,
): Promise<Written> {
	const md5 = options.md5 ?? md5OfBody(body)
	let tries = 0
	const send = (guard: Guard) =>
		at.ask({key, condition: options}, (wire) => {
			tries++
			return wire.put(key, body, {properties: options, md5, sha256: options.sha256, guard})
		})
	return guards.write(key, options, 'put', send).catch(async (error: unknown) => {
		// the answer to an earlier try was lost, and what stands in the way may be what it wrote
		if (tries < 2 || md5 === undefined || !isKind(error, 'precondition')) throw error
		const found = await head(at, key)
		if (found?.etag !== md5.toString('hex')) throw error
		return {etag: found.etag, version: found.version, modified: found.modified}
	})
}

export const uploadPart = (
	at: S3Connection,
	part: PartNumber,
	body: Body,
	digest: BodyDigest,
): Promise<string> => at.ask({key: part.key}, (wire) => wire.uploadPart(part, body, digest))
