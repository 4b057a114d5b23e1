// The keys of a bucket, a page at a time, and the buckets of an account.

import type {S3Connection} from './s3-connection.ts'
import type {Bucket, Listed, Version} from './store.ts'
import type {VersionPlace} from './wire.ts'

export async function* list(
	at: S3Connection,
	prefix: string,
	after: string | undefined,
): AsyncIterable<readonly Listed[]> {
	let token: string | undefined
	do {
		const place = token === undefined ? {after: after || undefined} : {token}
		const page = await at.ask({}, (wire) => wire.list({prefix, ...place}))
		at.bucketSeen = true
		yield page.objects
		token = page.next
	} while (token !== undefined)
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
