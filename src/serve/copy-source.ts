// The source of CopyObject and UploadPartCopy.

import {createHash} from 'node:crypto'
import {mustRead} from './access.ts'
import type {Bucket} from './bucket.ts'
import type {Call} from './call.ts'
import {type Algorithm, hasherOf} from './checksum.ts'
import {checkCopyConditions} from './conditions.ts'
import {S3Error} from './errors.ts'
import {findVersion, versionHeader} from './find.ts'
import type {Piece, Version} from './model.ts'
import type {Received} from './payload.ts'
import {readSpans} from './read.ts'
import {isReadable} from './restore.ts'
import {splitPath} from './request.ts'
import {percentDecode} from './uri.ts'

export type Source = {
	readonly bucket: Bucket
	readonly version: Version
	/** Whether the request names the version. */
	readonly named: boolean
	/** The header that tells which version was copied. */
	readonly header: Readonly<Record<string, string>>
}

/** Finds what x-amz-copy-source names, if the caller may read it and its conditions hold. */
export function sourceOf(call: Call): Source {
	const header = call.headers['x-amz-copy-source'] ?? ''
	const m = /^\/?(.*?)(?:\?versionId=([^&]*))?$/s.exec(header)
	const path = percentDecode(m?.[1] ?? '')
	if (path === undefined) throw new S3Error('InvalidArgument', 'Invalid copy source encoding')
	const {bucket: name, key} = splitPath(path)
	if (key === '') throw new S3Error('InvalidArgument', 'Invalid copy source object key')
	const bucket = call.service.disk.buckets.get(name)
	if (bucket === undefined) throw new S3Error('NoSuchBucket')
	const version = findVersion(bucket, key, m?.[2])
	mustRead(call, bucket, version)
	checkCopyConditions(call.headers, version)
	if (!isReadable(version)) throw new S3Error('InvalidObjectState')
	const id = versionHeader(bucket, version)['x-amz-version-id']
	return {
		bucket,
		version,
		named: m?.[2] !== undefined,
		header: id === undefined ? {} : {'x-amz-copy-source-version-id': id},
	}
}

/** Copies bytes into a file of `bucket`, and computes what a sender would have been told. */
export async function copyBytes(
	bucket: Bucket,
	from: Bucket,
	pieces: readonly Piece[],
	start: number,
	length: number,
	algorithm: Algorithm | undefined,
): Promise<{piece: Piece; received: Received}> {
	const md5 = createHash('md5')
	const hasher = algorithm === undefined ? undefined : hasherOf(algorithm)
	const {piece} = await bucket.blobs.write(async (sink) => {
		for await (const chunk of readSpans(from.blobs.spans(pieces, start, length))) {
			md5.update(chunk)
			hasher?.update(chunk)
			sink(chunk)
		}
	})
	const checksum = algorithm && hasher && {algorithm, value: hasher.digest().toString('base64')}
	return {piece, received: {size: length, md5: md5.digest('hex'), checksum}}
}
