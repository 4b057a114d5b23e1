// Copies of what is archived (GLACIER, DEEP_ARCHIVE, the archive tiers of INTELLIGENT_TIERING).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html

import {RestoreObjectCommand} from '@aws-sdk/client-s3'
import type {S3Connection} from './s3-connection.ts'
import {head} from './s3-head.ts'
import {target, versionOf} from './s3-params.ts'
import {type RestoreOptions, type Restoring, StoreError} from './store.ts'

export async function restore(
	at: S3Connection,
	key: string,
	{days, tier, version}: RestoreOptions,
): Promise<Restoring> {
	// what tiers itself comes back for good, and takes no days
	const tiersItself = (await head(at, key, version))?.storageClass === 'INTELLIGENT_TIERING'
	const RestoreRequest = {...(tiersItself ? {} : {Days: days}), GlacierJobParameters: {Tier: tier}}
	try {
		const {$metadata} = await at.request({key}, (client, signal) =>
			client.send(
				new RestoreObjectCommand({...target(at, key), ...versionOf(version), RestoreRequest}),
				signal,
			),
		)
		return $metadata.httpStatusCode === 202 ? 'begun' : 'done'
	} catch (error) {
		if (error instanceof StoreError && error.code === 'RestoreAlreadyInProgress') return 'under way'
		throw error
	}
}
