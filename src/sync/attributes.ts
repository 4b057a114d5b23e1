// The attributes of a file that travel, of what the index holds of it.

import {attributesDigest, type Attributes} from '../format/metadata.ts'
import type {Local} from '../format/entry.ts'

/** Names of users and groups by their ids, in Unicode. */
export type Owners = {
	userName(uid: number): string | undefined
	groupName(gid: number): string | undefined
}

/** The attributes of a file; its xattrs by their digest only. */
export function attributesOf(local: Local, owners: Owners): Attributes {
	const {mode, mtime, uid, gid, link} = local
	const [uname, gname] = [owners.userName(uid), owners.groupName(gid)]
	return {mode, mtime, uid, gid, uname, gname, link, xattrsAt: local.xattrs, rdev: deviceOf(local)}
}

function deviceOf({rdev}: Local): Attributes['rdev'] {
	if (rdev === undefined) return undefined
	const [major = 0, minor = 0] = rdev.split(':').map(Number)
	return {major, minor}
}

/** The digest of these attributes as the index keeps it, 16 hex digits. */
export const digestOf = (local: Local, owners: Owners): string =>
	attributesDigest(attributesOf(local, owners))
