// HTTP for many requests: connections that are kept, and one exchange on one of them.

import {buildConnector, type Client, type Dispatcher} from 'undici'
import {type HttpOptions, type Reply, type Request, WHOLE} from './http.ts'
import {Incoming} from './incoming.ts'
import {asSystemError, timedOut} from './plane-errors.ts'
import {type Ending, Lanes} from './plane-lanes.ts'
import type {Room} from './room.ts'

/** The connections to whatever origins a bucket is found at: one, or two if it is in another region. */
export class ManyHttp {
	readonly #origins = new Map<string, Lanes>()
	readonly #connections: number
	readonly #options: Client.Options

	constructor({connections, connectTimeout, idleTimeout, ca}: HttpOptions) {
		const connect = buildConnector({timeout: connectTimeout, ...(ca === undefined ? {} : {ca})})
		this.#connections = connections
		this.#options = {
			// undici's limits count from the request's start, however much of it is still being sent
			headersTimeout: 0,
			bodyTimeout: 0,
			connect: (options, callback) =>
				connect(options, (...result) => {
					const socket = result[1]
					socket?.setTimeout(idleTimeout, () => socket.destroy(timedOut()))
					callback(...result)
				}),
		}
	}

	/** See Transport. */
	exchange(origin: string, {streams = false, room, ...request}: Request): Promise<Reply> {
		return new Promise((resolve, reject) => {
			// undici would end the connection of a HEAD
			const options = {...request, body: (request.body ?? null) as Buffer | null, reset: false}
			this.#lanes(origin).dispatch(options, new Exchange(streams, room, resolve, reject))
		})
	}

	/** Ends every request under way with this error. */
	abort(error: Error): void {
		for (const lanes of this.#origins.values()) lanes.destroy(error)
	}

	/** Ends the connections once the requests under way are done. */
	close(): void {
		for (const lanes of this.#origins.values()) lanes.close()
	}

	#lanes(origin: string): Lanes {
		const known = this.#origins.get(origin)
		if (known !== undefined) return known
		const lanes = new Lanes(origin, this.#connections, this.#options)
		this.#origins.set(origin, lanes)
		return lanes
	}
}

/** What undici tells of one exchange. */
class Exchange implements Ending {
	onEnd = (): void => {}
	readonly #streams: boolean
	readonly #room: Room | undefined
	readonly #resolve: (reply: Reply) => void
	readonly #reject: (error: Error) => void
	#status = 0
	#headers: ReadonlyMap<string, string> = new Map()
	#chunks: Buffer[] = []
	#incoming: Incoming | undefined

	constructor(
		streams: boolean,
		room: Room | undefined,
		resolve: (reply: Reply) => void,
		reject: (error: Error) => void,
	) {
		this.#streams = streams
		this.#room = room
		this.#resolve = resolve
		this.#reject = reject
	}

	onRequestStart(): void {}

	onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
		// an informational reply comes before the real one
		if (status < 200) return
		this.#status = status
		this.#headers = headersOf(controller.rawHeaders as Buffer[])
		this.#room?.clear()
		if (!this.#streams || status >= 300 || Number(this.#headers.get('content-length') ?? WHOLE + 1) <= WHOLE)
			return
		this.#incoming = new Incoming(controller)
		this.#resolve({status, headers: this.#headers, body: this.#incoming})
	}

	onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
		if (this.#incoming !== undefined) this.#incoming.push(chunk)
		else if (this.#room !== undefined) this.#room.add(chunk)
		else this.#chunks.push(chunk)
	}

	onResponseEnd(): void {
		this.onEnd()
		if (this.#incoming !== undefined) return this.#incoming.end()
		this.#resolve({status: this.#status, headers: this.#headers, body: this.#whole()})
	}

	onResponseError(_: Dispatcher.DispatchController, error: Error): void {
		this.onEnd()
		const known = asSystemError(error)
		if (this.#incoming !== undefined) this.#incoming.fail(known)
		else if (!this.#streams || this.#status >= 300 || this.#chunks.length === 0) this.#reject(known)
		else this.#resolve(this.#brokenOff(known))
	}

	#whole(): Buffer {
		if (this.#room !== undefined) return this.#room.bytes
		const [first, ...more] = this.#chunks
		return first !== undefined && more.length === 0 ? first : Buffer.concat(this.#chunks)
	}

	/** What has arrived, and that the rest did not: who reads it goes on from there. */
	#brokenOff(error: Error): Reply {
		const body = new Incoming()
		for (const chunk of this.#chunks) body.push(chunk)
		body.fail(error)
		return {status: this.#status, headers: this.#headers, body}
	}
}

function headersOf(raw: readonly Buffer[]): ReadonlyMap<string, string> {
	const headers = new Map<string, string>()
	for (let i = 0; i + 1 < raw.length; i += 2) {
		const name = (raw[i] as Buffer).toString('latin1').toLowerCase()
		const value = (raw[i + 1] as Buffer).toString('latin1')
		const before = headers.get(name)
		headers.set(name, before === undefined ? value : `${before}, ${value}`)
	}
	return headers
}
