// Creating the bucket of a remote, for the commands that may.

import {parseCanned} from '../format/acl.ts'
import {checkNewBucket} from '../format/url.ts'
import type {Remote} from '../format/remote.ts'
import type {Context} from './command.ts'
import {openRemote} from './opening.ts'

/** Creates the remote's bucket, with a canned ACL if one is given; one of ours that exists is left as it is. */
export async function createBucket(
	context: Context,
	remote: Remote,
	{
		acl,
		versioning,
		objectLock,
	}: {
		readonly acl?: string | undefined
		readonly versioning?: boolean | undefined
		readonly objectLock?: boolean | undefined
	},
): Promise<void> {
	checkNewBucket(remote.bucket)
	const {store} = await openRemote(context, remote)
	try {
		await store.createBucket({acl: acl === undefined ? undefined : parseCanned(acl), versioning, objectLock})
	} finally {
		store.close()
	}
}
