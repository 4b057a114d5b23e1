// The list of files that both sides hold, in columns: a million names fit. Rows are in the order in which they
// were sent; `order` is that in which both sides number them.

import {nameOf, parentOf, type Path, ROOT, withoutSlash} from '../../base/path.ts'
import {typeOf, TYPE} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'

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

	#name(row: number): Path {
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

	path(row: number): Path {
		const directory = this.#word(row, W.directory)
		if (directory === ROOT_DIRECTORY) return ROOT
		const path = (this.#directories[directory] ?? '') + this.#name(row)
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

	/**
	 * The rows by their numbers. In a directory all that are none come first, then each directory with what is in
	 * it, by bytes, a directory's name with its '/'. Of two with one name the later is dropped, and keeps its number.
	 */
	numbered(protocol: number): Uint32Array {
		return protocol < 29 ? this.#sortPlainly() : this.#sortByDirectory()
	}

	#sortPlainly(): Uint32Array {
		const names = Array.from({length: this.#count}, (_, row) => withoutSlash(this.path(row)))
		const order = Uint32Array.from(names.keys()).toSorted(
			(a, b) => compare(names[a] ?? '', names[b] ?? '') || a - b,
		)
		order.forEach((row, i) => {
			if (i > 0 && names[row] === names[order[i - 1] ?? -1]) this.drop(row)
		})
		return order
	}

	#sortByDirectory(): Uint32Array {
		const order = new Uint32Array(this.#count)
		let at = 0
		for (const row of this.#walk(true)) order[at++] = row
		return order
	}

	/** The rows in the byte order of their paths, which is that of a listing; second entries of a name left out. */
	byPath(): Uint32Array {
		const order = new Uint32Array(this.#count)
		let at = 0
		for (const row of this.#walk(false)) if (!this.isDropped(row)) order[at++] = row
		return order.subarray(0, at)
	}

	/** The rows, each directory before what is in it; what is none before all directories, or by its name among them. */
	*#walk(filesFirst: boolean): Iterable<number> {
		const {starts, rows} = this.#grouped()
		const below = this.#subdirectories()
		let root: number | undefined
		for (let row = 0; row < this.#count; row++) {
			if (this.#word(row, W.directory) !== ROOT_DIRECTORY) continue
			if (root !== undefined) this.drop(row)
			root ??= row
			yield row
		}
		const stack: Step[] = [{directory: ''}]
		for (let step = stack.pop(); step; step = stack.pop()) {
			if (step.row !== undefined) {
				yield step.row
				for (const row of step.same ?? []) yield row
			}
			if (step.directory === undefined) continue
			const id = this.#ids.get(step.directory)
			const own = id === undefined ? [] : [...rows.subarray(starts[id], starts[id + 1])]
			const steps = this.#steps(step.directory, own, below.get(step.directory) ?? [])
			const order = (a: Step, b: Step) =>
				(filesFirst ? Number(a.directory !== undefined) - Number(b.directory !== undefined) : 0) ||
				compare(a.name ?? '', b.name ?? '')
			for (const next of steps.toSorted((a, b) => order(b, a))) stack.push(next)
		}
	}

	/** What is to be walked in a directory: its entries, and directories that have none and something in them. */
	#steps(directory: Path, own: readonly number[], below: readonly Path[]): Step[] {
		const steps = new Map<string, Step>()
		for (const row of own) {
			const isDirectory = this.isDirectory(row)
			const name = isDirectory ? `${this.#name(row)}/` : this.#name(row)
			const same = steps.get(name)
			if (same) {
				this.drop(row)
				;(same.same ??= []).push(row)
			} else steps.set(name, {name, row, directory: isDirectory ? directory + name : undefined})
		}
		for (const path of below) {
			const name = path.slice(directory.length)
			if (!steps.has(name)) steps.set(name, {name, directory: path})
		}
		return [...steps.values()]
	}

	/** The rows of each directory, behind one another. */
	#grouped(): {starts: Uint32Array; rows: Uint32Array} {
		const starts = new Uint32Array(this.#directories.length + 1)
		for (let row = 0; row < this.#count; row++) {
			const id = this.#word(row, W.directory)
			if (id !== ROOT_DIRECTORY) starts[id + 1] = (starts[id + 1] ?? 0) + 1
		}
		for (let id = 0; id < this.#directories.length; id++)
			starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0)
		const rows = new Uint32Array(this.#count)
		const next = starts.slice()
		for (let row = 0; row < this.#count; row++) {
			const id = this.#word(row, W.directory)
			if (id === ROOT_DIRECTORY) continue
			rows[next[id] ?? 0] = row
			next[id] = (next[id] ?? 0) + 1
		}
		return {starts, rows}
	}

	/** Directories that something lies in, and those above them, by the directory that they lie in. */
	#subdirectories(): Map<Path, Path[]> {
		const below = new Map<Path, Path[]>()
		const known = new Set<Path>([''])
		for (const directory of this.#directories)
			for (let path = directory; !known.has(path);) {
				known.add(path)
				const above = parentOf(path)
				const children = below.get(above)
				if (children) children.push(path)
				else below.set(above, [path])
				path = above
			}
		return below
	}
}

/** An entry or a directory whose turn is to come. */
type Step = {
	readonly name?: string
	readonly row?: number
	/** Where what is in it is to be walked. */
	readonly directory?: Path | undefined
	/** Further entries of the same name. */
	same?: number[]
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

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
