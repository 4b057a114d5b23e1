// A file of the remote <-> what an index keeps of it.

import {isDirectory} from '../../base/path.ts'
import {type Entry, type Local, typeOf} from '../../format/entry.ts'
import {type Attributes, attributesDigest, type Known} from '../../format/metadata.ts'
import {encodeXattrs, xattrsDigest} from '../../format/xattrs.ts'
import {attributesOf, digestOf, type Owners} from '../../sync/attributes.ts'
import type {Found} from './catalogue.ts'
import type {OwnerNames} from './owner-names.ts'

/** Who owns an object that does not say it. */
const NOBODY = 0xffffffff

/** The owner that an index has of a file, or another one where the object does not say it. */
export const ownerOr = (id: number, other: number): number => (id === NOBODY ? other : id)

/** A file as an index has it. */
export function foundOf(
	{path, local, remote}: Entry,
	owners: Owners,
	modified = remote?.modified,
): Found | undefined {
	if (!local || !remote) return undefined
	const attributes = attributesOf(local, owners)
	return {
		path,
		etag: remote.etag,
		stored: remote.size,
		size: isDirectory(path) ? 0 : local.size,
		modified,
		attributes: local.uid === NOBODY || local.gid === NOBODY ? withoutNobody(attributes) : attributes,
		md5: local.md5,
	}
}

/** Attributes that do not speak of an owner whom the object does not name. */
function withoutNobody({uid, gid, ...known}: Attributes): Known {
	return {...known, ...(uid === NOBODY ? {} : {uid}), ...(gid === NOBODY ? {} : {gid})}
}

/** What an index keeps of a file; undefined where it cannot keep it all. */
export function entryOf(found: Found, names: OwnerNames): Entry | undefined {
	const {path, etag, stored, size, modified, attributes, md5} = found
	const {mode, mtime, uid, gid, uname, gname, rdev, link, xattrs, xattrsAt} = attributes
	if (mode === undefined || mtime === undefined) return undefined
	if (uid !== undefined) names.user(uid, uname)
	if (gid !== undefined) names.group(gid, gname)
	const local: Local = {
		mode,
		size,
		mtime,
		ctime: 0n,
		ino: 0n,
		uid: uid ?? NOBODY,
		gid: gid ?? NOBODY,
		md5,
		rdev: rdev && `${rdev.major}:${rdev.minor}`,
		link,
		xattrs: xattrsAt ?? (xattrs?.length ? xattrsDigest(encodeXattrs(xattrs)) : undefined),
	}
	const attrs = digestOf(local, names)
	const said = attributesDigest({...attributes, uid: uid ?? NOBODY, gid: gid ?? NOBODY})
	if (attrs !== said) return undefined
	return {
		path,
		local,
		attrs,
		base: {type: typeOf(mode), md5, attrs},
		remote: {etag, size: stored, modified},
	}
}
