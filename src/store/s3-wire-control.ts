// The hot requests over the SDK that change objects on the server, or tell who may do what with them.

import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	GetBucketAclCommand,
	GetBucketOwnershipControlsCommand,
	GetObjectAclCommand,
	type S3Client,
} from '@aws-sdk/client-s3'
import {grantsOf} from './acl-page.ts'
import {sourceKeyParams} from './customer-key.ts'
import type {Abort, S3Connection} from './s3-connection.ts'
import {bareEtag, copySource, propertiesOf, quoteEtag, target, versionOf} from './s3-params.ts'
import type {AclPolicy, Part, Properties, Written} from './store.ts'
import type {CopyRequest, DeleteRequest, Guard} from './wire.ts'

/** What the requests of one connection are sent with. */
export type Sdk = {readonly at: S3Connection; readonly client: S3Client; readonly abort: Abort}

/** See Wire.copy. */
export async function copy(
	{at, client, abort}: Sdk,
	from: string,
	to: string,
	{properties, guard, sourceIfMatch, sourceVersion}: CopyRequest,
): Promise<Written> {
	const output = await client.send(
		new CopyObjectCommand({
			...target(at, to),
			...propertiesOf(at, properties),
			...guard,
			CopySource: copySource(at.bucket, from, sourceVersion),
			MetadataDirective: 'REPLACE',
			...(properties.tags === undefined ? {} : {TaggingDirective: 'REPLACE' as const}),
			...sourceKeyParams(at.customerKey),
			...(sourceIfMatch === undefined ? {} : {CopySourceIfMatch: quoteEtag(sourceIfMatch)}),
		}),
		abort,
	)
	const {ETag, LastModified} = output.CopyObjectResult ?? {}
	return {etag: bareEtag(ETag), version: output.VersionId, modified: LastModified?.getTime()}
}

/** See Wire.createUpload. */
export async function createUpload(
	{at, client, abort}: Sdk,
	key: string,
	properties: Properties,
): Promise<string> {
	const given = {...target(at, key), ...propertiesOf(at, properties)}
	return (await client.send(new CreateMultipartUploadCommand(given), abort)).UploadId ?? ''
}

/** See Wire.completeUpload. */
export async function completeUpload(
	{at, client, abort}: Sdk,
	key: string,
	id: string,
	parts: readonly Part[],
	guard: Guard,
): Promise<Written> {
	const Parts = parts.map(({number, etag}) => ({PartNumber: number, ETag: quoteEtag(etag)}))
	const given = {...target(at, key), ...guard, UploadId: id, MultipartUpload: {Parts}}
	const {ETag, VersionId} = await client.send(new CompleteMultipartUploadCommand(given), abort)
	return {etag: bareEtag(ETag), version: VersionId}
}

/** See Wire.delete. */
export async function remove(
	{at, client, abort}: Sdk,
	key: string,
	{guard, version}: DeleteRequest,
): Promise<void> {
	await client.send(new DeleteObjectCommand({...target(at, key), ...versionOf(version), ...guard}), abort)
}

/** See Wire.acl. */
export async function acl({at, client, abort}: Sdk, key: string | undefined): Promise<AclPolicy> {
	const {Owner, Grants = []} = await (key === undefined
		? client.send(new GetBucketAclCommand({Bucket: at.bucket}), abort)
		: client.send(new GetObjectAclCommand(target(at, key)), abort))
	return {owner: Owner?.ID ?? '', grants: Grants.flatMap(grantsOf)}
}

/** See Wire.ownership. */
export async function ownership({at, client, abort}: Sdk): Promise<string> {
	const said = await client.send(new GetBucketOwnershipControlsCommand({Bucket: at.bucket}), abort)
	return said.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? ''
}
