// Remote -> index: lists the bucket beside the index, which is in the same order, and notes what
// is there. Nothing local is touched.

import {setImmediate as turn} from 'node:timers/promises'
import {fatal} from '../base/errors.ts'
import {fromUnicode, isDirectory, type Path} from '../base/path.ts'
import {aliasOf} from '../format/alias.ts'
import type {Entry, RemoteSide} from '../format/entry.ts'
import {type Building, IndexBuilder, withEntries, withRows} from '../format/index-builder.ts'
import type {Index, IndexRows} from '../format/index-file.ts'
import {SIZE_LIMIT} from '../format/index-layout.ts'
import {notAFile, pathOf, SIDE} from '../format/key.ts'
import type {Store} from '../store/store.ts'

/** What a listing says of one object, by its path. */
export type Heard = Pick<RemoteSide, 'etag' | 'size' | 'modified' | 'version'> & {
	readonly path: Path
	readonly storageClass?: string | undefined
	readonly superseded?: boolean | undefined
}

export type Fetched = {readonly index: Index; readonly changed: boolean}

/**
 * Lists what is under `prefix` as paths, in the order of the keys; side objects and impossible keys are passed
 * over. `narrow` is how the keys listed begin behind the prefix; the listing begins behind the key `after`.
 */
export async function* listPaths(
	store: Store,
	prefix: string,
	onError: (path: Path, error: unknown) => void,
	narrow = '',
	after?: string,
): AsyncIterable<readonly Heard[]> {
	for await (const page of store.list(prefix + narrow, {after})) {
		const heard: Heard[] = []
		for (const {key, etag, size, modified, storageClass, version, superseded} of page) {
			const rest = key.slice(prefix.length)
			const path = rest === '' ? undefined : pathOf(rest)
			if (size >= SIZE_LIMIT)
				onError(
					path ?? fromUnicode(rest),
					fatal(`the store says that it has ${size} bytes, which no object has`),
				)
			else if (path !== undefined)
				heard.push({
					path,
					etag,
					size,
					modified: Math.floor(modified / 1000),
					storageClass,
					version,
					superseded,
				})
			else if (rest !== '' && !rest.startsWith(SIDE)) onError(fromUnicode(rest), notAFile(key))
		}
		yield heard
	}
}

/** Whether the store still has the version that the index knows. */
export function isSameVersion(known: RemoteSide, heard: Heard): boolean {
	if (known.etag !== heard.etag) return false
	if (known.version !== undefined && heard.version !== undefined) return known.version === heard.version
	if (known.modified === undefined || heard.modified === undefined) return true
	return known.bound ? heard.modified <= known.modified : heard.modified === known.modified
}

/**
 * Takes note of a whole listing: what is new, what somebody else changed, what is gone. Pages may
 * hold paths out of order where a key had to be escaped.
 */
export async function fetch(
	index: Index,
	listing: AsyncIterable<readonly Heard[]>,
	signal?: AbortSignal,
	building: () => Building = () => new IndexBuilder(),
): Promise<Fetched> {
	const listener = new Listener(index, building)
	for await (const page of listing) {
		signal?.throwIfAborted()
		for (const heard of page) listener.hear(heard)
		await turn()
	}
	return listener.finish()
}

/** The row of the entry that an object is known to be of, where its key is that of another path; negative without. */
export function aliasRow(index: IndexRows, heard: Heard): number {
	const mayBeMark = heard.size === 0 && !isDirectory(heard.path)
	const of = aliasOf(heard) ?? (mayBeMark ? `${heard.path}/` : undefined)
	const row = of === undefined ? -1 : index.find(of)
	return row >= 0 && index.entry(row).remote?.alias === heard.path ? row : -1
}

class Listener {
	readonly #index: Index
	/** Where the entries of new objects go to. */
	readonly #building: () => Building
	readonly #fresh: Building
	readonly #late = new Map<Path, Entry>()
	readonly #aliases: (Heard & {readonly of: Path})[] = []
	/** Empty objects in whose place a directory may be yet: what lies in it comes after them. */
	#empty: Heard[] = []
	readonly #seen: Uint8Array
	#row = 0
	#last = ''
	#changed = false

	constructor(index: Index, building: () => Building) {
		this.#index = index
		this.#building = building
		this.#fresh = building()
		this.#seen = new Uint8Array(index.count)
	}

