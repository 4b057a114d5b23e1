// The filter rules that a client sends along. See s3r-rsync(5), FILTER LIST; what they mean is in s3r-filter(7).

import {isDirectory, parentOf, type Path, ROOT} from '../../base/path.ts'
import {reason, S3rError} from '../../base/errors.ts'
import {answerLater, type FilterOption} from '../../format/filter-read.ts'
import {type Filter, FilterRules, type FilterSide, type Standing} from '../../format/filter.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import type {Input} from './input.ts'

const RULE_LIMIT = 1 << 16
const LIST_LIMIT = 1 << 20

/** Reads the texts of a list, which an empty one ends. */
export async function readFilterList(input: Input): Promise<string[]> {
	const texts: string[] = []
	for (;;) {
		const text = await input.read(readText)
		if (text === '') return texts
		texts.push(text)
		if (texts.length > LIST_LIMIT) throw new RsyncError(RERR.stream, 'too many filter rules')
	}
}

function readText(cursor: Cursor): string {
	const length = cursor.int()
	if (length < 0 || length > RULE_LIMIT) throw new RsyncError(RERR.stream, `a filter rule of ${length} bytes`)
	return cursor.text(length)
}

export type FilterListOptions = {
	readonly protocol: number
	readonly side: FilterSide
	/** Adds what CVS ignores (-C), where the client leaves that to us. */
	readonly cvs?: boolean
	readonly deleteExcluded?: boolean
}

/** The rules that the texts of a list are. */
export async function filterOf(
	texts: readonly string[],
	{protocol, side, cvs = false, deleteExcluded = false}: FilterListOptions,
): Promise<Filter> {
	// before protocol 29 there were patterns only
	const option = protocol < 29 ? 'exclude' : 'filter'
	const options: FilterOption[] = texts.map((value) => ({option, value}))
	if (cvs) options.push({option: 'cvs-exclude'})
	try {
		const rules = await answerLater(
			FilterRules.read(options, {root: '', deleteExcluded}),
			async () => undefined,
		)
		return rules.on(side)
	} catch (error) {
		if (error instanceof S3rError) throw new RsyncError(RERR.syntax, reason(error), error)
		throw error
	}
}

/** A filter beside the names of one directory of the remote, whose files of rules are read where there are such. */
export class Walk {
	readonly #filter: Filter
	readonly #read: (path: Path) => Promise<string | undefined>
	/** What counts in directories, and whether they are excluded. */
	readonly #standings = new Map<Path, Promise<Standing>>()
	readonly #excluded = new Map<Path, boolean>([['', false]])

	/** `read` gives the text of a file by its name in the list, undefined where there is none. */
	constructor(filter: Filter, read: (path: Path) => Promise<string | undefined>) {
		this.#filter = filter
		this.#read = read
	}

	/** Whether a path, or a directory that it lies in, is excluded. */
	excludes(path: Path): boolean | Promise<boolean> {
		const {top} = this.#filter
		if (path === ROOT || (top.compiled.length === 0 && top.merges.size === 0)) return false
		return top.merges.size === 0 ? this.#excludesAt(path, top) : this.#excludesLater(path)
	}

	#excludesAt(path: Path, standing: Standing): boolean {
		const known = this.#excluded.get(path)
		if (known !== undefined) return known
		const excluded = this.#excludesAt(parentOf(path), standing) || this.#decides(path, standing)
		if (isDirectory(path)) this.#excluded.set(path, excluded)
		return excluded
	}

	async #excludesLater(path: Path): Promise<boolean> {
		const known = this.#excluded.get(path)
		if (known !== undefined) return known
		const above = parentOf(path)
		const excluded = (await this.#excludesLater(above)) || this.#decides(path, await this.#standing(above))
		if (isDirectory(path)) this.#excluded.set(path, excluded)
		return excluded
	}

	/** Whether the rule that decides about a path itself excludes it; of a deleted directory perishable ones do not count. */
	async decides(path: Path, ignorePerishable = false): Promise<boolean> {
		const {top} = this.#filter
		const standing = top.merges.size === 0 ? top : await this.#standing(parentOf(path))
		return this.#decides(path, standing, ignorePerishable)
	}

	#decides(path: Path, standing: Standing, ignorePerishable = false): boolean {
		return this.#filter.decide(standing, path, isDirectory(path), {ignorePerishable})?.kind === 'exclude'
	}

	#standing(directory: Path): Promise<Standing> {
		const known = this.#standings.get(directory)
		if (known) return known
		const standing = this.#enter(directory)
		this.#standings.set(directory, standing)
		return standing
	}

	async #enter(directory: Path): Promise<Standing> {
		const above = directory === '' ? this.#filter.top : await this.#standing(parentOf(directory))
		return answerLater(this.#filter.enter(directory, above), (path) => this.#read(path.replace(/^\/+/, '')))
	}
}
