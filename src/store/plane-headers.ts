// The headers of the hot requests, and what the replies' say.

import {remembering, rememberingLast} from '../base/remembering.ts'
import type {Remote} from '../format/remote.ts'
import {METADATA} from '../format/fields.ts'
import {CONTENT_HEADERS, type ContentHeaders} from '../format/header-rules.ts'
import {taggingHeader} from '../format/tags.ts'
import {aclHeaders} from './acl-headers.ts'
import {lockHeaders} from './object-lock.ts'
import {bareEtag, copySource, quoteEtag, storageClassOf, withoutFraming} from './s3-params.ts'
import {notS3} from './s3-retry.ts'
import type {HeaderList} from './http.ts'
import type {ReplyHeaders} from './http-headers.ts'
import type {Head, Properties, Written} from './store.ts'
import type {CopyRequest, GetRequest, Guard} from './wire.ts'

/** That we pay for our requests, where the remote says so. */
export const payerHeaders = ({requesterPays}: Partial<Remote>): HeaderList =>
	requesterPays === true ? [['x-amz-request-payer', 'requester']] : []

const NAMES = 256

/** The name of the header for metadata of this name: one that was made anew would have to be compared letter by letter (header-text.ts). */
const metadataHeader = remembering(NAMES, (name) => METADATA + name)

/** The names of metadata among those of headers, and where they are. */
const metadataNames = rememberingLast((names: ReplyHeaders['names']) =>
	[...names.entries()].flatMap(([place, name]) =>
		name.startsWith(METADATA) ? [{place, name: name.slice(METADATA.length)}] : [],
	),
)

function metadataIn({names, values}: ReplyHeaders): Record<string, string> {
	const metadata: Record<string, string> = {}
	for (const {place, name} of metadataNames(names)) metadata[name] = values[place] ?? ''
	return metadata
}

/** What is stored beside the bytes. */
export function propertyHeaders(remote: Partial<Remote>, properties: Properties): HeaderList {
	const {sse, sseKmsKeyId} = remote
	const {metadata, acl, contentType, contentEncoding, storageClass, tags} = properties
	const headers: HeaderList = []
	if (contentType !== undefined) headers.push(['content-type', contentType])
	if (contentEncoding !== undefined) headers.push(['content-encoding', contentEncoding])
	if (acl !== undefined) headers.push(...Object.entries(aclHeaders(acl)))
	if (properties.headers !== undefined) headers.push(...Object.entries(properties.headers))
	if (!properties.isPassing) headers.push(...lockHeaders(remote))
	for (const name in metadata) headers.push([metadataHeader(name), metadata[name] ?? ''])
	if (storageClass !== undefined) headers.push(['x-amz-storage-class', storageClass])
	if (sse !== undefined) headers.push(['x-amz-server-side-encryption', sse])
	if (sseKmsKeyId !== undefined) headers.push(['x-amz-server-side-encryption-aws-kms-key-id', sseKmsKeyId])
	if (tags !== undefined) headers.push(['x-amz-tagging', taggingHeader(tags)])
	return headers
}

export const guardHeaders = ({IfMatch, IfNoneMatch}: Guard): HeaderList =>
	IfMatch !== undefined
		? [['if-match', IfMatch]]
		: IfNoneMatch !== undefined
			? [['if-none-match', IfNoneMatch]]
			: []

export const md5Headers = (md5: Buffer | undefined): HeaderList =>
	md5 === undefined ? [] : [['content-md5', md5.toString('base64')]]

/** Where a copy comes from, and that it takes over nothing but tags. */
export function copyHeaders(
	bucket: string,
	from: string,
	{properties, sourceIfMatch, sourceVersion}: CopyRequest,
): HeaderList {
	const headers: HeaderList = [
		['x-amz-copy-source', copySource(bucket, from, sourceVersion)],
		['x-amz-metadata-directive', 'REPLACE'],
	]
	if (properties.tags !== undefined) headers.push(['x-amz-tagging-directive', 'REPLACE'])
	if (sourceIfMatch !== undefined) headers.push(['x-amz-copy-source-if-match', quoteEtag(sourceIfMatch)])
	return headers
}

export function getHeaders({range, ifMatch}: GetRequest): HeaderList {
	const headers: HeaderList = []
	if (range !== undefined) headers.push(['range', range])
	if (ifMatch !== undefined) headers.push(['if-match', quoteEtag(ifMatch)])
	return headers
}

/** The time in a header, in milliseconds since the epoch. */
export function timeIn(headers: ReplyHeaders, name: string): number | undefined {
	const text = headers.get(name)
	return text === undefined ? undefined : timeOf(text)
}

/** What comes one after the other is often of the same second. */
const timeOf = rememberingLast((text: string) => {
	const time = Date.parse(text)
	return Number.isNaN(time) ? undefined : time
})

/** What a PUT left. S3 says no time of it; that of the reply is not before it. */
export const writtenIn = (headers: ReplyHeaders): Written => ({
	etag: bareEtag(headers.get('etag')),
	version: headers.get('x-amz-version-id'),
	modified: timeIn(headers, 'date'),
})

/** The bytes of the whole object, also in the reply to a range. */
function sizeIn(headers: ReplyHeaders): number {
	const range = headers.get('content-range')
	const size = Number(
		range === undefined ? (headers.get('content-length') ?? 0) : range.slice(range.lastIndexOf('/') + 1),
	)
	if (!Number.isSafeInteger(size) || size < 0) throw notS3('a size that is none')
	return size
}

/** What else was stored with the object; undefined where there is nothing. */
function contentHeadersIn(headers: ReplyHeaders): ContentHeaders | undefined {
	let found: Record<string, string> | undefined
	for (const name of CONTENT_HEADERS) {
		const value = headers.get(name)
		if (value !== undefined) found = {...found, [name]: value}
	}
	return found
}

/** The head in the reply to a HEAD or GET. */
export function headIn(headers: ReplyHeaders): Head {
	const head = {
		etag: bareEtag(headers.get('etag')),
		size: sizeIn(headers),
		modified: timeIn(headers, 'last-modified') ?? 0,
		storageClass: storageClassOf(headers.get('x-amz-storage-class')),
		metadata: metadataIn(headers),
		contentType: headers.get('content-type'),
		contentEncoding: withoutFraming(headers.get('content-encoding')),
		headers: contentHeadersIn(headers),
		version: headers.get('x-amz-version-id'),
	}
	// under a key that is not S3's own, the ETag is that of what is stored, not of what was sent
	const encrypted =
		headers.get('x-amz-server-side-encryption')?.startsWith('aws:kms') === true ||
		headers.has('x-amz-server-side-encryption-customer-algorithm')
	return encrypted ? {...head, etagIsMd5: false} : head
}
