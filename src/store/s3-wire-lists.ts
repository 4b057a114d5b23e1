// Pages of lists over the SDK.

import {
	ListBucketsCommand,
	ListMultipartUploadsCommand,
	ListObjectsV2Command,
	ListObjectVersionsCommand,
	type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import {bareEtag, decodeKey, payer, storageClassOf} from './s3-params.ts'
import {notS3} from './s3-retry.ts'
import type {Sdk} from './s3-wire-control.ts'
import type {Version} from './store.ts'
import {inOrder} from './versions-page.ts'
import type {
	BucketPage,
	ListRequest,
	Page,
	UploadPage,
	UploadPlace,
	VersionPage,
	VersionPlace,
} from './wire.ts'

/** See Wire.list. */
export async function list(
	{at, client, abort}: Sdk,
	{prefix, after, token, limit, delimiter}: ListRequest,
): Promise<Page> {
	const page = await client.send(
		new ListObjectsV2Command({
			Bucket: at.bucket,
			Prefix: prefix,
			EncodingType: 'url',
			...(token === undefined ? {} : {ContinuationToken: token}),
			...(after === undefined ? {} : {StartAfter: after}),
			...(limit === undefined ? {} : {MaxKeys: limit}),
			...(delimiter === undefined ? {} : {Delimiter: delimiter}),
			...payer(at),
		}),
		abort,
	)
	const {Contents = [], CommonPrefixes, EncodingType, IsTruncated = false, NextContinuationToken} = page
	if (IsTruncated && !NextContinuationToken) throw notS3('a page without the way to the next')
	const objects = Contents.map(({Key, ETag, Size, LastModified, StorageClass}) => ({
		key: decodeKey(Key ?? '', EncodingType),
		etag: bareEtag(ETag),
		size: Size ?? 0,
		modified: LastModified?.getTime() ?? 0,
		storageClass: storageClassOf(StorageClass),
	}))
	const prefixes = CommonPrefixes?.map(({Prefix}) => decodeKey(Prefix ?? '', EncodingType))
	return {objects, prefixes, next: IsTruncated ? NextContinuationToken : undefined}
}

/** See Wire.listBuckets. */
export async function listBuckets({client, abort}: Sdk, token: string | undefined): Promise<BucketPage> {
	const given = token === undefined ? {} : {ContinuationToken: token}
	const {Buckets = [], ContinuationToken} = await client.send(new ListBucketsCommand(given), abort)
	const buckets = Buckets.map(({Name, CreationDate}) => ({
		name: Name ?? '',
		created: CreationDate?.getTime(),
	}))
	return {buckets, next: ContinuationToken || undefined}
}

/** See Wire.listVersions. */
export async function listVersions(
	{at, client, abort}: Sdk,
	prefix: string,
	after: VersionPlace | undefined,
): Promise<VersionPage> {
	const page = await client.send(
		new ListObjectVersionsCommand({
			Bucket: at.bucket,
			Prefix: prefix,
			EncodingType: 'url',
			...(after === undefined ? {} : {KeyMarker: after.key}),
			...(after?.version === undefined ? {} : {VersionIdMarker: after.version}),
			...payer(at),
		}),
		abort,
	)
	const {EncodingType, IsTruncated = false, NextKeyMarker, NextVersionIdMarker} = page
	if (IsTruncated && !NextKeyMarker) throw notS3('a page without the way to the next')
	const key = decodeKey(NextKeyMarker ?? '', EncodingType)
	return {
		versions: versionsIn(page),
		next: IsTruncated ? {key, version: NextVersionIdMarker || undefined} : undefined,
	}
}

/** The versions of a page; the SDK tells them apart from the markers. */
function versionsIn({Versions = [], DeleteMarkers = [], EncodingType}: ListObjectVersionsCommandOutput) {
	const common = ({Key, VersionId, IsLatest, LastModified}: (typeof DeleteMarkers)[number]) => ({
		key: decodeKey(Key ?? '', EncodingType),
		version: VersionId || 'null',
		latest: IsLatest ?? false,
		modified: LastModified?.getTime() ?? 0,
	})
	const versions: Version[] = Versions.map((version) => ({
		...common(version),
		etag: bareEtag(version.ETag),
		size: version.Size ?? 0,
		storageClass: storageClassOf(version.StorageClass),
	}))
	const markers: Version[] = DeleteMarkers.map((marker) => ({
		...common(marker),
		etag: '',
		size: 0,
		deleted: true,
	}))
	return inOrder([...versions, ...markers])
}

/** See Wire.listUploads. */
export async function listUploads(
	{at, client, abort}: Sdk,
	prefix: string,
	after: UploadPlace | undefined,
): Promise<UploadPage> {
	const page = await client.send(
		new ListMultipartUploadsCommand({
			Bucket: at.bucket,
			Prefix: prefix,
			EncodingType: 'url',
			...(after === undefined ? {} : {KeyMarker: after.key, UploadIdMarker: after.id}),
			...payer(at),
		}),
		abort,
	)
	const {Uploads = [], EncodingType, IsTruncated = false, NextKeyMarker = '', NextUploadIdMarker = ''} = page
	if (IsTruncated && !NextKeyMarker) throw notS3('a page without the way to the next')
	return {
		uploads: Uploads.map(({Key = '', UploadId = '', Initiated}) => ({
			key: decodeKey(Key, EncodingType),
			id: UploadId,
			initiated: Initiated?.getTime() ?? 0,
		})),
		next: IsTruncated ? {key: decodeKey(NextKeyMarker, EncodingType), id: NextUploadIdMarker} : undefined,
	}
}
