// Which files go to the crew: small ones, where there are many.

import type {Answer, Crew} from './crew.ts'

/**
 * Files below this size are the crew's, from so many of them on: each thread takes 50 ms to start, and as long as the main
 * thread until what it does is compiled.
 */
export const BELOW = 2 ** 20
const FROM = 2000

export class SmallFiles<Task, Done extends Answer> {
	readonly #make: (() => Crew<Task, Done>) | undefined
	#crew: Crew<Task, Done> | undefined
	#seen = 0

	/** `make` starts the threads; without it every file is left to the caller. */
	constructor(make: (() => Crew<Task, Done>) | undefined) {
		this.#make = make
	}

	/** Has a thread do what there is to do with a file of `size` bytes; undefined where it is not the crew's, or did not go well. */
	async do(size: number, task: () => Task): Promise<Done | undefined> {
		if (!this.#make || size >= BELOW || this.#seen++ < FROM) return undefined
		this.#crew ??= this.#make()
		return this.#crew.do(task())
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}
