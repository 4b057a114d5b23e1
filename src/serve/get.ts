// GetObject, HeadObject and GetObjectAttributes.

import {checkCustomerKey, encryptionHeaders, storageClassOf} from './attributes.ts'
import {type Call, quoted, type Reply, xmlReply} from './call.ts'
import {checksumHeaders, elementOf} from './checksum.ts'
import {checkReadConditions} from './conditions.ts'
import {S3Error} from './errors.ts'
import {isReadable, restoreHeader} from './restore.ts'
import {findVersion, versionHeader} from './find.ts'
import type {Checksum, Version} from './model.ts'

/** What of an object a reader wants. */
type Wanted = {
	readonly start: number
	readonly length: number
	readonly partial: boolean
	readonly checksum?: Checksum | undefined
}

const RESPONSE_HEADERS = [
	'cache-control',
	'content-disposition',
	'content-encoding',
	'content-language',
	'content-type',
	'expires',
]

/** The range of a Range header; undefined for what S3 ignores: several ranges, or none of bytes. */
function parseRange(range: string, size: number): {start: number; length: number} | undefined {
	const m = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range)
	if (m === null || (m[1] === '' && m[2] === '')) return undefined
	const suffix = m[1] === ''
	const start = suffix ? Math.max(0, size - Number(m[2])) : Number(m[1])
	const end = suffix || m[2] === '' ? size - 1 : Math.min(Number(m[2]), size - 1)
	if (!suffix && m[2] !== '' && Number(m[2]) < start) return undefined
	if (start >= size) throw new S3Error('InvalidRange', undefined, {'content-range': `bytes */${size}`})
	return {start, length: end - start + 1}
}

function wantedPart(version: Version, number: number): Wanted {
	const piece = version.pieces[number - 1]
	if (piece === undefined && !(number === 1 && version.size === 0)) throw new S3Error('InvalidPartNumber')
	const start = version.pieces.slice(0, number - 1).reduce((sum, {size}) => sum + size, 0)
	const of = version.checksum
	const value = version.multipart === true ? piece?.checksum : of?.value
	const checksum = of === undefined || value === undefined ? undefined : {...of, value}
	return {start, length: piece?.size ?? 0, partial: true, checksum}
}

function wantedOf(call: Call, version: Version): Wanted {
	const {size} = version
	const range = call.headers['range']
	const part = call.query.get('partNumber')
	if (part !== undefined) {
		if (range !== undefined)
			throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
		if (!/^[1-9]\d{0,4}$/.test(part))
			throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000')
		return wantedPart(version, Number(part))
	}
	const ranged = range === undefined ? undefined : parseRange(range, size)
	if (ranged !== undefined) return {...ranged, partial: true}
	return {start: 0, length: size, partial: false, checksum: version.checksum}
}

/** The headers that a reader asks for in the query, which only a signed request may. */
function overrides(call: Call): Record<string, string> {
	const found = RESPONSE_HEADERS.flatMap((name) => {
		const value = call.query.get(`response-${name}`)
		return value === undefined ? [] : [[name, value] as const]
	})
	if (found.length === 0) return {}
	if (call.caller.id === undefined)
		throw new S3Error(
			'InvalidRequest',
			'Request specific response headers cannot be used for anonymous GET requests',
		)
	if (found.some(([, value]) => /[\u0000-\u001f\u007f]/.test(value))) throw new S3Error('InvalidArgument')
	return Object.fromEntries(found)
}

export function getObject(call: Call): Reply {
	const {bucket, headers} = call
	const version = findVersion(bucket, call.key, call.query.get('versionId'))
	checkCustomerKey(headers, 'x-amz-', version.customerKey)
	checkReadConditions(headers, version)
	if (call.request.method === 'GET' && !isReadable(version)) throw new S3Error('InvalidObjectState')
	const {start, length, partial, checksum} = wantedOf(call, version)
	const reply: Record<string, string> = {
		...version.headers,
		...overrides(call),
		...encryptionHeaders(version),
		...versionHeader(bucket, version),
		...restoreHeader(version),
		...(headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' ? checksumHeaders(checksum) : {}),
		etag: quoted(version.etag),
		'last-modified': new Date(version.modified).toUTCString(),
		'accept-ranges': 'bytes',
		'content-length': String(length),
	}
	if (version.tags !== undefined) reply['x-amz-tagging-count'] = String(version.tags.length)
	if (partial && version.size > 0)
		reply['content-range'] = `bytes ${start}-${start + length - 1}/${version.size}`
	if (call.query.has('partNumber') && version.multipart === true)
		reply['x-amz-mp-parts-count'] = String(version.pieces.length)
	const status = partial ? 206 : 200
	if (call.request.method === 'HEAD') return {status, headers: reply}
	const spans = bucket.blobs.spans(version.pieces, start, length)
	const release = bucket.blobs.hold(version.pieces)
	return {status, headers: reply, body: {spans, length, release}}
}

export function getObjectAttributes(call: Call): Reply {
	const version = findVersion(call.bucket, call.key, call.query.get('versionId'))
	checkCustomerKey(call.headers, 'x-amz-', version.customerKey)
	const asked = new Set(call.headers['x-amz-object-attributes']?.split(',').map((name) => name.trim()))
	const {checksum} = version
	const algorithm = checksum?.algorithm
	const parts = version.pieces.map(({size, checksum: value}, i) => ({
		...(algorithm === undefined ? {} : {[elementOf(algorithm)]: value}),
		PartNumber: i + 1,
		Size: size,
	}))
	const show = <T>(name: string, value: T) => (asked.has(name) ? value : undefined)
	return xmlReply(
		'GetObjectAttributesResponse',
		{
			ETag: show('ETag', version.etag),
			Checksum: show(
				'Checksum',
				checksum && {[elementOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type},
			),
			ObjectParts:
				version.multipart && show('ObjectParts', {PartsCount: parts.length, IsTruncated: false, Part: parts}),
			StorageClass: show('StorageClass', storageClassOf(version)),
			ObjectSize: show('ObjectSize', version.size),
		},
		{'last-modified': new Date(version.modified).toUTCString(), ...versionHeader(call.bucket, version)},
	)
}
