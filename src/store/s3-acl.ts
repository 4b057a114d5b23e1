// ACLs as the SDK takes them.

import {type Grant as SdkGrant, PutBucketAclCommand, PutObjectAclCommand} from '@aws-sdk/client-s3'
import type {Acl, Grant} from '../format/acl.ts'
import type {S3Connection} from './s3-connection.ts'
import {target} from './s3-params.ts'

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
	const owner = acl.owner ?? (await at.ask({key}, (wire) => wire.acl(key))).owner
	return {Owner: {ID: owner}, Grants: acl.grants.map(sdkGrant)}
}

function sdkGrant({permission, grantee}: Grant): SdkGrant {
	const Permission = permission
	if ('uri' in grantee) return {Permission, Grantee: {Type: 'Group', URI: grantee.uri}}
	if ('email' in grantee)
		return {Permission, Grantee: {Type: 'AmazonCustomerByEmail', EmailAddress: grantee.email}}
	return {Permission, Grantee: {Type: 'CanonicalUser', ID: grantee.id}}
}
