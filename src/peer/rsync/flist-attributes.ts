// ACLs and extended attributes of entries of the file list <-> bytes. Each set is sent once, and afterwards by its
// number. See s3r-rsync(5), FILE LIST.

import {createHash} from 'node:crypto'
import {TYPE, typeOf} from '../../format/entry.ts'
import {ACCESS, AclTable, accessAcl, DEFAULT, defaultAcl, wireAcl} from './acl.ts'
import type {Cursor} from './cursor.ts'
import type {FlistEntry, WireXattr} from './flist-entry.ts'
import type {FlistForm} from './flist-wire.ts'
import {malformed, NAME_LIMIT} from './flist-errors.ts'
import type {Output} from './output.ts'

const XATTRS_LIMIT = 1 << 16
/** Bytes of one attribute: as much as the kernel keeps, and more. */
const VALUE_LIMIT = 1 << 24
/** Values that are longer come as their MD5. */
export const FULL_VALUE = 32
const MD5 = 16
const NO_XATTRS: readonly WireXattr[] = []

export class AttributesDecoder {
	readonly #form: FlistForm
	readonly #access = new AclTable()
	readonly #default = new AclTable()
	readonly #xattrs: (readonly WireXattr[])[] = []

	constructor(form: FlistForm) {
		this.#form = form
	}

	/**
	 * Extended attributes, ACLs among them in the form in which the kernel keeps them. What is to be kept of them
	 * once the whole entry was read is added to `keeps`.
	 */
	read(cursor: Cursor, mode: number, keeps: (() => void)[]): readonly WireXattr[] | undefined {
		const {acls, xattrs} = this.#form
		const found: WireXattr[] = []
		if (acls && typeOf(mode) !== TYPE.symlink) {
			const access = this.#access.read(cursor)
			keeps.push(access.keep)
			const value = accessAcl(access.acl, mode)
			if (value) found.push([ACCESS, value])
			if (typeOf(mode) === TYPE.directory) {
				const inherited = this.#default.read(cursor)
				keeps.push(inherited.keep)
				const bytes = defaultAcl(inherited.acl)
				if (bytes) found.push([DEFAULT, bytes])
			}
		}
		const set = xattrs ? this.#set(cursor, keeps) : NO_XATTRS
		// a set that many entries have stays one
		const all = found.length > 0 ? [...found, ...set] : set
		return all.length > 0 ? all : undefined
	}

	#set(cursor: Cursor, keeps: (() => void)[]): readonly WireXattr[] {
		const number = cursor.varint()
		if (number !== 0) {
			const set = this.#xattrs[number - 1]
			if (!set) throw malformed(`it refers to attributes ${number}, which it lacks`)
			return set
		}
		const count = cursor.varint()
		if (count < 0 || count > XATTRS_LIMIT) throw malformed(`${count} attributes`)
		const set = Array.from({length: count}, (): WireXattr => {
			const nameLength = cursor.varint()
			const length = cursor.varint()
			if (nameLength < 2 || nameLength > NAME_LIMIT || length < 0 || length > VALUE_LIMIT)
				throw malformed(`an attribute of ${nameLength} and ${length} bytes`)
			const name = cursor.text(nameLength).slice(0, -1)
			const isDigest = length > FULL_VALUE
			return [name, Buffer.from(cursor.raw(isDigest ? MD5 : length)), isDigest]
		})
		keeps.push(() => void this.#xattrs.push(set))
		return set
	}
}

export class AttributesEncoder {
	readonly #form: FlistForm
	readonly #access = new AclTable()
	readonly #default = new AclTable()
	readonly #xattrs = new Map<string, number>()

	constructor(form: FlistForm) {
		this.#form = form
	}

	write(output: Output, {mode, xattrs = []}: FlistEntry): void {
		const {acls, xattrs: isSent} = this.#form
		const valueOf = (wanted: string) => xattrs.find(([name]) => name === wanted)?.[1]
		if (acls && typeOf(mode) !== TYPE.symlink) {
			this.#access.write(output, wireAcl(valueOf(ACCESS), mode))
			if (typeOf(mode) === TYPE.directory) this.#default.write(output, wireAcl(valueOf(DEFAULT), undefined))
		}
		if (isSent) this.#set(output, plainXattrs(xattrs))
	}

	#set(output: Output, set: readonly WireXattr[]): void {
		const text = set
			.map(([name, value]) => `${name.length} ${value.length}\n${name}${value.toString('latin1')}`)
			.join('')
		const number = this.#xattrs.get(text)
		output.varint(number ?? 0)
		if (number !== undefined) return
		this.#xattrs.set(text, this.#xattrs.size + 1)
		output.varint(set.length)
		for (const [name, value] of set) {
			output.varint(name.length + 1)
			output.varint(value.length)
			output.text(`${name}\0`)
			output.raw(value.length > FULL_VALUE ? createHash('md5').update(value).digest() : value)
		}
	}
}

/** Those that are no ACLs, in the order of their names; numbers on the wire count them from 1. */
export const plainXattrs = (xattrs: readonly WireXattr[]): readonly WireXattr[] =>
	xattrs.filter(([name]) => !name.startsWith('system.')).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
