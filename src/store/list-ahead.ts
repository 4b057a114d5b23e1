// Lists many keys with several requests at a time, in order and with bounded memory. One page says where the next
// begins, so that with latency a list takes as many round trips as it has pages; but a list can begin behind any text.
//
// When a list turns out long, and its reader waits for it, the store is asked which directories come next (list-level.ts), and what lies between
// them is asked for ahead of the reader: as many parts at a time as keep it busy, WIDTH at most, and no more than AHEAD
// pages of all. A part that is longer than was thought waits until the reader comes to it, and is then split in the same way, so that AHEAD pages are held for
// each level of directories. Where there are no directories the list goes on page by page.

import {isLater} from './key-order.ts'
import {findLevel, type Level} from './list-level.ts'
import {type Pages, PagesAhead} from './pages-ahead.ts'
import type {Listed} from './store.ts'
import type {ListRequest, Page} from './wire.ts'

export type AskPage = (request: ListRequest) => Promise<Page>

/**
 * How many parts are listed at a time at most, how many at first, and how many pages of all of them. A page that waits
 * takes 1 to 2 MB until its memory is free again, so more would be quicker, and above 150 MiB.
 */
export const WIDTH = 10
const FEW = 2
export const AHEAD = 30
/** Pages of a part that are asked for ahead, at least; of one that is longer all are, unless it is longer than this. */
const SHORT = AHEAD / WIDTH
const LONG = AHEAD / 2
/** So many pages are listed one by one before there is a look at what is ahead. */
const PATIENCE = 2

/** Keys behind `after`, up to `end` and with it; to the last one where that is undefined. */
type Range = {readonly after: string | undefined; readonly end: string | undefined}

/** A part that is listed ahead: how many pages at most, and how many directories it is thought to hold. */
type Part = {readonly pages: PagesAhead; readonly ahead: number; readonly directories: number}

/**
 * The pages of the keys under `prefix` that are behind `after`, in the byte order of UTF-8; every request that was made
 * gives one, also an empty one.
 */
export async function* listAhead(ask: AskPage, prefix: string, after: string | undefined): Pages {
	const lister = new Lister(ask, prefix)
	try {
		yield* lister.all(after)
	} finally {
		lister.stop()
	}
}

/** The same one by one, in whatever order the store has. */
export async function* listInTurn(ask: AskPage, prefix: string, after: string | undefined): Pages {
	let place: Pick<ListRequest, 'after' | 'token'> | undefined = {after}
	while (place !== undefined) {
		const {objects, next}: Page = await ask({prefix, ...place})
		yield objects
		place = next === undefined ? undefined : {token: next}
	}
}

class Lister {
	readonly #ask: AskPage
	readonly #prefix: string
	/** Nobody reads any more. */
	#isStopped = false
	/** What the reader gets. */
	#reader: PagesAhead | undefined
	/** The store does not begin where it is asked to: what it lists too early is passed over. */
	#isPlain = false

	constructor(ask: AskPage, prefix: string) {
		this.#ask = ask
		this.#prefix = prefix
	}

	stop(): void {
		this.#isStopped = true
	}

	/** Everything behind `after`, a page ahead of the reader. */
	all(after: string | undefined): Pages {
		this.#reader = new PagesAhead(this.list({after, end: undefined}, PATIENCE), 1)
		return this.#reader.pages()
	}

	/** A range: page by page, and in parts where it has been long for `patience` pages and is not at its end. */
	async *list({after, end}: Range, patience: number): Pages {
		let from = after
		let place: Pick<ListRequest, 'after' | 'token'> = {after}
		for (let pages = 1; !this.#isStopped; pages++) {
			const {objects, next} = await this.#ask({prefix: this.#prefix, ...place})
			const page = this.#within(objects, {after: from, end})
			yield page
			if (next === undefined || reaches(objects.at(-1)?.key, end)) return
			place = {token: next}
			if (pages < patience || this.#isPlain) continue
			patience = pages * 2
			if (!this.#isReaderWaiting()) continue
			const level = yield* findLevel(this.#ask, {prefix: this.#prefix, page, end})
			if (level === undefined) continue
			yield* this.#split(level)
			from = level.last
			place = {after: from}
			patience = PATIENCE
			pages = 0
		}
	}

	/** What lies before the last directory of a level, in parts. */
	async *#split(level: Level): Pages {
		const parts: Part[] = []
		const begin = async (): Promise<boolean> => {
			const after = level.last
			const cut = this.#isPlain ? undefined : await level.next()
			if (cut === undefined) return false
			const count = cut.pages > LONG ? SHORT : Math.max(SHORT, cut.pages + 1)
			// it is not looked into before the reader comes to it
			const pages = new PagesAhead(this.list({after, end: cut.end}, 2 * count), count)
			parts.push({directories: cut.directories, ahead: count, pages})
			return true
		}
		let width = FEW
		const isFull = (): boolean =>
			parts.length >= width || parts.reduce((sum, part) => sum + part.ahead, 0) >= AHEAD
		const fill = async (): Promise<void> => {
			while (!isFull() && (await begin())) continue
		}
		await fill()
		for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
			await fill()
			let keys = 0
			for await (const page of part.pages.pages()) {
				keys += page.length
				yield page
			}
			if (part.pages.waited > 0) width = Math.min(WIDTH, 2 * width)
			else if (parts.every(({pages}) => pages.hasArrived)) width = Math.max(FEW, width - 1)
			level.learn(keys, part.directories)
			yield* level.asked()
		}
	}

	/** Whether the reader had to wait for most of the pages. */
	#isReaderWaiting(): boolean {
		const {read, waited} = this.#reader ?? {read: 0, waited: 0}
		return 2 * waited > read
	}

	/** Those of a page that belong to a range: the store does not know where it ends, nor always where it begins. */
	#within(objects: readonly Listed[], {after, end}: Range): readonly Listed[] {
		const isInside = ({key}: Listed): boolean =>
			(after === undefined || isLater(key, after)) && (end === undefined || !isLater(key, end))
		const [first, last] = [objects[0], objects.at(-1)]
		if (first === undefined || last === undefined) return objects
		if (after !== undefined && !isLater(first.key, after)) this.#isPlain = true
		return isInside(first) && isInside(last) ? objects : objects.filter(isInside)
	}
}

/** Whether a key is the end of a range, or behind it. */
const reaches = (key: string | undefined, end: string | undefined): boolean =>
	key !== undefined && end !== undefined && !isLater(end, key)
