// Copies within the bucket, on the server, above what S3 copies in one request: of parts.

import {GetObjectTaggingCommand} from '@aws-sdk/client-s3'
import {pool} from '../base/pool.ts'
import type {Tags} from '../format/tags.ts'
import {noSuchObject, preconditionFailed} from './errors.ts'
import {PART_LIMIT} from './limits.ts'
import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {target, versionOf} from './s3-params.ts'
import {completeUpload, createUpload} from './s3-upload.ts'
import {abortUpload, copyPart} from './s3-upload-parts.ts'
import {type CopyOptions, isKind, type Part, type Written} from './store.ts'

/** Bytes of a part of a copy, and how many are copied at once: a server copies at about its disk's speed. */
const PIECE = 512 * 2 ** 20
const WIDTH = 8

/**
 * Copies in parts of at least `piece` bytes. The source's ETag is checked here, because not every
 * store does it for parts. A copy that fails leaves no upload behind.
 */
export async function copyInParts(
	at: S3Connection,
	guards: Guards,
	from: string,
	to: string,
	options: CopyOptions,
	piece: number = PIECE,
): Promise<Written> {
	const source = await head(at, from, options.sourceVersion)
	if (source === undefined) throw noSuchObject(at.bucket, from)
	if (options.sourceIfMatch !== undefined && options.sourceIfMatch !== source.etag)
		throw preconditionFailed(at.bucket, from, {ifMatch: options.sourceIfMatch})
	const tags = options.tags ?? (await tagsOf(at, from, options.sourceVersion))
	const id = await createUpload(at, to, {...options, tags})
	try {
		const parts: Part[] = []
		const pieces = piecesOf(source.size, Math.max(piece, Math.ceil(source.size / PART_LIMIT)))
		await pool(pieces, {width: WIDTH, signal: at.signal}, async ({number, first, last}) => {
			const wanted = {key: from, first, last, ifMatch: source.etag, version: options.sourceVersion}
			const etag = await copyPart(at, to, id, number, wanted)
			parts[number - 1] = {number, etag, size: last - first + 1}
		})
		return await completeUpload(at, guards, to, id, parts, options)
	} catch (error) {
		// best effort: it is the first error that is told
		await abortUpload(at, to, id).catch(() => {})
		throw error
	}
}

/** The tags that an upload would not take over; none where the store tells none. */
async function tagsOf(at: S3Connection, key: string, version: string | undefined): Promise<Tags | undefined> {
	try {
		const {TagSet = []} = await at.request({key}, (client, signal) =>
			client.send(new GetObjectTaggingCommand({...target(at, key), ...versionOf(version)}), signal),
		)
		return TagSet.length === 0
			? undefined
			: Object.fromEntries(TagSet.map(({Key = '', Value = ''}) => [Key, Value]))
	} catch (error) {
		if (isKind(error, 'denied') || isKind(error, 'other') || isKind(error, 'invalid')) return undefined
		throw error
	}
}

function* piecesOf(size: number, piece: number) {
	for (let number = 1, first = 0; first < size; number++, first += piece)
		yield {number, first, last: Math.min(first + piece, size) - 1}
}
