// What a file of the list shall be on the remote, and how what is there differs.

import {isDirectory} from '../../base/path.ts'
import {type Local, TYPE, typeOf} from '../../format/entry.ts'
import type {Known} from '../../format/metadata.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {IndexFile} from '../../format/index-file.ts'
import type {Found} from './catalogue.ts'
import type {FileList} from './flist.ts'
import {ownerOr} from './index-entry.ts'
import {digestOf} from './in-hand.ts'
import type {IdMap} from './id-map.ts'
import {ITEM} from './item.ts'
import type {ServerOptions} from './server-options.ts'

const BILLION = 1_000_000_000n
const PERMISSIONS = 0o7777

export type WantedOptions = {
	readonly options: ServerOptions
	readonly files: FileList
	readonly umask: number
	readonly self: {readonly uid: number; readonly gid: number}
	/** Names as the client sent them. */
	readonly users: ReadonlyMap<number, string>
	readonly groups: ReadonlyMap<number, string>
	readonly mapUser?: IdMap | undefined
	readonly mapGroup?: IdMap | undefined
}

/** Compares the list with the remote, as far as the client's options want it. */
export class Wanted {
	readonly #how: WantedOptions

	constructor(how: WantedOptions) {
		this.#how = how
	}

	/** Whether times of this type of file are kept. */
	keepsTime(row: number): boolean {
		const {options, files} = this.#how
		const type = typeOf(files.mode(row))
		if (!options.times) return false
		if (type === TYPE.directory) return !options.omitDirTimes
		return type === TYPE.symlink ? !options.omitLinkTimes : true
	}

	uid(row: number): number {
		const {files, users, mapUser} = this.#how
		const uid = files.uid(row)
		return mapUser ? mapUser(uid, users.get(uid)).id : uid
	}

	gid(row: number): number {
		const {files, groups, mapGroup} = this.#how
		const gid = files.gid(row)
		return mapGroup ? mapGroup(gid, groups.get(gid)).id : gid
	}

