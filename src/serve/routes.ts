// Which handler answers which request, and what its caller must be allowed.

import type {Permission} from '../format/acl.ts'
import type {Need} from './access.ts'
import {getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl} from './acl.ts'
import {createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets} from './buckets.ts'
import type {Handler} from './call.ts'
import {completeUpload} from './complete.ts'
import * as config from './config.ts'
import {deleteObject, deleteObjects} from './delete.ts'
import {S3Error} from './errors.ts'
import {getObject, getObjectAttributes} from './get.ts'
import {listObjects} from './list.ts'
import {listUploads, listVersions} from './list-more.ts'
import {abortUpload, createUpload, listParts, uploadPart, uploadPartCopy} from './multipart.ts'
import {copyObject, putObject} from './put.ts'
import type {Request} from './request.ts'
import {restoreObject} from './restore.ts'
import {deleteObjectTagging, getObjectTagging, putObjectTagging} from './tagging.ts'

export type Route = {readonly handler: Handler; readonly need: Need}

const bucketNeed = (permission: Permission, action: string): Need => ({
	on: 'bucket',
	permission,
	action: `s3:${action}`,
})
const objectNeed = (permission: Permission, action: string): Need => ({
	on: 'object',
	permission,
	action: `s3:${action}`,
})
const write = bucketNeed('WRITE', 'PutObject')
const list = bucketNeed('READ', 'ListBucket')

const cors = config.keptDocument('cors', 'CORSConfiguration', 'NoSuchCORSConfiguration')
const lifecycle = config.keptDocument('lifecycle', 'LifecycleConfiguration', 'NoSuchLifecycleConfiguration')
const tagging = config.keptDocument('tagging', 'Tagging', 'NoSuchTagSet')

/** By method, what the path names, and the subresource. */
const ROUTES: Readonly<Record<string, readonly [Handler, Need]>> = {
	'GET service': [listBuckets, 'account'],

	'PUT bucket': [createBucket, 'account'],
	'HEAD bucket': [headBucket, list],
	'GET bucket': [listObjects, list],
	'DELETE bucket': [deleteBucket, 'owner'],
	'POST bucket delete': [deleteObjects, 'handler'],
	'GET bucket versions': [listVersions, bucketNeed('READ', 'ListBucketVersions')],
	'GET bucket uploads': [listUploads, bucketNeed('READ', 'ListBucketMultipartUploads')],
	'GET bucket location': [getBucketLocation, 'owner'],
	'GET bucket acl': [getBucketAcl, bucketNeed('READ_ACP', 'GetBucketAcl')],
	'PUT bucket acl': [putBucketAcl, bucketNeed('WRITE_ACP', 'PutBucketAcl')],
	'GET bucket versioning': [config.getVersioning, 'owner'],
	'PUT bucket versioning': [config.putVersioning, 'owner'],
	'GET bucket ownershipControls': [config.getOwnership, 'owner'],
	'PUT bucket ownershipControls': [config.putOwnership, 'owner'],
	'DELETE bucket ownershipControls': [config.deleteOwnership, 'owner'],
	'GET bucket publicAccessBlock': [config.getPublicAccessBlock, 'owner'],
	'PUT bucket publicAccessBlock': [config.putPublicAccessBlock, 'owner'],
	'DELETE bucket publicAccessBlock': [config.deletePublicAccessBlock, 'owner'],
	'GET bucket policy': [config.getPolicy, 'owner'],
	'PUT bucket policy': [config.putPolicy, 'owner'],
	'DELETE bucket policy': [config.deletePolicy, 'owner'],
	'GET bucket cors': [cors.get, 'owner'],
	'PUT bucket cors': [cors.put, 'owner'],
	'DELETE bucket cors': [cors.remove, 'owner'],
	'GET bucket lifecycle': [lifecycle.get, 'owner'],
	'PUT bucket lifecycle': [lifecycle.put, 'owner'],
	'DELETE bucket lifecycle': [lifecycle.remove, 'owner'],
	'GET bucket tagging': [tagging.get, 'owner'],
	'PUT bucket tagging': [tagging.put, 'owner'],
	'DELETE bucket tagging': [tagging.remove, 'owner'],

	'GET object': [getObject, objectNeed('READ', 'GetObject')],
	'HEAD object': [getObject, objectNeed('READ', 'GetObject')],
	'PUT object': [putObject, write],
	'PUT object copy': [copyObject, write],
	'DELETE object': [deleteObject, 'handler'],
	'GET object attributes': [getObjectAttributes, objectNeed('READ', 'GetObjectAttributes')],
	'GET object acl': [getObjectAcl, objectNeed('READ_ACP', 'GetObjectAcl')],
	'PUT object acl': [putObjectAcl, objectNeed('WRITE_ACP', 'PutObjectAcl')],
	'GET object tagging': [getObjectTagging, bucketNeed('FULL_CONTROL', 'GetObjectTagging')],
	'PUT object tagging': [putObjectTagging, bucketNeed('FULL_CONTROL', 'PutObjectTagging')],
	'DELETE object tagging': [deleteObjectTagging, bucketNeed('FULL_CONTROL', 'DeleteObjectTagging')],
	'POST object uploads': [createUpload, write],
	'POST object restore': [restoreObject, bucketNeed('WRITE', 'RestoreObject')],
	'PUT object uploadId': [uploadPart, write],
	'PUT object uploadId copy': [uploadPartCopy, write],
	'POST object uploadId': [completeUpload, write],
	'GET object uploadId': [listParts, write],
	'DELETE object uploadId': [abortUpload, write],
}

/** Subresources of S3 that this server lacks. */
const LACKING =
	'accelerate analytics encryption intelligent-tiering inventory legal-hold logging metrics notification ' +
	'object-lock policyStatus replication requestPayment retention select torrent website'

/** Parameters that name a subresource. */
const SUBRESOURCES = [
	...new Set(Object.keys(ROUTES).flatMap((route) => route.split(' ').slice(2))),
	...LACKING.split(' '),
]

/** The route of a request. */
export function routeOf({method, bucket, key, query, headers}: Request): Route {
	const target = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object'
	const subresource = SUBRESOURCES.find((name) => query.has(name))
	const copy =
		method === 'PUT' && target === 'object' && headers['x-amz-copy-source'] !== undefined ? 'copy' : undefined
	const found = ROUTES[[method, target, subresource, copy].filter((word) => word !== undefined).join(' ')]
	if (found !== undefined) return {handler: found[0], need: found[1]}
	throw new S3Error(subresource === undefined ? 'MethodNotAllowed' : 'NotImplemented')
}
