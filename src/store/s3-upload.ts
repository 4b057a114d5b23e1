// Multipart uploads.

import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import {joinedEtag} from '../algo/parts.ts'
import {customerKeyParams, sourceKeyParams} from './customer-key.ts'
import {invalid, shownObject} from './errors.ts'
import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {bareEtag, copySource, decodeKey, payer, propertiesOf, quoteEtag, target} from './s3-params.ts'
import {
	type Condition,
	isKind,
	type Part,
	type PartSource,
	type Properties,
	type Upload,
	type Written,
} from './store.ts'

export async function createUpload(at: S3Connection, key: string, properties: Properties): Promise<string> {
	const {UploadId} = await at.request({key}, (client, signal) =>
		client.send(
			new CreateMultipartUploadCommand({...target(at, key), ...propertiesOf(at, properties)}),
			signal,
		),
	)
	if (!UploadId)
		throw invalid('InvalidResponse', `the store gave no id for the upload of ${shownObject(at.bucket, key)}`)
	return UploadId
}

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

export async function completeUpload(
	at: S3Connection,
	guards: Guards,
	key: string,
	id: string,
	parts: readonly Part[],
	condition: Condition,
): Promise<Written> {
	let tries = 0
	const Parts = parts.map(({number, etag}) => ({PartNumber: number, ETag: quoteEtag(etag)}))
	try {
		const output = await guards.write(key, condition, 'complete', (guard) =>
			at.request({key, condition}, (client, signal) => {
				tries++
				return client.send(
					new CompleteMultipartUploadCommand({
						...target(at, key),
						...guard,
						UploadId: id,
						MultipartUpload: {Parts},
					}),
					signal,
				)
			}),
		)
		const etag = bareEtag(output.ETag)
		// Ceph 16 answers without an ETag
		return etag === '' ? await written(at, key) : {etag, version: output.VersionId}
	} catch (error) {
		// the answer to an earlier try was lost: the upload is gone because it is the object by now
		if (tries < 2 || !(isKind(error, 'not-found') || isKind(error, 'precondition'))) throw error
		const found = await head(at, key)
		if (found?.etag !== joinedEtag(parts)) throw error
		return {etag: found.etag, version: found.version, modified: found.modified}
	}
}

async function written(at: S3Connection, key: string): Promise<Written> {
	const {etag = '', version, modified} = (await head(at, key)) ?? {}
	return {etag, version, modified}
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

export async function* listUploads(at: S3Connection, prefix: string): AsyncIterable<Upload> {
	let next: {KeyMarker?: string; UploadIdMarker?: string} | undefined = {}
	while (next !== undefined) {
		const markers: {KeyMarker?: string; UploadIdMarker?: string} = next
		const page = await at.request({}, (client, signal) =>
			client.send(
				new ListMultipartUploadsCommand({
					Bucket: at.bucket,
					Prefix: prefix,
					EncodingType: 'url',
					...markers,
					...payer(at),
				}),
				signal,
			),
		)
		for (const {Key = '', UploadId = '', Initiated} of page.Uploads ?? [])
			yield {key: decodeKey(Key, page.EncodingType), id: UploadId, initiated: Initiated?.getTime() ?? 0}
		next =
			page.IsTruncated === true
				? {
						KeyMarker: decodeKey(page.NextKeyMarker ?? '', page.EncodingType),
						UploadIdMarker: page.NextUploadIdMarker ?? '',
					}
				: undefined
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
