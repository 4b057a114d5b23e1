// ACLs: canned, granted by headers, given as documents, and shown as documents.

import {ALL_USERS, AUTHENTICATED_USERS, PERMISSIONS, type Permission} from '../format/acl.ts'
import {grantsOf, isPublicGrant} from './access.ts'
import type {Bucket} from './bucket.ts'
import {type Call, type Reply, xmlReply} from './call.ts'
import {S3Error} from './errors.ts'
import {findVersion} from './find.ts'
import type {Acl, BucketInfo, Grant} from './model.ts'
import {childrenOf, type Element, childOf, textOf, type Tree} from './xml.ts'

const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
const GRANTS_LIMIT = 100
const GRANT_HEADERS: readonly (readonly [header: string, permission: Permission])[] = [
	['x-amz-grant-full-control', 'FULL_CONTROL'],
	['x-amz-grant-read', 'READ'],
	['x-amz-grant-write', 'WRITE'],
	['x-amz-grant-read-acp', 'READ_ACP'],
	['x-amz-grant-write-acp', 'WRITE_ACP'],
]

/** What a canned ACL grants beside the owner's FULL_CONTROL. */
function cannedGrants(name: string, bucketOwner: string): readonly Grant[] | undefined {
	const grants: Record<string, readonly Grant[]> = {
		private: [],
		'public-read': [{permission: 'READ', to: ALL_USERS}],
		'public-read-write': [
			{permission: 'READ', to: ALL_USERS},
			{permission: 'WRITE', to: ALL_USERS},
		],
		'authenticated-read': [{permission: 'READ', to: AUTHENTICATED_USERS}],
		'aws-exec-read': [],
		'bucket-owner-read': [{permission: 'READ', to: bucketOwner}],
		'bucket-owner-full-control': [{permission: 'FULL_CONTROL', to: bucketOwner}],
		'log-delivery-write': [
			{permission: 'WRITE', to: LOG_DELIVERY},
			{permission: 'READ_ACP', to: LOG_DELIVERY},
		],
	}
	return Object.hasOwn(grants, name) ? grants[name] : undefined
}

function checkedGrantee(call: Call, kind: string, value: string): string {
	if (kind === 'emailAddress') throw new S3Error('UnresolvableGrantByEmailAddress')
	if (kind === 'uri') {
		if ([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].includes(value)) return value
		throw new S3Error('InvalidArgument', 'Invalid group uri')
	}
	for (const {id} of call.service.accounts.values()) if (id === value) return value
	throw new S3Error('InvalidArgument', 'Invalid id')
}

/** The grants of the x-amz-grant-* headers. */
function headerGrants(call: Call): readonly Grant[] {
	return GRANT_HEADERS.flatMap(([header, permission]) =>
		(call.headers[header]?.split(',') ?? []).map((item): Grant => {
			const m = /^\s*(id|uri|emailAddress)="?([^"]*)"?\s*$/i.exec(item)
			if (m?.[1] === undefined || m[2] === undefined) throw new S3Error('InvalidArgument')
			return {permission, to: checkedGrantee(call, m[1], m[2])}
		}),
	)
}

/** The ACL that the request's headers ask for, owned by `owner`; undefined if they ask for none. */
export function aclOfHeaders(call: Call, owner: string, bucketOwner: string): Acl | undefined {
	const name = call.headers['x-amz-acl']
	const explicit = headerGrants(call)
	if (name === undefined) return explicit.length === 0 ? undefined : {owner, grants: explicit}
	if (explicit.length > 0)
		throw new S3Error('InvalidRequest', 'Specifying both canned ACLs and header grants is not allowed')
	const grants = cannedGrants(name, bucketOwner)
	if (grants === undefined) throw new S3Error('InvalidArgument', 'Invalid canned ACL')
	const others = grants.filter(({to}) => to !== owner)
	return others.length === 0 ? {owner} : {owner, grants: [{permission: 'FULL_CONTROL', to: owner}, ...others]}
}

