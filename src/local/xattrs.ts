// Extended attributes, and POSIX ACLs, which Linux keeps as two of them.

import {errnoOf, reason} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {Xattr} from '../format/xattrs.ts'
import {type Native, native} from './native.ts'

/** Which are kept. */
export type XattrKinds = {
	/** rsync -X: user.*; for root all but system.* and the label of SELinux, which the policy sets. */
	readonly xattrs?: boolean | undefined
	/** rsync -A: the access and the default ACL. */
	readonly acls?: boolean | undefined
	/** Whether a rule lets an attribute of -X through; all by default. */
	readonly keepsXattr?: ((name: string) => boolean) | undefined
}

export const isAcl = (name: string): boolean =>
	name === 'system.posix_acl_access' || name === 'system.posix_acl_default'

/** Whether an attribute of this name is one of these kinds. */
function isKept(name: string, {xattrs, acls, keepsXattr}: XattrKinds): boolean {
	if (isAcl(name)) return acls === true
	if (xattrs !== true || name.startsWith('system.') || name === 'security.selinux') return false
	const isOurs = process.platform !== 'linux' || process.geteuid?.() === 0 || name.startsWith('user.')
	return isOurs && keepsXattr?.(name) !== false
}

/**
 * The attributes of these kinds that a file (a link itself) has, in byte order of their names; none where
 * the file system keeps none.
 */
export function readXattrs(file: Path, kinds: XattrKinds): Xattr[] {
	const calls = wants(kinds) ? native() : undefined
	if (calls === undefined) return []
	return namesOf(calls, file, kinds).flatMap((name): Xattr[] => {
		const value = calls.getXattr(file, name)
		return value === undefined ? [] : [[name, value]]
	})
}

/** An attribute that could not be set or removed. */
export type Refused = {readonly name: string; readonly reason: string}

/** What a file system or the kernel says to an attribute it will not keep; ext4 has no space for a long one. */
const REFUSED = new Set(['ENOTSUP', 'EPERM', 'EACCES', 'EINVAL', 'E2BIG', 'ERANGE', 'ENOSPC', 'ENOSYS'])

/**
 * Gives a file exactly `wanted` of the attributes of these kinds, and returns those that it could not be
 * given. Throws where the disk fails.
 */
export function writeXattrs(file: Path, wanted: readonly Xattr[], kinds: XattrKinds): Refused[] {
	if (!wants(kinds)) return []
	const kept = new Map(wanted.filter(([name]) => isKept(name, kinds)))
	const calls = native()
	if (calls === undefined)
		return [...kept.keys()].map((name) => ({name, reason: 'it takes the package koffi'}))
	const there = namesOf(calls, file, kinds)
	const removed = there.filter((name) => !kept.has(name))
	return [
		...removed.flatMap((name) => refused(name, () => calls.removeXattr(file, name))),
		...[...kept].flatMap(([name, value]) => refused(name, () => change(calls, file, name, value))),
	]
}

const wants = ({xattrs, acls}: XattrKinds): boolean => xattrs === true || acls === true

function namesOf(calls: Native, file: Path, kinds: XattrKinds): string[] {
	try {
		return calls
			.listXattrs(file)
			.filter((name) => isKept(name, kinds))
			.toSorted()
	} catch (error) {
		if (errnoOf(error) === 'ENOTSUP') return []
		throw error
	}
}

/** Sets an attribute that has another value. */
function change(calls: Native, file: Path, name: string, value: Buffer): void {
	if (calls.getXattr(file, name)?.equals(value) !== true) calls.setXattr(file, name, value)
}

function refused(name: string, work: () => void): Refused[] {
	try {
		work()
		return []
	} catch (error) {
		if (!REFUSED.has(errnoOf(error) ?? '')) throw error
		return [{name, reason: reason(error)}]
	}
}
