// What the requests on an object have in common, as the SDK's parameters.

import type {Acl} from '../format/acl.ts'
import type {ContentHeaders} from '../format/header-rules.ts'
import type {Remote} from '../format/remote.ts'
import {taggingHeader} from '../format/tags.ts'
import {aclHeaders} from './acl-headers.ts'
import {customerKeyParams} from './customer-key.ts'
import {lockHeaders} from './object-lock.ts'
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
export const propertiesOf = (
	{remote, customerKey}: S3Connection,
	{metadata, acl, headers, tags, ...given}: Properties,
) => ({
	...aclParams(acl),
	...headerParams(headers),
	...customerKeyParams(customerKey),
	...(given.isPassing ? {} : lockParams(remote)),
	...(tags === undefined ? {} : {Tagging: taggingHeader(tags)}),
	...(metadata === undefined ? {} : {Metadata: {...metadata}}),
	...(given.contentType === undefined ? {} : {ContentType: given.contentType}),
	...(given.contentEncoding === undefined ? {} : {ContentEncoding: given.contentEncoding}),
	// the SDK knows only AWS's own names of classes and algorithms; other stores have others
	...(given.storageClass === undefined ? {} : {StorageClass: given.storageClass as 'STANDARD'}),
	...(remote.sse === undefined ? {} : {ServerSideEncryption: remote.sse as 'AES256'}),
	...(remote.sseKmsKeyId === undefined ? {} : {SSEKMSKeyId: remote.sseKmsKeyId}),
})

function headerParams(headers: ContentHeaders = {}) {
	const {expires} = headers
	return {
		...(headers['cache-control'] === undefined ? {} : {CacheControl: headers['cache-control']}),
		...(headers['content-disposition'] === undefined
			? {}
			: {ContentDisposition: headers['content-disposition']}),
		...(headers['content-language'] === undefined ? {} : {ContentLanguage: headers['content-language']}),
		...(expires === undefined ? {} : {Expires: new Date(expires)}),
		...(headers['x-amz-website-redirect-location'] === undefined
			? {}
			: {WebsiteRedirectLocation: headers['x-amz-website-redirect-location']}),
	}
}

function lockParams(remote: Partial<Remote>) {
	const headers: Partial<Record<string, string>> = Object.fromEntries(lockHeaders(remote))
	const until = headers['x-amz-object-lock-retain-until-date']
	return {
		...(until === undefined
			? {}
			: {
					ObjectLockMode: headers['x-amz-object-lock-mode'] as 'GOVERNANCE',
					ObjectLockRetainUntilDate: new Date(until),
				}),
		...(headers['x-amz-object-lock-legal-hold'] === undefined
			? {}
			: {ObjectLockLegalHoldStatus: 'ON' as const}),
	}
}

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
export function bareEtag(etag = ''): string {
	const start = etag.startsWith('"') ? 1 : 0
	return etag.slice(start, etag.length > start && etag.endsWith('"') ? -1 : etag.length)
}

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
