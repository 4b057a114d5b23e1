// CompleteMultipartUpload.

import {joinedEtag} from '../algo/parts.ts'
import {encryptionHeaders} from './attributes.ts'
import type {OpenUpload} from './bucket.ts'
import {type Call, quoted, type Reply, xmlReply} from './call.ts'
import {elementOf, headerOf, multipartChecksum} from './checksum.ts'
import {checkWriteConditions} from './conditions.ts'
import {S3Error} from './errors.ts'
import {versionHeader} from './find.ts'
import type {Checksum, Part, Version} from './model.ts'
import {uploadOf} from './multipart.ts'
import {childrenOf, type Element, textOf} from './xml.ts'

const PARTS_LIMIT = 10_000
/** Every part but the last has at least this many bytes. */
const PART_SIZE = 5 << 20

/** The part that the document names, if it is the one that was sent. */
function chosenPart(element: Element, {upload, parts}: OpenUpload): Part {
	const part = parts.get(Number(textOf(element, 'PartNumber') ?? ''))
	const etag = textOf(element, 'ETag')?.replace(/^"(.*)"$/, '$1')
	const value = upload.checksum && textOf(element, elementOf(upload.checksum.algorithm))
	if (part === undefined || part.etag !== etag || (value !== undefined && value !== part.checksum))
		throw new S3Error('InvalidPart')
	return part
}

/** The parts that the document chooses: in order, none too small. */
function chosenParts(document: Element, open: OpenUpload): readonly Part[] {
	const elements = childrenOf(document, 'Part')
	if (elements.length === 0 || elements.length > PARTS_LIMIT) throw new S3Error('MalformedXML')
	const numbers = elements.map((element) => Number(textOf(element, 'PartNumber') ?? ''))
	if (numbers.some((number, i) => i > 0 && number <= (numbers[i - 1] ?? 0)))
		throw new S3Error('InvalidPartOrder')
	const chosen = elements.map((element) => chosenPart(element, open))
	if (chosen.slice(0, -1).some(({size}) => size < PART_SIZE)) throw new S3Error('EntityTooSmall')
	return chosen
}

/** The whole object's checksum, which the request may declare too. */
function completeChecksum(call: Call, {upload}: OpenUpload, parts: readonly Part[]): Checksum | undefined {
	if (upload.checksum === undefined) return undefined
	const {algorithm, type} = upload.checksum
	const declaredType = call.headers['x-amz-checksum-type']
	if (declaredType !== undefined && declaredType !== type)
		throw new S3Error('InvalidRequest', `The upload was created using the ${type} checksum mode`)
	const checksum = multipartChecksum(upload.checksum, parts)
	const declared = call.headers[headerOf(algorithm)]
	if (
		declared !== undefined &&
		declared !== checksum.value &&
		declared !== checksum.value.replace(/-\d+$/, '')
	)
		throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum`)
	return checksum
}

export async function completeUpload(call: Call): Promise<Reply> {
	const {bucket, headers, key} = call
	uploadOf(call)
	const document = await call.requiredDocument('CompleteMultipartUpload')
	const open = uploadOf(call)
	const parts = chosenParts(document, open)
	const size = parts.reduce((sum, part) => sum + part.size, 0)
	const declaredSize = headers['x-amz-mp-object-size']
	if (declaredSize !== undefined && declaredSize !== String(size))
		throw new S3Error('InvalidRequest', 'The provided object size does not match')
	const checksum = completeChecksum(call, open, parts)
	checkWriteConditions(headers, bucket, key)
	const {headers: kept, acl, tags, customerKey} = open.upload
	const version: Version = {
		headers: kept,
		acl,
		tags,
		customerKey,
		key,
		id: bucket.newVersionId(),
		modified: Date.now(),
		etag: joinedEtag(parts),
		size,
		pieces: parts.map(({file, size: bytes, checksum: value}) => ({file, size: bytes, checksum: value})),
		checksum,
		multipart: true,
	}
	await bucket.commit({put: version}, {end: open.upload.id})
	return xmlReply(
		'CompleteMultipartUploadResult',
		{
			Location: `http://${headers['host'] ?? ''}${call.request.path}`,
			Bucket: bucket.name,
			Key: key,
			ETag: quoted(version.etag),
			...(checksum && {[elementOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type}),
		},
		{...encryptionHeaders(version), ...versionHeader(bucket, version)},
	)
}
