// A proxy that does to requests what networks, proxies and busy stores do. What happens to a request depends
// on a seed, on what it asks for and on how often that was asked for before: not on time, nor on the order in
// which requests come. So a run can be repeated, however many connections it has.

import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {
	Agent,
	createServer,
	type IncomingMessage,
	request as httpRequest,
	type ServerResponse,
} from 'node:http'
import type {AddressInfo} from 'node:net'
import {pipeline} from 'node:stream/promises'
import {setTimeout as sleep} from 'node:timers/promises'

/** What can happen to a request, in the order of its life. */
export const FAULTS = [
	/** The connection is reset before anything is read. */
	'reset-before',
	/** The connection is reset when a part of the request has come. */
	'reset-during',
	/** Half of the body reaches the store, then both connections break. */
	'truncated-request',
	/** One bit of the body is another one at the store. */
	'corrupted-request',
	/** Nothing is said any more: the request is never answered. */
	'stalled-request',
	/** The connection is reset when all of the request has come, but the store has not seen it. */
	'reset-after',
	'slow-down',
	'internal-error',
	'request-timeout',
	/** A proxy says that it cannot reach the store, in HTML. */
	'bad-gateway',
	/** The store gets the request twice; the second reply is the one that arrives. */
	'duplicated',
	/** The store has done it, and its reply does not arrive. */
	'lost-reply',
	/** The connection breaks in the middle of the reply. */
	'truncated-reply',
	/** The reply stops in its middle, and the connection stays. */
	'stalled-reply',
	/** One bit of an object's bytes is another one. (What is no object has nothing that vouches for it but TLS.) */
	'corrupted-reply',
	/** The reply comes a few bytes at a time, and takes longer than a connection may be silent. */
	'slow-drip',
	/** A listing has a key twice, as one does whose objects are written meanwhile. */
	'list-repeats',
	/** A listing lacks a key. */
	'list-omits',
] as const
export type Fault = (typeof FAULTS)[number]

export type FaultOptions = {
	/** The store's endpoint. */
	readonly target: string
	readonly seed: number
	/** Those that happen. */
	readonly faults: readonly Fault[]
	/** The share of requests that something happens to. */
	readonly rate: number
	/** How often something happens to one and the same request at most: fewer times than it is tried. */
	readonly most?: number
}

export type FaultProxy = {
	readonly endpoint: string
	/** How often each happened. */
	readonly injected: ReadonlyMap<Fault, number>
	/** How often the store took bytes for a path (with its part number), or completed its upload. */
	readonly stored: Map<string, number>
	stop(): Promise<void>
}

/** Pieces of a slow reply, and milliseconds between them. */
const DRIPS = 12
const DRIP = 50

const REFUSALS: Partial<Record<Fault, readonly [status: number, code: string]>> = {
	'slow-down': [503, 'SlowDown'],
	'internal-error': [500, 'InternalError'],
	'request-timeout': [400, 'RequestTimeout'],
}

type Call = {
	readonly request: IncomingMessage
	readonly response: ServerResponse
	/** What is asked for, as two tries of it agree. */
	readonly name: string
	readonly url: URL
}
type Reply = {readonly status: number; readonly headers: string[]; readonly body: Buffer}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function faultProxy(options: FaultOptions): Promise<FaultProxy> {
	const proxy = new Proxy(options)
	const server = createServer((request, response) => {
		proxy.handle(request, response).catch(() => request.socket.destroy())
	})
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	return {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		injected: proxy.injected,
		stored: proxy.stored,
		async stop() {
			server.closeAllConnections()
			server.close()
			await once(server, 'close')
			proxy.agent.destroy()
		},
	}
}

class Proxy {
	readonly injected = new Map<Fault, number>()
	readonly stored = new Map<string, number>()
	readonly agent = new Agent({keepAlive: true})
	readonly #options: FaultOptions
	readonly #asked = new Map<string, number>()
	readonly #suffered = new Map<string, number>()

	constructor(options: FaultOptions) {
		this.#options = options
	}

