// Whether requests go one behind the other on a connection, before the first of them is answered: pipelining, RFC 9112, section
// 9.3.2. Several are one write and their replies one read, whether the store is near or far (HACKING.md, "The wire"). A store
// answers them in turn, so where it takes its time for each, connections beside each other are quicker, and nothing is pipelined.

import type {Connection} from './http-connection.ts'
import {timedOut} from './plane-errors.ts'

/** So many requests go together. */
const DEPTH = 8
/** Milliseconds by which each is answered behind the one before it where a store is quick, however far it is. */
const QUICK = 1
/** So many answers come before two go together for the first time; twice as many each time that this was in vain. */
const PATIENCE = 128
/** Half of so many that went together decide: a thread that was busy finds late answers beside early ones. */
const SAMPLE = 16
/** Milliseconds that two which are tried have: what takes one of them only would never answer the other. */
const TRIAL = 1000

type Carrier = Pick<Connection, 'depth' | 'spread' | 'isOver' | 'end'>

export class Pipelining {
	/** `tried`: two are under way together, on whose answers the rest depends. */
	#state: 'alone' | 'tried' | 'together' | 'fails'
	#trial: NodeJS.Timeout | undefined
	/** How many answers are still waited for, and how many were the last time. */
	#left = PATIENCE
	#patience = PATIENCE
	/** Of those that went together so many were answered since it was last decided, and so many of them late. */
	#seen = 0
	#late = 0

	/** Not `isAllowed`, nothing is ever pipelined. */
	constructor(isAllowed: boolean) {
		this.#state = isAllowed ? 'alone' : 'fails'
	}

	/** How many of the requests that are to be sent go together. Two are tried first, and nothing else until they are answered. */
	get depth(): number {
		if (this.#state === 'together') return DEPTH
		return this.#state === 'alone' && this.#left <= 0 ? 2 : 1
	}

	/** A connection got requests. */
	sent(connection: Carrier): void {
		if (connection.depth < 2 || this.#state !== 'alone') return
		this.#state = 'tried'
		this.#trial = setTimeout(() => connection.end(timedOut(false)), TRIAL).unref()
	}

	/** All that a connection got together was answered. */
	answered({depth, spread}: Carrier): void {
		if (depth < 2) this.#left--
		else if (this.#state === 'tried' || this.#state === 'together') this.#judge(spread > QUICK * (depth - 1))
	}

	#judge(isLate: boolean): void {
		clearTimeout(this.#trial)
		this.#seen++
		if (isLate) this.#late++
		if (this.#state === 'together' && this.#seen < SAMPLE) return
		if (2 * this.#late > this.#seen) {
			this.#state = 'alone'
			this.#left = this.#patience *= 2
		} else this.#state = 'together'
		this.#seen = this.#late = 0
	}

	/**
	 * A connection ended before all that were sent together on it were answered: they are sent again, and no more are pipelined. Many
	 * servers end each after a hundred requests, or a thousand: who says so, and took some before, only took its time.
	 */
	failed({isOver}: Pick<Carrier, 'isOver'>): void {
		if (isOver && this.#state === 'together') return this.#judge(true)
		this.#state = 'fails'
		clearTimeout(this.#trial)
	}
}
