// Who may do what: ownership, ACLs, the bucket's policy, and what blocks public access.

import {ALL_USERS, AUTHENTICATED_USERS, type Permission} from '../format/acl.ts'
import type {Bucket} from './bucket.ts'
import type {Call} from './call.ts'
import {S3Error} from './errors.ts'
import type {Acl, Grant, Version} from './model.ts'
import {findVersion} from './find.ts'
import {evaluatePolicy, isPublicPolicy} from './policy.ts'

/** What a route needs: a permission of the ACL, or the policy's leave for an action. */
export type Need =
	| {readonly on: 'bucket' | 'object'; readonly permission: Permission; readonly action: string}
	/** The bucket's owner alone. */
	| 'owner'
	/** Any account. */
	| 'account'
	/** The handler looks for itself. */
	| 'handler'

/** The grants, of which one for the owner is understood. */
export function grantsOf({owner, grants}: Acl): readonly Grant[] {
	return grants ?? [{permission: 'FULL_CONTROL', to: owner}]
}

export const isPublicGrant = ({to}: Grant): boolean => to === ALL_USERS || to === AUTHENTICATED_USERS

/** Whether an ACL grants `permission` to an account, or to anybody without one. */
function granted(acl: Acl, permission: Permission, account: string | undefined, bucket: Bucket): boolean {
	if (account === acl.owner) return true
	const ignorePublic = bucket.info.publicAccessBlock?.IgnorePublicAcls === true
	return grantsOf(acl).some((grant) => {
		if (grant.permission !== permission && grant.permission !== 'FULL_CONTROL') return false
		if (isPublicGrant(grant) && ignorePublic) return false
		if (grant.to === ALL_USERS) return true
		return account !== undefined && (grant.to === AUTHENTICATED_USERS || grant.to === account)
	})
}

/** What the policy says, if it is in force for this caller. */
function byPolicy(call: Call, bucket: Bucket, action: string, key: string): 'Allow' | 'Deny' | undefined {
	const policy = bucket.info.documents?.['policy']
	if (policy === undefined) return undefined
	const restricted = bucket.info.publicAccessBlock?.RestrictPublicBuckets === true
	if (restricted && call.caller.id !== bucket.info.acl.owner && isPublicPolicy(policy, bucket.name))
		return undefined
	const resource = key === '' ? bucket.name : `${bucket.name}/${key}`
	return evaluatePolicy(policy, bucket.name, {account: call.caller.id, action, resource})
}

/** Whether the caller may do `action`, for which `acl` must grant `permission`. */
function may(
	call: Call,
	{
		bucket,
		acl,
		permission,
		action,
		key,
	}: {bucket: Bucket; acl: Acl; permission: Permission; action: string; key: string},
): boolean {
	const verdict = byPolicy(call, bucket, action, key)
	if (verdict !== undefined) return verdict === 'Allow'
	const {info} = bucket
	const inForce = info.ownership === 'BucketOwnerEnforced' ? {owner: info.acl.owner} : acl
	return granted(inForce, permission, call.caller.id, bucket)
}

/** Whether the caller may do what changes `key`, or lists it. */
export const mayInBucket = (call: Call, permission: Permission, action: string, key: string): boolean =>
	may(call, {bucket: call.bucket, acl: call.bucket.info.acl, permission, action, key})

/** Refuses a caller who may not read this version. */
export function mustRead(call: Call, bucket: Bucket, version: Version): void {
	const action = 's3:GetObject'
	if (!may(call, {bucket, acl: version.acl, permission: 'READ', action, key: version.key}))
		throw new S3Error('AccessDenied')
}

/** The version that the caller asks for; that there is none is told to those alone who may list. */
function versionFor(call: Call): Version {
	try {
		return findVersion(call.bucket, call.key, call.query.get('versionId'))
	} catch (error) {
		if (mayInBucket(call, 'READ', 's3:ListBucket', '')) throw error
		throw new S3Error('AccessDenied')
	}
}

/** Refuses a caller who has not what the route needs. */
export function authorize(call: Call, need: Need): void {
	if (need === 'handler') return
	if (need === 'account') {
		if (call.caller.id === undefined) throw new S3Error('AccessDenied')
		return
	}
	const {bucket} = call
	const {owner} = bucket.info.acl
	const expected = call.headers['x-amz-expected-bucket-owner']
	if (expected !== undefined && expected !== owner) throw new S3Error('AccessDenied')
	if (need === 'owner') {
		if (call.caller.id !== owner) throw new S3Error('AccessDenied')
		return
	}
	const acl = need.on === 'object' ? versionFor(call).acl : bucket.info.acl
	if (!may(call, {bucket, acl, ...need, key: call.key})) throw new S3Error('AccessDenied')
}
