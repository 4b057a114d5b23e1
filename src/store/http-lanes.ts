// The connections to one origin. Each carries one request at a time, or some small ones; the one used last is used first.

import type {HttpOptions, Reply, Request} from './http.ts'
import {Connection, isSmall, type Sent} from './http-connection.ts'
import {Origin} from './http-origin.ts'
import {headOf} from './http-request.ts'
import {Pipelining} from './pipelining.ts'
import {timedOut} from './plane-errors.ts'

/** Milliseconds of idleness after which a server may be about to close a connection: a new one is surer. */
const STALE = 4000

export class Lanes {
	readonly #origin: Origin
	readonly #options: HttpOptions
	readonly #all = new Set<Connection>()
	readonly #idle: Connection[] = []
	/** What waits for a connection: requests that go together. */
	readonly #waiting: (readonly Sent[])[] = []
	readonly #pipelining: Pipelining
	/** What is to be sent at the end of this turn. */
	#gathered: Sent[] = []
	/** The coming turn, in which a connection more is opened if anything waits then. */
	#opening: NodeJS.Immediate | undefined
	#isClosed = false
	#aborted: Error | undefined

	constructor(origin: string, options: HttpOptions) {
		this.#origin = new Origin(origin, options)
		this.#options = options
		this.#pipelining = new Pipelining(options.pipelines)
	}

	/** Sends a request as soon as a connection is free. Rejects where a header cannot be sent, and with errors of the system. */
	exchange(request: Request): Promise<Reply> {
		return new Promise((resolve, reject) => {
			if (this.#aborted !== undefined) return reject(this.#aborted)
			const {method, streams, lends, room, body, isBrief} = request
			const exchange = {method, streams, lends, room, resolve, reject}
			const sent = {exchange, message: {head: headOf(request), body}}
			if (isBrief === true && this.#pipelining.depth > 1 && isSmall(sent.message)) this.#gather(sent)
			else this.#carry([sent])
		})
	}

	/** Keeps a request until all that this turn brings are there. */
	#gather(sent: Sent): void {
		if (this.#gathered.length === 0) process.nextTick(this.#sendGathered)
		this.#gathered.push(sent)
	}

	readonly #sendGathered = (): void => {
		const requests = this.#gathered
		this.#gathered = []
		for (let at = 0, end = 0; at < requests.length; at = end) {
			end = at + this.#pipelining.depth
			this.#carry(requests.slice(at, end))
		}
	}

	/** Sends requests that go together. */
	#carry(requests: readonly Sent[]): void {
		if (this.#aborted !== undefined) return refuse(requests, this.#aborted)
		const idle = this.#takeIdle()
		if (idle !== undefined) return this.#give(idle, requests)
		this.#waiting.push(requests)
		if (this.#opening === undefined) this.#open()
	}

	#give(connection: Connection, requests: readonly Sent[]): void {
		connection.carry(requests)
		this.#pipelining.sent(requests.length, () => connection.end(timedOut(false)))
	}

	/** Ends what is under way, what waits, and what comes later with this error. */
	abort(error: Error): void {
		this.#aborted = error
		for (const requests of this.#waiting.splice(0)) refuse(requests, error)
		for (const connection of this.#all) connection.end(error)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		this.#isClosed = true
		for (const connection of this.#idle) connection.end()
	}

	#takeIdle(): Connection | undefined {
		for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
			if (idle.isOpen && performance.now() - idle.since < STALE) return idle
			idle.end()
		}
		return undefined
	}

	/**
	 * Opens a connection for what waits. Another follows in each turn of the loop while anything waits: replies that
	 * come within a turn spare connections, and where they take longer all have one after as many turns.
	 */
	#open(): void {
		if (this.#all.size >= this.#options.connections) return
		const next = this.#waiting.shift()
		if (next === undefined) return
		const owner = {free: this.#free, gone: this.#gone}
		const connection = new Connection(this.#origin, this.#options, owner)
		this.#all.add(connection)
		this.#give(connection, next)
		this.#opening = setImmediate(() => {
			this.#opening = undefined
			this.#open()
		})
	}

	readonly #free = (connection: Connection, took: number): void => {
		this.#pipelining.answered(connection.depth, took)
		const next = this.#waiting.shift()
		if (next !== undefined) this.#give(connection, next)
		else if (this.#isClosed) connection.end()
		else this.#idle.push(connection)
	}

	readonly #gone = (connection: Connection, isDone: boolean): void => {
		if (!isDone && connection.depth > 1) this.#pipelining.failed()
		this.#all.delete(connection)
		const at = this.#idle.indexOf(connection)
		if (at >= 0) this.#idle.splice(at, 1)
		if (this.#opening === undefined) this.#open()
	}
}

const refuse = (requests: readonly Sent[], error: Error): void => {
	for (const {exchange} of requests) exchange.reject(error)
}
