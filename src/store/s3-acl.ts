// ACLs as the SDK gives and takes them.

import {
	GetBucketAclCommand,
	GetObjectAclCommand,
	type Grant as SdkGrant,
	PutBucketAclCommand,
	PutObjectAclCommand,
} from '@aws-sdk/client-s3'
import {type Acl, type Grant, PERMISSIONS} from '../format/acl.ts'
import type {S3Connection} from './s3-connection.ts'
import {target} from './s3-params.ts'
import type {AclPolicy} from './store.ts'

export async function getAcl(at: S3Connection, key: string | undefined): Promise<AclPolicy> {
	const {Owner, Grants = []} = await at.request({key}, (client, signal) =>
		key === undefined
			? client.send(new GetBucketAclCommand({Bucket: at.bucket}), signal)
			: client.send(new GetObjectAclCommand(target(at, key)), signal),
	)
	return {owner: Owner?.ID ?? '', grants: Grants.flatMap(grantOf)}
}

export async function putAcl(at: S3Connection, key: string | undefined, acl: Acl): Promise<void> {
	const given = typeof acl === 'string' ? {ACL: acl} : {AccessControlPolicy: await policyOf(at, key, acl)}
	await at.request({key}, async (client, signal) =>
		key === undefined
			? // a bucket takes fewer canned ACLs than an object, and the store says so
				client.send(new PutBucketAclCommand({...(given as {ACL: 'private'}), Bucket: at.bucket}), signal)
			: client.send(new PutObjectAclCommand({...given, ...target(at, key)}), signal),
	)
}

async function policyOf(at: S3Connection, key: string | undefined, acl: Exclude<Acl, string>) {
	const owner = acl.owner ?? (await getAcl(at, key)).owner
	return {Owner: {ID: owner}, Grants: acl.grants.map(sdkGrant)}
}

function sdkGrant({permission, grantee}: Grant): SdkGrant {
	const Permission = permission
	if ('uri' in grantee) return {Permission, Grantee: {Type: 'Group', URI: grantee.uri}}
	if ('email' in grantee)
		return {Permission, Grantee: {Type: 'AmazonCustomerByEmail', EmailAddress: grantee.email}}
	return {Permission, Grantee: {Type: 'CanonicalUser', ID: grantee.id}}
}

function grantOf({Permission, Grantee}: SdkGrant): Grant[] {
	const permission = PERMISSIONS.find((known) => known === Permission)
	if (permission === undefined || Grantee === undefined) return []
	if (Grantee.URI !== undefined) return [{permission, grantee: {uri: Grantee.URI}}]
	if (Grantee.ID !== undefined) return [{permission, grantee: {id: Grantee.ID, name: Grantee.DisplayName}}]
	return Grantee.EmailAddress === undefined ? [] : [{permission, grantee: {email: Grantee.EmailAddress}}]
}
