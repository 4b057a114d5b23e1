// ListObjectsV2 and ListObjects.

import {storageClassOf} from './attributes.ts'
import {type Call, isoTime, quoted, type Reply, xmlReply} from './call.ts'
import {S3Error} from './errors.ts'
import type {Version} from './model.ts'
import {listParameters, type Page, walk} from './page.ts'
import type {Tree} from './xml.ts'

const PAGE = 1000

type Encode = (text: string) => string

function objectTree(version: Version, encode: Encode, withOwner: boolean): Tree {
	return {
		Key: encode(version.key),
		LastModified: isoTime(version.modified),
		ETag: quoted(version.etag),
		ChecksumAlgorithm: version.checksum?.algorithm,
		ChecksumType: version.checksum?.type,
		Size: version.size,
		StorageClass: storageClassOf(version),
		Owner: withOwner ? {ID: version.acl.owner} : undefined,
	}
}

function pageOf(call: Call, after: string, limit: number): Page<Version> {
	const {bucket} = call
	const {prefix, delimiter} = listParameters(call)
	const expand = (key: string) => {
		const version = bucket.current(key)
		return version === undefined ? [] : [version]
	}
	return walk(bucket.keys, {prefix, delimiter, after, limit, expand})
}

/** What both versions of the answer have. */
function commonTree(call: Call, page: Page<Version>, limit: number, withOwner: boolean) {
	const {prefix, delimiter, encode, encoding} = listParameters(call)
	return {
		Name: call.bucket.name,
		Prefix: encode(prefix),
		Delimiter: delimiter === '' ? undefined : encode(delimiter),
		MaxKeys: limit,
		EncodingType: encoding,
		IsTruncated: page.truncated,
		Contents: page.items.map((version) => objectTree(version, encode, withOwner)),
		CommonPrefixes: page.prefixes.map((common) => ({Prefix: encode(common)})),
	}
}

/** A continuation token is the last key or prefix that was listed. */
const tokenOf = (last: string): string => Buffer.from(last, 'latin1').toString('base64url')

function lastOf(token: string): string {
	if (!/^[\w-]+$/.test(token))
		throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
	return Buffer.from(token, 'base64url').toString('latin1')
}

function listObjectsV2(call: Call): Reply {
	const {query} = call
	const {encode} = listParameters(call)
	const limit = call.number('max-keys', PAGE)
	const token = query.get('continuation-token')
	const startAfter = query.get('start-after')
	const page = pageOf(call, token === undefined ? (startAfter ?? '') : lastOf(token), limit)
	return xmlReply('ListBucketResult', {
		...commonTree(call, page, limit, query.get('fetch-owner') === 'true'),
		KeyCount: page.items.length + page.prefixes.length,
		StartAfter: startAfter === undefined ? undefined : encode(startAfter),
		ContinuationToken: token,
		NextContinuationToken: page.truncated ? tokenOf(page.last) : undefined,
	})
}

export function listObjects(call: Call): Reply {
	if (call.query.get('list-type') === '2') return listObjectsV2(call)
	const {encode, delimiter} = listParameters(call)
	const limit = call.number('max-keys', PAGE)
	const marker = call.query.get('marker') ?? ''
	const page = pageOf(call, marker, limit)
	return xmlReply('ListBucketResult', {
		...commonTree(call, page, limit, true),
		Marker: encode(marker),
		NextMarker: page.truncated && delimiter !== '' ? encode(page.last) : undefined,
	})
}
