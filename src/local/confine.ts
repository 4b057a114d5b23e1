// Where a path may be written: below the root, and never through a symlink.
//
// On Linux each directory is opened by its name in the one above, with O_NOFOLLOW, and a file is named
// by that descriptor (/proc/self/fd/N/name), as openat(2) would: whoever swaps a directory for a symlink
// meanwhile does not move what is written. A directory stays open for a while (5 us to open it, 1 to 3 us
// to see by lstat that its path still leads to it). Elsewhere the directories of a path are looked at
// in the same way, but a file is named by its whole path: whoever can write in the tree can win the
// race between the look and the write. Where there are descriptors, new files that come in one turn of the event loop are made
// by one look at their directory: whoever moves it meanwhile finds them in there.

import {closeSync, fstatSync, mkdirSync, realpathSync} from 'node:fs'
import {errnoOf, fatal} from '../base/errors.ts'
import {forFs, nameOf, parentOf, type Path, ROOT, unsafe} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {S_IFLNK, S_IFMT} from '../format/mode.ts'
import {changeModeOf, hasDescriptors, openDirectory, pathOf} from './descriptors.ts'
import {refuseFolded} from './folding.ts'
import {KnownFile, statOf} from './fstat.ts'
import {Made, type OpenPlace} from './made.ts'
import {lstatExact, placeOf, type Stat} from './stat.ts'

/** A place to write to, valid until it is released. */
export type Held = {
	/** What to give to the other functions of this floor: absolute, without a final '/'. */
	readonly file: Path
	/** The same for libc, where its directory is open. */
	readonly place: OpenPlace | undefined
	release(): void
}

export type HoldOptions = {
	/** It does where its directory was looked at in this turn of the event loop, as for one of many new files. */
	readonly lately?: boolean | undefined
}

/** A directory that was reached without a symlink. */
type Directory = {
	readonly path: Path
	/** What a name in it is appended to. */
	readonly prefix: Path
	readonly fd: number
	readonly stat: Stat
	/** What its path leads to, once it was come back to. */
	atPath?: KnownFile
	readonly made: Made
	/** How many places in it are held. */
	pins: number
	isKnown: boolean
}

const S_IRWXU = 0o700
const PERMISSIONS = 0o7777

/** Directories kept open while nothing in them is held. */
const KEPT = 64
/** Places in a directory that are held by one look at it, at most. */
const BY_ONE_LOOK = 32

export class Confined {
	readonly #root: Path
	/** Least recently used first. */
	readonly #known = new Map<Path, Directory>()
	/** The one used last: files come by their directories. */
	#last: Directory | undefined
	/** The one that was looked at in this turn of the event loop, and how many places were held since. */
	#looked: Directory | undefined
	#held = 0
	#isTurning = false

	/** `root` must exist; it may be reached through symlinks, but not what is below it. */
	constructor(root: string | Buffer) {
		this.#root = placeOf(realpathSync.native(forFs(placeOf(root)), 'buffer'))
	}

	/**
	 * The place to write `path` to, its missing parents made (0700, until they get their attributes).
	 * Throws an S3rError for a path that would leave the root or leads through what is no directory.
	 */
	hold(path: Path, {lately = false}: HoldOptions = {}): Held {
		const why = unsafe(path)
		if (why !== undefined) throw fatal(why)
		if (!lately || !hasDescriptors) this.#looked = undefined
		const directory = this.#directory(path === ROOT ? '' : parentOf(path))
		directory.pins++
		this.#trim()
		let isHeld = true
		const name = path === ROOT ? '.' : nameOf(path)
		return {
			file: directory.prefix + name,
			place: hasDescriptors ? {directory: directory.fd, name, made: directory.made} : undefined,
			release: () => {
				if (!isHeld) return
				isHeld = false
				directory.pins--
				if (!directory.isKnown) shut(directory)
			},
		}
	}

	/** Holds the place of `path` while `work` runs. */
	async within<T>(path: Path, work: (file: Path) => T | Promise<T>): Promise<T> {
		const held = this.hold(path)
		try {
			return await work(held.file)
		} finally {
			held.release()
		}
	}

