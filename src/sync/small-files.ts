// Which files go to the crew: small ones, where there are many.

import type {Answer, Crew, Crews} from './crew.ts'

/** Files below this size are the crew's. */
export const BELOW = 2 ** 20
/**
 * Threads pay for so many files: each takes 50 ms to start, and as long as the main thread until what it does is compiled.
 * Without them 6,000 files took less time on two cores, three quarters of the CPU and 60 % of the memory.
 */
const WORTH = 12_000
/** Fewer files than this are few: the run is short. */
const FEW = 4000
/** Even then the first files are not the crew's: most often few of many have changed. */
const FROM = 2000

export class SmallFiles<Task, Done extends Answer> {
	readonly #crews: Crews<Task, Done> | undefined
	/** Files that the crew does not do. */
	readonly #from: number
	#crew: Crew<Task, Done> | undefined
	#seen = 0

	/** Without `crews` every file is left to the caller. `most` is how many files there can be. */
	constructor(crews: Crews<Task, Done> | undefined, most: number) {
		this.#crews = crews
		if (most < FEW) crews?.onFew?.()
		this.#from = crews?.isAsked ? 0 : most < WORTH ? Infinity : FROM
	}

	/** Has a thread do what there is to do with a file of `size` bytes; undefined where it is not the crew's, or did not go well. */
	async do(size: number, task: () => Task): Promise<Done | undefined> {
		if (!this.#crews || size >= BELOW || this.#seen++ < this.#from) return undefined
		this.#crew ??= this.#crews.start()
		return this.#crew.do(task())
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}
