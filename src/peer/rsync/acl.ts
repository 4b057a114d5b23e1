// POSIX ACLs: rsync's form on the wire <-> the kernel's, which s3r keeps as it is. See s3r-rsync(5), ACLS.

import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import type {Output} from './output.ts'

export const ACCESS = 'system.posix_acl_access'
export const DEFAULT = 'system.posix_acl_default'

/** An ACL as it is sent: of an access ACL what the mode tells is left out. */
type WireAcl = {
	readonly user?: number | undefined
	readonly group?: number | undefined
	readonly mask?: number | undefined
	readonly other?: number | undefined
	readonly names: readonly Named[]
}
type Named = {readonly id: number; readonly isUser: boolean; readonly bits: number}

const BIT = {user: 1, group: 2, mask: 4, other: 8, names: 16} as const
const NAMES_LIMIT = 1 << 16

/** The tags of the kernel's entries. */
const TAG = {userObj: 1, user: 2, groupObj: 4, group: 8, mask: 16, other: 32} as const
const VERSION = 2
const NOBODY = 0xffffffff

/** ACLs of one kind; each is sent once, and afterwards by its number. */
export class AclTable {
	readonly #sent: WireAcl[] = []
	readonly #numbers = new Map<string, number>()

	/** Reads one, and says with `keep` what the table keeps of it once the whole entry was read. */
	read(cursor: Cursor): {readonly acl: WireAcl; readonly keep: () => void} {
		const number = cursor.varint()
		if (number !== 0) {
			const acl = this.#sent[number - 1]
			if (!acl) throw new RsyncError(RERR.protocol, `the list refers to ACL ${number}, which it lacks`)
			return {acl, keep: () => {}}
		}
		const acl = readAcl(cursor)
		return {acl, keep: () => void this.#sent.push(acl)}
	}

	write(output: Output, acl: WireAcl): void {
		const text = JSON.stringify(acl)
		const number = this.#numbers.get(text)
		output.varint(number ?? 0)
		if (number !== undefined) return
		this.#numbers.set(text, this.#numbers.size + 1)
		writeAcl(output, acl)
	}
}

function readAcl(cursor: Cursor): WireAcl {
	const flags = cursor.byte()
	const given = (bit: number) => (flags & bit ? cursor.varint() & 7 : undefined)
	const acl = {user: given(BIT.user), group: given(BIT.group), mask: given(BIT.mask), other: given(BIT.other)}
	return {...acl, names: flags & BIT.names ? readNames(cursor) : []}
}

function readNames(cursor: Cursor): Named[] {
	const count = cursor.varint()
	if (count < 0 || count > NAMES_LIMIT) throw new RsyncError(RERR.protocol, `an ACL of ${count} entries`)
	return Array.from({length: count}, () => {
		const id = cursor.varint() >>> 0
		const access = cursor.varint()
		// a name follows only where lists come in pieces, which we do not offer
		if (access & 1) cursor.text(cursor.byte())
		return {id, isUser: (access & 2) !== 0, bits: (access >> 2) & 7}
	})
}

function writeAcl(output: Output, {names, ...acl}: WireAcl): void {
	const given = (['user', 'group', 'mask', 'other'] as const).filter((kind) => acl[kind] !== undefined)
	output.byte(given.reduce((flags, kind) => flags | BIT[kind], names.length > 0 ? BIT.names : 0))
	for (const kind of given) output.varint(acl[kind] ?? 0)
	if (names.length === 0) return
	output.varint(names.length)
	for (const {id, isUser, bits} of names) {
		output.varint(id)
		output.varint((bits << 2) | (isUser ? 2 : 0))
	}
}

/** The kernel's form of an access ACL of a file of this mode, undefined where it says no more than the mode. */
export function accessAcl({group, mask, names}: WireAcl, mode: number): Buffer | undefined {
	if (names.length === 0 && mask === undefined) return undefined
	const bits = (mode >> 3) & 7
	return kernelForm({user: (mode >> 6) & 7, group: group ?? bits, mask: mask ?? bits, other: mode & 7, names})
}

/** The kernel's form of a default ACL, undefined where there is none. */
export function defaultAcl(acl: WireAcl): Buffer | undefined {
	const {user, group, mask, other, names} = acl
	const isEmpty = [user, group, mask, other].every((bits) => bits === undefined) && names.length === 0
	return isEmpty ? undefined : kernelForm({...acl, mask: mask ?? (names.length > 0 ? group : undefined)})
}

function kernelForm({user = 0, group = 0, mask, other = 0, names}: WireAcl): Buffer {
	const named = (isUser: boolean, tag: number) =>
		names
			.filter((name) => name.isUser === isUser)
			.toSorted((a, b) => a.id - b.id)
			.map(({id, bits}): readonly [number, number, number] => [tag, bits, id])
	const entries: readonly (readonly [number, number, number])[] = [
		[TAG.userObj, user, NOBODY],
		...named(true, TAG.user),
		[TAG.groupObj, group, NOBODY],
		...named(false, TAG.group),
		...(mask === undefined ? [] : [[TAG.mask, mask, NOBODY] as const]),
		[TAG.other, other, NOBODY],
	]
	const bytes = Buffer.alloc(4 + 8 * entries.length)
	bytes.writeUInt32LE(VERSION, 0)
	entries.forEach(([tag, bits, id], i) => {
		bytes.writeUInt16LE(tag, 4 + 8 * i)
		bytes.writeUInt16LE(bits, 6 + 8 * i)
		bytes.writeUInt32LE(id, 8 + 8 * i)
	})
	return bytes
}

/** What is sent of the kernel's form; nothing of what is not of this form. */
export function wireAcl(bytes: Buffer | undefined, mode: number | undefined): WireAcl {
	let acl: WireAcl = {names: []}
	const names: Named[] = []
	if (bytes?.length && bytes.length % 8 === 4 && bytes.readUInt32LE(0) === VERSION)
		for (let at = 4; at < bytes.length; at += 8) {
			const [tag, bits, id] = [
				bytes.readUInt16LE(at),
				bytes.readUInt16LE(at + 2) & 7,
				bytes.readUInt32LE(at + 4),
			]
			if (tag === TAG.user || tag === TAG.group) names.push({id, isUser: tag === TAG.user, bits})
			else if (tag === TAG.userObj) acl = {...acl, user: bits}
			else if (tag === TAG.groupObj) acl = {...acl, group: bits}
			else if (tag === TAG.mask) acl = {...acl, mask: bits}
			else if (tag === TAG.other) acl = {...acl, other: bits}
		}
	if (mode === undefined) return {...acl, names}
	const bits = (mode >> 3) & 7
	return {
		group: acl.mask === undefined || acl.group === bits ? undefined : acl.group,
		mask: names.length > 0 && acl.mask === bits ? undefined : acl.mask,
		names,
	}
}
