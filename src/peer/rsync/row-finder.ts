// Finds rows of a list by their names, which come in the order of a listing, mostly.

import {isDirectory, parentOf, type Path, ROOT, withoutSlash} from '../../base/path.ts'
import type {FileList} from './flist.ts'

export class RowFinder {
	readonly #files: FileList
	/** The rows in the order of their paths. */
	order: Uint32Array
	#next = 0

	constructor(files: FileList) {
		this.#files = files
		this.order = files.byPath()
	}

	/** Names come from the beginning again. */
	rewind(): void {
		this.#next = 0
	}

	/** Nothing is looked for any more. */
	release(): void {
		this.order = new Uint32Array(0)
	}

	/** The row of a name: the next one mostly. */
	find(name: Path): number | undefined {
		const {order} = this
		const files = this.#files
		if (name === ROOT) {
			const first = order[0]
			return first !== undefined && files.path(first) === ROOT ? first : undefined
		}
		for (let at = this.#next; at < Math.min(order.length, this.#next + 4); at++) {
			const row = order[at] ?? 0
			if (files.path(row) !== name) continue
			this.#next = at + 1
			return row
		}
		let [low, high] = [0, order.length]
		while (low < high) {
			const middle = (low + high) >> 1
			const path = files.path(order[middle] ?? 0)
			if (path === ROOT || path < name) low = middle + 1
			else high = middle
		}
		const row = order[low]
		if (row === undefined || files.path(row) !== name) {
			this.#next = low
			return undefined
		}
		this.#next = low + 1
		return row
	}

	/** The row whose place it takes: a file's where it is or lies in a directory of that name, or a directory's. */
	inTheWayOf(name: Path): number | undefined {
		const files = this.#files
		const next = this.#next
		try {
			if (!isDirectory(name)) {
				const row = this.find(`${name}/`)
				if (row !== undefined) return row
			}
			for (
				let path = isDirectory(name) ? name : parentOf(name);
				path !== '' && path !== ROOT;
				path = parentOf(path)
			) {
				const row = this.find(withoutSlash(path))
				if (row !== undefined && !files.isDirectory(row)) return row
				if (this.find(path) !== undefined) return undefined
			}
			return undefined
		} finally {
			this.#next = next
		}
	}
}
