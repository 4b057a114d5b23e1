// How many requests should be under way at once: more as long as more get done, fewer when the other side
// asks for less. Where latency is what limits, that is many; where a processor or a line is, few suffice.

import {usableCores} from './cores.ts'

export type AdaptiveOptions = {
	/** Bounds of the width; 16 to MOST by default. */
	readonly least?: number | undefined
	/** A lower one goes before `least` and `first`. */
	readonly most?: number | undefined
	/** The width to begin with; the least by default. */
	readonly first?: number | undefined
	/** A clock in milliseconds that only runs forward. */
	readonly now?: (() => number) | undefined
	/** Milliseconds of CPU that this process has used. */
	readonly used?: (() => number) | undefined
	/** How much the machine has left; undefined where that is not known. */
	readonly idle?: (() => Idle | undefined) | undefined
}

/** Time of all processors until now, in any unit: that in which they had nothing to do, and all. */
export type Idle = {readonly idle: number; readonly all: number}

/** Milliseconds over which throughput is measured, at least; and as many times the width has to be done. */
const WINDOW = 100
const ROUNDS = 2
/** A step up, and what it must bring to be kept. */
const STEP = 2
const GAIN = 1.1
/**
 * The share of the cores that one run uses above which it is they that limit: no more is asked for then. Where the store is on
 * the same ones it takes a part of them: then a smaller share is all there is, if the machine has little left.
 */
const BUSY = {alone: 0.85, beside: 0.6} as const
const LEFT = 0.1
const CORES = usableCores()
/**
 * Windows without a step: after the first that brought nothing, which something else may have been the reason of, and after more of
 * them, of which each doubles that; and after the other side asked for less.
 */
const REST = {first: 3, most: 24} as const
const CALM = 100

/** So many requests keep two cores busy with 20 ms of latency; twice as many bring no more. */
export const MOST = 1024
/**
 * A first width for small files: with fewer, threads that wait for messages cost as much as the work. Latency
 * wants more, and a store that wants fewer says so.
 */
export const MANY = 128

const clock = (): number => performance.now()

function cpuTime(): number {
	const {user, system} = process.cpuUsage()
	return (user + system) / 1000
}

/** Milliseconds on the clock, of CPU of this process, and what the machine has left, where that is known. */
type Moment = {readonly at: number; readonly used: number; readonly idle: Idle | undefined}

/** Whether it is the processors that limit. */
const doProcessorsLimit = (since: Moment, now: Moment): boolean =>
	now.used - since.used > (hasLeft(since, now) ? BUSY.alone : BUSY.beside) * CORES * (now.at - since.at)

const hasLeft = ({idle: before}: Moment, {idle: now}: Moment): boolean =>
	before !== undefined && now !== undefined && now.idle - before.idle > LEFT * (now.all - before.all)

/** A width that adapts itself to what it is told. */
export class AdaptiveWidth {
	readonly #least: number
	readonly #most: number
	readonly #now: () => number
	readonly #used: () => number
	readonly #idle: () => Idle | undefined
	#width: number
	/** The width before the last step, while that is on trial, and the throughput it had. */
	#before: {readonly width: number; readonly rate: number} | undefined
	/** Windows to come without a step. */
	#rest = 0
	/** How many there are when the next one brings nothing. */
	#nextRest: number = REST.first
	/** Whether the window is one in which connections are opened for a step: it tells nothing of what that brings. */
	#isSettling = false
	/** When the window began. */
	#since: Moment
	#done = 0
	#eased = false

	constructor(options: AdaptiveOptions = {}) {
		const {
			least = 16,
			most = MOST,
			first = least,
			now = clock,
			used = cpuTime,
			idle = () => undefined,
		} = options
		this.#least = Math.min(least, most)
		this.#most = most
		this.#now = now
		this.#used = used
		this.#idle = idle
		this.#width = Math.min(first, most)
		// who has just begun need not ask for more
		this.#since = {at: now(), used: used(), idle: undefined}
	}

	/** How many requests should be under way now. */
	get width(): number {
		return this.#width
	}

	/** A request has been done. */
	done(): void {
		this.#done++
		const elapsed = this.#now() - this.#since.at
		if (elapsed < WINDOW || this.#done < ROUNDS * this.#width) return
		const now = this.#moment()
		if (!this.#eased) this.#judge(this.#done / elapsed, doProcessorsLimit(this.#since, now))
		this.#begin(now)
	}

	/** The other side asked for less (503 SlowDown, 429): half, once a window. */
	slowDown(): void {
		if (this.#eased) return
		this.#width = Math.max(this.#least, Math.floor(this.#width / 2))
		this.#before = undefined
		this.#isSettling = false
		this.#rest = CALM
		this.#begin(this.#moment())
		// those under way have yet to be refused too
		this.#eased = true
	}

	#moment(): Moment {
		return {at: this.#now(), used: this.#used(), idle: this.#idle()}
	}

	#begin(since: Moment): void {
		this.#since = since
		this.#done = 0
		this.#eased = false
	}

	/** Keeps or takes back the last step by the throughput it brought, in requests a millisecond, and makes another where that can help. */
	#judge(rate: number, isBusy: boolean): void {
		if (this.#isSettling) this.#isSettling = false
		else if (this.#before !== undefined && rate < this.#before.rate * GAIN) {
			this.#width = this.#before.width
			this.#before = undefined
			this.#rest = this.#nextRest
			this.#nextRest = Math.min(REST.most, 2 * this.#nextRest)
		} else if (this.#rest > 0) this.#rest--
		else if (this.#width < this.#most && !isBusy) {
			this.#before = {width: this.#width, rate}
			this.#width = Math.min(this.#most, Math.ceil(this.#width * STEP))
			this.#isSettling = true
		} else this.#before = undefined
	}
}
