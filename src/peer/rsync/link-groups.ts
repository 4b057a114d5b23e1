// Names of one file in a list (-H): the first of them by number has the content, the others follow it.

import type {Path} from '../../base/path.ts'
import {idOf} from '../../sync/links.ts'
import {Column} from './columns.ts'
import type {FileList} from './flist.ts'

export class LinkGroups {
	readonly #files: FileList
	/** By the row that was sent first: the first row by number, and the last one, plus 1. */
	readonly #ends = new Column(Uint32Array, 2)
	/** By row: that which follows it by number, plus 1; 0 behind the last one. */
	readonly #next = new Column(Uint32Array)
	/** By the row that was sent first; none where the list has one name only. */
	readonly #ids = new Map<number, string | undefined>()

	/** `numbered` are the rows by their numbers. */
	constructor(files: FileList, numbered: Uint32Array) {
		this.#files = files
		for (const row of numbered) {
			if (!files.isLinked(row) || files.isDropped(row) || files.isDirectory(row)) continue
			const key = this.#key(row)
			const last = this.#ends.get(key, 1)
			if (last === 0) this.#ends.set(key, 0, row + 1)
			else this.#next.set(last - 1, 0, row + 1)
			this.#ends.set(key, 1, row + 1)
		}
	}

	#key(row: number): number {
		return this.#files.rare(row).first ?? row
	}

	/** The row of the first name of this file by number: itself where it is that one, or has no other name. */
	leader(row: number): number {
		const first = this.#ends.get(this.#key(row), 0)
		return first === 0 ? row : first - 1
	}

	/** The rows of all names of a file, by number. */
	#rows(key: number): number[] {
		const rows: number[] = []
		for (let next = this.#ends.get(key, 0); next !== 0; next = this.#next.get(next - 1)) rows.push(next - 1)
		return rows
	}

	/**
	 * The id that ties the names together: what one of them has already, else that which a push gives them. None
	 * where the list has one name only.
	 */
	id(
		row: number,
		known: (row: number) => string | undefined,
		pathOf: (row: number) => Path,
	): string | undefined {
		if (!this.#files.isLinked(row)) return undefined
		const key = this.#key(row)
		if (!this.#ids.has(key)) {
			const rows = this.#rows(key)
			const kept = rows.map(known).find((id) => id !== undefined)
			const [first = ''] = rows.map(pathOf).toSorted()
			this.#ids.set(key, kept ?? (rows.length > 1 ? idOf(first) : undefined))
		}
		return this.#ids.get(key)
	}
}
