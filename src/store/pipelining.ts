// Whether requests go one behind the other on a connection, before the first of them is answered: pipelining, RFC 9112, section
// 9.3.2. Several are one write and their replies one read, which a quick store notices most (HACKING.md, "The wire"). A store
// answers them in turn, so where it takes its time connections beside each other are quicker, and nothing is pipelined.

import type {Connection} from './http-connection.ts'
import {timedOut} from './plane-errors.ts'

/** So many requests go together. */
const DEPTH = 4
/** Milliseconds in which a store that is quick has answered all of them, or one that goes alone. */
const QUICK = 4
/** The quickest of so many answers tells how quick the store is: the others waited until this thread had time for them. */
const SAMPLE = 128
/** Milliseconds that the first two requests which go together have: what takes one of them only would never answer the other. */
const TRIAL = 1000

type Carrier = Pick<Connection, 'depth' | 'end'>

export class Pipelining {
	#state: 'untried' | 'tried' | 'works' | 'fails'
	#trial: NodeJS.Timeout | undefined
	/** Milliseconds that the quickest took of the last sample, and of the one that is being taken. */
	#quickest = Infinity
	#next = Infinity
	#answers = 0

	/** Not `isAllowed`, nothing is ever pipelined. */
	constructor(isAllowed: boolean) {
		this.#state = isAllowed ? 'untried' : 'fails'
	}

	/** How many of the requests that are to be sent go together. Two are tried first, and nothing else until they are answered. */
	get depth(): number {
		if (this.#state !== 'works' && this.#state !== 'untried') return 1
		if (this.#quickest > QUICK) return 1
		return this.#state === 'works' ? DEPTH : 2
	}

	/** A connection got requests. */
	sent(connection: Carrier): void {
		if (connection.depth < 2 || this.#state !== 'untried') return
		this.#state = 'tried'
		this.#trial = setTimeout(() => connection.end(timedOut(false)), TRIAL).unref()
	}

	/** All that a connection got together was answered, after some milliseconds. */
	answered({depth}: Carrier, took: number): void {
		if (depth > 1 && this.#state === 'tried') this.#is('works')
		this.#next = Math.min(this.#next, took)
		if (++this.#answers < SAMPLE) return
		this.#quickest = this.#next
		this.#next = Infinity
		this.#answers = 0
	}

	/** A connection ended before all that were sent together on it were answered: they are sent again, and no more are pipelined. */
	failed(): void {
		this.#is('fails')
	}

	#is(state: 'works' | 'fails'): void {
		this.#state = state
		clearTimeout(this.#trial)
	}
}
