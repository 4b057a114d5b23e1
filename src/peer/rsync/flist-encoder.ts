// Entries of the file list -> bytes; of their attributes see flist-attributes.ts. See s3r-rsync(5), FILE LIST.

import {ROOT, withoutSlash} from '../../base/path.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {FlistEntry} from './flist-entry.ts'
import {AttributesEncoder} from './flist-attributes.ts'
import {before, type FlistForm, hasNumbers, XMIT} from './flist-wire.ts'
import type {Output} from './output.ts'

export class FlistEncoder {
	readonly #form: FlistForm
	readonly #previous = before()
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
		previous.name = name
		previous.mode = mode
		previous.mtime = mtime
		previous.uid = uid
		previous.gid = gid
		previous.major = major
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
