// What a writer says about an object in headers, and how it is said again to readers.

import {createHash, randomBytes} from 'node:crypto'
import {METADATA} from '../format/fields.ts'
import type {Bucket} from './bucket.ts'
import {aclOfNewObject} from './acl.ts'
import type {Call} from './call.ts'
import {S3Error} from './errors.ts'
import type {Attributes, Tag} from './model.ts'
import type {Headers} from './request.ts'
import {checkTags, parseTagHeader} from './tagging.ts'

/** Bytes of the names, without their prefix, and of the values. */
const METADATA_LIMIT = 2048
const CONTENT = [
	'cache-control',
	'content-disposition',
	'content-language',
	'expires',
	'x-amz-website-redirect-location',
]
const STORAGE_CLASSES = [
	'STANDARD',
	'REDUCED_REDUNDANCY',
	'STANDARD_IA',
	'ONEZONE_IA',
	'INTELLIGENT_TIERING',
	'GLACIER',
	'DEEP_ARCHIVE',
	'GLACIER_IR',
	'EXPRESS_ONEZONE',
	'OUTPOSTS',
	'SNOW',
]
const SSE = 'x-amz-server-side-encryption'
const KMS_KEY = `${SSE}-aws-kms-key-id`
/** Of the account, where none is named. */
const DEFAULT_KEY = 'arn:aws:kms:us-east-1:000000000000:key/s3'
const LOCK = [
	'x-amz-object-lock-mode',
	'x-amz-object-lock-retain-until-date',
	'x-amz-object-lock-legal-hold',
] as const

/** The headers that describe the content, and the user's metadata. */
export function contentHeaders(headers: Headers): Record<string, string> {
	const kept: Record<string, string> = {'content-type': headers['content-type'] ?? 'binary/octet-stream'}
	const encoding = headers['content-encoding']?.replace(/\baws-chunked\b,? *|, *aws-chunked\b/g, '')
	if (encoding !== undefined && encoding !== '') kept['content-encoding'] = encoding
	for (const name of CONTENT) if (headers[name] !== undefined) kept[name] = headers[name]
	let size = 0
	for (const [name, value = ''] of Object.entries(headers)) {
		if (!name.startsWith(METADATA)) continue
		size += name.length - METADATA.length + value.length
		kept[name] = value
	}
	if (size > METADATA_LIMIT) throw new S3Error('MetadataTooLarge')
	return kept
}

/** What of an object's headers a copy takes over: not how that one is stored, nor its lock. */
export const storedContent = (headers: Readonly<Record<string, string>>): Record<string, string> =>
	Object.fromEntries(
		Object.entries(headers).filter(
			([name]) =>
				name !== 'x-amz-storage-class' && !name.startsWith(SSE) && !name.startsWith('x-amz-object-lock-'),
		),
	)

/** The lock of an object. */
export const lockHeaders = ({headers}: Attributes): Record<string, string> =>
	Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-object-lock-')))

/** The headers that say how the object is stored. */
export function storageHeaders(headers: Headers): Record<string, string> {
	const kept: Record<string, string> = {}
	const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
	if (!STORAGE_CLASSES.includes(storageClass)) throw new S3Error('InvalidStorageClass')
	if (storageClass !== 'STANDARD') kept['x-amz-storage-class'] = storageClass
	return {...kept, ...encryptionOf(headers)}
}

/** The encryption that is asked for: nothing is encrypted here, but what was asked for is answered. */
function encryptionOf(headers: Headers): Record<string, string> {
	const [encryption, key] = [headers[SSE], headers[KMS_KEY]]
	if (encryption === undefined) return {}
	if (!['AES256', 'aws:kms', 'aws:kms:dsse'].includes(encryption))
		throw new S3Error('InvalidArgument', 'The encryption method specified is not supported')
	if (key !== undefined && !isKms(encryption))
		throw new S3Error('InvalidArgument', 'A KMS key is for encryption with aws:kms only')
	return {[SSE]: encryption, ...(isKms(encryption) ? {[KMS_KEY]: key ?? DEFAULT_KEY} : {})}
}

const isKms = (encryption: string | undefined): boolean => encryption?.startsWith('aws:kms') === true

/** The ETag of what has this MD5: under a key of KMS it is none. */
export const etagOf = (md5: string, {headers}: Attributes): string =>
	isKms(headers[SSE]) ? randomBytes(16).toString('hex') : md5

