// A connection, which carries one request at a time, or some small ones: HTTP/1.1 over a socket of node, TLS or not. What came is read where
// the kernel put it, with no stream between: HACKING.md, "The wire", has the figures.

import type {Socket} from 'node:net'
import {type HttpOptions, type Request, WHOLE} from './http.ts'
import {Gathered, type Receiver, shared, Streaming, type Waiting} from './http-body.ts'
import {readHead, type ReplyHead} from './http-head.ts'
import type {Origin} from './http-origin.ts'
import {notHttp, timedOut} from './plane-errors.ts'

/** A head that is longer is none. */
const HEAD = 64 * 2 ** 10
/** Most are not longer than this. */
const USUAL = 2 ** 10
const END = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)
const BEGIN = 'HTTP/1.'
/** A request that is not longer is sent in one piece. */
const ROOM = 8 * 2 ** 10
/** Node encrypts all that it is given before it sends any of it, and keeps that: so over TLS a body is given to it bit by bit. */
const SLICE = 256 * 2 ** 10

/** What a connection tells. */
export type Owner = {
	/** It may carry another request. */
	readonly free: (connection: Connection) => void
	/** It is no more, and whether all that it carried was answered. */
	readonly gone: (connection: Connection, isDone: boolean) => void
}

/** What is sent of a request. */
export type Message = Pick<Request, 'body'> & {readonly head: string}

/**
 * What is kept of a request that was sent, and who waits for the reply. Not its head: of hundreds on a long way the collector
 * would copy them again and again (HACKING.md, "What makes it quick").
 */
export type Exchange = Waiting & Pick<Request, 'method' | 'streams' | 'lends' | 'room'>

/** `isBrief`: others may go with it. */
export type Sent = {readonly exchange: Exchange; readonly message: Message; readonly isBrief: boolean}

/** Whether it is sent in one piece. */
export const isSmall = ({head, body}: Message): boolean =>
	(body === undefined || Buffer.isBuffer(body)) && head.length + (body?.length ?? 0) <= ROOM

export class Connection {
	/** How many requests it got together the last time. */
	depth = 0
	/** When it had answered what it answered last, in milliseconds of `performance.now`. */
	since = 0
	/** By how many of them the last of those that it got together was answered behind the first. */
	spread = 0
	/** Whether it is ended because the store said so in a reply. */
	isOver = false
	readonly #socket: Socket
	readonly #owner: Owner
	readonly #isSecure: boolean
	/** What is to be answered, in turn. */
	readonly #exchanges: Exchange[] = []
	/** The beginning of a head that is not whole. */
	#begun: Buffer | undefined
	#head: ReplyHead | undefined
	#receiver: Receiver | undefined
	/** Whether the body of the request comes from elsewhere, and has not come to its end. */
	#isPumping = false
	/** Whether no more is read, for nobody waits for it. */
	#isHeld = false
	/** What a small request is put together in: one write of two pieces takes 3 us more. */
	#room: Buffer | undefined

	constructor(origin: Origin, options: HttpOptions, owner: Owner) {
		this.#owner = owner
		this.#isSecure = origin.isSecure
		const socket = origin.connect({
			buffer: () => this.#receiver?.memory ?? shared,
			callback: (length, memory) => this.#take(memory.subarray(0, length) as Buffer),
		})
		this.#socket = socket
		let error: Error | undefined
		socket
			.setTimeout(options.connectTimeout, () => socket.destroy(timedOut(socket.connecting)))
			.once('error', (why) => (error = why))
			.once('close', () => this.#closed(error))
			.once(this.#isSecure ? 'secureConnect' : 'connect', () => socket.setTimeout(options.idleTimeout))
	}

	/** Whether it may carry a request. */
	get isOpen(): boolean {
		return this.#socket.writable
	}

	/** Carries requests; to be called when it is new or free. Where they are several, each is small. */
	carry(requests: readonly Sent[]): void {
		this.depth = requests.length
		this.#socket.ref()
		for (const {exchange} of requests) this.#exchanges.push(exchange)
		const {message} = requests[0] as Sent
		if (isSmall(message)) this.#socket.write(this.#together(requests))
		else this.#write(message)
	}

	#write({head, body}: Message): void {
		const socket = this.#socket
		if (!Buffer.isBuffer(body) || (this.#isSecure && body.length > SLICE)) {
			socket.write(head, 'latin1')
			if (body !== undefined) void this.#pump(Buffer.isBuffer(body) ? slices(body) : body)
			return
		}
		socket.cork()
		socket.write(head, 'latin1')
		socket.write(body)
		socket.uncork()
	}

	/** Small requests in one piece; good until the next one, which is not carried before all of this one was sent. */
	#together(requests: readonly Sent[]): Buffer {
		const most = requests.length * ROOM
		if (this.#room === undefined || this.#room.length < most) this.#room = Buffer.allocUnsafeSlow(most)
		const room = this.#room
		let end = 0
		for (const {message} of requests) {
			const {head, body} = message
			end += room.latin1Write(head, end, head.length)
			if (body !== undefined) end += (body as Buffer).copy(room, end)
		}
		return room.subarray(0, end)
	}

	/** Ends it, and the requests that it carries, with this error. */
	end(error?: Error): void {
		this.#socket.destroy(error)
	}

	async #pump(body: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
		this.#isPumping = true
		try {
			for await (const chunk of body) {
				if (this.#socket.destroyed) return
				if (!this.#socket.write(chunk)) await this.#drained()
			}
		} catch (error) {
			this.end(error as Error)
		} finally {
			this.#isPumping = false
		}
	}

	#drained(): Promise<void> {
		return new Promise((resolve) => {
			const done = () => {
				this.#socket.off('drain', done).off('close', done)
				resolve()
			}
			this.#socket.on('drain', done).on('close', done)
		})
	}

	/** Takes what came; false has no more read until the tap is opened. */
	#take(bytes: Buffer): boolean {
		try {
			for (let rest: Buffer | undefined = bytes; rest !== undefined;) rest = this.#takeReply(rest)
		} catch (error) {
			// of requests that went together each finds out by itself
			this.end(this.depth > 1 ? broken() : (error as Error))
		}
		const isWanted = !(this.#receiver instanceof Streaming) || this.#receiver.isAwaited
		if (!isWanted) this.#isHeld = true
		return isWanted
	}

	/** Takes what came of a reply, and gives what is of the next one. */
	#takeReply(bytes: Buffer): Buffer | undefined {
		const exchange = this.#exchanges[0]
		if (exchange === undefined) throw notHttp('a reply comes that nobody asked for')
		const rest = this.#head === undefined ? this.#takeHead(exchange, bytes) : bytes
		return rest === undefined ? undefined : this.#takeBody(rest)
	}

	/** What is behind the head, if that is whole. */
	#takeHead(exchange: Exchange, came: Buffer): Buffer | undefined {
		const bytes = this.#begun === undefined ? came : Buffer.concat([this.#begun, came])
		this.#begun = undefined
		let text = bytes.latin1Slice(0, Math.min(bytes.length, USUAL))
		for (let at = 0, end; ; at = end + END.length) {
			end = text.indexOf(END, at)
			if (end < 0 && text.length === USUAL) {
				text = bytes.latin1Slice(0, Math.min(bytes.length, HEAD))
				end = text.indexOf(END, at)
			}
			if (end < 0) {
				if (!BEGIN.startsWith(text.slice(at, at + BEGIN.length)) || bytes.length - at > HEAD)
					throw notHttp('what answers is no server of HTTP')
				this.#begun = Buffer.from(bytes.subarray(at))
				return undefined
			}
			const head = readHead(text, at, end, exchange.method)
			if (head === undefined) continue
			this.#head = head
			this.#receiver = this.#receive(exchange, head)
			const rest = end + END.length
			return rest === bytes.length ? NOTHING : bytes.subarray(rest)
		}
	}

