// What a plan sees of the entries of an index through a selection: those that the sending side does not show
// are to it as if they were gone there, and what the receiving side protects is left out.

import {isDirectory, parentOf, type Path, ROOT} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import type {PlanOptions} from './plan.ts'
import {selector} from './scanner.ts'
import type {Selection} from './select.ts'

type Options = Pick<PlanOptions, 'direction' | 'delete'>

/** What becomes of a directory of the receiving side: the other has it; it goes; or it is protected, with all in it. */
type Fate = 'stands' | 'goes' | 'stays'

export class Shown {
	/** Whether something may be lost although both sides have it and it is the same. */
	readonly exposes: boolean
	readonly #index: IndexRows
	readonly #isPush: boolean
	readonly #deletes: boolean
	readonly #risks: Selection['risks']
	readonly #shows: (path: Path) => boolean
	/** The fates of the directory that was last asked for and of those that it lies in: what lies in one comes in a row. */
	readonly #fates: {readonly directory: Path; readonly fate: Fate}[] = [{directory: '', fate: 'stands'}]

	constructor(index: IndexRows, {direction, delete: deletes = false}: Options, selection: Selection) {
		const {shows, risks, exposes} = selection
		this.#index = index
		this.#isPush = direction === 'push'
		this.#deletes = deletes
		this.#risks = risks
		this.#shows = selector(shows)
		this.exposes = exposes && deletes
	}

	/** The entry as the plan is to see it; undefined if it has no part in it. */
	see(entry: Entry): Entry | undefined {
		const {path} = entry
		if (path === ROOT) return entry
		if (this.#isSent(entry) && this.#shows(path)) return entry
		if (!this.#mayGo(path) || (this.#deletes && isDirectory(path) && this.#isHeld(path))) return undefined
		return this.#isPush ? {...entry, local: undefined} : {...entry, remote: undefined}
	}

	/** Whether the sending side has it, shown or not. */
	#isSent({local, remote}: Entry): boolean {
		return (this.#isPush ? local : remote) !== undefined
	}

	#mayGo(path: Path): boolean {
		const fate = this.#fate(parentOf(path))
		return fate !== 'stays' && this.#risks(path, isDirectory(path), fate === 'goes')
	}

	#fate(directory: Path): Fate {
		while (!directory.startsWith(this.#last.directory)) this.#fates.pop()
		if (directory === this.#last.directory) return this.#last.fate
		const above = this.#fate(parentOf(directory))
		const fate = above === 'stands' && this.#stands(directory) ? 'stands' : this.#goes(directory, above)
		this.#fates.push({directory, fate})
		return fate
	}

	get #last() {
		return this.#fates.at(-1) as {readonly directory: Path; readonly fate: Fate}
	}

	#goes(directory: Path, above: Fate): Fate {
		return above !== 'stays' && this.#risks(directory, true, above === 'goes') ? 'goes' : 'stays'
	}

	/** Whether the sending side shows a directory. Buckets of other tools have no objects for theirs. */
	#stands(directory: Path): boolean {
		if (!this.#shows(directory)) return false
		const row = this.#index.find(directory)
		if (row < 0 || this.#isSent(this.#index.entry(row))) return true
		return this.#some(directory, (below) => this.#isSent(below))
	}

	/** Whether a directory that would go holds something that stays. */
	#isHeld(directory: Path): boolean {
		return this.#some(directory, (entry) => {
			const isThere = (this.#isPush ? entry.remote : entry.local) !== undefined
			return isThere && !this.#mayGo(entry.path)
		})
	}

	/** Whether some entry in a directory, itself aside, is so. */
	#some(directory: Path, is: (entry: Entry) => boolean): boolean {
		const found = this.#index.find(directory)
		for (let row = found < 0 ? -1 - found : found + 1; row < this.#index.count; row++) {
			if (!this.#index.path(row).startsWith(directory)) return false
			if (is(this.#index.entry(row))) return true
		}
		return false
	}
}