/** What is locked, and until when: only in a bucket that was made for it. */
function lockOf(headers: Headers, bucket: Bucket): Record<string, string> {
	const lock = Object.fromEntries(
		LOCK.flatMap((name) => [[name, headers[name]]].filter(([, v]) => v !== undefined)),
	)
	const [mode, until, hold] = LOCK.map((name) => headers[name])
	if (Object.keys(lock).length === 0) return {}
	if (bucket.info.objectLock !== true)
		throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration')
	if ((mode === undefined) !== (until === undefined))
		throw new S3Error(
			'InvalidArgument',
			'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
		)
	if (mode !== undefined && !['GOVERNANCE', 'COMPLIANCE'].includes(mode))
		throw new S3Error('InvalidArgument', 'Unknown wormMode directive')
	if (until !== undefined && !(Date.parse(until) > Date.now()))
		throw new S3Error('InvalidArgument', 'The retain until date must be in the future!')
	if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
		throw new S3Error('InvalidArgument', 'Legal Hold must be either of ON or OFF')
	return lock as Record<string, string>
}

/** Whether a version may not be deleted now; `bypasses` is what its caller may under governance. */
export function isLocked({headers}: Attributes, bypasses: boolean): boolean {
	const [mode, until = '', hold] = LOCK.map((name) => headers[name])
	return hold === 'ON' || (Date.parse(until) > Date.now() && !(mode === 'GOVERNANCE' && bypasses))
}

/** The MD5 of the customer's key in the headers, checked against the key; undefined without one. */
function customerKey(headers: Headers, prefix: 'x-amz-' | 'x-amz-copy-source-'): string | undefined {
	const name = `${prefix}server-side-encryption-customer-`
	const [algorithm, key, md5] = [
		headers[`${name}algorithm`],
		headers[`${name}key`],
		headers[`${name}key-md5`],
	]
	if (algorithm === undefined && key === undefined && md5 === undefined) return undefined
	const bytes = Buffer.from(key ?? '', 'base64')
	if (
		algorithm !== 'AES256' ||
		bytes.length !== 32 ||
		md5 !== createHash('md5').update(bytes).digest('base64')
	)
		throw new S3Error('InvalidArgument', 'The customer key and its MD5 do not agree, or are not for AES256')
	return md5
}

/** Refuses a reader without the key that the object was written with. */
export function checkCustomerKey(
	headers: Headers,
	prefix: 'x-amz-' | 'x-amz-copy-source-',
	stored: string | undefined,
): void {
	const given = customerKey(headers, prefix)
	if (given === stored) return
	if (given !== undefined && stored !== undefined) throw new S3Error('AccessDenied')
	throw new S3Error('InvalidRequest', 'The object was stored using another form of Server Side Encryption')
}

/** The headers that acknowledge a customer's key. */
export function customerKeyHeaders(md5: string | undefined): Record<string, string> {
	if (md5 === undefined) return {}
	return {[`${SSE}-customer-algorithm`]: 'AES256', [`${SSE}-customer-key-md5`]: md5}
}

/** The header that acknowledges encryption. */
export function encryptionHeaders({headers, customerKey: md5}: Attributes): Record<string, string> {
	const encryption = headers[SSE]
	const key = headers[KMS_KEY]
	return {
		...(encryption === undefined ? {} : {[SSE]: encryption}),
		...(key === undefined ? {} : {[KMS_KEY]: key}),
		...customerKeyHeaders(md5),
	}
}

function tagsOfHeaders(headers: Headers): readonly Tag[] | undefined {
	const header = headers['x-amz-tagging']
	const tags = header === undefined ? [] : checkTags(parseTagHeader(header))
	return tags.length === 0 ? undefined : tags
}

/** Everything the request says about a new object. */
export function attributesOf(call: Call, bucket: Bucket): Attributes {
	const {headers} = call
	return {
		headers: {...contentHeaders(headers), ...storageHeaders(headers), ...lockOf(headers, bucket)},
		acl: aclOfNewObject(call, bucket),
		tags: tagsOfHeaders(headers),
		customerKey: customerKey(headers, 'x-amz-'),
	}
}

export const storageClassOf = ({headers}: Attributes): string => headers['x-amz-storage-class'] ?? 'STANDARD'
