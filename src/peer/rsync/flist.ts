// The list of files that both sides hold, in columns: a million names fit. Rows are in the order in which they
// were sent; flist-order.ts has that in which both sides number them.

import {nameOf, parentOf, type Path, ROOT} from '../../base/path.ts'
import {typeOf, TYPE} from '../../format/entry.ts'
import {Column, Texts} from './columns.ts'
import type {FlistEntry, WireXattr} from './flist-entry.ts'
import {byPath, numbered} from './flist-order.ts'

const FLAG = {
	top: 1,
	content: 2,
	linked: 4,
	dropped: 8,
	atime: 16,
	first: 32,
	target: 64,
	xattrs: 128,
} as const
/** Of an entry that has any of what few have. */
const RARE = FLAG.atime | FLAG.first | FLAG.target | FLAG.xattrs

/** What few entries have. */
type Rare = Pick<FlistEntry, 'atime' | 'first' | 'rdev' | 'target' | 'xattrs'>
const NOTHING: Rare = {}
const SLASH = 0x2f

/** In place of the directory that the root itself does not lie in. */
const ROOT_DIRECTORY = 0xffffffff

export class FileList {
	/** Directories that entries lie in, each with its final '/' ('' for the root's own). */
	readonly #directories: Path[] = []
	readonly #ids = new Map<Path, number>()
	/** Names, targets and sums. */
	readonly #texts = new Texts()
	/** Owners that occur, as pairs of uid and gid. */
	readonly #owners: [uid: number, gid: number][] = []
	readonly #ownerIds = new Map<string, number>()
	#lastOwner = 0
	#count = 0
	readonly #words = new Column(Uint32Array, WORDS)
	/** Sizes and times that 32 bits do not hold. */
	readonly #sizes = new Map<number, number>()
	readonly #mtimes = new Map<number, number>()
	readonly #atimes = new Column(Float64Array)
	readonly #firsts = new Column(Uint32Array)
	readonly #targets = new Column(Uint32Array, 2)
	/** Places of texts, plus one: 0 is none. */
	readonly #sums = new Column(Uint32Array)
	#sumLength = 0
	readonly #devices = new Map<number, FlistEntry['rdev']>()
	/** Sets of attributes, many of which are those of many entries. */
	readonly #sets: (readonly WireXattr[])[] = []
	readonly #setIds = new Map<readonly WireXattr[], number>()
	readonly #setOf = new Column(Uint32Array)
	#last: {path: Path; id: number} = {path: '', id: -1}

	/** Rows. */
	get count(): number {
		return this.#count
	}

