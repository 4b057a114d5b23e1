// HTTP for the first requests of a command, over what Node itself brings: undici takes 100 ms to load and warm
// up, which is what many requests gain from it and one does not.

import type {Agent, ClientRequest, IncomingMessage, request} from 'node:http'
import type {Socket} from 'node:net'
import {pipeline, Readable} from 'node:stream'
import {type HttpOptions, type Reply, type Request, WHOLE} from './http.ts'
import {timedOut} from './plane-errors.ts'

/** One of Node's two modules, loaded, and its connections. */
type Protocol = {readonly request: typeof request; readonly agent: Agent}

export class FirstHttp {
	readonly #options: HttpOptions
	readonly #protocols = new Map<string, Promise<Protocol>>()
	readonly #agents: Agent[] = []
	#ended = false
	/** The sockets that give up when they are silent. */
	readonly #watched = new WeakSet<Socket>()

	constructor(options: HttpOptions) {
		this.#options = options
	}

	/** See Transport. */
	async exchange(origin: string, {streams = false, body, ...options}: Request): Promise<Reply> {
		const {request, agent} = await this.#protocol(origin.startsWith('https:') ? 'https' : 'http')
		if (this.#ended) throw new Error('the store is closed')
		return new Promise((resolve, reject) => {
			const sent = request(origin, {...options, agent})
			sent.once('socket', (socket) => this.#watch(socket))
			sent.once('error', reject)
			sent.once('response', (reply) => void receive(reply, streams).then(resolve, reject))
			send(sent, body)
		})
	}

	/** Ends every connection; there are no later ones. */
	close(): void {
		this.#ended = true
		for (const agent of this.#agents) agent.destroy()
	}

	#protocol(name: 'http' | 'https'): Promise<Protocol> {
		const known = this.#protocols.get(name) ?? this.#load(name)
		this.#protocols.set(name, known)
		return known
	}

	async #load(name: 'http' | 'https'): Promise<Protocol> {
		const {connections, ca} = this.#options
		const {request, Agent} = name === 'http' ? await import('node:http') : await import('node:https')
		const kept = {keepAlive: true, maxSockets: connections, maxFreeSockets: Infinity}
		const agent = new Agent(ca === undefined ? kept : {...kept, ca})
		this.#agents.push(agent)
		return {request, agent}
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
