// How the data plane sends: over connections of its own to whatever origins a bucket is found at, which is one, or two
// if it is in another region.

import type {HttpOptions, Reply, Request} from './http.ts'
import {Lanes} from './http-lanes.ts'

export class Transport {
	readonly #options: HttpOptions
	readonly #origins = new Map<string, Lanes>()
	#aborted: Error | undefined

	constructor(options: HttpOptions) {
		this.#options = options
	}

	/** Sends a request once. Rejects with an error of the system; every reply, whatever its status, resolves. */
	exchange(origin: string, request: Request): Promise<Reply> {
		if (this.#aborted !== undefined) return Promise.reject(this.#aborted)
		let lanes = this.#origins.get(origin)
		if (lanes === undefined) this.#origins.set(origin, (lanes = new Lanes(origin, this.#options)))
		return lanes.exchange(request)
	}

	/** Ends every request under way, and every later one, with this error. */
	abort(error: Error): void {
		this.#aborted = error
		for (const lanes of this.#origins.values()) lanes.abort(error)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		for (const lanes of this.#origins.values()) lanes.close()
	}
}
