// The names in directories, and lstat of the files that they name, one after the other. Where there are many and koffi is
// here, libc is asked by the directory's descriptor: 2 us a file, of which the kernel takes all but 0.2. Node takes the whole
// way to each file anew, and makes an object of each name and four dates of each answer.

import {closeSync, constants, openSync, readdirSync, type Dirent} from 'node:fs'
import {forFs, NAME_LIMIT, type Path} from '../base/path.ts'
import {isDirectoryMode} from '../format/mode.ts'
import type {Names} from './names.ts'
import {type Native, native} from './native.ts'
import {lstatExact} from './stat.ts'
import {Statx} from './statx.ts'

/** Files from which on it pays to load koffi, which takes 10 ms. */
const MANY = 4000
/** Files from which on it pays to have a thread, which takes 13 MiB and 40 ms. */
const VERY_MANY = 50_000
/** Directories that are open at once. */
const MOST_OPEN = 32
const SLASH = 0x2f
const DOT = 0x2e

/** Where a struct dirent64 has what is asked for: https://man7.org/linux/man-pages/man2/getdents.2.html */
const DIRENT = {length: 16, type: 18, name: 19} as const
const DT_UNKNOWN = 0
const DT_DIR = 4

export type LookupOptions = {
	/** How many files will be asked for, as far as that is known. */
	readonly expected?: number | undefined
}

export class Lookup {
	/** What was found of the file that was last looked at. */
	readonly stat = new Statx()
	/** Whether its name was that of a directory. */
	isNamedDirectory = false
	/** Takes the descriptors of directories that were left; without, they are closed at once. */
	retired: number[] | undefined
	readonly #name = Buffer.alloc(NAME_LIMIT + 1)
	/** Where that lies for libc. */
	#nameAt: number | undefined
	readonly #entries = Buffer.allocUnsafeSlow(1 << 15)
	readonly #expected: number
	#seen = 0
	/** Open directories: those on the way to the last one, for a walk comes back to them. */
	readonly #open = new Map<Path, number>()
	/** The directory that was last asked for, and its descriptor, if it could be opened. */
	#directory: Path | undefined
	#fd: number | undefined

	constructor({expected = 0}: LookupOptions = {}) {
		this.#expected = expected
	}

	/** Adds the names in a directory, an absolute path with its final '/'. Throws what readdir(3) does. */
	read(directory: Path, names: Names): void {
		if (!this.#readByLibc(directory, names)) addNamesIn(directory, names)
	}

	/**
	 * Finds in `stat` what lstat says of a name in a directory, as Names hold it; false if there is no such file.
	 * Throws every other system error.
	 */
	look(directory: Path, bytes: Buffer, start: number): boolean {
		const length = this.#take(bytes, start)
		this.isNamedDirectory = bytes[start + length] === SLASH
		this.#seen++
		const calls = this.#enter(directory)
		if (
			calls?.statAt &&
			length <= NAME_LIMIT &&
			calls.statAt(
				this.#fd as number,
				(this.#nameAt ??= calls.addressOf(this.#name)),
				this.stat.addressBy(calls),
			)
		)
			return true
		const found = lstatExact(directory + bytes.latin1Slice(start, start + length))
		if (found !== undefined) this.stat.set(found)
		return found !== undefined
	}

	/** Whether there are so many files that a thread helps. */
	get isOfVeryMany(): boolean {
		return Math.max(this.#seen, this.#expected) >= VERY_MANY
	}

	/** The descriptor of a directory for libc; undefined where that is not to be asked, or cannot. Good until it is left. */
	descriptorOf(directory: Path): number | undefined {
		return this.#enter(directory) && this.#fd
	}

	/** Takes a name without a directory's '/', for libc, as far as there is room; returns its length. */
	#take(bytes: Buffer, start: number): number {
		const name = this.#name
		let length = 0
		for (
			let byte = bytes[start] as number;
			byte !== 0 && byte !== SLASH;
			byte = bytes[start + ++length] as number
		)
			if (length < NAME_LIMIT) name[length] = byte
		name[Math.min(length, NAME_LIMIT)] = 0
		return length
	}

	#readByLibc(directory: Path, names: Names): boolean {
		const calls = this.#enter(directory)
		if (calls?.readDirectory === undefined) return false
		const entries = this.#entries
		for (;;) {
			const length = calls.readDirectory(this.#fd as number, entries)
			if (length === 0) return true
			if (length < 0 || !addEntries(entries, length, names)) break
		}
		// node asks for the types that a file system does not keep, or says what is wrong
		names.clear()
		return false
	}

	/** Opens a directory for libc; undefined where that is not to be asked, or cannot: who asks node learns why. */
	#enter(directory: Path): Native | undefined {
		if (Math.max(this.#seen, this.#expected) < MANY) return undefined
		const calls = native()
		if (calls?.statAt === undefined) return undefined
		if (directory !== this.#directory) this.#turnTo(directory)
		return this.#fd === undefined ? undefined : calls
	}

	#turnTo(directory: Path): void {
		this.#directory = directory
		this.#fd = this.#open.get(directory)
		if (this.#fd !== undefined) return
		try {
			this.#fd = openSync(forFs(directory), constants.O_RDONLY | constants.O_DIRECTORY)
		} catch {
			// who asks node learns why
			return
		}
		this.#open.set(directory, this.#fd)
		const [oldest] = this.#open.keys()
		if (this.#open.size > MOST_OPEN && oldest !== undefined) this.leave(oldest)
	}

	/** Closes a directory that is not come back to, or that can be opened again. */
	leave(directory: Path): void {
		const fd = this.#open.get(directory)
		if (fd !== undefined && this.retired?.push(fd) === undefined) closeSync(fd)
		this.#open.delete(directory)
		if (directory === this.#directory) this.#directory = undefined
	}

	/** Closes all directories. */
	close(): void {
		for (const directory of this.#open.keys()) this.leave(directory)
	}
}

/** Adds what one getdents64(2) found; false where a file system keeps no types beside the names. */
function addEntries(entries: Buffer, length: number, names: Names): boolean {
	for (let at = 0; at < length; at += entries.readUInt16LE(at + DIRENT.length)) {
		const type = entries[at + DIRENT.type]
		if (type === DT_UNKNOWN) return false
		if (!isDots(entries, at + DIRENT.name)) names.addBytes(entries, at + DIRENT.name, type === DT_DIR)
	}
	return true
}

/** Whether a name is '.' or '..'. */
const isDots = (bytes: Buffer, start: number): boolean =>
	bytes[start] === DOT && (bytes[start + 1] === 0 || (bytes[start + 1] === DOT && bytes[start + 2] === 0))

/**
 * Adds the names in a directory as node finds them. Where a file system keeps no types beside the names, node asks for
 * each by a name it has decoded wrongly, or that is gone, and fails: then they are asked for here.
 */
function addNamesIn(directory: Path, names: Names): void {
	let entries: Dirent[]
	try {
		entries = readdirSync(forFs(directory), {encoding: 'latin1', withFileTypes: true})
	} catch {
		for (const name of readdirSync(forFs(directory), 'latin1'))
			names.add(name, isDirectoryMode(lstatExact(directory + name)?.mode ?? 0))
		return
	}
	for (const entry of entries) names.add(entry.name, entry.isDirectory())
}
