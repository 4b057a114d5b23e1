// Local -> index: walks the files in order beside the index, which is in the same order, and looks
// only into those that changed.
//
// A file is unchanged when its size, mtime, ctime, inode, mode and owner are those of the index,
// and it is not racy: one whose ctime is not clearly older than the scan that looked at it could
// have been written again within the same tick of the file system's clock (git's rule, see its
// racy-git.txt; ctime, for mtime can be set back).

import {createHash} from 'node:crypto'
import {setImmediate as turn} from 'node:timers/promises'
import {isDirectory, nameOf, parentOf, type Path} from '../base/path.ts'
import {type Base, type Entry, type Local, localIsBase, typeOf, TYPE} from '../format/entry.ts'
import {IndexBuilder, mergeIndexes} from '../format/index-builder.ts'
import type {IndexFile} from '../format/index-file.ts'
import type {Status} from '../format/record.ts'
import type {Stat} from '../local/stat.ts'
import {isAbandoned, isTemporary} from '../local/temporary.ts'
import {walk, walkPaths} from '../local/walk.ts'
import {digestOf, type Owners} from './attributes.ts'
import {LinkGroups} from './links.ts'

/** Which paths take part; a directory that does not is not looked into. */
export type Select = (path: Path, isDirectory: boolean) => boolean

/** The disk, as far as a scan looks into files. */
export type Contents = {
	/** MD5 of a regular file's content, in hex. */
	hash(path: Path, stat: Stat): string
	/** The bytes that a symlink holds. */
	readLink(path: Path): Buffer
	/** MD5 of the extended attributes that are kept, in hex; undefined where there are none. */
	readonly xattrs?: ((path: Path) => string | undefined) | undefined
}

export type ScanOptions = {
	readonly root: Path
	readonly index: IndexFile
	readonly contents: Contents
	readonly owners: Owners
	/** These paths and what is below them; everything without. */
	readonly paths?: readonly Path[] | undefined
	readonly select?: Select | undefined
	readonly oneFileSystem?: boolean | undefined
	/** Hashes every file again (-c). */
	readonly checksum?: boolean | undefined
	readonly signal?: AbortSignal | undefined
	readonly onError: (path: Path, error: unknown) => void
	/** Told of the places of temporary files that a killed s3r left. */
	readonly onTemporary?: ((path: Path) => void) | undefined
	/** Told of each entry whose local side changed, with its status against the old one. */
	readonly onChange?: ((status: Status, entry: Entry) => void) | undefined
}

export type Scan = {
	readonly index: IndexFile
	/** Whether the index differs from the one it began with, if only in when it was scanned. */
	readonly changed: boolean
}

const TICK = 20_000_000n
const COARSE_TICK = 2_000_000_000n
/** How many files are looked at before signals get a chance. */
const TURN = 4096

/** Whether a file of this ctime could have changed unseen since a scan at `scanned`. */
export const isRacy = (ctime: bigint, scanned: bigint): boolean =>
	ctime >= scanned - (ctime % 1_000_000_000n === 0n ? COARSE_TICK : TICK)

/** Whether `path` and every directory that leads to it take part. */
export function isSelected(path: Path, select: Select | undefined): boolean {
	if (!select) return true
	for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (!select(at, true)) return false
	return select(path, isDirectory(path))
}

/** Looks at the files and returns the index that says what they are now. Writes nothing. */
export async function scan(options: ScanOptions): Promise<Scan> {
	const scanner = new Scanner(options)
	let count = 0
	for (const {path, stat} of scanner.files()) {
		scanner.see(path, stat)
		if (++count % TURN === 0) {
			await turn()
			options.signal?.throwIfAborted()
		}
	}
	return scanner.finish()
}

class Scanner {
	readonly #options: ScanOptions
	readonly #index: IndexFile
	readonly #began = BigInt(Date.now()) * 1_000_000n
	readonly #fresh = new IndexBuilder()
	readonly #links = new LinkGroups()
	readonly #unread: Path[] = []
	#row = 0
	#changed = false
	#device: bigint

	constructor(options: ScanOptions) {
		this.#options = options
		this.#index = options.index
		this.#device = options.index.device
	}

	files() {
		const {root, paths, oneFileSystem, onTemporary} = this.#options
		const select: Select = (path, isDirectory) => {
			if (!isTemporary(nameOf(path))) return this.#options.select?.(path, isDirectory) ?? true
			if (isAbandoned(nameOf(path))) onTemporary?.(path)
			return false
		}
		const onError = (path: Path, error: unknown) => {
			this.#unread.push(path)
			this.#options.onError(path, error)
		}
		const how = {select, oneFileSystem, onError}
		const place = Buffer.from(root, 'latin1')
		return paths ? walkPaths(place, paths, how) : walk(place, how)
	}

