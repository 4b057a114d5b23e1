// PutObject and CopyObject.

import {
	attributesOf,
	checkCustomerKey,
	contentHeaders,
	encryptionHeaders,
	etagOf,
	lockHeaders,
	storageHeaders,
	storedContent,
} from './attributes.ts'
import type {Bucket} from './bucket.ts'
import {type Call, isoTime, quoted, type Reply, xmlReply} from './call.ts'
import {type Algorithm, checksumHeaders, elementOf, parseAlgorithm} from './checksum.ts'
import {checkWriteConditions} from './conditions.ts'
import {copyBytes, type Source, sourceOf} from './copy-source.ts'
import {S3Error} from './errors.ts'
import {versionHeader} from './find.ts'
import type {Attributes, Checksum, Piece, Version} from './model.ts'
import type {Received} from './payload.ts'
import type {Headers} from './request.ts'

const COPY_LIMIT = 5 * 1024 ** 3

/** The checksum of a body that came as a whole. */
const wholeChecksum = (checksum: Received['checksum']): Checksum | undefined =>
	checksum && {algorithm: checksum.algorithm, type: 'FULL_OBJECT', value: checksum.value}

/** Makes a file that is written the object at a key, if the conditions hold at this moment. */
async function publish(
	bucket: Bucket,
	headers: Headers,
	content: Attributes & Pick<Version, 'key' | 'etag' | 'checksum'> & {readonly piece: Piece},
): Promise<Version> {
	const {piece, ...described} = content
	try {
		checkWriteConditions(headers, bucket, content.key)
	} catch (error) {
		bucket.blobs.discard([piece])
		throw error
	}
	const version = {
		...described,
		id: bucket.newVersionId(),
		modified: Date.now(),
		size: piece.size,
		pieces: [piece],
	}
	await bucket.commit({put: version})
	return version
}

export async function putObject(call: Call): Promise<Reply> {
	const {bucket, headers, key} = call
	checkWriteConditions(headers, bucket, key)
	const attributes = attributesOf(call, bucket)
	const {piece, result} = await bucket.blobs.write((sink) => call.payload.receive(sink))
	const checksum = wholeChecksum(result.checksum)
	const version = await publish(bucket, headers, {
		...attributes,
		key,
		etag: etagOf(result.md5, attributes),
		checksum,
		piece,
	})
	return {
		headers: {
			etag: quoted(version.etag),
			...checksumHeaders(checksum),
			...encryptionHeaders(version),
			...versionHeader(bucket, version),
		},
	}
}

const directive = (headers: Headers, name: string): 'COPY' | 'REPLACE' => {
	const value = headers[name] ?? 'COPY'
	if (value !== 'COPY' && value !== 'REPLACE') throw new S3Error('InvalidArgument', `Unknown ${name}`)
	return value
}

/** What the copy is to be: the source's metadata and tags, unless they are replaced. */
function attributesOfCopy(call: Call, bucket: Bucket, source: Version): Attributes {
	const {headers} = call
	const given = attributesOf(call, bucket)
	const replaced = directive(headers, 'x-amz-metadata-directive') === 'REPLACE'
	const content = replaced ? contentHeaders(headers) : source.headers
	return {
		...given,
		headers: {...storedContent(content), ...storageHeaders(headers), ...lockHeaders(given)},
		tags: directive(headers, 'x-amz-tagging-directive') === 'REPLACE' ? given.tags : source.tags,
	}
}

/** Refuses to copy an object onto itself when nothing about it would change. */
function checkChange(call: Call, bucket: Bucket, source: Source): void {
	if (source.bucket !== bucket || source.version.key !== call.key || source.named) return
	const changing = ['x-amz-storage-class', 'x-amz-server-side-encryption', 'x-amz-website-redirect-location']
	if (directive(call.headers, 'x-amz-metadata-directive') === 'REPLACE') return
	if (changing.some((name) => call.headers[name] !== undefined)) return
	throw new S3Error(
		'InvalidRequest',
		"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
	)
}

/** A file of the source's content, its MD5 and the checksum of this algorithm; nothing is read that need not be. */
async function copyContent(
	bucket: Bucket,
	{bucket: from, version}: Source,
	algorithm: Algorithm | undefined,
) {
	const [piece] = version.pieces
	if (piece !== undefined && version.multipart === undefined && version.checksum?.algorithm === algorithm)
		return {piece: await bucket.blobs.copy(piece, from.blobs), etag: version.etag, checksum: version.checksum}
	const {piece: written, received} = await copyBytes(bucket, from, version.pieces, 0, version.size, algorithm)
	return {piece: written, etag: received.md5, checksum: wholeChecksum(received.checksum)}
}

export async function copyObject(call: Call): Promise<Reply> {
	const {bucket, headers, key} = call
	const source = sourceOf(call)
	checkChange(call, bucket, source)
	if (source.version.size > COPY_LIMIT)
		throw new S3Error(
			'InvalidRequest',
			'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
		)
	checkCustomerKey(headers, 'x-amz-copy-source-', source.version.customerKey)
	checkWriteConditions(headers, bucket, key)
	const attributes = attributesOfCopy(call, bucket, source.version)
	const algorithm = parseAlgorithm(headers['x-amz-checksum-algorithm']) ?? source.version.checksum?.algorithm
	const release = source.bucket.blobs.hold(source.version.pieces)
	try {
		const content = await copyContent(bucket, source, algorithm)
		const etag = etagOf(content.etag, attributes)
		const version = await publish(bucket, headers, {...attributes, key, ...content, etag})
		const {checksum} = version
		return xmlReply(
			'CopyObjectResult',
			{
				ETag: quoted(version.etag),
				LastModified: isoTime(version.modified),
				...(checksum && {[elementOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type}),
			},
			{...encryptionHeaders(version), ...versionHeader(bucket, version), ...source.header},
		)
	} finally {
		release()
	}
}
