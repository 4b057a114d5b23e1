// Which files go to the crew: small ones, where there are many.

import type {Crew, Crews} from './crew.ts'

/** Files below this size are the crew's. */
export const BELOW = 2 ** 20
/**
 * Threads pay for so many files: each takes 50 ms to start, and as long as the main thread until what it does is compiled. 6,000
 * files took two thirds of the time with two threads, and no more CPU; 1,500 as long, and a quarter more CPU.
 */
const WORTH = 4000
/** Even then the first files are not the crew's where most are known to both sides: most often few of many have changed. */
const FROM = 2000
/** By this file all is loaded that a run needs: V8 takes the code cache of none that comes when its flags have changed. */
const LOADED = 50
/** Rows that tell what most are. */
const SAMPLE = 256

/** What an index holds before the transfer. */
export type Before = {
	/** How many files there can be. */
	readonly count: number
	/** Whether the other side is known to have the file of a row. */
	readonly has: (row: number) => boolean
}

/** Whether most files are on one side only, by a sample of the rows. */
function areMostNew({count, has}: Before): boolean {
	let known = 0
	for (let i = 0; i < SAMPLE; i++) if (has(Math.floor((i * count) / SAMPLE))) known++
	return known < SAMPLE / 2
}

export class SmallFiles<Task, Done> {
	readonly #crews: Crews<Task, Done> | undefined
	readonly #count: number
	/** Files that the crew does not do. */
	readonly #from: number
	#crew: Crew<Task, Done> | undefined
	#seen = 0

	/** Without `crews` every file is left to the caller. */
	constructor(crews: Crews<Task, Done> | undefined, before: Before) {
		this.#crews = crews
		this.#count = before.count
		if (crews?.isAsked) this.#from = 0
		else if (!crews || before.count < WORTH) this.#from = Infinity
		else this.#from = areMostNew(before) ? 0 : FROM
	}

	/** Has a thread do what there is to do with a file of `size` bytes; undefined where it is not the crew's, or did not go well. */
	async do(size: number, task: () => Task): Promise<Done | undefined> {
		if (++this.#seen === LOADED && this.#from === Infinity) this.#crews?.onFew?.()
		if (!this.#crews || size >= BELOW || this.#seen <= this.#from) return undefined
		this.#crew ??= this.#crews.start(this.#count)
		return this.#crew.do(task())
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}
