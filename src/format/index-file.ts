// The index in memory: one buffer, whose entries are decoded only when they are asked for.
//
// An IndexFile is what was read from disk or what an IndexBuilder finished. Entries are in the
// order of their paths. Those that exist may be replaced in place; new ones need a merge
// (index-builder.ts).

import {comparePaths, type Path} from '../base/path.ts'
import {type Base, type Entry, type Local, type RemoteSide, S_IFMT, TYPE} from './entry.ts'
import {IndexColumns, type Sections} from './index-columns.ts'
import {decodeExtra, type Extra, parseWas} from './index-extra.ts'
import {biased, F, packedHigh, packedLow, W} from './index-layout.ts'
import {secondsAt, type StatxWords, X} from './statx.ts'

/** A file that a walk has come to, with its name as bytes. */
export type FoundPath = {
	readonly path: Path
	/** What leads to it: '', or with a final '/'. */
	readonly directory: Path
	/** The rest of the path, with a NUL at its end, begins at `start`. */
	readonly bytes: Buffer
	readonly start: number
}

/** Rows that follow one another, as an index of their own; `first` is the number of its first row. */
export type Window = {readonly first: number; readonly index: IndexFile}

/** The same of which only the words of each row were read: they refer to nothing. */
export type Bare = {
	readonly first: number
	readonly index: Pick<
		IndexFile,
		'count' | 'flags' | 'outOfSync' | 'hasLocal' | 'hasMd5' | 'someRemote' | 'mode' | 'size'
	>
}

/** What can be asked of the rows of an index, wherever they lie. */
export type IndexRows = Pick<
	IndexFile,
	| 'count'
	| 'scanned'
	| 'device'
	| 'scannedSeconds'
	| 'path'
	| 'find'
	| 'entry'
	| 'flags'
	| 'inSync'
	| 'outOfSync'
	| 'hasLocal'
	| 'hasRemote'
	| 'hasMd5'
	| 'someRemote'
	| 'ctime'
	| 'matches'
	| 'comparePath'
	| 'localMd5'
	| 'writeLocalMd5'
	| 'baseMd5'
> & {
	/** The rows around a row; valid until the next call of any method. */
	window(row: number): Window
	/** As `window`, for who goes through all rows to find those of a kind: it takes a third of the time. */
	bare(row: number): Bare
}

/** An index whose rows can be replaced. */
export type Index = IndexRows &
	Pick<IndexFile, 'wasReplaced' | 'replace'> & {
		/** The same rows, of another scan. */
		at(when: Pick<Sections, 'scanned' | 'device'>): Index
	}

/** Rows to either side of one that are near it. */
const NEAR = 128

export class IndexFile extends IndexColumns {
	/** The row that was last found. */
	#found = 0
	readonly #window: Window = {first: 0, index: this}

	/** Whether any entry has a remote side. */
	someRemote(): boolean {
		for (let row = 0; row < this.count; row++) if (this.hasRemote(row)) return true
		return false
	}

	/** Whether the local side of entry `row` was just this when it was last looked at. */
	matches(row: number, stat: StatxWords): boolean {
		if (!this.hasLocal(row)) return false
		const modeSize = this.word(row, W.modeSize)
		const mode = (stat[X.mode] as number) & 0xffff
		const owner = this.word(row, W.owner) * 2
		const isDirectory = (mode & S_IFMT) === TYPE.directory << 12
		return (
			this.#isTime(row, W.ctime, stat, X.ctime) &&
			this.#isTime(row, W.mtime, stat, X.mtime) &&
			(modeSize & 0xffff) === mode &&
			(isDirectory || (this.word(row, W.size) === stat[X.size] && modeSize >>> 16 === stat[X.size + 1])) &&
			this.word(row, W.ino) === stat[X.ino] &&
			this.word(row, W.ino + 1) === stat[X.ino + 1] &&
			this.owners[owner] === stat[X.uid] &&
			this.owners[owner + 1] === stat[X.gid]
		)
	}