	/** Takes the next file of the walk. */
	see(path: Path, stat: Stat): void {
		if (path === './') this.#device = BigInt(stat.dev)
		this.#skipTo(path)
		const here =
			this.#row < this.#index.count && this.#index.path(this.#row) === path ? this.#row++ : undefined
		if (here !== undefined && this.#isUnchanged(here, stat)) {
			if (stat.nlink > 1) this.#links.see(path, stat, this.#index.entry(here).local)
			return
		}
		this.#look(path, stat, here)
	}

	#isUnchanged(row: number, stat: Stat): boolean {
		if (this.#options.checksum && typeOf(stat.mode) === TYPE.file) return false
		if (!this.#index.matches(row, stat)) return false
		return typeOf(stat.mode) !== TYPE.file || !isRacy(stat.ctime, this.#index.scanned)
	}

	/** Reads what a file holds and puts it in the index. */
	#look(path: Path, stat: Stat, row: number | undefined): void {
		const old = row === undefined ? undefined : this.#index.entry(row)
		let local: Local
		try {
			local = this.#localOf(path, stat, old?.local)
		} catch (error) {
			this.#unread.push(path)
			this.#options.onError(path, error)
			return
		}
		const attrs = digestOf(local, this.#options.owners)
		const entry: Entry = {...old, path, local, attrs, base: old && remembering(old)}
		this.#changed = true
		if (row === undefined) this.#fresh.add(entry)
		else this.#index.replace(row, entry)
		if (stat.nlink > 1) this.#links.see(path, stat, local)
		const status = changeBetween(old, entry)
		if (status) this.#options.onChange?.(status, entry)
	}

	#localOf(path: Path, stat: Stat, old: Local | undefined): Local {
		const {contents} = this.#options
		const type = typeOf(stat.mode)
		const isDevice = type === TYPE.charDevice || type === TYPE.blockDevice
		return {
			mode: stat.mode,
			size: type === TYPE.directory ? 0 : stat.size,
			mtime: stat.mtime,
			ctime: stat.ctime,
			ino: BigInt(stat.ino),
			uid: stat.uid,
			gid: stat.gid,
			md5:
				type === TYPE.file
					? (this.#links.md5(stat) ?? contents.hash(path, stat))
					: type === TYPE.symlink
						? createHash('md5').update(contents.readLink(path)).digest('hex')
						: undefined,
			rdev: isDevice ? `${stat.rdev.major}:${stat.rdev.minor}` : undefined,
			link: old?.link,
			xattrs: contents.xattrs ? contents.xattrs(path) : old?.xattrs,
		}
	}

	/** Takes leave of the entries before `path`: their files are gone, where they were looked for. */
	#skipTo(path: Path | undefined): void {
		for (; this.#row < this.#index.count; this.#row++) {
			const here = this.#index.path(this.#row)
			if (path !== undefined && here >= path) return
			if (!this.#index.hasLocal(this.#row) || !this.#isInScope(here)) continue
			const {local, attrs: _, ...rest} = this.#index.entry(this.#row)
			this.#index.replace(this.#row, rest)
			this.#changed = true
			this.#options.onChange?.('D', {...rest, local})
		}
	}

	#isInScope(path: Path): boolean {
		const {paths, select} = this.#options
		if (paths && !paths.some((p) => p === '' || path === p || path.startsWith(p.endsWith('/') ? p : `${p}/`)))
			return false
		if (this.#unread.some((p) => path.startsWith(p) || p === './')) return false
		return isSelected(path, select)
	}

	finish(): Scan {
		this.#skipTo(undefined)
		const scanned = this.#options.paths ? this.#index.scanned : this.#began
		const index = mergeIfAny(this.#index, this.#fresh, {scanned, device: this.#device})
		for (const {path, link} of this.#links.members()) {
			const row = index.find(path)
			const entry = row < 0 ? undefined : index.entry(row)
			if (!entry?.local || entry.local.link === link) continue
			const local = {...entry.local, link}
			index.replace(row, {...entry, local, attrs: digestOf(local, this.#options.owners)})
			this.#changed = true
		}
		return {index, changed: this.#changed}
	}
}

function mergeIfAny(
	index: IndexFile,
	fresh: IndexBuilder,
	when: {scanned: bigint; device: bigint},
): IndexFile {
	if (fresh.count === 0) return index.at(when)
	const added = fresh.finish(when)
	return index.count === 0 ? added : mergeIndexes(index, added)
}

/** The base of an entry whose local side is about to change. */
const remembering = (old: Entry): Base | undefined =>
	old.base && old.local && localIsBase(old) ? {...old.base, was: old.local} : old.base

/** The status of a local side against what the index had; undefined where only ctime or inode differ. */
export function changeBetween(old: Entry | undefined, entry: Entry): Status | undefined {
	const [before, now] = [old?.local, entry.local]
	if (!now) return before && 'D'
	if (!before) return 'A'
	if (typeOf(before.mode) !== typeOf(now.mode)) return 'T'
	if (before.md5 !== now.md5) return 'M'
	return old?.attrs === entry.attrs ? undefined : 'P'
}