	#receive(exchange: Exchange, {status, headers, length, isKept}: ReplyHead): Receiver {
		const {streams = false, lends = false, room} = exchange
		const isContinued = streams && status < 300
		const isShort = !isContinued || (length ?? Infinity) <= WHOLE
		// what others would wait for, or is the end of them, is asked for again, alone
		if (this.depth > 1 && (!isShort || (status >= 400 && !isKept))) throw broken()
		if (isShort) return new Gathered({status, headers}, exchange, {room, isContinued, isLent: lends, length})
		const tap = {open: () => this.#release(), shut: () => this.end()}
		const body = new Streaming(tap, {lends, comesLate: this.#isSecure})
		exchange.resolve({status, headers, body})
		return body
	}

	#takeBody(bytes: Buffer): Buffer | undefined {
		const head = this.#head as ReplyHead
		const end = head.framing.take(bytes, this.#receiver as Receiver)
		if (end < 0) return undefined
		const rest = end === bytes.length ? undefined : bytes.subarray(end)
		this.#finish()?.end()
		const left = this.#exchanges.length
		const now = performance.now()
		this.spread = left === this.depth - 1 ? 0 : this.spread + now - this.since
		this.since = now
		// what is still being sent, or came without being asked for, would be taken for the next exchange
		this.isOver = !head.isKept
		if (this.isOver || this.#isPumping || (left === 0 && rest !== undefined)) this.end()
		else if (left > 0) return rest
		else if (this.#isSent) this.#free()
		// over TLS node says at the end of a turn that all was sent, and by then there may be an answer
		else setImmediate(() => this.isOpen && (this.#isSent ? this.#free() : this.end()))
		return undefined
	}

	get #isSent(): boolean {
		return this.#socket.writableLength === 0
	}

	/** Has more read. */
	#release(): void {
		this.#isHeld = false
		this.#socket.resume()
	}

	#free(): void {
		// over TLS the end of a body may have come behind what was the last that was wanted
		if (this.#isHeld) this.#release()
		// an idle connection keeps no process alive
		this.#socket.unref()
		this.#owner.free(this)
	}

	#closed(error: Error | undefined): void {
		const [waiting, ...behind] = this.#exchanges
		const isWhole = error === undefined && this.#head?.framing.isWhole === true
		const receiver = this.#finish()
		this.#owner.gone(this, waiting === undefined)
		const why = error ?? broken()
		if (receiver === undefined) waiting?.reject(why)
		else if (isWhole) receiver.end()
		else receiver.fail(why)
		// what went wrong is not theirs
		for (const {reject} of behind) reject(broken())
	}

	/** Forgets the exchange, and gives who received its body. */
	#finish(): Receiver | undefined {
		const receiver = this.#receiver
		this.#exchanges.shift()
		this.#head = this.#receiver = this.#begun = undefined
		return receiver
	}
}

const broken = (): Error => Object.assign(new Error('the connection was closed'), {code: 'ECONNRESET'})

function* slices(body: Buffer): Generator<Buffer, undefined> {
	for (let at = 0; at < body.length; at += SLICE) yield body.subarray(at, at + SLICE)
}
