// A bucket can hold both `d` and `d/x`, and a disk cannot: whoever pulls that gets only one of them. So a
// push makes no object in the way of others, and takes away the one that a directory, or a file, replaced.

import {isDirectory, parentOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {type Entry, remoteIsBase} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import type {Status} from '../format/record.ts'
import type {PlanOptions} from './plan.ts'

type Options = Omit<PlanOptions, 'direction'>

/** Whether a push takes this object away: it is gone here, and is what it was when it was here. */
const isLeaving = ({local, base, remote}: Entry): boolean =>
	local === undefined && base !== undefined && remote?.moved !== true

/** What stands in the way of what, in one index. */
export class Clashes {
	readonly #index: IndexRows
	readonly #options: Options
	/** Whether there are objects at all: a first push has nothing to be in the way of. */
	readonly #isEmpty: boolean
	/** The directory last asked for, and whether a file's object is in its way: what is in it comes in a row. */
	#last: {readonly directory: Path; readonly isBarred: boolean} = {directory: '', isBarred: false}

	constructor(index: IndexRows, options: Options) {
		this.#index = index
		this.#options = options
		this.#isEmpty = !index.someRemote()
	}

	/** The status of an item of a push, as the items of other types under its name let it be. */
	status(entry: Entry, status: Status | undefined): Status | undefined {
		if (entry.path === ROOT) return status
		if (status === undefined) return this.#isReplaced(entry) ? 'D' : undefined
		const isNew = !entry.remote && status !== '=' && status !== 'D'
		return isNew && this.#isBarred(entry.path) ? 'C' : status
	}

	/** Whether something of another type is here in the place of an object that is to stay otherwise. */
	#isReplaced(entry: Entry): boolean {
		const {path, remote} = entry
		if (!remote || !remoteIsBase(entry) || !isLeaving(entry)) return false
		if (!isDirectory(path)) return this.#get(`${path}/`)?.local !== undefined
		return this.#get(withoutSlash(path))?.local !== undefined && !this.#holds(path, () => true)
	}

	/** Whether objects that stay are in the way of a new one. */
	#isBarred(path: Path): boolean {
		if (this.#isEmpty) return false
		const stays = (other: Entry) => !(isLeaving(other) && this.#options.delete)
		const isFull = !isDirectory(path) && (this.#holds(`${path}/`, stays) || this.#stands(`${path}/`))
		return isFull || this.#isBelowFile(isDirectory(path) ? path : parentOf(path))
	}

	/** Whether the object of a directory, alone, stays where a file takes its place. */
	#stands(path: Path): boolean {
		const entry = this.#get(path)
		return entry?.remote !== undefined && !isLeaving(entry)
	}

	/** Whether a directory, or one that it lies in, has a file's object in its place, which stays. */
	#isBelowFile(directory: Path): boolean {
		if (directory === '') return false
		if (directory === this.#last.directory) return this.#last.isBarred
		const file = this.#get(withoutSlash(directory))
		const isBarred =
			(file?.remote !== undefined && !isLeaving(file)) || this.#isBelowFile(parentOf(directory))
		this.#last = {directory, isBarred}
		return isBarred
	}

	/** Whether a directory holds an object that `counts`, itself aside. */
	#holds(directory: Path, counts: (entry: Entry) => boolean): boolean {
		const found = this.#index.find(directory)
		for (let row = found < 0 ? -1 - found : found + 1; row < this.#index.count; row++) {
			if (!this.#index.path(row).startsWith(directory)) return false
			if (this.#index.hasRemote(row) && counts(this.#index.entry(row))) return true
		}
		return false
	}

	#get(path: Path): Entry | undefined {
		const row = this.#index.find(path)
		return row < 0 ? undefined : this.#index.entry(row)
	}
}
