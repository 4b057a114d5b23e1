// The attributes of a file that travel, of what the index holds of it.

import {attributesDigest, type Attributes} from '../format/metadata.ts'
import type {Entry, Local} from '../format/entry.ts'

/** Names of users and groups by their ids, in Unicode. */
export type Owners = {
	userName(uid: number): string | undefined
	groupName(gid: number): string | undefined
}

/** What no stat tells of a file, as it travels. */
type Beside = Pick<Attributes, 'md5' | 'original' | 'xattrs' | 'xattrsAt'>

/** The attributes of a file, with what is known beside. */
export function attributesWith(local: Local, owners: Owners, beside: Beside): Attributes {
	const {mode, mtime, uid, gid, link} = local
	const [uname, gname] = [owners.userName(uid), owners.groupName(gid)]
	const {md5, original, xattrs, xattrsAt} = beside
	const rdev = deviceOf(local)
	return {mode, mtime, uid, gid, uname, gname, rdev, link, xattrs, xattrsAt, original, md5}
}

/** The attributes of a file; its xattrs by their digest only. */
export const attributesOf = (local: Local, owners: Owners): Attributes =>
	attributesWith(local, owners, {xattrsAt: local.xattrs})

function deviceOf({rdev}: Local): Attributes['rdev'] {
	if (rdev === undefined) return undefined
	const [major = 0, minor = 0] = rdev.split(':').map(Number)
	return {major, minor}
}

/** The digest of these attributes as the index keeps it, 16 hex digits. */
export const digestOf = (local: Local, owners: Owners): string =>
	attributesDigest(attributesOf(local, owners))

/** The same of a file as it was read: what was planned has it already, unless its attributes are others by now. */
export const digestAfter = (planned: Entry, now: Local, owners: Owners): string =>
	planned.attrs !== undefined && planned.local && haveSame(planned.local, now)
		? planned.attrs
		: digestOf(now, owners)

const haveSame = (a: Local, b: Local): boolean =>
	a.mode === b.mode &&
	a.mtime === b.mtime &&
	a.uid === b.uid &&
	a.gid === b.gid &&
	a.link === b.link &&
	a.xattrs === b.xattrs &&
	a.rdev === b.rdev
