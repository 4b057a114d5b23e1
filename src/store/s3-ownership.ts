// Whether a bucket has ACLs. Amazon's have none unless somebody asked for them:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html

import type {S3Connection} from './s3-connection.ts'
import {StoreError} from './store.ts'

/** See Store.hasAcls. Who may not ask, and a store that does not know the question, is taken to have them. */
export async function hasAcls(at: S3Connection): Promise<boolean> {
	try {
		return (await at.ask({}, (wire) => wire.ownership())) !== 'BucketOwnerEnforced'
	} catch (error) {
		if (error instanceof StoreError && KNOWS_NOT.has(error.kind)) return true
		throw error
	}
}

const KNOWS_NOT = new Set(['not-found', 'denied', 'invalid', 'other'])
