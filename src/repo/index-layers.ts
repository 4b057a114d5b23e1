// Indexes over one another: of the rows of one path that of the topmost stands.

import type {Path} from '../base/path.ts'
import type {IndexFile} from '../format/index-file.ts'
import type {StoredIndex} from './stored-index.ts'

/** A row of an index, which is valid until the next one is asked for. */
export type LayerRow = {readonly index: IndexFile; readonly row: number}

/** The rows of all layers in the order of their paths, one for each path; later layers lie above earlier ones. */
export function* layered(layers: readonly StoredIndex[]): Iterable<LayerRow> {
	let open = layers.map((index) => new Reader(index)).filter((reader) => !reader.isAtEnd)
	while (open.length > 0) {
		const {top, limit} = foremost(open)
		const isAlone = (): boolean => !top.isAtEnd && (limit === undefined || top.path < limit)
		if (limit === top.path) {
			yield top.here()
			for (const reader of open) if (reader.path === limit) reader.advance()
		} else
			// most often many rows of one layer follow one another
			while (isAlone()) {
				yield top.here()
				top.advance()
			}
		open = open.filter((reader) => !reader.isAtEnd)
	}
}

/** The reader whose row comes next, the last of several, and the least path of the others. */
function foremost(readers: readonly Reader[]): {readonly top: Reader; readonly limit: Path | undefined} {
	let top = readers[0] as Reader
	let limit: Path | undefined
	for (const reader of readers.slice(1))
		if (reader.path <= top.path) {
			limit = top.path
			top = reader
		} else if (limit === undefined || reader.path < limit) limit = reader.path
	return {top, limit}
}

class Reader {
	readonly #index: StoredIndex
	#row = 0
	path: Path = ''

	constructor(index: StoredIndex) {
		this.#index = index
		if (!this.isAtEnd) this.path = index.path(0)
	}

	get isAtEnd(): boolean {
		return this.#row >= this.#index.count
	}

	here(): LayerRow {
		const {first, index} = this.#index.window(this.#row)
		return {index, row: this.#row - first}
	}

	advance(): void {
		this.#row++
		if (!this.isAtEnd) this.path = this.#index.path(this.#row)
	}
}
