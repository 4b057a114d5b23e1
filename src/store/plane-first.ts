// HTTP for the first requests of a command, over what Node itself brings: undici takes 100 ms to load and warm
// up, which is what many requests gain from it and one does not.

import {Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage} from 'node:http'
import {Agent as HttpsAgent, request as httpsRequest} from 'node:https'
import type {Socket} from 'node:net'
import {pipeline, Readable} from 'node:stream'
import {type HttpOptions, type Reply, type Request, WHOLE} from './http.ts'
import {timedOut} from './plane-errors.ts'

export class FirstHttp {
	readonly #options: HttpOptions
	readonly #plain: HttpAgent
	readonly #secure: HttpsAgent
	/** The sockets that give up when they are silent. */
	readonly #watched = new WeakSet<Socket>()

	constructor(options: HttpOptions) {
		const {connections, ca} = options
		const agent = {keepAlive: true, maxSockets: connections, maxFreeSockets: Infinity}
		this.#options = options
		this.#plain = new HttpAgent(agent)
		this.#secure = new HttpsAgent(ca === undefined ? agent : {...agent, ca})
	}

	/** See Transport. */
	exchange(origin: string, {method, path, headers, body, streams = false}: Request): Promise<Reply> {
		return new Promise((resolve, reject) => {
			const sent = origin.startsWith('https:')
				? httpsRequest(origin, {method, path, headers, agent: this.#secure})
				: httpRequest(origin, {method, path, headers, agent: this.#plain})
			sent.once('socket', (socket) => this.#watch(socket))
			sent.once('error', reject)
			sent.once('response', (reply) => void receive(reply, streams).then(resolve, reject))
			send(sent, body)
		})
	}

	/** Ends every connection. */
	close(): void {
		this.#plain.destroy()
		this.#secure.destroy()
	}

	#watch(socket: Socket): void {
		const {connectTimeout, idleTimeout} = this.#options
		socket.setTimeout(socket.connecting ? connectTimeout : idleTimeout)
		if (this.#watched.has(socket)) return
		this.#watched.add(socket)
		socket.once('connect', () => socket.setTimeout(idleTimeout))
		socket.once('timeout', () => socket.destroy(timedOut()))
	}
}

function send(sent: ClientRequest, body: Request['body']): void {
	if (body === undefined || Buffer.isBuffer(body)) sent.end(body)
	// what fails is heard from the request
	else pipeline(Readable.from(body, {objectMode: false}), sent, () => {})
}

async function receive(reply: IncomingMessage, streams: boolean): Promise<Reply> {
	const {statusCode: status = 0, headers: received} = reply
	const headers = new Map(
		Object.entries(received).map(([name, value]) => [
			name,
			Array.isArray(value) ? value.join(', ') : (value ?? ''),
		]),
	)
	const isLarge = !(Number(headers.get('content-length') ?? WHOLE + 1) <= WHOLE)
	if (streams && status < 300 && isLarge) return {status, headers, body: reply}
	const chunks: Buffer[] = []
	try {
		for await (const chunk of reply) chunks.push(chunk as Buffer)
	} catch (error) {
		if (!streams || status >= 300 || chunks.length === 0) throw error
		return {status, headers, body: brokenOff(chunks, error)}
	}
	return {status, headers, body: Buffer.concat(chunks)}
}

/** What has arrived, and that the rest did not: who reads it goes on from there. */
async function* brokenOff(chunks: readonly Buffer[], error: unknown): AsyncIterable<Buffer> {
	yield* chunks
	throw error
}