	/** Nanoseconds since the epoch. */
	#mtime(row: number): bigint {
		const {files} = this.#how
		return BigInt(files.mtime(row)) * BILLION + BigInt(files.nsec(row))
	}

	#timeDiffers(row: number, there: bigint): boolean {
		const seconds = Number(there / BILLION) - (there % BILLION < 0n ? 1 : 0)
		return this.#isOtherTime(row, seconds, Number(there - BigInt(seconds) * BILLION))
	}

	#isOtherTime(row: number, seconds: number, nanoseconds: number): boolean {
		const {files, options} = this.#how
		const window = options.modifyWindow
		if (window < 0) return files.mtime(row) !== seconds || files.nsec(row) !== nanoseconds
		return Math.abs(files.mtime(row) - seconds) > window
	}

	/** Whether what is there is newer (-u). */
	isOlder(row: number, {attributes: {mtime = 0n}}: Found): boolean {
		const {files, options} = this.#how
		return files.mtime(row) - Number(mtime / BILLION) < -Math.max(0, options.modifyWindow)
	}

	/** Whether the content is taken for the same, by what the options say that shows it. */
	sameContent(row: number, found: Found): boolean {
		const {files, options} = this.#how
		if (files.size(row) !== found.size) return false
		if (options.checksum) {
			const sum = files.sum(row)
			return sum !== undefined && found.md5 !== undefined && sum.toString('hex') === found.md5
		}
		if (options.sizeOnly) return true
		if (options.ignoreTimes) return false
		return !this.#timeDiffers(row, found.attributes.mtime ?? 0n)
	}

	/** Whether the options let the words of an index say that a plain file is as the list has it, and they do. */
	isSettled(row: number, index: IndexFile, at: number): boolean {
		const {options, files, self} = this.#how
		if (options.checksum || options.ignoreTimes) return false
		const mode = files.mode(row)
		if (typeOf(mode) !== TYPE.file || files.size(row) !== index.size(at)) return false
		const looksAtTime = !options.sizeOnly || options.times
		if (looksAtTime && this.#isOtherTime(row, index.seconds(at), index.nanoseconds(at))) return false
		const bits = options.perms ? PERMISSIONS : options.executability ? 0o111 : 0
		if ((mode ^ index.mode(at)) & bits) return false
		if (options.owner && ownerOr(index.uid(at), self.uid) !== this.uid(row)) return false
		return !options.group || ownerOr(index.gid(at), self.gid) === this.gid(row)
	}

	/** What differs, as bits of an item; of attributes only. `transfer`: its content comes anyway. */
	differences(row: number, found: Found, transfer: boolean, changed: boolean): number {
		const {options, files, self} = this.#how
		const {attributes, size} = found
		const mode = files.mode(row)
		let flags = 0
		if (typeOf(mode) === TYPE.file && files.size(row) !== size) flags |= ITEM.size
		if (this.keepsTime(row) ? this.#timeDiffers(row, attributes.mtime ?? 0n) : transfer || changed)
			flags |= ITEM.time
		if (typeOf(mode) !== TYPE.symlink) {
			const there = attributes.mode ?? 0
			if (options.perms) flags |= (there ^ mode) & PERMISSIONS ? ITEM.perms : 0
			else if (options.executability && typeOf(mode) === TYPE.file)
				flags |= Boolean(there & 0o111) === Boolean(mode & 0o111) ? 0 : ITEM.perms
		}
		if (options.owner && (attributes.uid ?? self.uid) !== this.uid(row)) flags |= ITEM.owner
		if (options.group && (attributes.gid ?? self.gid) !== this.gid(row)) flags |= ITEM.group
		return flags
	}

	/** The file as its object shall say it is. `found` is what is there, whose attributes stay where none are sent. */
	local(row: number, found: Found | undefined, extra: LocalExtra): Local {
		const {options, files, self} = this.#how
		const {rdev} = files.rare(row)
		const was: Known = found?.attributes ?? {}
		return {
			mode: this.#mode(row, was.mode),
			size: extra.size ?? files.size(row),
			mtime: this.keepsTime(row) ? this.#mtime(row) : extra.isNew ? now() : (was.mtime ?? now()),
			ctime: 0n,
			ino: 0n,
			uid: options.owner ? this.uid(row) : (was.uid ?? self.uid),
			gid: options.group ? this.gid(row) : (was.gid ?? self.gid),
			md5: extra.md5,
			rdev: rdev && isNode(files.mode(row)) ? `${rdev.major}:${rdev.minor}` : undefined,
			link: extra.link,
			xattrs: extra.xattrs && digestOf(extra.xattrs),
		}
	}

	#mode(row: number, was: number | undefined): number {
		const {options, files, umask} = this.#how
		const mode = files.mode(row)
		if (options.perms || typeOf(mode) === TYPE.symlink) return mode
		const isSame = was !== undefined && typeOf(was) === typeOf(mode)
		const bits = isSame ? was & PERMISSIONS : mode & 0o777 & ~umask
		if (!options.executability || typeOf(mode) !== TYPE.file) return (mode & ~PERMISSIONS) | bits
		const executable = mode & 0o111 ? bits | ((bits & 0o444) >> 2) : bits & ~0o111
		return (mode & ~PERMISSIONS) | (bits & 0o111 && mode & 0o111 ? bits : executable)
	}
}

export type LocalExtra = {
	/** The content is written now. */
	readonly isNew: boolean
	/** Where it is another than that of the list. */
	readonly size?: number | undefined
	/** MD5 of the content in hex. */
	readonly md5?: string | undefined
	readonly link?: string | undefined
	readonly xattrs?: readonly Xattr[] | undefined
}

const now = (): bigint => BigInt(Date.now()) * 1_000_000n

const isNode = (mode: number): boolean =>
	typeOf(mode) === TYPE.charDevice || typeOf(mode) === TYPE.blockDevice

/** Whether what is there is of the type that the list has. */
export const isSameType = (files: FileList, row: number, {path, attributes}: Found): boolean =>
	isDirectory(path) ? files.isDirectory(row) : typeOf(files.mode(row)) === typeOf(attributes.mode ?? 0)
