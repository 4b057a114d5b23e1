// How many parts of one file are under way at once.

import type {Width} from '../base/pool.ts'

const LEAST = 6
/** So many keep two cores busy with 20 ms of latency; half as many take 1.05 of the time. */
const MOST = 32
/** What is under way takes so long at most, in seconds: a run that ends loses it. */
const LOST = 5

/** As many as are done in some seconds, so that a slow line is not asked for parts that it carries much later. */
export class PartsWidth implements Width {
	readonly #now: () => number
	readonly #since: number
	#done = 0

	/** `now`: a clock in milliseconds that only runs forward. */
	constructor(now = () => performance.now()) {
		this.#now = now
		this.#since = now()
	}

	get width(): number {
		const seconds = (this.#now() - this.#since) / 1000
		const many = Math.floor((LOST * this.#done) / seconds) || 0
		return Math.min(Math.max(many, LEAST), MOST)
	}

	done(): void {
		this.#done++
	}
}
