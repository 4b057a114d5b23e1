// The connections to one origin. Each carries one request at a time; the one used last is used first.

import type {HttpOptions, Reply, Request} from './http.ts'
import {Connection, type Exchange, type Message} from './http-connection.ts'
import {Origin} from './http-origin.ts'
import {headOf} from './http-request.ts'

/** Milliseconds of idleness after which a server may be about to close a connection: a new one is surer. */
const STALE = 4000

export class Lanes {
	readonly #origin: Origin
	readonly #options: HttpOptions
	readonly #all = new Set<Connection>()
	readonly #idle: {readonly connection: Connection; readonly since: number}[] = []
	readonly #waiting: (readonly [Exchange, Message])[] = []
	/** The coming turn, in which a connection more is opened if anything waits then. */
	#opening: NodeJS.Immediate | undefined
	#isClosed = false
	#aborted: Error | undefined

	constructor(origin: string, options: HttpOptions) {
		this.#origin = new Origin(origin, options)
		this.#options = options
	}

	/** Sends a request as soon as a connection is free. Rejects where a header cannot be sent, and with errors of the system. */
	exchange(request: Request): Promise<Reply> {
		return new Promise((resolve, reject) => {
			if (this.#aborted !== undefined) return reject(this.#aborted)
			const {method, streams, lends, room, body} = request
			const exchange = {method, streams, lends, room, resolve, reject}
			const message = {head: headOf(request), body}
			const idle = this.#takeIdle()
			if (idle !== undefined) return idle.carry(exchange, message)
			this.#waiting.push([exchange, message])
			if (this.#opening === undefined) this.#open()
		})
	}

	/** Ends what is under way, what waits, and what comes later with this error. */
	abort(error: Error): void {
		this.#aborted = error
		for (const [{reject}] of this.#waiting.splice(0)) reject(error)
		for (const connection of this.#all) connection.end(error)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		this.#isClosed = true
		for (const {connection} of this.#idle) connection.end()
	}

	#takeIdle(): Connection | undefined {
		for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
			if (idle.connection.isOpen && performance.now() - idle.since < STALE) return idle.connection
			idle.connection.end()
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
		connection.carry(...next)
		this.#opening = setImmediate(() => {
			this.#opening = undefined
			this.#open()
		})
	}

	readonly #free = (connection: Connection): void => {
		const next = this.#waiting.shift()
		if (next !== undefined) connection.carry(...next)
		else if (this.#isClosed) connection.end()
		else this.#idle.push({connection, since: performance.now()})
	}

	readonly #gone = (connection: Connection): void => {
		this.#all.delete(connection)
		const at = this.#idle.findIndex((idle) => idle.connection === connection)
		if (at >= 0) this.#idle.splice(at, 1)
		if (this.#opening === undefined) this.#open()
	}
}
