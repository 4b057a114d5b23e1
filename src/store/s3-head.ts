// An object's head. The answer to a HEAD has no body, so what its status leaves open is asked for.

import {
	type GetObjectCommandOutput,
	HeadBucketCommand,
	HeadObjectCommand,
	type HeadObjectCommandOutput,
	ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import type {S3Connection, Subject} from './s3-connection.ts'
import {bareEtag, payer, storageClassOf, target, versionOf} from './s3-params.ts'
import {type Head, isKind} from './store.ts'

export async function head(at: S3Connection, key: string, version?: string): Promise<Head | undefined> {
	try {
		const output = await at.request({key}, (client, signal) =>
			client.send(new HeadObjectCommand({...target(at, key), ...versionOf(version)}), signal),
		)
		return headOf(output, output.ContentLength ?? 0)
	} catch (error) {
		if (!isKind(error, 'not-found')) throw await withReason(at, error, {key})
		await needBucket(at)
		return undefined
	}
}

/** The head in the answer to a HEAD or GET of an object of `size` bytes. */
export const headOf = (output: HeadObjectCommandOutput | GetObjectCommandOutput, size: number): Head => ({
	etag: bareEtag(output.ETag),
	size,
	modified: output.LastModified?.getTime() ?? 0,
	storageClass: storageClassOf(output.StorageClass),
	metadata: output.Metadata ?? {},
	contentType: output.ContentType,
	// some stores keep the framing of the upload as if it were the object's
	contentEncoding: output.ContentEncoding?.replace(/^aws-chunked(,\s*)?/, '') || undefined,
	version: output.VersionId,
	...(isEncryptedEtag(output) ? {etagIsMd5: false} : {}),
})

/** Under a key that is not S3's own, the ETag is that of what is stored, not of what was sent. */
const isEncryptedEtag = (output: HeadObjectCommandOutput | GetObjectCommandOutput): boolean =>
	output.ServerSideEncryption?.startsWith('aws:kms') === true || output.SSECustomerAlgorithm !== undefined

/** Rejects if it was not the key but the bucket that is missing; asks once a connection. */
async function needBucket(at: S3Connection): Promise<void> {
	if (at.bucketSeen) return
	try {
		await at.request({}, (client, signal) => client.send(new HeadBucketCommand({Bucket: at.bucket}), signal))
		at.bucketSeen = true
	} catch (error) {
		// who may read a key need not be allowed to ask for its bucket
		if (!isKind(error, 'denied')) throw error
	}
}

/**
 * The reason behind a HEAD's 403, asked for with the smallest request whose answer has a body:
 * `error` itself where that one knows no better.
 */
export async function withReason(at: S3Connection, error: unknown, subject: Subject): Promise<unknown> {
	if (!isKind(error, 'denied') || error.code !== 'AccessDenied') return error
	try {
		await at.request(subject, (client, signal) =>
			client.send(new ListObjectsV2Command({Bucket: at.bucket, MaxKeys: 1, ...payer(at)}), signal),
		)
		return error
	} catch (reason) {
		return isKind(reason, 'denied') && reason.code === 'AccessDenied' ? error : reason
	}
}
