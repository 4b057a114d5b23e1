// The errors of a store that s3.ts and memory.ts both give: one wording, whichever store said it.

import {fromUnicode} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {StoreError, type Condition} from './store.ts'

/** An object as messages, which are byte strings, show it: `'s3://bucket/key'`. */
export const shownObject = (bucket: string, key: string): string =>
	shown(fromUnicode(`s3://${bucket}/${key}`))

export const noSuchBucket = (bucket: string, cause?: unknown): StoreError =>
	new StoreError('no-bucket', 'NoSuchBucket', `no such bucket ${shown(bucket)}`, {
		hint: `create it with: s3r create-bucket ${bucket}`,
		cause,
	})

export const noSuchObject = (bucket: string, key: string, cause?: unknown): StoreError =>
	new StoreError('not-found', 'NoSuchKey', `no such object ${shownObject(bucket, key)}`, {cause})

export const noSuchUpload = (bucket: string, key: string, cause?: unknown): StoreError =>
	new StoreError('not-found', 'NoSuchUpload', `no such upload of ${shownObject(bucket, key)}`, {cause})

/** What a write or read says whose guard does not hold. */
export function preconditionFailed(
	bucket: string,
	key: string,
	condition: Condition,
	cause?: unknown,
): StoreError {
	const what = condition.ifNoneMatch === undefined ? 'has changed meanwhile' : 'exists already'
	return new StoreError('precondition', 'PreconditionFailed', `${shownObject(bucket, key)} ${what}`, {cause})
}

/** ACLs are off in this bucket: BucketOwnerEnforced, what AWS gives every new bucket since April 2023. */
export const aclsDisabled = (bucket: string, cause?: unknown): StoreError =>
	new StoreError(
		'acls-disabled',
		'AccessControlListNotSupported',
		`bucket ${shown(bucket)} has ACLs disabled (object ownership BucketOwnerEnforced)`,
		{
			hint: `enable them with: s3r create-bucket --acl public-read ${bucket} (or --create-bucket --acl public-read)`,
			cause,
		},
	)

export const lockNeedsNew = (bucket: string): StoreError =>
	new StoreError(
		'other',
		'InvalidBucketState',
		`bucket ${shown(bucket)} exists already, and object lock is for a new one`,
	)

export const archived = (bucket: string, key: string, cause?: unknown): StoreError =>
	new StoreError(
		'archived',
		'InvalidObjectState',
		`${shownObject(bucket, key)} is archived and must be restored before it can be read`,
		{hint: "--restore of 's3r pull' and 's3r get' asks for that", cause},
	)

/** A request that the store refuses, or would refuse, whoever asks. */
export const invalid = (code: string, message: string, cause?: unknown): StoreError =>
	new StoreError('invalid', code, message, {cause})