	#isTime(row: number, word: number, stat: StatxWords, at: number): boolean {
		const seconds = biased(secondsAt(stat, at))
		return (
			this.word(row, word) === packedLow(seconds, stat[at + 2] as number) &&
			this.word(row, word + 1) === packedHigh(seconds)
		)
	}

	/** Byte order of the path of entry `row` and that of a file: negative, zero or positive. */
	comparePath(row: number, found: FoundPath): number {
		return this.directory(row) === found.directory
			? this.#compareName(row, found)
			: comparePaths(this.path(row), found.path)
	}

	#compareName(row: number, {bytes, start}: FoundPath): number {
		const from = this.word(row, W.name)
		const length = this.word(row, W.lengthFlags) & 0xffff
		for (let i = 0; i < length; i++) {
			const order = (this.names[from + i] as number) - (bytes[start + i] as number)
			if (order !== 0) return order
		}
		return bytes[start + length] === 0 ? 0 : -1
	}

	/** The row of `path`, or, where there is none, -1 - the row it would be inserted before. */
	find(path: Path): number {
		let [low, high] = this.#around(path)
		while (low < high) {
			const middle = (low + high) >>> 1
			const here = this.path(middle)
			if (here === path) return (this.#found = middle)
			if (here < path) low = middle + 1
			else high = middle
		}
		return -1 - low
	}

	/** Rows between which `path` is: few where it lies near what was last found, as most of what is asked for does. */
	#around(path: Path): [low: number, high: number] {
		const low = Math.max(0, this.#found - NEAR)
		const high = Math.min(this.count, this.#found + NEAR)
		if (low >= high) return [0, this.count]
		return [this.path(low) <= path ? low : 0, this.path(high - 1) >= path ? high : this.count]
	}

	/** This index as a window of one on the disk. */
	window(): Window {
		return this.#window
	}

	/** The same: all of it is here. */
	bare(): Bare {
		return this.#window
	}

	#extra(row: number): Extra {
		return decodeExtra(this.extras, this.word(row, W.extra))
	}

	#local(row: number, flags: number, extra: Extra): Local {
		return {
			mode: this.mode(row),
			size: this.size(row),
			mtime: this.time(row, W.mtime),
			ctime: this.time(row, W.ctime),
			ino: (BigInt(this.word(row, W.ino + 1)) << 32n) | BigInt(this.word(row, W.ino)),
			uid: this.uid(row),
			gid: this.gid(row),
			md5: flags & F.md5 ? this.md5(row) : undefined,
			rdev: extra.rdev,
			link: extra.link,
			xattrs: extra.xattrs,
		}
	}

	/** The remote side of entry `row`, which is to have one. */
	remote(row: number): RemoteSide {
		return this.#remote(row, this.flags(row), this.#extra(row))
	}

	#remote(row: number, flags: number, extra: Extra): RemoteSide {
		return {
			etag: flags & F.etagIsMd5 ? this.md5(row) : (extra.etag ?? ''),
			size: flags & F.sameSize ? this.size(row) : (extra.remoteSize ?? 0),
			modified: this.word(row, W.modified) || undefined,
			bound: (flags & F.bound) !== 0,
			version: extra.version,
			alias: extra.alias,
			moved: (flags & F.moved) !== 0,
		}
	}

	#base(row: number, flags: number, extra: Extra): Base {
		const own = flags & F.md5 ? this.md5(row) : undefined
		return {
			type: flags >>> 12,
			md5: flags & F.sameContent ? own : extra.baseMd5,
			attrs: this.hex(row, W.base, 2),
			was: parseWas(extra.was),
		}
	}

	/** MD5 of what the remote of entry `row` holds, where it is a version that was ours. */
	baseMd5(row: number): string | undefined {
		const flags = this.flags(row)
		if (!(flags & F.remote) || !(flags & F.base) || flags & F.moved) return undefined
		return this.#base(row, flags, this.#extra(row)).md5
	}

	/** Decodes entry `row`. */
	entry(row: number): Entry {
		const flags = this.flags(row)
		const extra = this.#extra(row)
		const local = flags & F.local ? this.#local(row, flags, extra) : undefined
		const base = flags & F.base ? this.#base(row, flags, extra) : undefined
		const attrs = flags & F.sameAttrs ? base?.attrs : extra.attrs
		return {
			path: this.path(row),
			local,
			remote: flags & F.remote ? this.#remote(row, flags, extra) : undefined,
			base,
			attrs: local && attrs,
		}
	}

	/** The same index, of another scan. */
	at(when: Pick<Sections, 'scanned' | 'device'>): IndexFile {
		const {count, words, directories, owners, names, extras} = this
		const sections = {count, words, directories, owners, names, extras, ...when}
		return new IndexFile(sections, this.wasReplaced)
	}
}
