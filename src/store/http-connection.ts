// A connection, which carries one request at a time: HTTP/1.1 over a socket of node, TLS or not. What came is read where
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
	/** It is no more. */
	readonly gone: (connection: Connection) => void
}

/** What is sent of a request. */
export type Message = Pick<Request, 'body'> & {readonly head: string}

/**
 * What is kept of a request that was sent, and who waits for the reply. Not its head: of hundreds on a long way the collector
 * would copy them again and again (HACKING.md, "What makes it quick").
 */
export type Exchange = Waiting & Pick<Request, 'method' | 'streams' | 'lends' | 'room'>

export class Connection {
	readonly #socket: Socket
	readonly #owner: Owner
	readonly #isSecure: boolean
	#exchange: Exchange | undefined
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

	/** Carries a request; to be called when it is new or free. */
	carry(exchange: Exchange, {head, body}: Message): void {
		this.#exchange = exchange
		const socket = this.#socket
		socket.ref()
		if (body === undefined || !Buffer.isBuffer(body) || (this.#isSecure && body.length > SLICE)) {
			socket.write(head, 'latin1')
			if (body !== undefined) void this.#pump(Buffer.isBuffer(body) ? slices(body) : body)
			return
		}
		if (head.length + body.length <= ROOM) return void socket.write(this.#together(head, body))
		socket.cork()
		socket.write(head, 'latin1')
		if (body.length > 0) socket.write(body)
		socket.uncork()
	}

	/** A small request in one piece; good until the next one, which is not carried before all of this one was sent. */
	#together(head: string, body: Buffer): Buffer {
		const room = (this.#room ??= Buffer.allocUnsafeSlow(ROOM))
		const end = room.latin1Write(head, 0, head.length)
		return room.subarray(0, end + body.copy(room, end))
	}

	/** Ends it, and the request that it carries, with this error. */
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
		const exchange = this.#exchange
		try {
			if (exchange === undefined) throw notHttp('a reply comes that nobody asked for')
			const rest = this.#head === undefined ? this.#takeHead(exchange, bytes) : bytes
			if (rest !== undefined) this.#takeBody(rest)
		} catch (error) {
			this.end(error as Error)
		}
		const isWanted = !(this.#receiver instanceof Streaming) || this.#receiver.isAwaited
		if (!isWanted) this.#isHeld = true
		return isWanted
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

	#receive(exchange: Exchange, {status, headers, length}: ReplyHead): Receiver {
		const {streams = false, lends = false, room} = exchange
		const isContinued = streams && status < 300
		if (!isContinued || (length ?? Infinity) <= WHOLE)
			return new Gathered({status, headers}, exchange, {room, isContinued, isLent: lends, length})
		const tap = {open: () => this.#release(), shut: () => this.end()}
		const body = new Streaming(tap, {lends, comesLate: this.#isSecure})
		exchange.resolve({status, headers, body})
		return body
	}

	#takeBody(bytes: Buffer): void {
		const head = this.#head as ReplyHead
		const end = head.framing.take(bytes, this.#receiver as Receiver)
		if (end < 0) return
		// what is still being sent, or came without being asked for, would be taken for the next exchange
		const isOver = end === bytes.length && !this.#isPumping
		this.#finish()?.end()
		if (!head.isKept || !isOver) this.end()
		else if (this.#isSent) this.#free()
		// over TLS node says at the end of a turn that all was sent, and by then there may be an answer
		else setImmediate(() => this.isOpen && (this.#isSent ? this.#free() : this.end()))
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
		const waiting = this.#exchange
		const isWhole = error === undefined && this.#head?.framing.isWhole === true
		const why = error ?? Object.assign(new Error('the connection was closed'), {code: 'ECONNRESET'})
		const receiver = this.#finish()
		this.#owner.gone(this)
		if (receiver === undefined) waiting?.reject(why)
		else if (isWhole) receiver.end()
		else receiver.fail(why)
	}

	/** Forgets the exchange, and gives who received its body. */
	#finish(): Receiver | undefined {
		const receiver = this.#receiver
		this.#exchange = this.#head = this.#receiver = this.#begun = undefined
		return receiver
	}
}

function* slices(body: Buffer): Generator<Buffer, undefined> {
	for (let at = 0; at < body.length; at += SLICE) yield body.subarray(at, at + SLICE)
}
