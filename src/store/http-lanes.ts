// The connections to one origin. Each carries one request at a time, or some small ones; the one used last is used first.

import type {HttpOptions, Reply, Request} from './http.ts'
import {Connection, isSmall, type Sent} from './http-connection.ts'
import {Origin} from './http-origin.ts'
import {headOf} from './http-request.ts'
import {Pipelining} from './pipelining.ts'

/** Milliseconds of idleness after which a server may be about to close a connection: a new one is surer. */
const STALE = 4000

export class Lanes {
	readonly #origin: Origin
	readonly #options: HttpOptions
	readonly #all = new Set<Connection>()
	/** Those that carry nothing; some may have ended since. */
	readonly #idle: Connection[] = []
	/** What waits for a connection. */
	readonly #waiting: Sent[] = []
	readonly #pipelining: Pipelining
	/** What is to be sent at the end of this turn. */
	readonly #gathered: Sent[] = []
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
			const {method, streams, lends, room, body, isBrief} = request
			const exchange = {method, streams, lends, room, resolve, reject}
			const message = {head: headOf(request), body}
			const sent = {exchange, message, isBrief: isBrief === true && isSmall(message)}
			if (sent.isBrief && this.#pipelining.depth > 1) return this.#gather(sent)
			this.#waiting.push(sent)
			this.#serve()
		})
	}

	/** Keeps a request until all that this turn brings are there. */
	#gather(sent: Sent): void {
		if (this.#gathered.length === 0) process.nextTick(this.#sendGathered)
		this.#gathered.push(sent)
	}

	readonly #sendGathered = (): void => {
		const requests = this.#gathered.splice(0)
		if (this.#aborted) return refuse(requests, this.#aborted)
		this.#waiting.push(...requests)
		this.#serve()
	}

	/** Gives what waits to connections that are free, and has one opened for the rest. */
	#serve(): void {
		while (this.#waiting.length > 0) {
			const idle = this.#takeIdle()
			if (idle === undefined) break
			this.#give(idle)
		}
		this.#open()
	}

	/** Gives a connection the next that waits, and those behind it that go with it. */
	#give(connection: Connection): void {
		const depth = this.#waiting[0]?.isBrief ? this.#pipelining.depth : 1
		let count = 1
		while (count < depth && this.#waiting[count]?.isBrief === true) count++
		connection.carry(this.#waiting.splice(0, count))
		this.#pipelining.sent(connection)
	}

	/** Ends what is under way, and what waits, with this error; nothing may come later. */
	abort(error: Error): void {
		this.#aborted = error
		refuse(this.#waiting.splice(0), error)
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
		if (this.#opening || this.#waiting.length === 0) return
		if (this.#all.size >= this.#options.connections) return
		const owner = {free: this.#free, gone: this.#gone}
		const connection = new Connection(this.#origin, this.#options, owner)
		this.#all.add(connection)
		this.#give(connection)
		this.#opening = setImmediate(() => {
			this.#opening = undefined
			this.#open()
		})
	}

	readonly #free = (connection: Connection): void => {
		this.#pipelining.answered(connection)
		if (this.#waiting.length > 0) this.#give(connection)
		else if (this.#isClosed) connection.end()
		else this.#idle.push(connection)
	}

	readonly #gone = (connection: Connection, isDone: boolean): void => {
		if (!isDone && connection.depth > 1) this.#pipelining.failed(connection)
		this.#all.delete(connection)
		this.#open()
	}
}

const refuse = (requests: readonly Sent[], error: Error): void => {
	for (const {exchange} of requests) exchange.reject(error)
}
