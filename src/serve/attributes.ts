// What a writer says about an object in headers, and how it is said again to readers.

import {createHash} from 'node:crypto'
import type {Bucket} from './bucket.ts'
import {aclOfNewObject} from './acl.ts'
import type {Call} from './call.ts'
import {S3Error} from './errors.ts'
import type {Attributes, Tag} from './model.ts'
import type {Headers} from './request.ts'
import {checkTags, parseTagHeader} from './tagging.ts'

const METADATA = 'x-amz-meta-'
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

/** The headers that say how the object is stored. */
export function storageHeaders(headers: Headers): Record<string, string> {
	const kept: Record<string, string> = {}
	const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
	if (!STORAGE_CLASSES.includes(storageClass)) throw new S3Error('InvalidStorageClass')
	if (storageClass !== 'STANDARD') kept['x-amz-storage-class'] = storageClass
	const encryption = headers[SSE]
	if (encryption !== undefined && encryption !== 'AES256')
		throw new S3Error('NotImplemented', `Server side encryption with ${encryption} is not implemented`)
	if (encryption !== undefined) kept[SSE] = encryption
	if (Object.keys(headers).some((name) => name.startsWith('x-amz-object-lock-')))
		throw new S3Error('NotImplemented', 'Object Lock is not implemented')
	return kept
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
	return {...(encryption === undefined ? {} : {[SSE]: encryption}), ...customerKeyHeaders(md5)}
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
		headers: {...contentHeaders(headers), ...storageHeaders(headers)},
		acl: aclOfNewObject(call, bucket),
		tags: tagsOfHeaders(headers),
		customerKey: customerKey(headers, 'x-amz-'),
	}
}

export const storageClassOf = ({headers}: Attributes): string => headers['x-amz-storage-class'] ?? 'STANDARD'
