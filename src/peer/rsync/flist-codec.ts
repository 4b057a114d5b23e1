// Entries of the file list <-> bytes; of their attributes see flist-attributes.ts. See s3r-rsync(5), FILE LIST.

import {type Path, ROOT, unsafe, withoutSlash} from '../../base/path.ts'
import {shown} from '../../base/quote.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import {isMode} from '../../format/mode.ts'
import type {Cursor} from './cursor.ts'
import type {FlistEntry} from './flist.ts'
import {AttributesDecoder, AttributesEncoder} from './flist-attributes.ts'
import {malformed, NAME_LIMIT} from './flist-errors.ts'
import type {Output} from './output.ts'

/** What decides about the fields that entries have. */
export type FlistForm = {
	readonly protocol: number
	/** Flags are varints. */
	readonly varintFlags: boolean
	readonly owner: boolean
	readonly group: boolean
	readonly devices: boolean
	readonly specials: boolean
	readonly links: boolean
	readonly hardLinks: boolean
	readonly acls: boolean
	readonly xattrs: boolean
	readonly atimes: boolean
	/** Bytes of the checksum that each regular file has, 0 for none. */
	readonly sumLength: number
	/** Names may begin with a '/', which means nothing (-R). */
	readonly relative: boolean
}

const XMIT = {
	topDir: 0x1,
	sameMode: 0x2,
	extended: 0x4,
	sameUid: 0x8,
	sameGid: 0x10,
	sameName: 0x20,
	longName: 0x40,
	sameTime: 0x80,
	/** Of devices. */
	sameMajor: 0x100,
	/** Of directories. */
	noContent: 0x100,
	linked: 0x200,
	/** Protocols 28 and 29. */
	sameDev: 0x400,
	minor8: 0x800,
	/** Protocol 30 and later, with `linked`. */
	first: 0x1000,
	/** Protocol 30 and later, with `extended` alone. */
	endWithError: 0x1000,
	nsec: 0x2000,
	sameAtime: 0x4000,
} as const

const TARGET_LIMIT = 1 << 16
const isDevice = (mode: number): boolean =>
	typeOf(mode) === TYPE.charDevice || typeOf(mode) === TYPE.blockDevice
const isSpecial = (mode: number): boolean => typeOf(mode) === TYPE.fifo || typeOf(mode) === TYPE.socket

/** Whether an entry has device numbers on the wire. */
const hasNumbers = (mode: number, {devices, specials, protocol}: FlistForm): boolean =>
	(devices && isDevice(mode)) || (specials && isSpecial(mode) && protocol < 31)

type Previous = {
	name: string
	mode: number
	mtime: number
	atime: number
	uid: number
	gid: number
	major: number
	device: number
}
const before = (): Previous => ({name: '', mode: 0, mtime: 0, atime: 0, uid: 0, gid: 0, major: 0, device: 0})

/** The end of a list, with what went wrong while it was made. */
export type ListEnd = {readonly ioError: number}

export class FlistDecoder {
	readonly #form: FlistForm
	#previous = before()
	readonly #attributes: AttributesDecoder
	/** Rows of files with several names, by device and inode (protocol 29 and older). */
	readonly #inodes = new Map<string, number>()
	#row = 0

	constructor(form: FlistForm) {
		this.#form = form
		this.#attributes = new AttributesDecoder(form)
	}