	add(entry: FlistEntry): number {
		const row = this.#count++
		const {path, atime, first, rdev, target, xattrs, sum} = entry
		const name = nameOf(path)
		const words = this.#words
		words.set(row, W.directory, path === ROOT ? ROOT_DIRECTORY : this.#directory(parentOf(path)))
		words.set(row, W.name, this.#texts.keep(name))
		words.set(row, W.mode, (name.length << 16) | entry.mode)
		words.set(row, W.nsec, entry.nsec)
		if (isWord(entry.size)) words.set(row, W.size, entry.size)
		else this.#sizes.set(row, entry.size)
		if (isWord(entry.mtime)) words.set(row, W.mtime, entry.mtime)
		else this.#mtimes.set(row, entry.mtime)
		let flags =
			(entry.top ? FLAG.top : 0) | (entry.content ? FLAG.content : 0) | (entry.linked ? FLAG.linked : 0)
		if (atime !== undefined) {
			flags |= FLAG.atime
			this.#atimes.set(row, 0, atime)
		}
		if (first !== undefined) {
			flags |= FLAG.first
			this.#firsts.set(row, 0, first)
		}
		if (target !== undefined) {
			flags |= FLAG.target
			this.#targets.set(row, 0, this.#texts.keep(target))
			this.#targets.set(row, 1, target.length)
		}
		if (xattrs?.length) {
			flags |= FLAG.xattrs
			this.#setOf.set(row, 0, this.#set(xattrs))
		}
		if (rdev) this.#devices.set(row, rdev)
		if (sum) {
			this.#sums.set(row, 0, this.#texts.keep(sum.toString('latin1')) + 1)
			this.#sumLength = sum.length
		}
		words.set(row, W.owner, (this.#owner(entry.uid, entry.gid) << 8) | flags)
		return row
	}

	#set(xattrs: readonly WireXattr[]): number {
		const known = this.#setIds.get(xattrs)
		if (known !== undefined) return known
		const id = this.#sets.push(xattrs) - 1
		this.#setIds.set(xattrs, id)
		return id
	}

	#owner(uid: number, gid: number): number {
		const last = this.#owners[this.#lastOwner]
		if (last && last[0] === uid && last[1] === gid) return this.#lastOwner
		const known = this.#ownerIds.get(`${uid}:${gid}`)
		this.#lastOwner = known ?? this.#owners.push([uid, gid]) - 1
		if (known === undefined) this.#ownerIds.set(`${uid}:${gid}`, this.#lastOwner)
		return this.#lastOwner
	}

	#directory(path: Path): number {
		if (path === this.#last.path && this.#last.id >= 0) return this.#last.id
		let id = this.#ids.get(path)
		if (id === undefined) {
			id = this.#directories.push(path) - 1
			this.#ids.set(path, id)
		}
		this.#last = {path, id}
		return id
	}

	#word(row: number, word: number): number {
		return this.#words.get(row, word)
	}

	#has(row: number, flag: number): boolean {
		return (this.#word(row, W.owner) & flag) !== 0
	}

	/** The last part of the path, without a '/'. */
	name(row: number): Path {
		return this.#texts.at(this.#word(row, W.name), this.#word(row, W.mode) >>> 16)
	}

	/** Byte order of the names of two rows, a directory's with its '/': negative, zero or positive. */
	compareNames(a: number, b: number): number {
		const [one, other] = [this.#word(a, W.mode) >>> 16, this.#word(b, W.mode) >>> 16]
		const length = Math.min(one, other)
		const [placeA, placeB] = [this.#word(a, W.name), this.#word(b, W.name)]
		/** What comes behind the bytes that both have. */
		const next = (row: number, place: number, own: number): number =>
			own > length ? this.#texts.byte(place + length) : this.isDirectory(row) ? SLASH : -1
		return (
			this.#texts.compare(placeA, placeB, length) ||
			next(a, placeA, one) - next(b, placeB, other) ||
			one - other
		)
	}

	mode(row: number): number {
		return this.#word(row, W.mode) & 0xffff
	}

	isDirectory(row: number): boolean {
		return typeOf(this.mode(row)) === TYPE.directory
	}

	size(row: number): number {
		return (this.#sizes.size > 0 ? this.#sizes.get(row) : undefined) ?? this.#word(row, W.size)
	}

	/** Seconds since the epoch. */
	mtime(row: number): number {
		return (this.#mtimes.size > 0 ? this.#mtimes.get(row) : undefined) ?? this.#word(row, W.mtime)
	}

	nsec(row: number): number {
		return this.#word(row, W.nsec)
	}

	uid(row: number): number {
		return this.#owners[this.#word(row, W.owner) >>> 8]?.[0] ?? 0
	}

	gid(row: number): number {
		return this.#owners[this.#word(row, W.owner) >>> 8]?.[1] ?? 0
	}

	isTop(row: number): boolean {
		return this.#has(row, FLAG.top)
	}

	hasContent(row: number): boolean {
		return this.#has(row, FLAG.content)
	}

	isLinked(row: number): boolean {
		return this.#has(row, FLAG.linked)
	}

	/** A second entry of one name: it keeps its number, and nothing is done for it. */
	isDropped(row: number): boolean {
		return this.#has(row, FLAG.dropped)
	}

	drop(row: number): void {
		this.#words.set(row, W.owner, this.#word(row, W.owner) | FLAG.dropped)
	}

	rare(row: number): Rare {
		const rdev = this.#devices.size > 0 ? this.#devices.get(row) : undefined
		if (!this.#has(row, RARE) && !rdev) return NOTHING
		return {
			atime: this.#has(row, FLAG.atime) ? this.#atimes.get(row) : undefined,
			first: this.#has(row, FLAG.first) ? this.#firsts.get(row) : undefined,
			rdev,
			target: this.#has(row, FLAG.target)
				? this.#texts.at(this.#targets.get(row, 0), this.#targets.get(row, 1))
				: undefined,
			xattrs: this.#has(row, FLAG.xattrs) ? this.#sets[this.#setOf.get(row)] : undefined,
		}
	}

	sum(row: number): Buffer | undefined {
		const place = this.#sums.get(row)
		return place === 0 ? undefined : Buffer.from(this.#texts.at(place - 1, this.#sumLength), 'latin1')
	}

	/** The number of the directory that an entry lies in; undefined for the root itself. */
	directoryOf(row: number): number | undefined {
		const directory = this.#word(row, W.directory)
		return directory === ROOT_DIRECTORY ? undefined : directory
	}

	/** Directories that entries lie in, by their numbers. */
	get directories(): readonly Path[] {
		return this.#directories
	}

	/** The number of a directory that entries lie in. */
	directoryNumber(directory: Path): number | undefined {
		return this.#ids.get(directory)
	}

	path(row: number): Path {
		const directory = this.#word(row, W.directory)
		if (directory === ROOT_DIRECTORY) return ROOT
		const path = (this.#directories[directory] ?? '') + this.name(row)
		return this.isDirectory(row) ? `${path}/` : path
	}

	entry(row: number): FlistEntry {
		return {
			path: this.path(row),
			mode: this.mode(row),
			size: this.size(row),
			mtime: this.mtime(row),
			nsec: this.nsec(row),
			uid: this.uid(row),
			gid: this.gid(row),
			top: this.isTop(row),
			content: this.hasContent(row),
			linked: this.isLinked(row),
			sum: this.sum(row),
			...this.rare(row),
		}
	}

	/** The rows by their numbers. Of two with one name the later is dropped, and keeps its number. */
	numbered(protocol: number): Uint32Array {
		return numbered(this, protocol)
	}

	/** The rows in the byte order of their paths, which is that of a listing; second entries of a name left out. */
	byPath(): Uint32Array {
		return byPath(this)
	}
}

/** The words of an entry. */
const W = {
	directory: 0,
	name: 1,
	/** Low half: the mode; high half: the length of the name. */
	mode: 2,
	nsec: 3,
	/** The lowest byte: flags; the others: the number of the owners. */
	owner: 4,
	size: 5,
	mtime: 6,
} as const
const WORDS = 7

const isWord = (value: number): boolean => value >>> 0 === value
