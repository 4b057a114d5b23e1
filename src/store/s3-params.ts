// What the requests on an object have in common, as the SDK's parameters.

import type {Acl} from '../format/acl.ts'
import {aclHeaders} from './acl-headers.ts'
import type {S3Connection} from './s3-connection.ts'
import {notS3} from './s3-retry.ts'
import type {Properties} from './store.ts'

/** The parameters of every request on an object. */
export const target = (at: S3Connection, key: string) => ({
	Bucket: at.bucket,
	Key: key,
	...payer(at),
})

/** That we pay for our requests, where the remote says so. */
export const payer = ({remote}: S3Connection) =>
	remote.requesterPays === true ? {RequestPayer: 'requester' as const} : {}

/** The parameters of every request that makes an object. */
export const propertiesOf = ({remote}: S3Connection, {metadata, acl, ...given}: Properties) => ({
	...aclParams(acl),
	...(metadata === undefined ? {} : {Metadata: {...metadata}}),
	...(given.contentType === undefined ? {} : {ContentType: given.contentType}),
	...(given.contentEncoding === undefined ? {} : {ContentEncoding: given.contentEncoding}),
	// the SDK knows only AWS's own names of classes and algorithms; other stores have others
	...(given.storageClass === undefined ? {} : {StorageClass: given.storageClass as 'STANDARD'}),
	...(remote.sse === undefined ? {} : {ServerSideEncryption: remote.sse as 'AES256'}),
	...(remote.sseKmsKeyId === undefined ? {} : {SSEKMSKeyId: remote.sseKmsKeyId}),
})

function aclParams(acl: Acl | undefined) {
	const headers = aclHeaders(acl)
	return {
		...(headers['x-amz-acl'] === undefined ? {} : {ACL: headers['x-amz-acl'] as 'private'}),
		...(headers['x-amz-grant-full-control'] === undefined
			? {}
			: {GrantFullControl: headers['x-amz-grant-full-control']}),
		...(headers['x-amz-grant-read'] === undefined ? {} : {GrantRead: headers['x-amz-grant-read']}),
		...(headers['x-amz-grant-read-acp'] === undefined ? {} : {GrantReadACP: headers['x-amz-grant-read-acp']}),
		...(headers['x-amz-grant-write-acp'] === undefined
			? {}
			: {GrantWriteACP: headers['x-amz-grant-write-acp']}),
	}
}

export const versionOf = (version: string | undefined) => (version === undefined ? {} : {VersionId: version})

export const digestOf = (md5: Buffer | undefined) =>
	md5 === undefined ? {} : {ContentMD5: md5.toString('base64')}

/** An ETag as it stands in a condition. */
export const quoteEtag = (etag: string): string => `"${etag}"`

/** An ETag as s3r keeps it. */
export const bareEtag = (etag: string | undefined): string => etag?.replace(/^"|"$/g, '') ?? ''

export const storageClassOf = (name: string | undefined): string | undefined =>
	name === 'STANDARD' || name === '' ? undefined : name

/** Some stores keep the framing of the upload as if it were the object's encoding. */
export const withoutFraming = (encoding: string | undefined): string | undefined =>
	encoding?.replace(/^aws-chunked(,\s*)?/, '') || undefined

/** S3 encodes the keys of a listing as forms do: a '+' is a space. Not every store does as asked. */
export function decodeKey(key: string, encoding: string | undefined): string {
	if (encoding !== 'url') return key
	try {
		return decodeURIComponent(key.replaceAll('+', ' '))
	} catch {
		throw notS3('a key that is not encoded as was said')
	}
}

/** The source of a copy: every segment of the key percent-encoded, as all stores decode it. */
export const copySource = (bucket: string, key: string, version?: string): string =>
	`${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${
		version === undefined ? '' : `?versionId=${encodeURIComponent(version)}`
	}`