	/** Reads one entry; `entryAt` gives those that were read before. */
	read(cursor: Cursor, entryAt: (row: number) => FlistEntry | undefined): FlistEntry | ListEnd {
		const flags = this.#flags(cursor)
		if (typeof flags !== 'number') return flags
		const previous = {...this.#previous, name: this.#name(cursor, flags)}
		const keeps: (() => void)[] = []
		const first = this.#first(cursor, flags, entryAt)
		const entry = first
			? {...first.entry, xattrs: undefined, first: first.entry.first ?? first.row}
			: this.#fields(cursor, flags, previous, keeps)
		const isDirectory = typeOf(entry.mode) === TYPE.directory
		const path = this.#path(previous.name, isDirectory)
		const xattrs = this.#attributes.read(cursor, entry.mode, keeps)
		for (const keep of keeps) keep()
		const {mode, mtime, uid, gid, atime = previous.atime, rdev} = entry
		this.#previous = {...previous, mode, mtime, uid, gid, atime, major: rdev?.major ?? previous.major}
		this.#row++
		return {
			...entry,
			path,
			// of what is no directory it only keeps the flags from being 0
			top: isDirectory && (flags & XMIT.topDir) !== 0,
			content: isDirectory && (this.#form.protocol < 30 || (flags & XMIT.noContent) === 0),
			xattrs,
		}
	}

	#flags(cursor: Cursor): number | ListEnd {
		const {protocol, varintFlags} = this.#form
		if (varintFlags) {
			const flags = cursor.varint()
			return flags === 0 ? {ioError: cursor.varint()} : flags
		}
		let flags = cursor.byte()
		if (flags === 0) return {ioError: 0}
		if (protocol >= 28 && flags & XMIT.extended) flags |= cursor.byte() << 8
		return protocol >= 30 && flags === (XMIT.extended | XMIT.endWithError)
			? {ioError: cursor.varint()}
			: flags
	}

	#name(cursor: Cursor, flags: number): string {
		const shared = flags & XMIT.sameName ? cursor.byte() : 0
		const length = flags & XMIT.longName ? this.#varint30(cursor) : cursor.byte()
		if (length < 0 || shared + length >= NAME_LIMIT || shared > this.#previous.name.length)
			throw malformed(`a name of ${shared} and ${length} bytes`)
		return this.#previous.name.slice(0, shared) + cursor.text(length)
	}

	#path(name: string, isDirectory: boolean): Path {
		const below = this.#form.relative ? name.replace(/^\/+/, '') : name
		const bare = below.startsWith('./') ? below.replace(/^(\.\/+)+/, '') : below
		if (isDirectory && (bare === '.' || (bare === '' && name !== ''))) return ROOT
		const path = isDirectory ? `${withoutSlash(bare)}/` : bare
		const why = path.endsWith('/') && !isDirectory ? 'the name ends in a slash' : unsafe(path)
		if (why !== undefined && !isOwn(path)) throw malformed(`${shown(name)}: ${why}`)
		return path
	}

	#varint30(cursor: Cursor): number {
		return this.#form.protocol >= 30 ? cursor.varint() : cursor.int()
	}

	/** The first name of this file, where the entry only refers to that. */
	#first(
		cursor: Cursor,
		flags: number,
		entryAt: (row: number) => FlistEntry | undefined,
	): {readonly row: number; readonly entry: FlistEntry} | undefined {
		const {protocol, hardLinks} = this.#form
		if (protocol < 30 || !(flags & XMIT.linked) || flags & XMIT.first) return undefined
		const row = cursor.varint()
		const entry = hardLinks ? entryAt(row) : undefined
		if (!entry || !entry.linked) throw malformed(`a hard link to entry ${row}, which is none`)
		return {row, entry}
	}

	#fields(
		cursor: Cursor,
		flags: number,
		previous: Previous,
		keeps: (() => void)[],
	): Omit<FlistEntry, 'path' | 'top' | 'content' | 'xattrs'> {
		const {protocol, owner, group, atimes, links, sumLength} = this.#form
		const size = protocol >= 30 ? cursor.varlong(3) : cursor.longint()
		if (size < 0 || size > Number.MAX_SAFE_INTEGER) throw malformed(`a size of ${size}`)
		const mtime = flags & XMIT.sameTime ? previous.mtime : protocol >= 30 ? cursor.varlong(4) : cursor.uint()
		const nsec = protocol >= 31 && flags & XMIT.nsec ? cursor.varint() : 0
		if (nsec < 0 || nsec >= 1e9) throw malformed(`${nsec} nanoseconds`)
		const mode = flags & XMIT.sameMode ? previous.mode : cursor.int()
		const type = typeOf(mode)
		if (!isMode(mode) || type === 0) throw malformed(`a mode of ${mode.toString(8)}`)
		const isDirectory = type === TYPE.directory
		const atime =
			!atimes || isDirectory ? undefined : flags & XMIT.sameAtime ? previous.atime : cursor.varlong(4)
		const uid = !owner ? 0 : flags & XMIT.sameUid ? previous.uid : this.#varint30(cursor) >>> 0
		const gid = !group ? 0 : flags & XMIT.sameGid ? previous.gid : this.#varint30(cursor) >>> 0
		const rdev = hasNumbers(mode, this.#form) ? this.#device(cursor, flags, previous) : undefined
		const target = links && type === TYPE.symlink ? this.#target(cursor) : undefined
		const first = this.#inode(cursor, flags, type, previous, keeps)
		const sum =
			sumLength > 0 && (type === TYPE.file || protocol < 28) ? Buffer.from(cursor.raw(sumLength)) : undefined
		const linked = protocol >= 28 ? (flags & XMIT.linked) !== 0 : first !== undefined
		return {mode, size, mtime, nsec, uid, gid, atime, rdev, target, first, sum, linked}
	}

	#device(cursor: Cursor, flags: number, previous: Previous): {major: number; minor: number} {
		const {protocol} = this.#form
		if (protocol < 28) {
			const device = flags & XMIT.extended ? previous.major * 256 : cursor.uint()
			return {major: device >>> 8, minor: device & 0xff}
		}
		const major = (flags & XMIT.sameMajor ? previous.major : this.#varint30(cursor)) >>> 0
		const minor = protocol >= 30 ? cursor.varint() : flags & XMIT.minor8 ? cursor.byte() : cursor.int()
		return {major, minor: minor >>> 0}
	}

	#target(cursor: Cursor): string {
		const length = this.#varint30(cursor)
		if (length <= 0 || length > TARGET_LIMIT) throw malformed(`a link of ${length} bytes`)
		const target = cursor.text(length)
		if (target.includes('\0')) throw malformed('a link with a NUL')
		return target
	}

	/** The row of a file that has this device and inode, where that is not this one (protocol 29 and older). */
	#inode(
		cursor: Cursor,
		flags: number,
		type: number,
		previous: Previous,
		keeps: (() => void)[],
	): number | undefined {
		const {protocol, hardLinks} = this.#form
		if (!hardLinks || protocol >= 30) return undefined
		if (protocol >= 28 ? !(flags & XMIT.linked) : type !== TYPE.file) return undefined
		const device = flags & XMIT.sameDev && protocol >= 28 ? previous.device : cursor.longint()
		const key = `${device}:${cursor.longint()}`
		previous.device = device
		const row = this.#row
		keeps.push(() => {
			if (!this.#inodes.has(key)) this.#inodes.set(key, row)
		})
		return this.#inodes.get(key)
	}
}

