// One scan: the files in order, beside the index.

import {errnoOf} from '../base/errors.ts'
import {isDirectory, nameOf, parentOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {
	type Base,
	type Entry,
	type Local,
	localIsBase,
	TYPE,
	typeOf,
	wasOf,
	withLocal,
} from '../format/entry.ts'
import {type Building, IndexBuilder, withRows} from '../format/index-builder.ts'
import type {Index} from '../format/index-file.ts'
import type {Status} from '../format/record.ts'
import {lookAt} from '../local/look.ts'
import type {Stat} from '../local/stat.ts'
import type {Statx} from '../local/statx.ts'
import {isAbandoned, isTemporary} from '../local/temporary.ts'
import {walk, walkPaths} from '../local/walk.ts'
import type {Entry as WalkEntry} from '../local/walk-entry.ts'
import {digestOf} from './attributes.ts'
import {LinkGroups} from './links.ts'
import {isOfSize} from './narrow.ts'
import {Reading} from './reading.ts'
import type {Change, Scan, ScanOptions, Select} from './scan.ts'
import {isRacy, isUnchanged} from './unchanged.ts'

/** Small files that are hashed together. */
const MANY = 64

/** A file that is looked at: its row in the index, and what that said of it. */
type Look = {
	readonly path: Path
	readonly stat: Stat
	readonly row: number | undefined
	readonly old: Entry | undefined
}

export class Scanner {
	/** Changes that nobody has been told of yet. */
	readonly found: Change[] = []
	readonly #options: Omit<ScanOptions, 'onChange'>
	readonly #index: Index
	readonly #began = BigInt(Date.now()) * 1_000_000n
	readonly #building: () => Building
	readonly #fresh: Building
	#added = 0
	readonly #links = new LinkGroups()
	readonly #reading: Reading
	readonly #unread: Path[] = []
	/** Files that are looked at with others, in their order. */
	readonly #waiting: Look[] = []
	/** Of a shallow scan: the names that it is of. */
	readonly #names: ReadonlySet<Path> | undefined
	/** Linked files that are among the changes. */
	readonly #told = new Set<Path>()
	#row = 0
	#changed = false
	/** Whether an entry was passed over that was racy at the last scan, and so still is. */
	#passedRacy = false
	/** That of the root, once it was come to. */
	#device: bigint | undefined

	constructor(options: Omit<ScanOptions, 'onChange'>) {
		this.#options = options
		this.#index = options.index
		this.#reading = new Reading(options, this.#links)
		this.#building = options.building ?? (() => new IndexBuilder())
		this.#fresh = this.#building()
		this.#names = options.paths && options.shallow ? new Set(options.paths.map(withoutSlash)) : undefined
	}

	files() {
		const {root, paths, shallow, oneFileSystem, onTemporary} = this.#options
		const select: Select = (path, isDir) => {
			if (!isTemporary(nameOf(path))) return this.#options.select?.(path, isDir) ?? true
			if (isAbandoned(nameOf(path))) onTemporary?.(path)
			return false
		}
		const onError = (path: Path, error: unknown) => {
			if (!this.#isGone(path, error)) this.#fail(path, error)
		}
		const takesPlain = this.#options.select ? this.#options.select.takesPlain : () => true
		const how = {
			select,
			takesPlain,
			oneFileSystem,
			onError,
			expected: paths ? 0 : this.#index.count,
			inThreads: true,
		}
		const place = Buffer.from(root, 'latin1')
		if (!paths) return walk(place, how)
		if (!shallow) return walkPaths(place, paths, how)
		return lookAt(
			place,
			paths.filter((path) => !isTemporary(nameOf(path))),
			how,
		)
	}

	#fail(path: Path, error: unknown): void {
		this.#unread.push(path)
		this.#options.onError(path, error)
	}

	/** Whether a path that was asked for is missing because it was deleted: the index knows a file there. */
	#isGone(path: Path, error: unknown): boolean {
		const code = errnoOf(error)
		if (!this.#options.paths || path === ROOT || (code !== 'ENOENT' && code !== 'ENOTDIR')) return false
		const name = withoutSlash(path)
		return [name, `${name}/`].some((known) => {
			const row = this.#index.find(known)
			return row >= 0 && this.#index.hasLocal(row)
		})
	}

	/** Takes the next file of the walk. */
	see(file: WalkEntry): void {
		const {stat} = file
		if (this.#device === undefined && file.path === ROOT) this.#device = BigInt(stat.dev)
		const here = this.#skipTo(file)
		if (this.#isOtherSize(stat)) {
			if (here !== undefined) this.#passOver(here)
			return
		}
		if (here !== undefined && this.#isUnchanged(here, stat)) {
			if (stat.nlink > 1) this.#links.see(file.path, stat, this.#index.entry(here).local)
			return
		}
		const old = here === undefined ? undefined : this.#index.entry(here)
		if (this.#reading.isHashedWithOthers(stat, old?.local)) {
			if (this.#waiting.push({path: file.path, stat: stat.plain(), row: here, old}) === MANY)
				this.#lookAtAll()
		} else {
			this.#lookAtAll()
			this.#look({path: file.path, stat, row: here, old})
		}
	}

	/** Looks at those that wait for others. */
	#lookAtAll(): void {
		if (this.#waiting.length === 0) return
		const md5s = this.#options.contents.hashEach?.(this.#waiting)
		for (const [i, look] of this.#waiting.splice(0).entries()) this.#look(look, md5s?.[i])
	}

	#isOtherSize(stat: Stat): boolean {
		const {sizes} = this.#options
		return sizes !== undefined && typeOf(stat.mode) === TYPE.file && !isOfSize(stat.size, sizes)
	}

	#isUnchanged(row: number, stat: Statx): boolean {
		if (this.#options.checksum && typeOf(stat.mode) === TYPE.file) return false
		return isUnchanged(this.#index, row, stat)
	}

	/** Reads what a file holds and puts it in the index. */
	#look({path, stat, row, old}: Look, md5?: string): void {
		let local: Local
		try {
			local = this.#reading.localOf(path, stat, old?.local, md5)
		} catch (error) {
			if (row !== undefined) this.#passOver(row)
			if (errnoOf(error) === 'ENOENT' && this.#options.onVanished) return this.#options.onVanished(path)
			return this.#fail(path, error)
		}
		const attrs = digestOf(local, this.#options.owners)
		const entry: Entry = {path, local, remote: old?.remote, base: old && remembering(old), attrs}
		this.#changed = true
		if (row === undefined) this.#add(entry)
		else this.#index.replace(row, entry)
		if (stat.nlink > 1) this.#links.see(path, stat, local)
		const status = changeBetween(old, entry)
		if (!status) return
		this.found.push({status, entry})
		if (stat.nlink > 1 && !isDirectory(path)) this.#told.add(path)
	}

	#add(entry: Entry): void {
		this.#fresh.add(entry)
		this.#added++
	}

	/**
	 * Takes leave of the entries before a file's, whose files are gone where they were looked for; returns the row
	 * of its own, if it has one.
	 */
	#skipTo(file: WalkEntry | undefined): number | undefined {
		for (; this.#row < this.#index.count; this.#row++) {
			const order = file === undefined ? -1 : this.#index.comparePath(this.#row, file)
			if (order >= 0) return order === 0 ? this.#row++ : undefined
			if (!this.#index.hasLocal(this.#row)) continue
			if (!this.#isInScope(this.#index.path(this.#row))) {
				this.#passOver(this.#row)
				continue
			}
			this.#lookAtAll()
			const {path, local, remote, base} = this.#index.entry(this.#row)
			this.#index.replace(this.#row, {path, remote, base})
			this.#changed = true
			this.found.push({status: 'D', entry: {path, local, remote, base}})
		}
		return undefined
	}

	/** Leaves an entry as it is, without having looked at its file. */
	#passOver(row: number): void {
		this.#passedRacy ||= isRacy(this.#index.ctime(row), this.#index.scanned)
	}

	#isInScope(path: Path): boolean {
		const {paths, select} = this.#options
		if (this.#names) return this.#names.has(withoutSlash(path)) && !this.#isUnread(path)
		if (paths && !paths.some((p) => p === '' || path === p || path.startsWith(p.endsWith('/') ? p : `${p}/`)))
			return false
		return !this.#isUnread(path) && isSelected(path, select)
	}

	/** Whether a path, or a directory that it lies in, could not be looked at. */
	#isUnread(path: Path): boolean {
		return this.#unread.some((p) => path.startsWith(p) || p === ROOT)
	}

	finish(): Scan {
		this.#skipTo(undefined)
		this.#lookAtAll()
		// a later time would vouch for what was passed over, too
		const scanned = this.#passedRacy ? this.#index.scanned : this.#began
		const index = this.#merged({scanned, device: this.#device ?? this.#index.device})
		this.#noteLinks(index)
		return {index, changed: this.#changed}
	}

	/** The index with what was added to it. */
	#merged(when: Pick<Index, 'scanned' | 'device'>): Index {
		if (this.#added === 0) return this.#index.at(when)
		return withRows(this.#index, this.#fresh.finish(when), this.#building)
	}

	/** Notes the groups of hard links; where not all files were looked at, those that are known stay. */
	#noteLinks(index: Index): void {
		const find = (path: Path): Entry | undefined => {
			const row = index.find(path)
			return row < 0 ? undefined : index.entry(row)
		}
		const known = this.#options.paths && ((path: Path) => find(path)?.local?.link)
		for (const {path, link} of this.#links.members(known)) {
			const entry = find(path)
			if (!entry?.local || entry.local.link === link) continue
			const local = {...entry.local, link}
			const linked = withLocal(entry, local, digestOf(local, this.#options.owners))
			index.replace(index.find(path), linked)
			this.#changed = true
			if (!this.#told.has(path)) this.found.push({status: 'P', entry: linked})
		}
	}
}

/** The base of an entry whose local side is about to change. */
const remembering = (old: Entry): Base | undefined =>
	old.base && old.local && localIsBase(old) ? {...old.base, was: wasOf(old.local)} : old.base

/** Whether `path` and every directory that leads to it take part. */
function isSelected(path: Path, select: Select | undefined): boolean {
	if (!select) return true
	const directory = parentOf(path)
	return (directory === '' || isSelected(directory, select)) && select(path, isDirectory(path))
}

/** As isSelected, for many paths: what lies in one directory comes in a row, and that is asked for once. */
export function selector(select: Select | undefined): (path: Path) => boolean {
	if (!select) return () => true
	let last = {directory: '', takesPart: true}
	return (path) => {
		const directory = parentOf(path)
		if (directory !== last.directory)
			last = {directory, takesPart: directory === '' || isSelected(directory, select)}
		return last.takesPart && select(path, isDirectory(path))
	}
}

/** The status of a local side against what the index had; undefined where only ctime or inode differ. */
function changeBetween(old: Entry | undefined, entry: Entry): Status | undefined {
	const [before, now] = [old?.local, entry.local]
	if (!now) return before && 'D'
	if (!before) return 'A'
	if (typeOf(before.mode) !== typeOf(now.mode)) return 'T'
	if (before.md5 !== now.md5) return 'M'
	return old?.attrs === entry.attrs ? undefined : 'P'
}
