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
	const {mode, mtime, uid, gid} = local
	const attributes: {-readonly [K in keyof Attributes]: Attributes[K]} = {mode, mtime, uid, gid}
	const uname = owners.userName(uid)
	const gname = owners.groupName(gid)
	if (uname !== undefined) attributes.uname = uname
	if (gname !== undefined) attributes.gname = gname
	if (local.link !== undefined) attributes.link = local.link
	if (local.xattrs !== undefined) attributes.xattrsAt = local.xattrs
	if (local.rdev !== undefined) {
		const [major = 0, minor = 0] = local.rdev.split(':').map(Number)
		attributes.rdev = {major, minor}
	}
	return attributes
}

/** The digest of these attributes as the index keeps it, 16 hex digits. */
export const digestOf = (local: Local, owners: Owners): string =>
	attributesDigest(attributesOf(local, owners)).toString('hex')
