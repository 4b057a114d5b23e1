// Multipart uploads: create, send parts, copy parts, list, complete, abort.

import {randomBytes} from 'node:crypto'
import {
	attributesOf,
	checkCustomerKey,
	customerKeyHeaders,
	encryptionHeaders,
	storageClassOf,
} from './attributes.ts'
import type {OpenUpload} from './bucket.ts'
import {type Call, isoTime, NO_CONTENT, quoted, type Reply, xmlReply} from './call.ts'
import {checksumHeaders, elementOf, multipartType, parseAlgorithm} from './checksum.ts'
import {copyBytes, sourceOf} from './copy-source.ts'
import {S3Error} from './errors.ts'
import type {Part, Piece, Upload} from './model.ts'
import type {Received} from './payload.ts'

const PARTS_LIMIT = 10_000
const PAGE = 1000

/** The upload that the request names, which must be for its key. */
export function uploadOf(call: Call): OpenUpload {
	const found = call.bucket.uploads.get(call.query.get('uploadId') ?? '')
	if (found?.upload.key !== call.key) throw new S3Error('NoSuchUpload')
	return found
}

function checksumOf(call: Call): Upload['checksum'] {
	const algorithm = parseAlgorithm(call.headers['x-amz-checksum-algorithm'])
	if (algorithm === undefined) return undefined
	return {algorithm, type: multipartType(algorithm, call.headers['x-amz-checksum-type'])}
}

export async function createUpload(call: Call): Promise<Reply> {
	const {bucket, key} = call
	const checksum = checksumOf(call)
	const upload: Upload = {
		...attributesOf(call, bucket),
		id: randomBytes(24).toString('base64url'),
		key,
		started: Date.now(),
		initiator: call.caller.id ?? bucket.info.acl.owner,
		checksum,
	}
	await bucket.commit({upload})
	return xmlReply(
		'InitiateMultipartUploadResult',
		{Bucket: bucket.name, Key: key, UploadId: upload.id},
		{
			...encryptionHeaders(upload),
			...(checksum && {'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type}),
		},
	)
}

function partNumber(call: Call): number {
	const number = Number(call.query.get('partNumber') ?? '')
	if (Number.isInteger(number) && number >= 1 && number <= PARTS_LIMIT) return number
	throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
}

/** Records a part whose bytes are in `piece`, unless the upload ended meanwhile. */
async function keepPart(call: Call, piece: Piece, received: Received): Promise<Part> {
	const {bucket} = call
	let open: OpenUpload
	try {
		open = uploadOf(call)
	} catch (error) {
		bucket.blobs.discard([piece])
		throw error
	}
	const checksum = open.upload.checksum && received.checksum?.value
	const part = {...piece, number: partNumber(call), etag: received.md5, modified: Date.now(), checksum}
	await bucket.commit({part: [open.upload.id, part]})
	return part
}

export async function uploadPart(call: Call): Promise<Reply> {
	const {upload} = uploadOf(call)
	partNumber(call)
	checkCustomerKey(call.headers, 'x-amz-', upload.customerKey)
	const algorithm = upload.checksum?.algorithm
	const {piece, result} = await call.bucket.blobs.write(async (sink) => {
		const received = await call.payload.receive(sink, algorithm)
		if (algorithm !== undefined && received.checksum?.algorithm !== algorithm)
			throw new S3Error(
				'InvalidRequest',
				`Checksum Type mismatch occurred, expected checksum Type: ${algorithm}`,
			)
		return received
	})
	const part = await keepPart(call, piece, result)
	const {checksum} = result
	return {
		headers: {
			etag: quoted(part.etag),
			...checksumHeaders(checksum && {...checksum, type: 'FULL_OBJECT'}),
			...encryptionHeaders(upload),
		},
	}
}

function copyRange(range: string | undefined, size: number): {start: number; length: number} {
	if (range === undefined) return {start: 0, length: size}
	const m = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range)
	const [start, end] = [Number(m?.[1]), Number(m?.[2])]
	if (m === null || start > end)
		throw new S3Error(
			'InvalidArgument',
			'The x-amz-copy-source-range value must be of the form bytes=first-last',
		)
	if (end >= size)
		throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${size}`)
	return {start, length: end - start + 1}
}

export async function uploadPartCopy(call: Call): Promise<Reply> {
	const {upload} = uploadOf(call)
	partNumber(call)
	const {bucket: from, version, header} = sourceOf(call)
	checkCustomerKey(call.headers, 'x-amz-copy-source-', version.customerKey)
	const {start, length} = copyRange(call.headers['x-amz-copy-source-range'], version.size)
	const algorithm = upload.checksum?.algorithm
	const release = from.blobs.hold(version.pieces)
	try {
		const {piece, received} = await copyBytes(call.bucket, from, version.pieces, start, length, algorithm)
		const part = await keepPart(call, piece, received)
		return xmlReply(
			'CopyPartResult',
			{
				ETag: quoted(part.etag),
				LastModified: isoTime(part.modified),
				...(algorithm && {[elementOf(algorithm)]: part.checksum}),
			},
			{...header, ...customerKeyHeaders(upload.customerKey)},
		)
	} finally {
		release()
	}
}

export async function abortUpload(call: Call): Promise<Reply> {
	await call.bucket.commit({end: uploadOf(call).upload.id})
	return NO_CONTENT
}

export function listParts(call: Call): Reply {
	const {upload, parts} = uploadOf(call)
	const after = call.query.has('part-number-marker') ? call.number('part-number-marker', PARTS_LIMIT) : 0
	const limit = call.number('max-parts', PAGE)
	const left = [...parts.values()]
		.filter(({number}) => number > after)
		.toSorted((a, b) => a.number - b.number)
	const page = left.slice(0, limit)
	const {checksum} = upload
	return xmlReply('ListPartsResult', {
		Bucket: call.bucket.name,
		Key: call.key,
		UploadId: upload.id,
		PartNumberMarker: after,
		NextPartNumberMarker: page.at(-1)?.number,
		MaxParts: limit,
		IsTruncated: left.length > page.length,
		Part: page.map((part) => ({
			PartNumber: part.number,
			LastModified: isoTime(part.modified),
			ETag: quoted(part.etag),
			Size: part.size,
			...(checksum && {[elementOf(checksum.algorithm)]: part.checksum}),
		})),
		Initiator: {ID: upload.initiator},
		Owner: {ID: upload.acl.owner},
		StorageClass: storageClassOf(upload),
		...(checksum && {ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type}),
	})
}