/** What belongs to s3r itself is no attack: it is left out by who receives the list. */
export const isOwn = (path: Path): boolean => /(^|\/)\.s3rsync(\/|$)/i.test(path)

export class FlistEncoder {
	readonly #form: FlistForm
	#previous = before()
	readonly #attributes: AttributesEncoder

	constructor(form: FlistForm) {
		this.#form = form
		this.#attributes = new AttributesEncoder(form)
	}

	/** `first` of the entry is the row of its first name, in the order sent. `row` is its own. */
	write(output: Output, entry: FlistEntry, row: number): void {
		const {protocol} = this.#form
		const {path, mode, mtime, nsec, uid, gid, rdev, linked, first} = entry
		const previous = this.#previous
		const name = path === ROOT ? '.' : withoutSlash(path)
		const shared = sharedLength(previous.name, name)
		const isDirectory = typeOf(mode) === TYPE.directory
		const isAbbreviated = protocol >= 30 && linked === true && first !== undefined
		const major = hasNumbers(mode, this.#form) ? (rdev?.major ?? 0) : previous.major
		let flags = 0
		const set = (bit: number, when: boolean) => {
			if (when) flags |= bit
		}
		set(XMIT.topDir, isDirectory && entry.top === true)
		set(XMIT.noContent, protocol >= 30 && isDirectory && entry.content !== true)
		set(XMIT.sameMode, mode === previous.mode)
		set(XMIT.sameUid, !this.#form.owner || (uid === previous.uid && row > 0))
		set(XMIT.sameGid, !this.#form.group || (gid === previous.gid && row > 0))
		set(XMIT.sameTime, mtime === previous.mtime)
		set(XMIT.nsec, protocol >= 31 && nsec !== 0)
		set(XMIT.sameName, shared > 0)
		set(XMIT.longName, name.length - shared > 255)
		set(XMIT.sameMajor, protocol >= 28 && hasNumbers(mode, this.#form) && major === previous.major)
		set(
			XMIT.minor8,
			protocol >= 28 && protocol < 30 && hasNumbers(mode, this.#form) && (rdev?.minor ?? 0) < 256,
		)
		set(XMIT.linked, protocol >= 28 && this.#form.hardLinks && linked === true)
		set(XMIT.first, protocol >= 30 && this.#form.hardLinks && linked === true && first === undefined)
		this.#flags(output, flags, isDirectory)
		if (shared > 0) output.byte(shared)
		if (flags & XMIT.longName) this.#varint30(output, name.length - shared)
		else output.byte(name.length - shared)
		output.text(name.slice(shared))
		this.#previous = {...previous, name, mode, mtime, uid, gid, major}
		if (isAbbreviated && flags & XMIT.linked) output.varint(first)
		else this.#fields(output, entry, flags, row)
		this.#attributes.write(output, entry)
	}

	#flags(output: Output, flags: number, isDirectory: boolean): void {
		const {protocol, varintFlags} = this.#form
		if (varintFlags) return output.varint(flags === 0 ? XMIT.extended : flags)
		if (protocol < 28) {
			const padding = isDirectory ? XMIT.longName : XMIT.topDir
			return output.byte(flags & 0xff ? flags : padding)
		}
		const padded = flags === 0 && !isDirectory ? XMIT.topDir : flags
		if (padded & 0xff00 || padded === 0) output.short(padded | XMIT.extended)
		else output.byte(padded)
	}

	#varint30(output: Output, value: number): void {
		if (this.#form.protocol >= 30) output.varint(value)
		else output.int(value)
	}

	#fields(output: Output, entry: FlistEntry, flags: number, row: number): void {
		const {protocol, owner, group, atimes, links, sumLength, hardLinks} = this.#form
		const {mode, size, mtime, nsec, uid, gid, rdev, target, sum, first} = entry
		const type = typeOf(mode)
		if (protocol >= 30) output.varlong(size, 3)
		else output.longint(size)
		if (!(flags & XMIT.sameTime)) {
			if (protocol >= 30) output.varlong(mtime, 4)
			else output.int(Math.max(0, Math.min(mtime, 0xffffffff)))
		}
		if (flags & XMIT.nsec) output.varint(nsec)
		if (!(flags & XMIT.sameMode)) output.int(mode)
		if (atimes && type !== TYPE.directory) output.varlong(entry.atime ?? mtime, 4)
		if (owner && !(flags & XMIT.sameUid)) this.#varint30(output, uid)
		if (group && !(flags & XMIT.sameGid)) this.#varint30(output, gid)
		if (hasNumbers(mode, this.#form)) this.#numbers(output, rdev, flags)
		if (links && type === TYPE.symlink) {
			this.#varint30(output, target?.length ?? 0)
			output.text(target ?? '')
		}
		if (hardLinks && protocol < 30 && (protocol >= 28 ? flags & XMIT.linked : type === TYPE.file)) {
			if (!(flags & XMIT.sameDev)) output.longint(1)
			output.longint((first ?? row) + 1)
		}
		if (sumLength > 0 && type === TYPE.file) output.raw(sum ?? Buffer.alloc(sumLength))
		else if (sumLength > 0 && protocol < 28) output.raw(Buffer.alloc(sumLength))
	}

	#numbers(output: Output, rdev: FlistEntry['rdev'], flags: number): void {
		const {protocol} = this.#form
		const {major, minor} = rdev ?? {major: 0, minor: 0}
		if (protocol < 28) return output.int((major << 8) | (minor & 0xff))
		if (!(flags & XMIT.sameMajor)) this.#varint30(output, major)
		if (protocol >= 30) output.varint(minor)
		else if (flags & XMIT.minor8) output.byte(minor)
		else output.int(minor)
	}

	/** Ends the list. */
	end(output: Output, ioError: number): void {
		const {protocol, varintFlags} = this.#form
		if (varintFlags) {
			output.varint(0)
			output.varint(ioError)
		} else if (protocol >= 30 && ioError !== 0) {
			output.short(XMIT.extended | XMIT.endWithError)
			output.varint(ioError)
		} else output.byte(0)
	}
}

function sharedLength(a: string, b: string): number {
	const most = Math.min(a.length, b.length, 255)
	let length = 0
	while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++
	return length
}

export type Names = ReadonlyMap<number, string>

/** Names of ids (byte strings), as they follow the list. */
export function readNames(cursor: Cursor, protocol: number, hasZero: boolean): Map<number, string> {
	const names = new Map<number, string>()
	for (;;) {
		const id = (protocol >= 30 ? cursor.varint() : cursor.int()) >>> 0
		if (id === 0) break
		names.set(id, cursor.text(cursor.byte()))
		if (names.size > NAME_LIMIT * 16) throw malformed('too many owners')
	}
	if (hasZero) names.set(0, cursor.text(cursor.byte()))
	return names
}

export function writeNames(output: Output, names: Names, protocol: number, hasZero: boolean): void {
	for (const [id, name] of names) {
		if (id === 0 || name === '' || name.length > 255) continue
		if (protocol >= 30) output.varint(id)
		else output.int(id)
		output.byte(name.length)
		output.text(name)
	}
	if (protocol >= 30) output.varint(0)
	else output.int(0)
	if (!hasZero) return
	const zero = names.get(0) ?? ''
	output.byte(zero.length)
	output.text(zero)
}
