// The parts of multipart uploads that lie in the store, and uploads that come to nothing.

import {AbortMultipartUploadCommand, ListPartsCommand, UploadPartCopyCommand} from '@aws-sdk/client-s3'
import {customerKeyParams, sourceKeyParams} from './customer-key.ts'
import type {S3Connection} from './s3-connection.ts'
import {bareEtag, copySource, quoteEtag, target} from './s3-params.ts'
import {isKind, type Part, type PartSource} from './store.ts'

/** A part made of another object. Ceph ignores the guard on the source: callers verify the result. */
export async function copyPart(
	at: S3Connection,
	key: string,
	id: string,
	number: number,
	source: PartSource & {readonly version?: string | undefined},
): Promise<string> {
	const {CopyPartResult} = await at.request({key, condition: {ifMatch: source.ifMatch}}, (client, signal) =>
		client.send(
			new UploadPartCopyCommand({
				...target(at, key),
				UploadId: id,
				PartNumber: number,
				CopySource: copySource(at.bucket, source.key, source.version),
				...customerKeyParams(at.customerKey),
				...sourceKeyParams(at.customerKey),
				CopySourceRange: `bytes=${source.first}-${source.last}`,
				...(source.ifMatch === undefined ? {} : {CopySourceIfMatch: quoteEtag(source.ifMatch)}),
			}),
			signal,
		),
	)
	return bareEtag(CopyPartResult?.ETag)
}

export async function abortUpload(at: S3Connection, key: string, id: string): Promise<void> {
	try {
		await at.request({key}, (client, signal) =>
			client.send(new AbortMultipartUploadCommand({...target(at, key), UploadId: id}), signal),
		)
	} catch (error) {
		if (!isKind(error, 'not-found')) throw error
	}
}

export async function* listParts(at: S3Connection, key: string, id: string): AsyncIterable<Part> {
	let marker: string | undefined
	do {
		const page = await at.request({key}, (client, signal) =>
			client.send(
				new ListPartsCommand({
					...target(at, key),
					UploadId: id,
					...(marker === undefined ? {} : {PartNumberMarker: marker}),
				}),
				signal,
			),
		)
		for (const {PartNumber = 0, ETag, Size = 0} of page.Parts ?? [])
			yield {number: PartNumber, etag: bareEtag(ETag), size: Size}
		marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
	} while (marker !== undefined)
}
