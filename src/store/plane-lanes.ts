// The connections to one origin. undici's own pool opens a second one for a request that is sent as soon as
// the one before is done, because it frees a connection only a turn later.

import {Client, type Dispatcher} from 'undici'

type Waiting = {readonly options: Dispatcher.DispatchOptions; readonly handler: Ending}

/** A handler that says when it is done, whether well or not. */
export type Ending = Dispatcher.DispatchHandler & {onEnd: () => void}

/** Clients of one connection each, which carries one request at a time; the last one used is used first. */
export class Lanes {
	readonly #origin: string
	readonly #most: number
	readonly #options: Client.Options
	readonly #clients: Client[] = []
	readonly #idle: Client[] = []
	#waiting: Waiting[] = []
	/** The coming turn, in which a connection more is opened if anything waits then. */
	#opening: NodeJS.Immediate | undefined

	constructor(origin: string, most: number, options: Client.Options) {
		this.#origin = origin
		this.#most = most
		this.#options = options
	}

	/**
	 * Sends a request as soon as a connection is free. Of those that come at once one opens a connection, and another
	 * follows in each turn of the loop while any wait: replies that come within a turn spare connections, and where
	 * they take longer all have one after as many turns.
	 */
	dispatch(options: Dispatcher.DispatchOptions, handler: Ending): void {
		const client = this.#idle.pop() ?? (this.#opening === undefined ? this.#open() : undefined)
		if (client === undefined) this.#waiting.push({options, handler})
		else this.#send(client, options, handler)
	}

	/** Ends what is under way and what waits with this error. */
	destroy(error: Error): void {
		clearImmediate(this.#opening)
		const waiting = this.#waiting
		this.#waiting = []
		for (const {options, handler} of waiting) this.#send(this.#clients[0] as Client, options, handler)
		for (const client of this.#clients) void client.destroy(error)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		// one that is opened later would not be among those that are closed
		clearImmediate(this.#opening)
		this.#opening = undefined
		for (const client of this.#clients) if (!client.destroyed) void client.close()
	}

	#open(): Client | undefined {
		if (this.#clients.length >= this.#most) return undefined
		const client = new Client(this.#origin, this.#options)
		this.#clients.push(client)
		this.#opening = setImmediate(() => this.#openForWaiting())
		return client
	}

	#openForWaiting(): void {
		this.#opening = undefined
		if (this.#waiting.length === 0) return
		const client = this.#open()
		const next = client && this.#waiting.shift()
		if (client && next) this.#send(client, next.options, next.handler)
	}

	#send(client: Client, options: Dispatcher.DispatchOptions, handler: Ending): void {
		handler.onEnd = () => this.#free(client)
		client.dispatch(options, handler)
	}

	#free(client: Client): void {
		const next = this.#waiting.shift()
		if (next === undefined) this.#idle.push(client)
		else this.#send(client, next.options, next.handler)
	}
}
