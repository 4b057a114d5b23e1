// What the canned ACLs stand for.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl

import {
	type Acl,
	ALL_USERS,
	AUTHENTICATED_USERS,
	type Canned,
	type Grant,
	type Grantee,
	type Permission,
} from '../format/acl.ts'
import type {AclPolicy} from './store.ts'

/** The account whose read access 'aws-exec-read' means: Amazon EC2's, by its canonical id. */
const EC2 = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c'

type Extra = readonly [Permission, (bucketOwner: string) => Grantee]

const all = () => ({uri: ALL_USERS})
const EXTRA: Readonly<Record<Canned, readonly Extra[]>> = {
	private: [],
	'public-read': [['READ', all]],
	'public-read-write': [
		['READ', all],
		['WRITE', all],
	],
	'authenticated-read': [['READ', () => ({uri: AUTHENTICATED_USERS})]],
	'aws-exec-read': [['READ', () => ({id: EC2})]],
	'bucket-owner-read': [['READ', (id) => ({id})]],
	'bucket-owner-full-control': [['FULL_CONTROL', (id) => ({id})]],
}

/**
 * The owner and grants that `acl` gives an object of `owner` in a bucket of `bucketOwner`: what a
 * store keeps of it and answers when asked.
 */
export function spelledOut(acl: Acl, owner: string, bucketOwner: string = owner): AclPolicy {
	if (typeof acl !== 'string') return {owner: acl.owner ?? owner, grants: acl.grants}
	const grants: Grant[] = [{permission: 'FULL_CONTROL', grantee: {id: owner}}]
	for (const [permission, grantee] of EXTRA[acl])
		if (!(acl.startsWith('bucket-owner') && bucketOwner === owner))
			grants.push({permission, grantee: grantee(bucketOwner)})
	return {owner, grants}
}
