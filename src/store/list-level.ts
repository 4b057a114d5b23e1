// Where a long list can be cut: at the directories that come next, on the deepest level whose directories are neither
// too small, so that asking for their names would cost as much as listing them, nor none.

import {isLater} from './key-order.ts'
import type {AskPage} from './list-ahead.ts'
import type {Listed} from './store.ts'

/** Keys of a full page. */
const PAGE = 1000
/** Directories that hold fewer keys on average are not asked for. */
const SMALL = 4
/** Levels that are looked at, the deepest first. */
const DEPTH = 8
/** The first parts are a page long, so that there are soon some, and later ones longer, which costs fewer requests. */
const GROWTH = 6
const LONGEST = 2

/** Behind `page` of the keys under `prefix`, and before `end` where that is known. */
type Place = {readonly prefix: string; readonly page: readonly Listed[]; readonly end: string | undefined}

type Bounds = {readonly after: string; readonly end: string | undefined; readonly size: number}

/** Up to which key a part goes, with it, how many directories lie before that, and about how many pages. */
type Cut = {readonly end: string; readonly directories: number; readonly pages: number}

/**
 * The level on which a list goes on; undefined if that is no list of directories, or has less than two pages left. Gives
 * an empty page for each request that it made.
 */
export async function* findLevel(
	ask: AskPage,
	{prefix, page, end}: Place,
): AsyncGenerator<readonly Listed[], Level | undefined> {
	const last = page.at(-1)?.key
	if (last === undefined || !isInOrder(page)) return undefined
	for (const name of levelsOf(prefix, last)) {
		const size = meanSize(page, name)
		if (size < SMALL) continue
		const level = new Level(ask, name, {after: last, end, size})
		await level.more()
		yield* level.asked()
		if (level.known * size >= 2 * PAGE) return level
		// files, and not directories, come next; or the end
		if (!level.isWhole || end?.startsWith(name) === true) return undefined
	}
	return undefined
}

const isInOrder = (page: readonly Listed[]): boolean =>
	page.every(({key}, i) => i === 0 || isLater(key, page[i - 1]?.key ?? ''))

/** The directories that a key lies in, the innermost first, and the prefix. */
function levelsOf(prefix: string, key: string): readonly string[] {
	const levels: string[] = []
	for (
		let at = key.lastIndexOf('/');
		at >= prefix.length && levels.length < DEPTH;
		at = key.lastIndexOf('/', at - 1)
	)
		levels.push(key.slice(0, at + 1))
	return levels.includes(prefix) ? levels : [...levels, prefix]
}

/** How many keys of a page a directory of this level holds on average; a file is a directory of one. */
function meanSize(page: readonly Listed[], level: string): number {
	let [keys, directories, directory] = [0, 0, '']
	for (const {key} of page) {
		if (!key.startsWith(level)) continue
		keys++
		if (directory !== '' && key.startsWith(directory)) continue
		directories++
		const slash = key.indexOf('/', level.length)
		directory = slash < 0 ? '' : key.slice(0, slash + 1)
	}
	return keys / Math.max(1, directories)
}

/** The directories of one level, from somewhere on. */
export class Level {
	readonly #ask: AskPage
	readonly #name: string
	readonly #end: string | undefined
	/** The names that are known and not yet used; the last one that was. */
	#names: string[] = []
	#last: string
	#place: {readonly after: string} | {readonly token: string} | undefined
	/** What is known of how many keys they hold. */
	#keys: number
	#directories = 1
	#cuts = 0
	#unreported = 0

	/** Those of the level `name` that are behind the key `after` and before `end`, each with about `size` keys. */
	constructor(ask: AskPage, name: string, {after, end, size}: Bounds) {
		this.#ask = ask
		this.#name = name
		this.#end = end
		this.#last = after
		this.#place = {after}
		this.#keys = size
	}

	/** The last key up to which there was a cut. */
	get last(): string {
		return this.#last
	}

	/** How many names are known and not yet used. */
	get known(): number {
		return this.#names.length
	}

	/** Whether there are no others. */
	get isWhole(): boolean {
		return this.#place === undefined
	}

	/** The next cut, where a part that begins at the one before has about the right length; undefined behind the last. */
	async next(): Promise<Cut | undefined> {
		const pages = Math.min(LONGEST, 1 + Math.floor(this.#cuts++ / GROWTH))
		const size = Math.max(1, this.#keys) / this.#directories
		const wanted = Math.max(1, Math.round((pages * PAGE) / size))
		while (this.known < wanted && !this.isWhole) await this.more()
		const names = this.#names.splice(0, wanted)
		const end = names.at(-1)
		if (end === undefined) return undefined
		this.#last = end
		return {end, directories: names.length, pages: Math.ceil((names.length * size) / PAGE)}
	}

	/** Takes note of how many keys there were in so many directories. */
	learn(keys: number, directories: number): void {
		this.#keys += keys
		this.#directories += directories
	}

	/** Asks for more names. A store that has none to tell is not asked again. */
	async more(): Promise<void> {
		if (this.#place === undefined) return
		this.#unreported++
		const {prefixes = [], next} = await this.#ask({prefix: this.#name, delimiter: '/', ...this.#place})
		const before = this.known
		let isAtEnd = next === undefined
		for (const name of prefixes) {
			if (this.#end !== undefined && !isLater(this.#end, name)) isAtEnd = true
			else if (isLater(name, this.#names.at(-1) ?? this.#last)) this.#names.push(name)
		}
		this.#place = isAtEnd || next === undefined || this.known === before ? undefined : {token: next}
	}

	/** An empty page for each request since the last time. */
	*asked(): Generator<readonly Listed[]> {
		for (; this.#unreported > 0; this.#unreported--) yield []
	}
}
