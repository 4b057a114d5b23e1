// Gives a file the attributes it had elsewhere, as far as that is allowed here.

import {readlinkSync} from 'node:fs'
import {errnoOf, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {S_IFLNK, S_IFMT} from '../format/mode.ts'
import type {Xattr} from '../format/xattrs.ts'
import {type Handle, NamedHandle, type Owned} from './handle.ts'
import {native} from './native.ts'
import type {Owners} from './owners.ts'
import {isAcl, writeXattrs, type XattrKinds} from './xattrs.ts'

/** What a file should have; what is undefined stays as it is. */
export type Wanted = {
	/** st_mode; only its permission bits count, set-id and sticky ones among them. */
	readonly mode?: number | undefined
	/** Nanoseconds since the epoch. */
	readonly mtime?: bigint | undefined
	readonly uid?: number | undefined
	readonly gid?: number | undefined
	/** Names in Unicode, which count before the ids. */
	readonly uname?: string | undefined
	readonly gname?: string | undefined
	/** All attributes of the kinds that are restored: others are removed. */
	readonly xattrs?: readonly Xattr[] | undefined
}

export type ApplyOptions = XattrKinds & {
	readonly owners: Owners
	/** Takes ids as they are. */
	readonly numericIds?: boolean | undefined
}

/** Something that this system, file system or user cannot restore. */
export type Unrestored = {
	readonly kind: 'owner' | 'mode' | 'xattr' | 'acl' | 'device' | 'times'
	readonly reason: string
}

const S_ISUID = 0o4000
const S_ISGID = 0o2000
const S_IWUSR = 0o200
const PERMISSIONS = 0o7777

/** The bytes that a symlink holds. */
export const readLink = (file: Path): Buffer => readlinkSync(forFs(file), 'buffer')

/**
 * Applies attributes to a file and returns what could not be restored. Throws where the file is gone or
 * the disk fails.
 *
 * The order is that of their side effects: a change of owner clears set-id bits and capabilities, a
 * mode may forbid the owner to set xattrs, an ACL refines the mode, and all of them come before the times.
 */
export function applyAttrs(target: Path | Handle, wanted: Wanted, options: ApplyOptions): Unrestored[] {
	const handle = typeof target === 'string' ? new NamedHandle(target) : target
	const before = handle.owned()
	const owned = applyOwner(handle, before, wanted, options)
	return [
		...owned.unrestored,
		...applyXattrs(handle, before, wanted, {xattrs: options.xattrs, keepsXattr: options.keepsXattr}),
		...applyMode(handle, before, wanted, owned),
		...applyXattrs(handle, before, wanted, {acls: options.acls}),
		...applyTimes(handle, wanted),
	]
}

/** The owner that is wanted here: by name, then by id. Root is root everywhere. */
function ownerOf(
	before: Owned,
	wanted: Wanted,
	{owners, numericIds}: ApplyOptions,
): {uid: number; gid: number} {
	const named = (
		id: number | undefined,
		name: string | undefined,
		find: (name: string) => number | undefined,
	) => (numericIds === true || id === 0 || name === undefined ? id : (find(name) ?? id))
	return {
		uid: named(wanted.uid, wanted.uname, (name) => owners.userId(name)) ?? before.uid,
		gid: named(wanted.gid, wanted.gname, (name) => owners.groupId(name)) ?? before.gid,
	}
}

type Applied = {
	readonly unrestored: Unrestored[]
	readonly lost: number
	/** Nothing was to be changed. */
	readonly isSame: boolean
}

/** Sets owner and group, else the group alone. `lost` are the set-id bits that would serve somebody else. */
function applyOwner(handle: Handle, before: Owned, wanted: Wanted, options: ApplyOptions): Applied {
	const {uid, gid} = ownerOf(before, wanted, options)
	const chown = (user: number, group: number) => attempt('owner', () => handle.chown(user, group))
	if (uid === before.uid && gid === before.gid) return {unrestored: [], lost: 0, isSame: true}
	const both = chown(uid, gid)
	if (both.length === 0) return {unrestored: [], lost: 0, isSame: false}
	const group = gid === before.gid || uid === before.uid ? both : chown(before.uid, gid)
	const lostUser = uid === before.uid ? 0 : S_ISUID
	const lostGroup = gid === before.gid || group.length === 0 ? 0 : S_ISGID
	return {unrestored: both, lost: lostUser | lostGroup, isSame: false}
}

/** Also where it was right before a change of owner or of attributes: that may have taken bits away. */
function applyMode(
	handle: Handle,
	before: Owned,
	{mode, xattrs}: Wanted,
	{lost, isSame}: Applied,
): Unrestored[] {
	if (mode === undefined || isLink(before)) return []
	const permissions = mode & PERMISSIONS & ~lost
	if (isSame && xattrs === undefined && (before.mode & PERMISSIONS) === permissions) return []
	return attempt('mode', () => handle.chmod(permissions))
}

/** Xattrs, or ACLs. An owner who is not root must be able to write a file to set its xattrs. */
function applyXattrs(handle: Handle, before: Owned, {mode, xattrs}: Wanted, kinds: XattrKinds): Unrestored[] {
	if (xattrs === undefined || (isLink(before) && kinds.acls === true)) return []
	const isClosed = kinds.xattrs === true && !isLink(before) && (before.mode & S_IWUSR) === 0
	if (isClosed) attempt('mode', () => handle.chmod((before.mode & PERMISSIONS) | S_IWUSR))
	const refused = writeXattrs(handle.file, xattrs, kinds)
	if (isClosed && mode === undefined) attempt('mode', () => handle.chmod(before.mode & PERMISSIONS))
	return refused.map((one) => ({
		kind: isAcl(one.name) ? 'acl' : 'xattr',
		reason: `${one.name}: ${one.reason}`,
	}))
}

function applyTimes(handle: Handle, {mtime}: Wanted): Unrestored[] {
	if (mtime === undefined) return []
	const failed = attempt('times', () => handle.setMtime(mtime))
	if (failed.length > 0 || native() !== undefined || handle.stat().mtime === mtime) return failed
	return [{kind: 'times', reason: 'nanoseconds take the package koffi'}]
}

const isLink = ({mode}: Owned): boolean => (mode & S_IFMT) === S_IFLNK

/** What one is told who may not, or where the file system does not know it. */
const REFUSED = new Set(['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS', 'EOVERFLOW'])

function attempt(kind: Unrestored['kind'], work: () => void): Unrestored[] {
	try {
		work()
		return []
	} catch (error) {
		if (!REFUSED.has(errnoOf(error) ?? '')) throw error
		return [{kind, reason: reason(error)}]
	}
}
