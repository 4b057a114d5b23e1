// Extended attributes and ACLs of the list beside those that objects have.

import {createHash} from 'node:crypto'
import type {Xattr} from '../../format/xattrs.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {WireXattr} from './flist-entry.ts'
import {plainXattrs} from './flist-attributes.ts'
import {digestOf} from './in-hand.ts'
import {ITEM} from './item.ts'

export type Kinds = {readonly acls: boolean; readonly xattrs: boolean}

const isAcl = (name: string): boolean => name.startsWith('system.posix_acl_')

/** Whether an attribute of this name is kept. */
export const isKept = (name: string, {acls, xattrs}: Kinds): boolean => (isAcl(name) ? acls : xattrs)

/** How the attributes that an object shall have differ from its own. */
export type Difference = {
	/** Bits of an item. */
	readonly flags: number
	/** The numbers of those whose values are to be asked for. */
	readonly wanted: readonly number[]
	/** What the object has. */
	readonly existing: readonly Xattr[]
}

export const NO_DIFFERENCE: Difference = {flags: 0, wanted: [], existing: []}

const byName = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number =>
	a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0

/** Compares without a request where digests tell. */
export function sameByDigest(
	wire: readonly WireXattr[],
	{attributes}: Found,
	{acls, xattrs}: Kinds,
): boolean {
	const there = attributes.xattrsAt ?? digestOf(attributes.xattrs ?? [])
	if (there === undefined) return wire.length === 0
	const hasAll = wire.every(([, , isDigest]) => !isDigest)
	return acls && xattrs && hasAll && digestOf(wire.map(([name, value]): Xattr => [name, value])) === there
}

export async function difference(
	wire: readonly WireXattr[],
	found: Found | undefined,
	catalogue: Catalogue,
	kinds: Kinds,
): Promise<Difference> {
	const existing = found ? await catalogue.xattrs(found) : []
	const there = new Map(existing)
	const sameValue = ([name, value, isDigest]: WireXattr): boolean => {
		const own = there.get(name)
		if (own === undefined) return false
		return isDigest ? createHash('md5').update(own).digest().equals(value) : own.equals(value)
	}
	const flag = (isOfKind: (name: string) => boolean): boolean => {
		const ours = existing.filter(([name]) => isOfKind(name))
		const theirs = wire.filter(([name]) => isOfKind(name))
		return ours.length !== theirs.length || !theirs.every(sameValue)
	}
	const plain = plainXattrs(wire)
	return {
		flags:
			(kinds.acls && flag(isAcl) ? ITEM.acl : 0) |
			(kinds.xattrs && flag((name) => !isAcl(name)) ? ITEM.xattr : 0),
		wanted: plain.flatMap((xattr, i) => (xattr[2] && !sameValue(xattr) ? [i + 1] : [])),
		existing,
	}
}

/** The attributes that an object gets: those of the list, with the values that came, and its own of other kinds. */
export function merged(
	wire: readonly WireXattr[],
	{existing}: Difference,
	values: ReadonlyMap<number, Buffer>,
	kinds: Kinds,
): Xattr[] {
	const there = new Map(existing)
	const plain = plainXattrs(wire)
	const own = existing.filter(([name]) => !isKept(name, kinds))
	const theirs = wire.flatMap((xattr): Xattr[] => {
		const [name, value, isDigest] = xattr
		if (!isDigest) return [[name, value]]
		const whole = values.get(plain.indexOf(xattr) + 1) ?? there.get(name)
		return whole ? [[name, whole]] : []
	})
	return [...theirs.filter(([name]) => isKept(name, kinds)), ...own].toSorted(byName)
}
