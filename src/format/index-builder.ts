// Making an index: entries added in the order of their paths, and two indexes merged into one.

import {Heap, WordHeap} from '../base/bytes.ts'
import {parentOf, type Path} from '../base/path.ts'
import type {Entry} from './entry.ts'
import {extraLength} from './index-extra.ts'
import type {Sections} from './index-columns.ts'
import {type Index, IndexFile, type IndexRows} from './index-file.ts'
import {ALIVE, F, W, WORDS} from './index-layout.ts'
import {Heaps, writeEntry} from './index-write.ts'

export class IndexBuilder {
	readonly #words = new WordHeap(WORDS * 64)
	readonly #directories = new WordHeap(64)
	readonly #names = new Heap()
	readonly #heaps = new Heaps()
	/** Numbers of the directories whose entries can still come, by path. */
	readonly #numbers = new Map<Path, number>()
	#last: {readonly directory: Path; readonly name: Path} | undefined

	get count(): number {
		return this.#words.length / WORDS
	}

	/** Begins anew, in the memory of what was finished. */
	clear(): void {
		this.#words.clear()
		this.#directories.clear()
		this.#names.clear()
		this.#heaps.clear()
		this.#numbers.clear()
	}

	/** Adds an entry behind all those added before. */
	add(entry: Entry): void {
		const directory = parentOf(entry.path)
		const at = this.#place(directory, entry.path.slice(directory.length))
		writeEntry(this.#words.room, at, entry, this.#heaps)
	}

	/** Adds entry `row` of another index, without decoding it. */
	copy(from: IndexFile, row: number): void {
		const at = this.#place(from.directory(row), from.name(row))
		const words = this.#words.room
		const source = row * WORDS
		const directory = words[at + W.directory] ?? 0
		const name = words[at + W.name] ?? 0
		words.set(from.words.subarray(source, source + WORDS), at)
		words[at + W.directory] = directory
		words[at + W.name] = name
		const owner = (words[at + W.owner] ?? 0) * 2
		if (from.flags(row) & F.local)
			words[at + W.owner] = this.#heaps.owner(from.owners[owner] ?? 0, from.owners[owner + 1] ?? 0)
		const extra = words[at + W.extra] ?? 0
		if (extra)
			words[at + W.extra] = this.#heaps.extra(
				from.extras.subarray(extra - 1, extra - 1 + extraLength(from.extras, extra)),
			)
	}

	/** Makes room for an entry of this path and returns the offset of its words. */
	#place(directory: Path, name: Path): number {
		const last = this.#last
		// most come from the directory of the one before: their paths need not be put together
		const isBehind =
			last?.directory === directory
				? name > last.name
				: last === undefined || directory + name > last.directory + last.name
		if (!isBehind) throw new Error(`index entries out of order: ${directory}${name}`)
		this.#last = {directory, name}
		const number = this.#directory(directory)
		const at = this.#words.extend(WORDS)
		const words = this.#words.room
		words[at + W.directory] = number
		words[at + W.name] = this.#names.append(name)
		words[at + W.lengthFlags] = name.length
		return at
	}

	#directory(path: Path): number {
		const known = this.#numbers.get(path)
		if (known !== undefined) return known
		// paths come in order: a directory that does not lead to this one is done with
		for (const open of this.#numbers.keys()) if (!path.startsWith(open)) this.#numbers.delete(open)
		const at = this.#directories.extend(2)
		this.#directories.words[at] = this.#names.append(path)
		this.#directories.words[at + 1] = path.length
		this.#numbers.set(path, at / 2)
		return at / 2
	}

	/** The index of what was added; `scanned` and `device` as in Sections. */
	finish({scanned, device}: Pick<Sections, 'scanned' | 'device'>): IndexFile {
		return new IndexFile({
			count: this.count,
			scanned,
			device,
			words: this.#words.words,
			directories: this.#directories.words,
			owners: this.#heaps.owners,
			names: this.#names.bytes,
			extras: this.#heaps.extras,
		})
	}
}

/** What indexes are made of: entries, and rows of others, in the order of their paths. */
export type Building<Made extends Index = Index> = {
	add(entry: Entry): void
	copy(from: IndexFile, row: number): void
	finish(when: Pick<Sections, 'scanned' | 'device'>): Made
}

/**
 * One index of two; where both have a path, `b`'s entry stands. Entries that say nothing are
 * dropped. Takes `b`'s time and device.
 */
export const mergeIndexes = (a: IndexRows, b: IndexRows): IndexFile => mergeInto(new IndexBuilder(), a, b)

/** As mergeIndexes, made by `building`. */
function mergeInto<Made extends Index>(building: Building<Made>, a: IndexRows, b: IndexRows): Made {
	const take = (from: IndexRows, row: number) => {
		if (!(from.flags(row) & ALIVE)) return
		const {first, index} = from.window(row)
		building.copy(index, row - first)
	}
	let i = 0
	for (let j = 0; j < b.count; j++) {
		const path = b.path(j)
		for (; i < a.count && a.path(i) <= path; i++) if (a.path(i) !== path) take(a, i)
		take(b, j)
	}
	for (; i < a.count; i++) take(a, i)
	return building.finish(b)
}

/** `index` with the rows of `added`, each of which says something; where both have a path, `added`'s stands. */
export function withRows(index: Index, added: Index, building: () => Building): Index {
	if (added.count === 0) return index
	return index.count === 0 ? added : mergeInto(building(), index, added)
}

/** `index` with these entries in place of its own, later ones winning; what has to be made anew is made by `building`. */
export function withEntries<Made extends Index>(
	index: Made,
	entries: Iterable<Entry>,
	building: () => Building<Made>,
): Made {
	const fresh = new Map<Path, Entry>()
	for (const entry of entries) {
		const row = index.find(entry.path)
		if (row >= 0) index.replace(row, entry)
		else fresh.set(entry.path, entry)
	}
	if (fresh.size === 0) return index
	const builder = new IndexBuilder()
	for (const path of [...fresh.keys()].toSorted()) builder.add(fresh.get(path) as Entry)
	return mergeInto(building(), index, builder.finish(index))
}

/** The index without all that it knows of the remote. */
export function localSides(index: IndexRows): IndexFile {
	const builder = new IndexBuilder()
	for (let row = 0; row < index.count; row++) {
		if (!index.hasLocal(row)) continue
		const {path, local, attrs} = index.entry(row)
		builder.add({path, local, attrs})
	}
	return builder.finish(index)
}
