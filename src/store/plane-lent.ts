// HTTP for large bodies that are read once: what arrives is lent to the reader, in memory that is used again and so
// stays in the processor's cache. 512 MiB are received and written in 0.3 s of CPU; in chunks that are memory of their
// own, in 1.0.
//
// It understands the plain replies only. Whatever else comes is asked for again by those who understand it all.

import {connect, isIP, type OnReadOpts, type Socket} from 'node:net'
import {connect as connectSecurely} from 'node:tls'
import type {HttpOptions, Reply, Request} from './http.ts'
import {timedOut} from './plane-errors.ts'

/** Bytes of memory that a connection reads into. */
const MEMORY = 256 * 2 ** 10
/** Connections to one origin, of which each has that memory. */
const MOST = 64
/** A head that is longer is none. */
const HEAD = 64 * 2 ** 10
const END = '\r\n\r\n'

export class LentHttp {
	readonly #options: HttpOptions
	readonly #origins = new Map<string, Lenders>()
	#ended: Error | undefined

	constructor(options: HttpOptions) {
		this.#options = options
	}

	/** See Transport; undefined where the reply is not a plain one. */
	async get(origin: string, {path, headers}: Request): Promise<Reply | undefined> {
		const lenders = this.#origins.get(origin) ?? new Lenders(origin, this.#options)
		this.#origins.set(origin, lenders)
		const connection = this.#ended ? undefined : await lenders.take()
		if (this.#ended || !connection) throw this.#ended ?? new Error('the store is closed')
		return connection.get(path, headers)
	}

	/** Ends every request under way, and every later one, with this error. */
	abort(error: Error): void {
		this.#ended = error
		for (const lenders of this.#origins.values()) lenders.end(error)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		for (const lenders of this.#origins.values()) lenders.close()
	}
}

/** The connections to one origin. */
class Lenders {
	readonly #origin: string
	readonly #options: HttpOptions
	readonly #all = new Set<Connection>()
	readonly #idle: Connection[] = []
	#waiting: ((connection: Connection | undefined) => void)[] = []
	#isClosed = false

	constructor(origin: string, options: HttpOptions) {
		this.#origin = origin
		this.#options = options
	}

	/** Resolves to one that is free, as soon as there is one; to undefined if there is none any more. */
	take(): Promise<Connection | undefined> | Connection {
		for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.isOpen) return idle
		if (this.#all.size < Math.min(MOST, this.#options.connections)) return this.#open()
		return new Promise((resolve) => this.#waiting.push(resolve))
	}

	end(error: Error): void {
		for (const connection of this.#all) connection.end(error)
		for (const wake of this.#waiting) wake(undefined)
		this.#waiting = []
	}

	close(): void {
		this.#isClosed = true
		for (const connection of this.#idle) connection.end()
	}

	#open(): Connection {
		const connection: Connection = new Connection(this.#origin, this.#options, {
			free: () => {
				const next = this.#waiting.shift()
				if (next) next(connection)
				else if (this.#isClosed) connection.end()
				else this.#idle.push(connection)
			},
			gone: () => {
				this.#all.delete(connection)
				if (this.#idle.includes(connection)) this.#idle.splice(this.#idle.indexOf(connection), 1)
				this.#waiting.shift()?.(this.#open())
			},
		})
		this.#all.add(connection)
		return connection
	}
}

/** What a connection tells: that it may be used again, that it is no more. */
type Owner = {readonly free: () => void; readonly gone: () => void}

/** A reply under way. */
type Exchange = {
	readonly resolve: (reply: Reply | undefined) => void
	readonly reject: (error: Error) => void
	body?: LentBody
}

/** A connection, which carries one request at a time. It reads only what is waited for. */
class Connection {
	readonly #socket: Socket
	readonly #owner: Owner
	#exchange: Exchange | undefined
	/** What came of a head so far. */
	#head = ''

	constructor(origin: string, {connectTimeout, idleTimeout, ca}: HttpOptions, owner: Owner) {
		const {protocol, hostname, port} = new URL(origin)
		const host = hostname.replaceAll(/^\[|\]$/g, '')
		const isPlain = protocol === 'http:'
		const onread: OnReadOpts = {
			buffer: Buffer.allocUnsafeSlow(MEMORY),
			callback: (length, memory) => this.#take(Buffer.from(memory.buffer, memory.byteOffset, length)),
		}
		const where = {host, port: Number(port || (isPlain ? 80 : 443)), onread, noDelay: true}
		this.#owner = owner
		this.#socket = isPlain
			? connect(where)
			: connectSecurely({
					...where,
					...(isIP(host) === 0 ? {servername: host} : {}),
					...(ca === undefined ? {} : {ca}),
					ALPNProtocols: ['http/1.1'],
				})
		let error: Error | undefined
		this.#socket
			.setTimeout(connectTimeout, () => this.#socket.destroy(timedOut()))
			.once(isPlain ? 'connect' : 'secureConnect', () => this.#socket.setTimeout(idleTimeout))
			.once('error', (why) => (error = why))
			.once('close', () => {
				owner.gone()
				this.#fail(error ?? Object.assign(new Error('the connection was closed'), {code: 'ECONNRESET'}))
			})
	}

	get isOpen(): boolean {
		return this.#socket.writable
	}

	get(path: string, headers: Readonly<Record<string, string>>): Promise<Reply | undefined> {
		const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
		return new Promise((resolve, reject) => {
			this.#exchange = {resolve, reject}
			this.#head = ''
			this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
		})
	}

	/** Lets the next bytes come. */
	read(): void {
		this.#socket.resume()
	}

	/** The reply was read to its end. */
	done(isKept: boolean): void {
		this.#exchange = undefined
		if (!isKept) return this.end()
		// that it is closed has to be noticed
		this.#socket.resume()
		this.#owner.free()
	}

	end(error?: Error): void {
		this.#socket.destroy(error)
	}

	/** Takes what came; false has no more read until it is asked for. */
	#take(bytes: Buffer): boolean {
		const exchange = this.#exchange
		// more than was to come
		if (exchange === undefined) this.end()
		else if (exchange.body) exchange.body.push(bytes)
		else return this.#takeHead(exchange, bytes)
		return false
	}

	#takeHead(exchange: Exchange, bytes: Buffer): boolean {
		const before = this.#head.length
		this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, HEAD))
		const end = this.#head.indexOf(END)
		if (end < 0 && this.#head.length < HEAD) return true
		const reply = plainReply(this.#head.slice(0, Math.max(0, end)))
		if (!reply) {
			this.#exchange = undefined
			this.end()
			exchange.resolve(undefined)
			return false
		}
		exchange.body = new LentBody(this, reply.length, reply.isKept)
		const rest = bytes.subarray(end + END.length - before)
		if (rest.length > 0) exchange.body.push(rest)
		exchange.resolve({status: reply.status, headers: reply.headers, body: exchange.body})
		return false
	}

	#fail(error: Error): void {
		const exchange = this.#exchange
		this.#exchange = undefined
		if (exchange?.body) exchange.body.fail(error)
		else exchange?.reject(error)
	}
}

type Plain = Omit<Reply, 'body'> & {
	readonly length: number
	/** Whether the connection may carry another request. */
	readonly isKept: boolean
}

/** What a head says; undefined where it is not that of bytes whose number it gives. */
function plainReply(head: string): Plain | undefined {
	const [first = '', ...lines] = head.split('\r\n')
	const status = /^HTTP\/1\.1 (200|206)(?: |$)/.exec(first)?.[1]
	const headers = new Map<string, string>()
	for (const line of lines) {
		const [, name = '', value = ''] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
		const key = name.toLowerCase()
		if (key === '' || (key === 'content-length' && headers.has(key))) return undefined
		const before = headers.get(key)
		headers.set(key, before === undefined ? value : `${before}, ${value}`)
	}
	const length = headers.get('content-length') ?? ''
	if (status === undefined || !/^\d{1,15}$/.test(length) || headers.has('transfer-encoding')) return undefined
	const isKept = !/\bclose\b/i.test(headers.get('connection') ?? '')
	return {status: Number(status), headers, length: Number(length), isKept}
}

type Waiting = {
	readonly resolve: (result: IteratorResult<Buffer, undefined>) => void
	readonly reject: (error: Error) => void
}

/** Pieces that are good until the next one is asked for. To be read to its end or returned from. */
class LentBody implements AsyncIterableIterator<Buffer, undefined> {
	readonly #connection: Connection
	readonly #isKept: boolean
	#left: number
	#piece: Buffer | undefined
	#waiting: Waiting | undefined
	#error: Error | undefined
	#isOver = false

	constructor(connection: Connection, length: number, isKept: boolean) {
		this.#connection = connection
		this.#left = length
		this.#isKept = isKept
	}

	push(bytes: Buffer): void {
		// more than was to come
		if (bytes.length > this.#left) return this.#connection.end()
		this.#left -= bytes.length
		const waiting = this.#waiting
		this.#waiting = undefined
		if (waiting) waiting.resolve({done: false, value: bytes})
		else this.#piece = bytes
	}

	fail(error: Error): void {
		this.#error = error
		this.#waiting?.reject(error)
		this.#waiting = undefined
	}

	async next(): Promise<IteratorResult<Buffer, undefined>> {
		const value = this.#piece
		this.#piece = undefined
		if (value) return {done: false, value}
		if (this.#left === 0 || this.#isOver) return this.#end()
		if (this.#error) throw this.#error
		return new Promise((resolve, reject) => {
			this.#waiting = {resolve, reject}
			this.#connection.read()
		})
	}

	/** Gives the rest up, and its connection with it. */
	async return(): Promise<IteratorResult<Buffer, undefined>> {
		return this.#end()
	}

	#end(): IteratorResult<Buffer, undefined> {
		if (!this.#isOver && !this.#error) this.#connection.done(this.#isKept && this.#left === 0)
		this.#isOver = true
		return {done: true, value: undefined}
	}

	[Symbol.asyncIterator](): this {
		return this
	}
}
