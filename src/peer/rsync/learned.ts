// What a session learns of the remote's files, and hands to the index that the next one begins with.

import type {Path} from '../../base/path.ts'
import type {Entry} from '../../format/entry.ts'
import {IndexBuilder, mergeIndexes} from '../../format/index-builder.ts'
import type {IndexFile} from '../../format/index-file.ts'
import {digestOf, type Owners} from '../../sync/attributes.ts'
import type {Found, Remembered} from './catalogue.ts'
import {entryOf, foundOf} from './index-entry.ts'
import type {OwnerNames} from './owner-names.ts'

/** Entries that are kept as values until they are packed. */
const PACK = 1 << 14

export class Learned {
	readonly #remembered: readonly Remembered[]
	/** Names of owners as the objects have them. */
	readonly #names: OwnerNames
	#learned = new Map<Path, Entry>()
	readonly #packed: IndexFile[] = []

	constructor(remembered: readonly Remembered[], names: OwnerNames) {
		this.#remembered = remembered
		this.#names = names
	}

	/** What was learned of a file in this session or is remembered of it, and was not written since it was listed. */
	recall(path: Path): Found | undefined {
		const fresh = this.#learned.get(path)
		if (fresh) return foundOf(fresh, this.#names)
		for (const index of this.#packed.toReversed()) {
			const row = index.find(path)
			if (row >= 0) return foundOf(index.entry(row), this.#names)
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
		if (this.#learned.size >= PACK) this.#packAll()
	}

	#packAll(): void {
		const builder = new IndexBuilder()
		for (const path of [...this.#learned.keys()].toSorted()) builder.add(this.#learned.get(path) ?? {path})
		this.#packed.push(builder.finish({scanned: 0n, device: 0n}))
		this.#learned = new Map()
	}

	get hasLearned(): boolean {
		return this.#learned.size > 0 || this.#packed.length > 0
	}

	/** `index` with what was learned; undefined where nothing was. */
	remember(index: IndexFile): IndexFile | undefined {
		if (this.#learned.size > 0) this.#packAll()
		if (this.#packed.length === 0) return undefined
		let pieces = this.#packed.splice(0)
		// neighbours, so that what was learned later stays later
		while (pieces.length > 1)
			pieces = pieces.flatMap((piece, i) => {
				const next = pieces[i + 1]
				return i % 2 ? [] : [next ? mergeIndexes(piece, next) : piece]
			})
		return pieces[0] && mergeIndexes(index, pieces[0])
	}
}
