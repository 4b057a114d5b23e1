// Which files go to the crew: small ones, where there are many.

import type {Crews} from './crew.ts'

/** Files below this size are the crew's. */
export const BELOW = 2 ** 20
/**
 * Threads pay for so many files: each takes 50 ms to start, and as long as the main thread until what it does is compiled. With one,
 * 1,500 are pushed in the same time and pulled in a fifteenth less, and take a fifth more CPU.
 */
const WORTH = 2000
/**
 * Even then the first files are not the crew's where most are the same on both sides: most often few of many have changed, and
 * threads that come for the last ones cost as much as they bring.
 */
const FROM = 2000
/** By this file all is loaded that a run needs: V8 takes the code cache of none that comes when its flags have changed. */
const LOADED = 50
/** Rows that tell what most are. */
const SAMPLE = 256

/** What an index holds before the transfer. */
export type Before = {
	/** How many files there can be. */
	readonly count: number
	/** Whether the file of a row is known to be the same on both sides. */
	readonly isDone: (row: number) => boolean
}

/** How many files an index had, and how many there are. */
export type Found = {readonly known: number; readonly count: number}

/** Has threads begin before what was found is written to the index, where most of it is new. */
export function beginEarly(
	crews: Pick<Crews<never, unknown>, 'begin'> | undefined,
	{known, count}: Found,
): void {
	if (count >= WORTH && known < count / 2) crews?.begin(count)
}

/** Whether there is something to do with most files, by a sample of the rows. */
function areMostToDo({count, isDone}: Before): boolean {
	let done = 0
	for (let i = 0; i < SAMPLE; i++) if (isDone(Math.floor((i * count) / SAMPLE))) done++
	return done < SAMPLE / 2
}

const NOTHING = Promise.resolve(undefined)

export class SmallFiles<Task, Done> {
	readonly #crews: Crews<Task, Done> | undefined
	readonly #count: number
	/** Files that the crew does not do. */
	readonly #from: number
	#crew: ReturnType<Crews<Task, Done>['start']> | undefined
	#seen = 0

	/** Without `crews` every file is left to the caller. */
	constructor(crews: Crews<Task, Done> | undefined, before: Before) {
		this.#crews = crews
		this.#count = before.count
		if (crews?.isAsked) this.#from = 0
		else if (!crews || before.count < WORTH) this.#from = Infinity
		else this.#from = areMostToDo(before) ? 0 : FROM
	}

	/** Whether a file of `size` bytes is the crew's; to be asked of each file once. */
	takes(size: number): boolean {
		if (++this.#seen === LOADED && this.#from === Infinity) this.#crews?.onFew?.()
		return this.#crews !== undefined && size < BELOW && this.#seen > this.#from
	}

	/** Has a thread do what there is to do with a file that the crew takes; undefined where that did not go well. */
	do(task: Task): Promise<Done | undefined> {
		this.#crew ??= this.#crews?.start(this.#count)
		return this.#crew?.do(task) ?? NOTHING
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}