	hear(heard: Heard): void {
		this.#reveal(heard.path)
		const of = aliasOf(heard)
		if (of !== undefined) this.#aliases.push({...heard, of})
		else if (aliasRow(this.#index, heard) >= 0) this.#aliases.push({...heard, of: `${heard.path}/`})
		else {
			this.#note(heard)
			if (heard.size === 0 && !isDirectory(heard.path)) this.#empty.push(heard)
		}
	}

	/** Finds the empty objects that a path lies below: they are marks of directories, whoever made them. */
	#reveal(path: Path): void {
		if (this.#empty.length === 0) return
		for (const heard of this.#empty)
			if (path.startsWith(`${heard.path}/`) && path !== `${heard.path}/`)
				this.#aliases.push({...heard, of: `${heard.path}/`})
		// '0' comes after '/'
		this.#empty = this.#empty.filter((heard) => path < `${heard.path}0` && !path.startsWith(`${heard.path}/`))
	}

	#note(heard: Heard): void {
		const row = this.#rowOf(heard.path)
		const isInOrder = heard.path > this.#last
		if (isInOrder) this.#last = heard.path
		if (row === undefined) {
			const entry = {path: heard.path, remote: remoteOf(heard, false)}
			if (isInOrder) this.#fresh.add(entry)
			else this.#late.set(heard.path, entry)
			this.#changed = true
			return
		}
		this.#seen[row] = 1
		const entry = this.#index.entry(row)
		if (entry.remote && isSameVersion(entry.remote, heard)) return
		this.#changed = true
		this.#index.replace(row, {...entry, remote: remoteOf(heard, entry.base !== undefined)})
	}

	/** The row of a path: the next one, most often. */
	#rowOf(path: Path): number | undefined {
		if (path > this.#last) {
			while (this.#row < this.#index.count && this.#index.path(this.#row) < path) this.#row++
			return this.#row < this.#index.count && this.#index.path(this.#row) === path ? this.#row : undefined
		}
		const row = this.#index.find(path)
		return row < 0 ? undefined : row
	}

	/** Takes note of objects that stand for another path, unless that has an object of its own. */
	#noteAliases(fresh: Index): void {
		const has = (path: Path): boolean => {
			const late = this.#late.get(path)
			const row = this.#index.find(path)
			return late ? late.remote !== undefined : (row >= 0 && this.#seen[row] === 1) || fresh.find(path) >= 0
		}
		// a link is none in the place of a directory
		const marksFirst = this.#aliases.toSorted((a, b) => Number(isDirectory(b.of)) - Number(isDirectory(a.of)))
		for (const {of, ...heard} of marksFirst) {
			const isTaken = has(of) || (!isDirectory(of) && has(`${of}/`))
			if (!isTaken) {
				this.#unnote(heard.path, fresh)
				this.#noteAt(of, heard, this.#index.find(of))
			} else if (!isDirectory(of)) this.#noteAt(heard.path, heard, this.#index.find(heard.path))
		}
	}

	/** Forgets that an object was taken for a file. */
	#unnote(path: Path, fresh: Index): void {
		const row = this.#index.find(path)
		if (row >= 0) this.#seen[row] = 0
		if (fresh.find(path) >= 0) this.#late.set(path, {path})
	}

	#noteAt(path: Path, heard: Heard, row: number): void {
		const alias = path === heard.path ? undefined : heard.path
		const entry = row < 0 ? {path} : this.#index.entry(row)
		if (row >= 0) this.#seen[row] = 1
		if (entry.remote && entry.remote.alias === alias && isSameVersion(entry.remote, heard)) return
		this.#changed = true
		this.#late.set(path, {...entry, remote: {...remoteOf(heard, entry.base !== undefined), alias}})
	}

	finish(): Fetched {
		const fresh = this.#fresh.finish(this.#index)
		this.#noteAliases(fresh)
		for (let row = 0; row < this.#index.count; row++) {
			if (this.#seen[row] || !this.#index.hasRemote(row)) continue
			const {remote: _, ...rest} = this.#index.entry(row)
			this.#index.replace(row, rest)
			this.#changed = true
		}
		const merged = withRows(this.#index, fresh, this.#building)
		return {index: withEntries(merged, this.#late.values(), this.#building), changed: this.#changed}
	}
}

/** What is superseded is older than what a listing of today tells, also where both are of the same second. */
const remoteOf = ({etag, size, modified, version, superseded}: Heard, moved: boolean): RemoteSide => ({
	etag,
	size,
	modified: superseded && modified !== undefined ? modified - 1 : modified,
	version,
	moved,
})
