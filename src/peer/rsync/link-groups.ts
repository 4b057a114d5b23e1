// Names of one file in a list (-H): the first of them by number has the content, the others follow it.

import type {Path} from '../../base/path.ts'
import {idOf} from '../../sync/links.ts'
import type {FileList} from './flist.ts'

type Group = {
	readonly rows: number[]
	leader: number | undefined
	id?: string | undefined
}

export class LinkGroups {
	readonly #groups = new Map<number, Group>()
	readonly #files: FileList

	/** `numbered` are the rows by their numbers. */
	constructor(files: FileList, numbered: Uint32Array) {
		this.#files = files
		for (const row of numbered) {
			if (!files.isLinked(row) || files.isDropped(row) || files.isDirectory(row)) continue
			const key = this.#key(row)
			const group = this.#groups.get(key)
			if (group) group.rows.push(row)
			else this.#groups.set(key, {rows: [row], leader: row})
		}
	}

	#key(row: number): number {
		return this.#files.rare(row).first ?? row
	}

	/** The row of the first name of this file by number: itself where it is that one, or has no other name. */
	leader(row: number): number {
		return this.#groups.get(this.#key(row))?.leader ?? row
	}

	/** The further names of a file. */
	followers(row: number): readonly number[] {
		return this.#files.isLinked(row) ? (this.#groups.get(this.#key(row))?.rows.slice(1) ?? []) : []
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
		const group = this.#files.isLinked(row) ? this.#groups.get(this.#key(row)) : undefined
		if (!group) return undefined
		if (!('id' in group)) {
			const kept = group.rows.map(known).find((id) => id !== undefined)
			const [first = ''] = group.rows.map(pathOf).toSorted()
			group.id = kept ?? (group.rows.length > 1 ? idOf(first) : undefined)
		}
		return group.id
	}
}
