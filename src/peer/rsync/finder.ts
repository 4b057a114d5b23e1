// What is remembered of objects that are listed: rows of an index, of which the listing says whether they still hold.

import type {Path} from '../../base/path.ts'
import type {IndexFile, IndexRows} from '../../format/index-file.ts'
import {type Heard, isSameVersion} from '../../sync/fetch.ts'
import type {Found} from './catalogue.ts'
import {foundOf} from './index-entry.ts'
import type {OwnerNames} from './owner-names.ts'

/** Whether nothing more need be known of a file than a row of an index says, which has no more but words. */
export type Settles = (path: Path, index: IndexFile, row: number) => boolean

export type Remembered = {
	readonly index: IndexRows
	readonly close: () => void
	readonly owners: Pick<OwnerNames, 'userName' | 'groupName'>
}

/** Finds rows of an index for paths that come in its order, mostly. */
export class Finder {
	readonly #memory: Remembered
	#row = 0
	#next = 0

	constructor(memory: Remembered) {
		this.#memory = memory
	}

	/** Whether the version that was listed is remembered; the following calls are of this one. */
	knows(heard: Heard): boolean {
		const {index} = this.#memory
		const isNext = this.#next < index.count && index.path(this.#next) === heard.path
		const row = isNext ? this.#next : index.find(heard.path)
		if (row < 0) return false
		this.#row = row
		this.#next = row + 1
		const {first, index: window} = index.window(row)
		return window.inSync(row - first) && isSameVersion(window.remote(row - first), heard)
	}

	isSettled(path: Path, settles: Settles | undefined): boolean {
		const {first, index} = this.#memory.index.window(this.#row)
		return settles?.(path, index, this.#row - first) === true
	}

	found({modified}: Heard): Found | undefined {
		const {index, owners} = this.#memory
		return foundOf(index.entry(this.#row), owners, modified)
	}
}
