// The attributes of a file that travel, of what the index holds of it.

import {known, attributesDigest, type Attributes} from '../format/metadata.ts'
import type {Local} from '../format/entry.ts'

/** Names of users and groups by their ids, in Unicode. */
export type Owners = {
	userName(uid: number): string | undefined
	groupName(gid: number): string | undefined
}

/** The attributes of a file; its xattrs by their digest only. */
export function attributesOf(local: Local, owners: Owners): Attributes {
	const [major, minor] = (local.rdev ?? '').split(':').map(Number)
	return {
		mode: local.mode,
		mtime: local.mtime,
		uid: local.uid,
		gid: local.gid,
		...known({
			uname: owners.userName(local.uid),
			gname: owners.groupName(local.gid),
			link: local.link,
			xattrsAt: local.xattrs,
			rdev: major === undefined || minor === undefined ? undefined : {major, minor},
		}),
	}
}

/** The digest of these attributes as the index keeps it, 16 hex digits. */
export const digestOf = (local: Local, owners: Owners): string =>
	attributesDigest(attributesOf(local, owners)).toString('hex')
