// The list of files that both sides hold, in columns: a million names fit. Rows are in the order in which they
// were sent; flist-order.ts has that in which both sides number them.

import {nameOf, parentOf, type Path, ROOT} from '../../base/path.ts'
import {typeOf, TYPE} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'
import {byPath, numbered} from './flist-order.ts'

/** One entry, as it is on the wire. */
export type FlistEntry = {
	/** As everywhere in s3r: below the root of the transfer, a directory's with its '/', the root itself './'. */
	readonly path: Path
	readonly mode: number
	readonly size: number
	/** Seconds since the epoch, and nanoseconds. */
	readonly mtime: number
	readonly nsec: number
	readonly uid: number
	readonly gid: number
	/** Seconds since the epoch (-U). */
	readonly atime?: number | undefined
	/** Was named by the user. */
	readonly top?: boolean | undefined
	/** A directory whose content is in the list too. */
	readonly content?: boolean | undefined
	/** Has other names. */
	readonly linked?: boolean | undefined
	/** The row of the first name of this file, where this is another one. */
	readonly first?: number | undefined
	readonly rdev?: {readonly major: number; readonly minor: number} | undefined
	/** A symlink's target, a byte string. */
	readonly target?: string | undefined
	/** The checksum of the content (-c). */
	readonly sum?: Buffer | undefined
	/** Extended attributes, and ACLs in the kernel's form. */
	readonly xattrs?: readonly WireXattr[] | undefined
}

/** An extended attribute; where its value is long only the MD5 of that is in the list. */
export type WireXattr = readonly [name: Xattr[0], value: Buffer, isDigest?: boolean]

const FLAG = {top: 1, content: 2, linked: 4, dropped: 8} as const

/** What few entries have. */
type Rare = Pick<FlistEntry, 'atime' | 'first' | 'rdev' | 'target' | 'xattrs'>

/** Rows in one block of columns: blocks are added, so that nothing is copied when a list grows. */
const BLOCK_BITS = 14
const BLOCK = 1 << BLOCK_BITS
/** Bytes in one block of names; no name goes over its end. */
const NAMES = 1 << 20

/** In place of the directory that the root itself does not lie in. */
const ROOT_DIRECTORY = 0xffffffff

export class FileList {
	/** Directories that entries lie in, each with its final '/' ('' for the root's own). */
	readonly #directories: Path[] = []
	readonly #ids = new Map<Path, number>()
	readonly #names: Buffer[] = []
	/** Where the next name goes. */
	#nameAt = 0
	/** Owners that occur, as pairs of uid and gid. */
	readonly #owners: [uid: number, gid: number][] = []
	readonly #ownerIds = new Map<string, number>()
	#lastOwner = 0
	readonly #rare = new Map<number, Rare>()
	readonly #sums = new Map<number, string>()
	#count = 0
	readonly #words: Uint32Array[] = []
	readonly #numbers: Float64Array[] = []
	#last: {path: Path; id: number} = {path: '', id: -1}

	/** Rows. */
	get count(): number {
		return this.#count
	}

	add(entry: FlistEntry): number {
		const row = this.#count++
		const at = (row & (BLOCK - 1)) * WORDS
		if (at === 0) {
			this.#words.push(new Uint32Array(BLOCK * WORDS))
			this.#numbers.push(new Float64Array(BLOCK * 2))
		}
		const words = this.#words[row >> BLOCK_BITS] ?? NONE
		const numbers = this.#numbers[row >> BLOCK_BITS]
		const name = nameOf(entry.path)
		words[at + W.directory] = entry.path === ROOT ? ROOT_DIRECTORY : this.#directory(parentOf(entry.path))
		words[at + W.name] = this.#keep(name)
		words[at + W.mode] = (name.length << 16) | entry.mode
		words[at + W.nsec] = entry.nsec
		words[at + W.owner] =
			(this.#owner(entry.uid, entry.gid) << 8) |
			(entry.top ? FLAG.top : 0) |
			(entry.content ? FLAG.content : 0) |
			(entry.linked ? FLAG.linked : 0)
		if (numbers) {
			numbers[(row & (BLOCK - 1)) * 2] = entry.size
			numbers[(row & (BLOCK - 1)) * 2 + 1] = entry.mtime
		}
		const {atime, first, rdev, target, xattrs, sum} = entry
		if (target !== undefined || first !== undefined || rdev || xattrs?.length || atime !== undefined)
			this.#rare.set(row, {atime, first, rdev, target, xattrs})
		if (sum) this.#sums.set(row, sum.toString('latin1'))
		return row
	}

	/** Keeps a name, and says where. */
	#keep(name: Path): number {
		if ((this.#nameAt & (NAMES - 1)) + name.length > NAMES || this.#names.length === 0) {
			this.#nameAt = this.#names.length * NAMES
			this.#names.push(Buffer.allocUnsafeSlow(NAMES))
		}
		const at = this.#nameAt
		this.#names.at(-1)?.write(name, at & (NAMES - 1), 'latin1')
		this.#nameAt += name.length
		// a block that is full to its last byte is not the beginning of the next one
		if ((this.#nameAt & (NAMES - 1)) === 0) this.#names.push(Buffer.allocUnsafeSlow(NAMES))
		return at
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
		return this.#words[row >> BLOCK_BITS]?.[(row & (BLOCK - 1)) * WORDS + word] ?? 0
	}

	/** The last part of the path, without a '/'. */
	name(row: number): Path {
		const at = this.#word(row, W.name)
		const from = at & (NAMES - 1)
		const length = this.#word(row, W.mode) >>> 16
		return this.#names[Math.floor(at / NAMES)]?.toString('latin1', from, from + length) ?? ''
	}

	mode(row: number): number {
		return this.#word(row, W.mode) & 0xffff
	}

	isDirectory(row: number): boolean {
		return typeOf(this.mode(row)) === TYPE.directory
	}

	size(row: number): number {
		return this.#numbers[row >> BLOCK_BITS]?.[(row & (BLOCK - 1)) * 2] ?? 0
	}

	/** Seconds since the epoch. */
	mtime(row: number): number {
		return this.#numbers[row >> BLOCK_BITS]?.[(row & (BLOCK - 1)) * 2 + 1] ?? 0
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
		return (this.#word(row, W.owner) & FLAG.top) !== 0
	}

	hasContent(row: number): boolean {
		return (this.#word(row, W.owner) & FLAG.content) !== 0
	}

	isLinked(row: number): boolean {
		return (this.#word(row, W.owner) & FLAG.linked) !== 0
	}

	/** A second entry of one name: it keeps its number, and nothing is done for it. */
	isDropped(row: number): boolean {
		return (this.#word(row, W.owner) & FLAG.dropped) !== 0
	}

	drop(row: number): void {
		const words = this.#words[row >> BLOCK_BITS]
		if (words) words[(row & (BLOCK - 1)) * WORDS + W.owner] = this.#word(row, W.owner) | FLAG.dropped
	}

	rare(row: number): Rare {
		return this.#rare.get(row) ?? {}
	}

	sum(row: number): Buffer | undefined {
		const sum = this.#sums.get(row)
		return sum === undefined ? undefined : Buffer.from(sum, 'latin1')
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
} as const
const WORDS = 5
const NONE = new Uint32Array(0)
