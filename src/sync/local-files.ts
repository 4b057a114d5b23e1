// The local floor, as a push and a pull see it (files.ts, disk.ts).

import {renameSync, rmdirSync, unlinkSync} from 'node:fs'
import {errnoOf, fatal} from '../base/errors.ts'
import {forFs, isDirectory, type Path, unsafe, withoutSlash} from '../base/path.ts'
import type {Known} from '../format/metadata.ts'
import {encodeXattrs, type Xattr, xattrsDigest} from '../format/xattrs.ts'
import {type ApplyOptions, applyAttrs, readLink, type Unrestored} from '../local/attrs.ts'
import type {Handle} from '../local/handle.ts'
import {Confined} from '../local/confine.ts'
import {makeDirectory, makeHardLink, makeNode, makeSymlink} from '../local/make.ts'
import {md5Of, md5OfEachSmall, OpenFile, readSeen, type Seen} from '../local/read.ts'
import {type Fingerprint, lstatExact, type Stat} from '../local/stat.ts'
import {TemporaryFile} from '../local/write.ts'
import {readXattrs, type XattrKinds} from '../local/xattrs.ts'
import type {CreateOptions, Disk, Lost, NewFile} from './disk.ts'
import type {Files} from './files.ts'

/** How often a file that is being written is hashed again. */
const ATTEMPTS = 3

export class LocalFiles implements Files {
	readonly #root: Path
	readonly #kinds: XattrKinds
	/** MD5 of a file's xattrs of the kinds that are kept; absent where none are, so that no index forgets them. */
	readonly xattrs: ((path: Path) => string | undefined) | undefined

	/** `root` is absolute. Xattrs are read of these kinds. */
	constructor(root: Path, kinds: XattrKinds) {
		this.#root = root === '/' ? '' : root
		this.#kinds = kinds
		if (kinds.xattrs || kinds.acls) this.xattrs = (path) => digestOf(this.readXattrs(path))
	}

