// Buckets: list, create, head, delete, location.

import {grantsOf, isPublicGrant} from './access.ts'
import {aclOfHeaders} from './acl.ts'
import {type Call, isoTime, NO_CONTENT, type Reply, xmlReply} from './call.ts'
import {S3Error} from './errors.ts'
import {type Acl, type BucketInfo, type Ownership, OWNERSHIPS} from './model.ts'
import {textOf} from './xml.ts'

const BUCKETS_LIMIT = 10_000
/** The region of which S3's API says nothing where a location is told. */
const HOME = 'us-east-1'

/** Whether S3 takes a name for a new bucket. */
function isBucketName(name: string): boolean {
	return (
		/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
		!/\.\.|^\d+\.\d+\.\d+\.\d+$|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--ol-s3$|\.mrap$|--x-s3$/.test(name)
	)
}

export function listBuckets(call: Call): Reply {
	const {query} = call
	const id = call.caller.id ?? ''
	const prefix = query.get('prefix') ?? ''
	const after = query.get('continuation-token') ?? ''
	const limit = call.number('max-buckets', BUCKETS_LIMIT)
	const left = [...call.service.disk.buckets.values()]
		.filter(({name, info}) => info.acl.owner === id && name.startsWith(prefix) && name > after)
		.toSorted((a, b) => (a.name < b.name ? -1 : 1))
	const page = left.slice(0, limit)
	return xmlReply('ListAllMyBucketsResult', {
		Owner: {ID: id},
		Buckets: {Bucket: page.map(({name, info}) => ({Name: name, CreationDate: isoTime(info.created)}))},
		ContinuationToken: left.length > page.length ? page.at(-1)?.name : undefined,
		Prefix: query.get('prefix'),
	})
}

function ownershipOf(call: Call): Ownership {
	const asked = call.headers['x-amz-object-ownership']
	if (asked === undefined) return call.service.ownership
	const found = OWNERSHIPS.find((ownership) => ownership === asked)
	if (found === undefined) throw new S3Error('InvalidArgument')
	return found
}

/** Refuses an ACL that the new bucket could not have. */
function checkNewAcl(acl: Acl, ownership: Ownership, call: Call): void {
	const grants = grantsOf(acl)
	if (ownership === 'BucketOwnerEnforced' && grants.some(({to}) => to !== acl.owner))
		throw new S3Error('InvalidBucketAclWithObjectOwnership')
	if (call.service.publicAccessBlock?.BlockPublicAcls === true && grants.some(isPublicGrant))
		throw new S3Error('InvalidBucketAclWithBlockPublicAccessError')
}

export async function createBucket(call: Call): Promise<Reply> {
	const {bucket: name} = call.request
	const owner = call.caller.id ?? ''
	const document = await call.document('CreateBucketConfiguration')
	const location = textOf(document, 'LocationConstraint')
	if (!isBucketName(name)) throw new S3Error('InvalidBucketName')
	const locks = call.headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true'
	const acl = aclOfHeaders(call, owner, owner) ?? {owner}
	const ownership = ownershipOf(call)
	checkNewAcl(acl, ownership, call)
	const {disk, publicAccessBlock} = call.service
	const existing = disk.buckets.get(name)?.info
	if (existing !== undefined) return createAgain(existing, owner)
	if (disk.buckets.size >= BUCKETS_LIMIT) throw new S3Error('TooManyBuckets')
	disk.create(name, {
		created: Date.now(),
		acl,
		location,
		ownership,
		publicAccessBlock,
		...(locks ? {objectLock: true, versioning: 'Enabled'} : {}),
	})
	return {headers: {location: `/${name}`}}
}

/** As S3 in us-east-1 answers: success to the owner there, a conflict in any other region. */
function createAgain({acl, location}: BucketInfo, caller: string): Reply {
	if (acl.owner !== caller) throw new S3Error('BucketAlreadyExists')
	if (location !== undefined && location !== HOME) throw new S3Error('BucketAlreadyOwnedByYou')
	return {}
}

export function headBucket(call: Call): Reply {
	return {headers: {'x-amz-bucket-region': call.bucket.info.location ?? HOME}}
}

export async function deleteBucket(call: Call): Promise<Reply> {
	if (!call.bucket.isEmpty) throw new S3Error('BucketNotEmpty')
	await call.service.disk.remove(call.bucket)
	return NO_CONTENT
}

export function getBucketLocation(call: Call): Reply {
	const {location} = call.bucket.info
	return xmlReply('LocationConstraint', {'#text': location === HOME ? undefined : location})
}
