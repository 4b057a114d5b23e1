// Bytes -> entries of the file list; of their attributes see flist-attributes.ts. See s3r-rsync(5), FILE LIST.

import {type Path, ROOT, unsafe, withoutSlash} from '../../base/path.ts'
import {shown} from '../../base/quote.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import {isMode} from '../../format/mode.ts'
import type {Cursor} from './cursor.ts'
import type {FlistEntry} from './flist-entry.ts'
import {AttributesDecoder} from './flist-attributes.ts'
import {malformed, NAME_LIMIT} from './flist-errors.ts'
import {before, type FlistForm, hasNumbers, type Previous, XMIT} from './flist-wire.ts'

const TARGET_LIMIT = 1 << 16

/** The end of a list, with what went wrong while it was made. */
export type ListEnd = {readonly ioError: number}

export class FlistDecoder {
	readonly #form: FlistForm
	/** What the last entry said; and what the one that is read says, which counts once all of it has come. */
	#previous = before()
	#next = before()
	readonly #keeps: (() => void)[] = []
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
		const previous = this.#previous
		const next = this.#next
		next.name = this.#name(cursor, flags)
		next.device = previous.device
		const keeps = this.#keeps
		keeps.length = 0
		const first = this.#first(cursor, flags, entryAt)
		const fields = first?.entry ?? this.#fields(cursor, flags, keeps)
		const {mode, size, mtime, nsec, uid, gid, atime, linked, rdev, target, sum} = fields
		const isDirectory = typeOf(mode) === TYPE.directory
		const path = this.#path(next.name, isDirectory)
		const xattrs = this.#attributes.read(cursor, mode, keeps)
		for (const keep of keeps) keep()
		next.mode = mode
		next.mtime = mtime
		next.uid = uid
		next.gid = gid
		next.atime = atime ?? previous.atime
		next.major = rdev?.major ?? previous.major
		this.#previous = next
		this.#next = previous
		this.#row++
		// a literal without spreading: for a million entries that takes half of the time
		return {
			path,
			mode,
			size,
			mtime,
			nsec,
			uid,
			gid,
			atime,
			// of what is no directory it only keeps the flags from being 0
			top: isDirectory && (flags & XMIT.topDir) !== 0,
			content: isDirectory && (this.#form.protocol < 30 || (flags & XMIT.noContent) === 0),
			linked,
			first: fields.first ?? first?.row,
			rdev,
			target,
			sum,
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
		keeps: (() => void)[],
	): Omit<FlistEntry, 'path' | 'top' | 'content' | 'xattrs'> {
		const previous = this.#previous
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
		const first = this.#inode(cursor, flags, type, keeps)
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
	#inode(cursor: Cursor, flags: number, type: number, keeps: (() => void)[]): number | undefined {
		const {protocol, hardLinks} = this.#form
		if (!hardLinks || protocol >= 30) return undefined
		if (protocol >= 28 ? !(flags & XMIT.linked) : type !== TYPE.file) return undefined
		const device = flags & XMIT.sameDev && protocol >= 28 ? this.#previous.device : cursor.longint()
		const key = `${device}:${cursor.longint()}`
		this.#next.device = device
		const row = this.#row
		keeps.push(() => {
			if (!this.#inodes.has(key)) this.#inodes.set(key, row)
		})
		return this.#inodes.get(key)
	}
}

/** What belongs to s3r itself is no attack: it is left out by who receives the list. */
export const isOwn = (path: Path): boolean => /(^|\/)\.s3rsync(\/|$)/i.test(path)