	#place(path: Path): Path {
		return `${this.#root}/${withoutSlash(path)}`
	}

	open(path: Path): OpenFile {
		return new OpenFile(this.#place(path))
	}

	readSeen(path: Path, seen: Fingerprint, memory?: Buffer): Seen | undefined {
		return readSeen(this.#place(path), seen, memory)
	}

	stat(path: Path): Stat | undefined {
		return lstatExact(this.#place(path))
	}

	hash(path: Path, stat: Stat): string {
		let seen = stat
		for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
			const md5 = md5Of(this.#place(path), seen)
			if (md5 !== undefined) return md5
			seen = this.stat(path) ?? seen
		}
		throw fatal('it changes while it is read')
	}

	hashEach(files: readonly {readonly path: Path; readonly stat: Stat}[]): (string | undefined)[] {
		return md5OfEachSmall(
			files.map(({path, stat: {size, ino, ctime}}) => ({
				file: this.#place(path),
				seen: {size, ino: BigInt(ino), ctime},
			})),
		)
	}

	readLink(path: Path): Buffer {
		return readLink(this.#place(path))
	}

	/** Those of the kinds that are kept; an object whose xattrs were kept before keeps them all. */
	readXattrs(path: Path): readonly Xattr[] {
		const kinds = this.xattrs ? this.#kinds : {...this.#kinds, xattrs: true, acls: true}
		return readXattrs(this.#place(path), kinds)
	}
}

const digestOf = (xattrs: readonly Xattr[]): string | undefined =>
	xattrs.length > 0 ? xattrsDigest(encodeXattrs(xattrs)) : undefined

export type DiskOptions = ApplyOptions & {
	/** Blocks of zeros become holes (-S). */
	readonly sparse?: boolean | undefined
	/** Waits for the disk after each file. */
	readonly fsync?: boolean | undefined
}

export class LocalDisk implements Disk {
	readonly #root: Path
	readonly #confined: Confined
	readonly #options: DiskOptions

	constructor(root: Path, options: DiskOptions) {
		this.#root = root === '/' ? '' : root
		this.#confined = new Confined(Buffer.from(root, 'latin1'))
		this.#options = options
	}

	#within<T>(path: Path, work: (file: Path) => T): T {
		const held = this.#confined.hold(path)
		try {
			return work(held.file)
		} finally {
			held.release()
		}
	}

	#finish(wanted: Known, lost: Map<string, string>): (file: Path | Handle) => void {
		return (file) => note(lost, applyAttrs(file, wanted, this.#options))
	}

	stat(path: Path): Stat | undefined {
		const why = unsafe(path)
		if (why !== undefined) throw fatal(why)
		return lookAt(`${this.#root}/${withoutSlash(path)}`)
	}

	create(path: Path, {isNew, maybeNew, mode}: CreateOptions = {}): NewFile {
		const held = this.#confined.hold(path, {lately: true})
		const {sparse, fsync, xattrs, acls} = this.#options
		try {
			const file = new TemporaryFile(held.file, {
				sparse,
				fsync,
				isNew,
				maybeNew,
				mode: mode === undefined ? undefined : mode & 0o777,
				place: held.place,
				named: xattrs === true || acls === true,
			})
			return {
				write: (bytes, position) => file.write(bytes, position),
				fd: file.fd,
				replaces: file.replaces,
				reserve: (length) => file.reserve(length),
				commit: (wanted) => {
					const lost = new Map<string, string>()
					try {
						return {lost, stat: file.commit(this.#finish(wanted, lost))}
					} finally {
						held.release()
					}
				},
				discard: () => {
					file.discard()
					held.release()
				},
			}
		} catch (error) {
			held.release()
			throw error
		}
	}

	symlink(path: Path, target: Buffer, wanted: Known): Lost {
		const lost = new Map<string, string>()
		this.#within(path, (file) => makeSymlink(file, target, this.#finish(wanted, lost)))
		return lost
	}

	link(path: Path, to: Path): void {
		this.#within(to, (existing) => this.#within(path, (file) => makeHardLink(file, existing)))
	}

	special(path: Path, wanted: Known): Lost {
		const lost = new Map<string, string>()
		const device = wanted.rdev ?? {major: 0, minor: 0}
		const refused = this.#within(path, (file) =>
			makeNode(file, wanted.mode ?? 0, device, this.#finish(wanted, lost)),
		)
		if (refused) note(lost, [refused])
		return lost
	}

	directory(path: Path): boolean {
		return this.#within(path, makeDirectory)
	}

	apply(path: Path, wanted: Known): Lost {
		const lost = new Map<string, string>()
		this.#within(path, this.#finish(wanted, lost))
		return lost
	}

	remove(path: Path): void {
		this.#within(path, (file) => (isDirectory(path) ? rmdirSync(forFs(file)) : unlinkSync(forFs(file))))
	}

	rename(path: Path, to: Path): void {
		this.#within(path, (from) => this.#within(to, (file) => renameSync(forFs(from), forFs(file))))
	}

	close(): void {
		this.#confined.close()
	}
}

/** As lstatExact; below something that is no directory there is nothing. */
function lookAt(file: Path): Stat | undefined {
	try {
		return lstatExact(file)
	} catch (error) {
		if (errnoOf(error) === 'ENOTDIR') return undefined
		throw error
	}
}

/** Adds what could not be restored, the first reason of each kind. */
function note(lost: Map<string, string>, unrestored: readonly Unrestored[]): void {
	for (const {kind, reason} of unrestored) if (!lost.has(kind)) lost.set(kind, reason)
}

/** A disk that stays as it is: for -n. */
export class PretendDisk implements Disk {
	readonly #disk: LocalDisk

	constructor(disk: LocalDisk) {
		this.#disk = disk
	}

	stat(path: Path): Stat | undefined {
		return this.#disk.stat(path)
	}

	create(): NewFile {
		throw new Error('a disk that stays as it is gets no files')
	}

	symlink(): Lost {
		return new Map()
	}

	link(): void {}

	special(): Lost {
		return new Map()
	}

	directory(): boolean {
		return false
	}

	apply(): Lost {
		return new Map()
	}

	remove(): void {}

	rename(): void {}

	close(): void {
		this.#disk.close()
	}
}