	/** Closes the directories that nothing is held in; the others follow as they are released. */
	close(): void {
		for (const directory of this.#known.values()) this.#forget(directory)
	}

	#directory(path: Path): Directory {
		const last = this.#last
		if (last?.path === path && last.isKnown && this.#isStill(last)) return last
		const known = this.#known.get(path)
		if (known !== undefined) this.#known.delete(path)
		if (known !== undefined && this.#isStill(known)) return this.#keep(known)
		if (known !== undefined) this.#forget(known)
		return this.#keep(path === '' ? enter('', this.#root) : step(this.#directory(parentOf(path)), path))
	}

	#keep(directory: Directory): Directory {
		this.#known.set(directory.path, directory)
		return (this.#last = directory)
	}

	/** Whether the path still leads to this directory. */
	#isStill(directory: Directory): boolean {
		if (directory === this.#looked && ++this.#held < BY_ONE_LOOK) return true
		const {path, stat} = directory
		directory.atPath ??= new KnownFile(`${this.#root}/${path}`.replace(/\/$/, '') || '/', stat)
		if (!directory.atPath.isThere) return false
		this.#looked = directory
		this.#held = 0
		if (!this.#isTurning) setImmediate(this.#turn)
		this.#isTurning = true
		return true
	}

	readonly #turn = (): void => {
		this.#looked = undefined
		this.#isTurning = false
	}

	#trim(): void {
		for (const directory of this.#known.values()) {
			if (this.#known.size <= KEPT) return
			if (directory.pins === 0) this.#forget(directory)
		}
	}

	#forget(directory: Directory): void {
		if (this.#known.get(directory.path) === directory) this.#known.delete(directory.path)
		directory.isKnown = false
		shut(directory)
	}
}

/** Closes a directory, and gives it back the mode that `enter` changed, if nobody gave it another. */
function shut({fd, stat, pins}: Directory): void {
	if (pins > 0) return
	if (isClosedToUs(stat) && fstatSync(fd).mode === (stat.mode | S_IRWXU))
		changeModeOf(fd, stat.mode & PERMISSIONS)
	closeSync(fd)
}

/** The directory `path`, whose parent is open; made if it is missing. */
function step(parent: Directory, path: Path): Directory {
	const file = parent.prefix + nameOf(path)
	try {
		return spelledSo(enter(path, file), parent)
	} catch (error) {
		if (errnoOf(error) !== 'ENOENT') throw blocked(path, file, error)
	}
	try {
		mkdirSync(forFs(file), 0o700)
	} catch (error) {
		if (errnoOf(error) !== 'EEXIST') throw error
	}
	return enter(path, file)
}

/** A directory that was found, if it has that very name. */
function spelledSo(found: Directory, parent: Directory): Directory {
	try {
		refuseFolded(parent.prefix, nameOf(found.path))
		return found
	} catch (error) {
		shut(found)
		throw error
	}
}

function enter(path: Path, file: Path): Directory {
	const fd = openDirectory(file)
	const prefix = hasDescriptors ? `${pathOf(fd)}/` : file === '/' ? file : `${file}/`
	const stat = statOf(fd)
	if (isClosedToUs(stat)) changeModeOf(fd, (stat.mode | S_IRWXU) & PERMISSIONS)
	return {path, prefix, fd, stat, made: new Made(), pins: 0, isKnown: true}
}

/** Whether its owner, not being root, could not write in a directory: it is opened to him while it is held. */
const isClosedToUs = ({mode, uid}: Stat): boolean =>
	uid !== 0 && uid === process.geteuid?.() && (mode & S_IRWXU) !== S_IRWXU

/** Why a directory could not be opened, in words where something else has its name. */
function blocked(path: Path, file: Path, error: unknown): unknown {
	if (errnoOf(error) !== 'ENOTDIR' && errnoOf(error) !== 'ELOOP') return error
	const isLink = ((lstatExact(file)?.mode ?? 0) & S_IFMT) === S_IFLNK
	const what = isLink ? 'the symlink' : 'the file'
	return fatal(`it passes through ${what} ${shown(path.slice(0, -1))}`, undefined, error)
}
