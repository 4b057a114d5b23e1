// DeleteObject and DeleteObjects.

import {mayInBucket} from './access.ts'
import {type Call, type Reply, xmlReply} from './call.ts'
import {checkDeleteCondition} from './conditions.ts'
import {S3Error} from './errors.ts'
import type {Version} from './model.ts'
import {isLocked} from './attributes.ts'
import {childrenOf, type Element, textOf, type Tree} from './xml.ts'

const KEYS_LIMIT = 1000

/** Whether the caller, who owns the bucket, asks to pass over governance. */
const bypasses = ({headers, caller, bucket}: Call): boolean =>
	headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true' &&
	caller.id === bucket.info.acl.owner

type Order = {
	readonly key: string
	readonly id?: string | undefined
	/** Deletes only what has this ETag. */
	readonly match?: string | undefined
}

/** Deletes a version, or the object: in a bucket with versioning, a marker hides it. */
async function deleteOne(call: Call, {key, id, match}: Order): Promise<Version | undefined> {
	const {bucket} = call
	const action = id === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
	if (!mayInBucket(call, 'WRITE', action, key)) throw new S3Error('AccessDenied')
	const found = id === undefined ? bucket.current(key) : bucket.versions(key).find((v) => v.id === id)
	checkDeleteCondition(match, found)
	if (id !== undefined && found !== undefined && isLocked(found, bypasses(call)))
		throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.')
	if (id !== undefined || bucket.info.versioning === undefined) {
		if (found !== undefined) await bucket.commit({remove: [key, found.id]})
		return id === undefined ? undefined : found
	}
	const marker: Version = {
		key,
		id: bucket.newVersionId(),
		marker: true,
		modified: Date.now(),
		etag: '',
		size: 0,
		pieces: [],
		headers: {},
		acl: bucket.info.acl,
	}
	await bucket.commit({put: marker})
	return marker
}

export async function deleteObject(call: Call): Promise<Reply> {
	const {key, query, headers} = call
	const deleted = await deleteOne(call, {key, id: query.get('versionId'), match: headers['if-match']})
	const id = deleted?.id ?? query.get('versionId')
	return {
		status: 204,
		headers: {
			...(id === undefined ? {} : {'x-amz-version-id': id}),
			...(deleted?.marker === true ? {'x-amz-delete-marker': 'true'} : {}),
		},
	}
}

function parseOrder(object: Element): Order {
	const key = textOf(object, 'Key')
	if (key === undefined || key === '') throw new S3Error('MalformedXML')
	return {key, id: textOf(object, 'VersionId'), match: textOf(object, 'ETag')}
}

type Result = {readonly [name: string]: Tree}

function deletedTree({key, id}: Order, version: Version | undefined): Result {
	const marker = version?.marker === true
	return {
		Key: key,
		VersionId: id,
		DeleteMarker: marker ? true : undefined,
		DeleteMarkerVersionId: marker ? version?.id : undefined,
	}
}

const errorTree =
	({key, id}: Order) =>
	(error: unknown): Result => {
		if (!(error instanceof S3Error)) throw error
		return {Key: key, VersionId: id, Code: error.code, Message: error.message}
	}

export async function deleteObjects(call: Call): Promise<Reply> {
	const {headers} = call
	const vouched = Object.keys(headers).some(
		(h) => h === 'content-md5' || /^x-amz-(checksum-|trailer)/.test(h),
	)
	if (!vouched) throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5')
	const document = await call.requiredDocument('Delete')
	const orders = childrenOf(document, 'Object').map(parseOrder)
	if (orders.length === 0 || orders.length > KEYS_LIMIT) throw new S3Error('MalformedXML')
	// All at once, so that they share the log's fsync.
	const results = await Promise.all(
		orders.map((order) =>
			deleteOne(call, order).then((version) => deletedTree(order, version), errorTree(order)),
		),
	)
	const deleted = results.filter((result) => !('Code' in result))
	const errors = results.filter((result) => 'Code' in result)
	return xmlReply('DeleteResult', {
		Deleted: textOf(document, 'Quiet') === 'true' ? [] : deleted,
		Error: errors,
	})
}
