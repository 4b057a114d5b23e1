// Buckets: made, removed, and opened to ACLs.

import {
	CreateBucketCommand,
	DeleteBucketCommand,
	PutBucketVersioningCommand,
	PutBucketOwnershipControlsCommand,
	PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import {type Acl, isPublic} from '../format/acl.ts'
import {lockNeedsNew} from './errors.ts'
import {checkBucketName} from './limits.ts'
import {putAcl} from './s3-acl.ts'
import type {S3Connection} from './s3-connection.ts'
import {bucketExists} from './s3-head.ts'
import {type BucketOptions, isKind, StoreError} from './store.ts'

/**
 * Makes the bucket if it is not there. It is asked for first, because AWS's us-east-1 answers the
 * creation of a bucket that is ours already with success and resets its ACL.
 */
export async function createBucket(
	at: S3Connection,
	{acl, versioning, objectLock}: BucketOptions,
): Promise<boolean> {
	const created = !(await bucketExists(at)) && (await create(at, objectLock))
	if (!created && objectLock === true) throw lockNeedsNew(at.bucket)
	if (versioning === true) await keepVersions(at)
	if (acl !== undefined && !(created && acl === 'private')) await openToAcl(at, acl)
	return created
}

async function create(at: S3Connection, objectLock = false): Promise<boolean> {
	checkBucketName(at.bucket)
	const elsewhere = at.aws && at.region !== 'us-east-1'
	try {
		await at.request({}, (client, signal) =>
			client.send(
				new CreateBucketCommand({
					Bucket: at.bucket,
					...(objectLock ? {ObjectLockEnabledForBucket: true} : {}),
					...(elsewhere ? {CreateBucketConfiguration: {LocationConstraint: at.region as 'eu-west-1'}} : {}),
				}),
				signal,
			),
		)
	} catch (error) {
		if (error instanceof StoreError && error.code === 'BucketAlreadyOwnedByYou') return false
		throw error
	}
	at.bucketSeen = true
	return true
}

const keepVersions = (at: S3Connection) =>
	at.request({}, (client, signal) =>
		client.send(
			new PutBucketVersioningCommand({Bucket: at.bucket, VersioningConfiguration: {Status: 'Enabled'}}),
			signal,
		),
	)

/** Makes ACLs work in the bucket, where that has to be asked for, and gives it this one. */
async function openToAcl(at: S3Connection, acl: Acl): Promise<void> {
	if (acl !== 'private') {
		await ifImplemented(at, () =>
			at.request({}, (client, signal) =>
				client.send(
					new PutBucketOwnershipControlsCommand({
						Bucket: at.bucket,
						OwnershipControls: {Rules: [{ObjectOwnership: 'BucketOwnerPreferred'}]},
					}),
					signal,
				),
			),
		)
	}
	if (isPublic(acl)) await ifImplemented(at, () => liftPublicAccessBlock(at))
	try {
		await putAcl(at, undefined, acl)
	} catch (error) {
		// a bucket without ACLs is private already
		if (!(acl === 'private' && isKind(error, 'acls-disabled'))) throw error
	}
}

/** Lifts only what stops public ACLs; public policies stay blocked. */
const liftPublicAccessBlock = (at: S3Connection) =>
	at.request({}, (client, signal) =>
		client.send(
			new PutPublicAccessBlockCommand({
				Bucket: at.bucket,
				PublicAccessBlockConfiguration: {
					BlockPublicAcls: false,
					IgnorePublicAcls: false,
					BlockPublicPolicy: true,
					RestrictPublicBuckets: true,
				},
			}),
			signal,
		),
	)

/** Does what AWS needs and other stores may not know: there, a refusal is no error. */
async function ifImplemented(at: S3Connection, work: () => Promise<unknown>): Promise<void> {
	try {
		await work()
	} catch (error) {
		if (at.aws || !(isKind(error, 'other') || isKind(error, 'invalid'))) throw error
	}
}

export async function deleteBucket(at: S3Connection): Promise<void> {
	await at.request({}, (client, signal) => client.send(new DeleteBucketCommand({Bucket: at.bucket}), signal))
	at.bucketSeen = false
}
