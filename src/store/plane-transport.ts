// How the data plane sends: its first requests over what is loaded quickly, many over what sends quickly.

import type {HttpOptions, Reply, Request} from './http.ts'
import {FirstHttp} from './plane-first.ts'
import type {ManyHttp} from './plane-http.ts'
import {LentHttp} from './plane-lent.ts'

/** The request that shows that there are many. */
const MANY = 8

export class Transport {
	readonly #options: HttpOptions
	readonly #first: FirstHttp
	#many: ManyHttp | undefined
	#lent: LentHttp | undefined
	#asked = 0
	#ended: Error | undefined

	constructor(options: HttpOptions) {
		this.#options = options
		this.#first = new FirstHttp(options)
	}

	/** Sends a request once. Rejects with an error of the system; every reply, whatever its status, resolves. */
	exchange(origin: string, request: Request): Promise<Reply> {
		if (request.lends === true) return this.#lend(origin, request)
		if (this.#many !== undefined) return this.#many.exchange(origin, request)
		if (++this.#asked === MANY) void this.#load()
		return this.#first.exchange(origin, request)
	}

	async #lend(origin: string, request: Request): Promise<Reply> {
		this.#lent ??= new LentHttp(this.#options)
		return (await this.#lent.get(origin, request)) ?? this.exchange(origin, {...request, lends: false})
	}

	/** Ends every request under way, and every later one, with this error. */
	abort(error: Error): void {
		this.#ended = error
		this.#first.close()
		this.#many?.abort(error)
		this.#lent?.abort(error)
	}

	/** Ends the connections. */
	close(): void {
		this.#first.close()
		this.#many?.close()
		this.#lent?.close()
	}

	async #load(): Promise<void> {
		const {ManyHttp} = await import('./plane-http.ts')
		if (this.#ended === undefined) this.#many = new ManyHttp(this.#options)
	}
}
