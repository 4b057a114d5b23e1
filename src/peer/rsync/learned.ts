// What a session learns of the remote's files, and hands to the index that the next one begins with. What is learned
// of many files lies in a scratch file: as one index after the other, later ones above earlier ones.

import {closeSync, openSync, rmSync} from 'node:fs'
import {forFs, type Path} from '../../base/path.ts'
import type {Entry} from '../../format/entry.ts'
import {IndexBuilder} from '../../format/index-builder.ts'
import {serializeIndex} from '../../format/index-bytes.ts'
import {writeFully} from '../../local/write-fully.ts'
import {join, type Place} from '../../repo/find.ts'
import type {IndexRows} from '../../format/index-file.ts'
import {StoredIndex} from '../../repo/stored-index.ts'
import {digestOf, type Owners} from '../../sync/attributes.ts'
import type {Found} from './catalogue.ts'
import type {Remembered} from './finder.ts'
import {entryOf, foundOf} from './index-entry.ts'
import type {OwnerNames} from './owner-names.ts'

/** Entries that are kept as values until they are packed. */
const PACK = 1 << 13

/** An index of what was learned, with the least and the greatest of its paths. */
type Pack = {readonly index: StoredIndex; readonly from: Path; readonly to: Path}

export class Learned {
	readonly #remembered: readonly Remembered[]
	/** Names of owners as the objects have them. */
	readonly #names: OwnerNames
	readonly #scratch: Place
	#learned = new Map<Path, Entry>()
	readonly #packs: Pack[] = []
	#isClosed = false
	#file: {readonly fd: number; length: number} | undefined

	/** What is learned of many files is kept in a file of the scratch place, which has no name. */
	constructor(remembered: readonly Remembered[], names: OwnerNames, scratch: Place) {
		this.#remembered = remembered
		this.#names = names
		this.#scratch = scratch
	}

	/** What was learned of a file in this session or is remembered of it, and was not written since it was listed. */
	recall(path: Path): Found | undefined {
		const fresh = this.#learned.get(path)
		if (fresh) return foundOf(fresh, this.#names)
		for (let i = this.#packs.length - 1; i >= 0; i--) {
			const pack = this.#packs[i]
			if (!pack || path < pack.from || path > pack.to) continue
			const entry = entryAt(pack.index, path)
			if (entry) return foundOf(entry, this.#names)
		}
		for (const {index, owners} of this.#remembered) {
			const row = index.find(path)
			if (row >= 0 && index.inSync(row)) return foundOf(index.entry(row), owners)
		}
		return undefined
	}

	/** Remembers a file for the next run. */
	learn(found: Found): void {
		const entry = entryOf(found, this.#names)
		if (!entry) return
		this.#learned.set(found.path, entry)
		this.#pack()
	}

	/** Remembers what was written. */
	wrote(entry: Entry, owners: Owners): void {
		const {path, local, attrs} = entry
		if (!local) return
		this.#names.user(local.uid, owners.userName(local.uid))
		this.#names.group(local.gid, owners.groupName(local.gid))
		// an index keeps no names: where they are others than usual, the object is asked next time
		if (digestOf(local, this.#names) === attrs) this.#learned.set(path, entry)
		else this.#learned.set(path, {path})
		this.#pack()
	}

	/** Remembers that there is no such file. */
	forget(path: Path): void {
		this.#learned.set(path, {path})
		this.#pack()
	}

	#pack(): void {
		if (this.#learned.size >= PACK && !this.#isClosed) this.#packAll()
	}

	#packAll(): void {
		if (this.#learned.size === 0) return
		const builder = new IndexBuilder()
		const paths = [...this.#learned.keys()].toSorted()
		for (const path of paths) builder.add(this.#learned.get(path) ?? {path})
		const file = (this.#file ??= this.#open())
		const from = file.length
		for (const piece of serializeIndex(builder.finish({scanned: 0n, device: 0n}))) {
			writeFully(file.fd, piece, file.length)
			file.length += piece.length
		}
		const index = StoredIndex.in(file.fd, from, file.length - from)
		this.#packs.push({index, from: paths[0] ?? '', to: paths.at(-1) ?? ''})
		this.#learned = new Map()
	}

	#open(): {readonly fd: number; length: number} {
		const path = join(this.#scratch.dir, 'learned')
		const fd = openSync(forFs(path), 'wx+', 0o600)
		rmSync(forFs(path))
		return {fd, length: 0}
	}

	get hasLearned(): boolean {
		return this.#learned.size > 0 || this.#packs.length > 0
	}

	/** What was learned, as indexes of which later ones lie above earlier ones. */
	layers(): readonly StoredIndex[] {
		this.#packAll()
		return this.#packs.map(({index}) => index)
	}

	/** Gives the scratch file back; what is learned from then on is not kept. */
	close(): void {
		this.#isClosed = true
		for (const {index} of this.#packs) index.leave()
		if (this.#file) closeSync(this.#file.fd)
		this.#file = undefined
		this.#packs.length = 0
	}
}

function entryAt(index: IndexRows, path: Path): Entry | undefined {
	const row = index.find(path)
	return row < 0 ? undefined : index.entry(row)
}
