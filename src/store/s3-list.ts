// The keys of a bucket, a page at a time, and the buckets of an account.

import {type AskPage, listAhead, listInTurn} from './list-ahead.ts'
import type {S3Connection} from './s3-connection.ts'
import type {Bucket, Listed, Version} from './store.ts'
import type {VersionPlace} from './wire.ts'

/** Buckets that list their keys in no order, and cannot begin behind one. */
const DIRECTORY_BUCKET = /--x-s3$/

export function list(
	at: S3Connection,
	prefix: string,
	after: string | undefined,
): AsyncIterable<readonly Listed[]> {
	const ask: AskPage = async (request) => {
		const page = await at.ask({}, (wire) => wire.list(request))
		at.bucketSeen = true
		return page
	}
	const how = DIRECTORY_BUCKET.test(at.bucket) ? listInTurn : listAhead
	return how(ask, prefix, after || undefined)
}

/** Every bucket of the account, in the store's order (by name). */
export async function listAllBuckets(at: S3Connection): Promise<readonly Bucket[]> {
	const found: Bucket[] = []
	let token: string | undefined
	do {
		const page = await at.ask({}, (wire) => wire.listBuckets(token))
		found.push(...page.buckets)
		token = page.next
	} while (token !== undefined)
	return found
}

export async function* listVersions(at: S3Connection, prefix: string): AsyncIterable<readonly Version[]> {
	let after: VersionPlace | undefined
	do {
		const place = after
		const page = await at.ask({}, (wire) => wire.listVersions(prefix, place))
		at.bucketSeen = true
		yield page.versions
		after = page.next
	} while (after !== undefined)
}
