// An index in memory: one buffer of words, and what they refer to.

import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {Entry} from './entry.ts'
import {F, IN_SYNC, IN_SYNC_MASK, unpackSeconds, unpackTime, W, WORDS} from './index-layout.ts'
import {Heaps, writeEntry} from './index-write.ts'

/** The sections of an index, as IndexFile holds and IndexBuilder makes them. */
export type Sections = {
	readonly count: number
	/** When the scan began that this index is of: entries not older than this are racy. */
	readonly scanned: bigint
	/** st_dev of the root at that scan; 0 before the first. */
	readonly device: bigint
	/** Entries, WORDS words each. */
	readonly words: Uint32Array
	/** Pairs of offset and length in `names`. */
	readonly directories: Uint32Array
	/** Pairs of uid and gid. */
	readonly owners: Uint32Array
	readonly names: Buffer
	readonly extras: Buffer
}

const HEX = Buffer.from('0123456789abcdef')

/** What the words of a row say, one by one; index-file.ts has what is asked of rows. */
export class IndexColumns implements Sections {
	readonly count: number
	readonly scanned: bigint
	readonly device: bigint
	readonly words: Uint32Array
	readonly directories: Uint32Array
	readonly names: Buffer
	/** Whole seconds of `scanned`. */
	readonly scannedSeconds: number
	/** What owners and extras are written into; most indexes are only read. */
	#heaps: Heaps | undefined
	readonly #owners: Uint32Array
	readonly #extras: Buffer
	/** The bytes of `words`. */
	readonly #bytes: Buffer
	/** The directory that was last asked for: most often the next is the same. */
	#lastNumber = -1
	#lastDirectory: Path = ''
	#wasReplaced: boolean

	constructor(s: Sections, wasReplaced = false) {
		this.count = s.count
		this.scanned = s.scanned
		this.device = s.device
		this.words = s.words
		this.directories = s.directories
		this.names = s.names
		this.scannedSeconds = Number(s.scanned / 1_000_000_000n)
		this.#bytes = Buffer.from(s.words.buffer, s.words.byteOffset, s.words.byteLength)
		this.#owners = s.owners
		this.#extras = s.extras
		this.#wasReplaced = wasReplaced
	}

	get owners(): Uint32Array {
		return this.#heaps === undefined ? this.#owners : this.#heaps.owners
	}

	get extras(): Buffer {
		return this.#heaps === undefined ? this.#extras : this.#heaps.extras
	}

	protected word(row: number, word: number): number {
		return this.words[row * WORDS + word] as number
	}

	/** The path of the directory that entry `row` lies in, '' for the root. */
	directory(row: number): Path {
		const number = this.word(row, W.directory)
		if (number !== this.#lastNumber) {
			const [from, length] = [this.directories[number * 2], this.directories[number * 2 + 1]]
			this.#lastDirectory = this.#text(from as number, length as number)
			this.#lastNumber = number
		}
		return this.#lastDirectory
	}

	/** The last component of the path, with a directory's '/'. */
	name(row: number): Path {
		return this.#text(this.word(row, W.name), this.word(row, W.lengthFlags) & 0xffff)
	}

	#text(from: number, length: number): Path {
		const end = from + length
		// of a directory that there is not it is NaN
		if (!(end <= this.names.length)) throw fatal('the index is corrupt: a name lies outside of it')
		return this.names.latin1Slice(from, end)
	}

	path(row: number): Path {
		return this.directory(row) + this.name(row)
	}

	flags(row: number): number {
		return this.word(row, W.lengthFlags) >>> 16
	}

	hasLocal(row: number): boolean {
		return (this.flags(row) & F.local) !== 0
	}

	hasRemote(row: number): boolean {
		return (this.flags(row) & F.remote) !== 0
	}

	/** Whether the content of the local side of entry `row` is known. */
	hasMd5(row: number): boolean {
		return (this.flags(row) & F.md5) !== 0
	}

	/** The ctime of the local side of entry `row`. */
	ctime(row: number): bigint {
		return this.time(row, W.ctime)
	}

	/** Whether both sides of entry `row` are the same, without decoding it. */
	inSync(row: number): boolean {
		return (this.flags(row) & IN_SYNC_MASK) === IN_SYNC
	}

	/** The first entry from `row` on of which both sides are not the same; `count` where there is none. */
	outOfSync(row: number): number {
		let next = row
		while (next < this.count && this.inSync(next)) next++
		return next
	}

	protected time(row: number, word: number): bigint {
		return unpackTime(this.word(row, word), this.word(row, word + 1))
	}

	/** The mtime of the local side of entry `row`. */
	mtime(row: number): bigint {
		return this.time(row, W.mtime)
	}

	/** Seconds of the local side's mtime since the epoch; nanoseconds() has the rest of it. */
	seconds(row: number): number {
		return unpackSeconds(this.word(row, W.mtime), this.word(row, W.mtime + 1))
	}

	nanoseconds(row: number): number {
		return this.word(row, W.mtime) & 0x3fffffff
	}

	/** st_mode of the local side, as the following ones are of it. */
	mode(row: number): number {
		return this.word(row, W.modeSize) & 0xffff
	}

	size(row: number): number {
		return (this.word(row, W.modeSize) >>> 16) * 2 ** 32 + this.word(row, W.size)
	}

	uid(row: number): number {
		return this.owners[this.word(row, W.owner) * 2] ?? 0
	}

	gid(row: number): number {
		return this.owners[this.word(row, W.owner) * 2 + 1] ?? 0
	}

	/** Whether entry `row` has no extra: a file without links, xattrs and device numbers, whose ETag is its MD5. */
	isPlain(row: number): boolean {
		return this.word(row, W.extra) === 0
	}

	protected md5(row: number): string {
		return this.hex(row, W.md5, 4)
	}

	/** So many words of entry `row`, in hex. */
	protected hex(row: number, word: number, count: number): string {
		const at = (row * WORDS + word) * 4
		return this.#bytes.hexSlice(at, at + count * 4)
	}

	/** MD5 of the local side of entry `row`; undefined where it has none. */
	localMd5(row: number): string | undefined {
		return (this.flags(row) & (F.local | F.md5)) === (F.local | F.md5) ? this.md5(row) : undefined
	}

	/** Writes the MD5 of the local side of entry `row` in hex; returns where it ends, `at` where it has none. */
	writeLocalMd5(row: number, into: Buffer, at: number): number {
		if ((this.flags(row) & (F.local | F.md5)) !== (F.local | F.md5)) return at
		const from = (row * WORDS + W.md5) * 4
		for (let i = 0; i < 16; i++) {
			const byte = this.#bytes[from + i] as number
			into[at + 2 * i] = HEX[byte >>> 4] as number
			into[at + 2 * i + 1] = HEX[byte & 15] as number
		}
		return at + 32
	}

	/** Whether an entry was replaced, so that the heaps hold what nobody refers to, or an entry says nothing any more. */
	get wasReplaced(): boolean {
		return this.#wasReplaced
	}

	/** Replaces entry `row`; the path is not looked at. */
	replace(row: number, entry: Entry): void {
		this.#wasReplaced = true
		this.#heaps ??= new Heaps(this.#owners, this.#extras)
		writeEntry(this.words, row * WORDS, entry, this.#heaps)
	}
}