	async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url ?? '/', this.#options.target)
		const call = {request, response, url, name: nameOf(request.method ?? '', url)}
		// who goes away in the middle is no error of ours
		request.on('error', () => {})
		response.on('error', () => {})
		const fault = this.#choose(call)
		if (fault === 'reset-before') return reset(call)
		if (fault === 'stalled-request') return
		if (fault === 'reset-during') {
			await Promise.race([once(request, 'data'), once(request, 'end')])
			return reset(call)
		}
		const body = await bodyOf(request)
		if (fault === 'reset-after') return reset(call)
		const refusal = fault && REFUSALS[fault]
		if (refusal) return refuse(call, ...refusal)
		if (fault === 'bad-gateway') return void response.writeHead(502).end('<html>Bad Gateway</html>')
		if (fault === 'truncated-request') {
			await this.#forward(call, body, Math.floor(body.length / 2)).catch(() => {})
			return reset(call)
		}
		if (fault === 'duplicated') await this.#forward(call, body)
		if (fault === undefined) return this.#relay(call, body)
		const reply = await this.#forward(call, fault === 'corrupted-request' ? damaged(body) : body)
		if (fault === 'lost-reply') return reset(call)
		await answer(call, reply, fault)
	}

	/** What happens to a request, if anything. */
	#choose(call: Call): Fault | undefined {
		const {seed, faults, rate, most = 3} = this.#options
		const {name} = call
		const nth = this.#asked.get(name) ?? 0
		this.#asked.set(name, nth + 1)
		const suffered = this.#suffered.get(name) ?? 0
		const hash = createHash('md5').update(`${seed} ${nth} ${name}`).digest()
		const possible = faults.filter((fault) => isPossible(fault, call))
		const fault = possible[hash.readUInt32LE(4) % possible.length]
		if (suffered >= most || hash.readUInt32LE(0) >= rate * 2 ** 32 || fault === undefined) return undefined
		this.#suffered.set(name, suffered + 1)
		this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1)
		return fault
	}

	/** Gives a request to the store, and its reply back as it comes. */
	async #relay(call: Call, body: Buffer): Promise<void> {
		const incoming = await this.#ask(call, body)
		call.response.writeHead(incoming.statusCode ?? 0, incoming.rawHeaders)
		await pipeline(incoming, call.response)
	}

	/** Gives a request to the store; only so much of its body, where that is said, and then never a reply. */
	async #forward(call: Call, body: Buffer, part = body.length): Promise<Reply> {
		const incoming = await this.#ask(call, body, part)
		return {
			status: incoming.statusCode ?? 0,
			headers: incoming.rawHeaders,
			body: await bodyOf(incoming),
		}
	}

	async #ask({request, name}: Call, body: Buffer, part = body.length): Promise<IncomingMessage> {
		const outgoing = httpRequest(this.#options.target, {
			agent: this.agent,
			method: request.method,
			path: request.url,
			headers: request.rawHeaders,
		} as object)
		if (part < body.length) {
			outgoing.write(body.subarray(0, part), () => outgoing.destroy())
			await once(outgoing, 'close')
			throw new Error('the rest does not come')
		}
		outgoing.end(body)
		const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
		const isTaken = (incoming.statusCode ?? 0) < 300 && isWrite(name) && body.length > 0
		if (isTaken) this.stored.set(name, (this.stored.get(name) ?? 0) + 1)
		return incoming
	}
}

/** The method, the path below the bucket, and what of the query does not differ between two runs. */
function nameOf(method: string, url: URL): string {
	const query = [...url.searchParams].filter(([name]) => name !== 'x-id')
	const shown = query.map(([name, value]) => (name === 'uploadId' ? name : `${name}=${value}`)).toSorted()
	const path = decodeURIComponent(url.pathname).replace(/^\/[^/]*/, '')
	return `${method} ${path}${shown.length > 0 ? `?${shown.join('&')}` : ''}`
}

const isWrite = (name: string): boolean => /^PUT |^POST .*\?uploadId$/.test(name)

/** Whether a fault makes a difference for a request. */
function isPossible(fault: Fault, {request, url}: Call): boolean {
	const has = (length: number) => Number(request.headers['content-length'] ?? 0) >= length
	const isList = url.searchParams.has('list-type')
	const isObject = request.method === 'GET' && url.search.replace(/[?&]x-id=\w+/, '') === ''
	if (fault === 'corrupted-request' || fault === 'request-timeout') return has(1)
	if (fault === 'truncated-request') return has(2)
	if (fault === 'corrupted-reply') return isObject
	if (fault === 'list-repeats' || fault === 'list-omits') return isList
	return true
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = []
	for await (const chunk of message) chunks.push(chunk as Buffer)
	return Buffer.concat(chunks)
}

const reset = ({request}: Call): void => void request.socket.resetAndDestroy()

function damaged(bytes: Buffer): Buffer {
	const copy = Buffer.from(bytes)
	if (copy.length > 0) copy.writeUInt8(copy.readUInt8(copy.length >> 1) ^ 1, copy.length >> 1)
	return copy
}

function refuse({request, response}: Call, status: number, code: string): void {
	const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Told so.</Message></Error>`
	response.writeHead(status, {'content-type': 'application/xml', 'content-length': xml.length})
	response.end(request.method === 'HEAD' ? '' : xml)
}

async function answer(call: Call, reply: Reply, fault: Fault | undefined): Promise<void> {
	const {request, response} = call
	const {status} = reply
	const body = fault === 'corrupted-reply' && status < 300 ? damaged(reply.body) : listing(reply.body, fault)
	const isHead = request.method === 'HEAD'
	const headers = reply.headers.flatMap((text, i, all) =>
		i % 2 === 1 || (!isHead && /^content-length$/i.test(text)) ? [] : [text, all[i + 1] ?? ''],
	)
	if (!isHead) headers.push('content-length', String(body.length))
	response.writeHead(status, headers)
	const half = Math.ceil(body.length / 2)
	if (fault === 'truncated-reply') {
		response.write(body.subarray(0, half), () => request.socket.destroy())
		// what has no body breaks off in its head
		if (half === 0) reset(call)
	} else if (fault === 'stalled-reply') {
		response.flushHeaders()
		if (half > 0) response.write(body.subarray(0, half))
	} else if (fault === 'slow-drip') {
		const size = Math.max(1, Math.ceil(body.length / DRIPS))
		response.flushHeaders()
		for (let at = 0; at < body.length; at += size) {
			await sleep(DRIP)
			response.write(body.subarray(at, at + size))
		}
		response.end()
	} else response.end(body)
}

/** A page of a listing that has its middle key twice, or not at all. */
function listing(body: Buffer, fault: Fault | undefined): Buffer {
	if (fault !== 'list-repeats' && fault !== 'list-omits') return body
	const items = body.toString('latin1').match(/<Contents>.*?<\/Contents>/gs) ?? []
	const middle = items[items.length >> 1]
	if (middle === undefined) return body
	const [before = '', after = ''] = body.toString('latin1').split(middle)
	return Buffer.from(before + (fault === 'list-repeats' ? middle + middle : '') + after, 'latin1')
}
