// The keys of a bucket, a page at a time.

import type {S3Connection} from './s3-connection.ts'
import type {Listed} from './store.ts'

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
