// The keys of a bucket, a page at a time.

import {ListObjectsV2Command} from '@aws-sdk/client-s3'
import type {S3Connection} from './s3-connection.ts'
import {bareEtag, payer, storageClassOf} from './s3-params.ts'
import type {Listed} from './store.ts'

/** S3 encodes the keys of a listing as forms do: a '+' is a space. Not every store does as asked. */
export const decodeKey = (key: string, encoding: string | undefined): string =>
	encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key

export async function* list(
	at: S3Connection,
	prefix: string,
	after: string | undefined,
): AsyncIterable<readonly Listed[]> {
	let token: string | undefined
	do {
		const page = await at.request({}, (client, signal) =>
			client.send(
				new ListObjectsV2Command({
					Bucket: at.bucket,
					Prefix: prefix,
					EncodingType: 'url',
					...(token === undefined ? {} : {ContinuationToken: token}),
					...(after === undefined || after === '' || token !== undefined ? {} : {StartAfter: after}),
					...payer(at),
				}),
				signal,
			),
		)
		at.bucketSeen = true
		yield (page.Contents ?? []).map((found) => ({
			key: decodeKey(found.Key ?? '', page.EncodingType),
			etag: bareEtag(found.ETag),
			size: found.Size ?? 0,
			modified: found.LastModified?.getTime() ?? 0,
			storageClass: storageClassOf(found.StorageClass),
		}))
		token = page.IsTruncated === true ? page.NextContinuationToken : undefined
	} while (token !== undefined)
}