/** Refuses an ACL where ACLs are disabled, or public where that is blocked. */
function checkAcl(info: BucketInfo, acl: Acl): void {
	if (info.ownership === 'BucketOwnerEnforced') {
		const {owner} = info.acl
		if (
			!grantsOf(acl).some((g) => g.to === owner && g.permission === 'FULL_CONTROL') ||
			grantsOf(acl).some((g) => g.to !== owner)
		)
			throw new S3Error('AccessControlListNotSupported')
	}
	if (info.publicAccessBlock?.BlockPublicAcls === true && grantsOf(acl).some(isPublicGrant))
		throw new S3Error('AccessDenied')
}

/** The ACL of an object that the caller writes. Nobody's objects are the bucket owner's. */
export function aclOfNewObject(call: Call, bucket: Bucket): Acl {
	const {info} = bucket
	const bucketOwner = info.acl.owner
	const writer = call.caller.id ?? bucketOwner
	const canned = call.headers['x-amz-acl']
	const given = aclOfHeaders(call, writer, bucketOwner)
	if (given !== undefined) {
		if (info.ownership === 'BucketOwnerEnforced' && canned !== 'bucket-owner-full-control')
			throw new S3Error('AccessControlListNotSupported')
		if (info.ownership !== 'BucketOwnerEnforced') checkAcl(info, given)
	}
	const passes = info.ownership === 'BucketOwnerPreferred' && canned === 'bucket-owner-full-control'
	if (info.ownership === 'BucketOwnerEnforced' || passes) return {owner: bucketOwner}
	return given ?? {owner: writer}
}

function parseGrant(call: Call, grant: Element): Grant {
	const grantee = childOf(grant, 'Grantee')
	const permission = PERMISSIONS.find((p) => p === textOf(grant, 'Permission'))
	if (permission === undefined) throw new S3Error('MalformedACLError')
	for (const [kind, element] of [
		['id', 'ID'],
		['uri', 'URI'],
		['emailAddress', 'EmailAddress'],
	] as const) {
		const value = textOf(grantee, element)
		if (value !== undefined) return {permission, to: checkedGrantee(call, kind, value)}
	}
	throw new S3Error('MalformedACLError')
}

/** The ACL that a PUT ?acl asks for, by its headers or its document. */
async function requestedAcl(call: Call, {owner}: Acl): Promise<Acl> {
	const {info} = call.bucket
	const ofHeaders = aclOfHeaders(call, owner, info.acl.owner)
	const document = await call.document('AccessControlPolicy')
	if (ofHeaders !== undefined) return ofHeaders
	if (document === undefined) throw new S3Error('MalformedACLError')
	if (textOf(childOf(document, 'Owner'), 'ID') !== owner) throw new S3Error('AccessDenied')
	const grants = childrenOf(childOf(document, 'AccessControlList'), 'Grant')
	if (grants.length > GRANTS_LIMIT) throw new S3Error('MalformedACLError')
	return {owner, grants: grants.map((grant) => parseGrant(call, grant))}
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

function grantTree({permission, to}: Grant): Tree {
	const isGroup = to.startsWith('http')
	const grantee = {
		'@xmlns:xsi': XSI,
		'@xsi:type': isGroup ? 'Group' : 'CanonicalUser',
		[isGroup ? 'URI' : 'ID']: to,
	}
	return {Grantee: grantee, Permission: permission}
}

const aclReply = (acl: Acl): Reply =>
	xmlReply('AccessControlPolicy', {
		Owner: {ID: acl.owner},
		AccessControlList: {Grant: grantsOf(acl).map(grantTree)},
	})

export function getBucketAcl(call: Call): Reply {
	return aclReply(call.bucket.info.acl)
}

export async function putBucketAcl(call: Call): Promise<Reply> {
	const {bucket} = call
	const acl = await requestedAcl(call, bucket.info.acl)
	checkAcl(bucket.info, acl)
	await bucket.commit({bucket: {...bucket.info, acl}})
	return {}
}

export function getObjectAcl(call: Call): Reply {
	return aclReply(findVersion(call.bucket, call.key, call.query.get('versionId')).acl)
}

export async function putObjectAcl(call: Call): Promise<Reply> {
	const {bucket, key} = call
	const id = call.query.get('versionId')
	const acl = await requestedAcl(call, findVersion(bucket, key, id).acl)
	checkAcl(bucket.info, acl)
	await bucket.commit({amend: {...findVersion(bucket, key, id), acl}})
	return {}
}
