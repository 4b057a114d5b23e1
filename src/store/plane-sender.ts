// A request of the data plane on its way: addressed, signed, sent over connections of our own, and refused where its reply is.

import type {Remote} from '../format/remote.ts'
import {watched} from './body.ts'
import type {HeaderList, HttpOptions, Reply, Request} from './http.ts'
import {Refusal} from './plane-errors.ts'
import {payerHeaders, timeIn} from './plane-headers.ts'
import {type FindSite, type Located, Location, type Site} from './plane-site.ts'
import {Transport} from './plane-transport.ts'
import {EMPTY, payloadHash, UNSIGNED} from './sigv4.ts'
import type {Body} from './store.ts'
import {queryOf} from './uri.ts'

export type SenderOptions = {
	readonly remote: Partial<Remote>
	readonly site: Site
	/** Finds it again when the region turns out to be another, or the credentials expire. */
	readonly find: FindSite
	readonly region: () => string
	readonly http: HttpOptions
	/** Ends every request under way when it is aborted. */
	readonly signal: AbortSignal | undefined
}

/** How far the store's clock may be from ours before we follow it, in milliseconds: as the SDK does it. */
const SKEW = 240_000

export type Outgoing = Pick<Request, 'method' | 'streams' | 'lends' | 'isBrief' | 'room'> & {
	/** Behind the bucket's, percent-encoded. */
	readonly path: string
	readonly query?: Readonly<Record<string, string>> | undefined
	readonly headers?: HeaderList
	readonly body?: Body
	/** The signature vouches for a body in memory, also where the connection does. */
	readonly signsBody?: boolean
	/** The SHA-256 of the body in hex, where that is known. */
	readonly sha256?: string | undefined
}

export class PlaneSender {
	readonly #location: Location
	readonly #http: Transport
	readonly #signal: AbortSignal | undefined
	readonly #payer: HeaderList
	/** What has to be added to our clock, in milliseconds. */
	#offset = 0

	constructor({remote, site, find, region, http, signal}: SenderOptions) {
		this.#location = new Location(find, region, site)
		this.#http = new Transport(http)
		this.#payer = payerHeaders(remote)
		this.#signal = signal
		// one listener, however many requests there are
		signal?.addEventListener('abort', this.#abort, {once: true})
		// it may have been aborted while it was found out where the bucket is
		if (signal?.aborted === true) this.#abort()
	}

	/**
	 * Sends a request once; resolves to what `read` makes of the reply. Rejects with a Refusal for what the store does not do, and
	 * with errors of the system. What cannot be signed is thrown at once.
	 */
	send<T>(outgoing: Outgoing, read: (reply: Reply) => T): Promise<T> {
		const now = Date.now()
		const known = this.#location.known(now)
		if (known !== undefined) return this.#sendTo(known, now, outgoing, read)
		return this.#location.find().then((found) => this.#sendTo(found, Date.now(), outgoing, read))
	}

	#sendTo<T>(to: Located, now: number, outgoing: Outgoing, read: (reply: Reply) => T): Promise<T> {
		const offset = this.#offset
		return this.#answered(this.#exchange(to, now + offset, outgoing), offset, read)
	}

	/** Signs and sends. What waits for the reply is not here, or it would keep all that a request is made of until that comes. */
	#exchange({site, signer}: Located, now: number, outgoing: Outgoing): Promise<Reply> {
		const {
			method,
			path,
			query,
			headers = [],
			body,
			signsBody,
			sha256,
			streams,
			lends,
			isBrief,
			room,
		} = outgoing
		const unsigned = {
			method,
			path: `${site.path}/${path}`,
			query: query === undefined ? '' : queryOf(query),
			headers: [['host', site.host] as const, ...headers, ...this.#payer],
			payload: payloadOf(body, signsBody === true || site.origin.startsWith('http:'), sha256),
		}
		const lines = signer.sign(unsigned, now)
		const target = unsigned.query === '' ? unsigned.path : `${unsigned.path}?${unsigned.query}`
		const isHere = body === undefined || Buffer.isBuffer(body)
		const request = {
			method,
			path: target,
			lines,
			streams,
			lends,
			isBrief,
			room,
			body: isHere ? body : undefined,
		}
		return isHere ? this.#http.exchange(site.origin, request) : this.#stream(site.origin, request, body)
	}

	#answered<T>(replying: Promise<Reply>, offset: number, read: (reply: Reply) => T): Promise<T> {
		return replying.then((reply) => {
			if (reply.status < 300) return read(reply)
			throw this.#refusal(reply, offset)
		})
	}

	async #stream(origin: string, request: Omit<Request, 'body'>, body: Exclude<Body, Buffer>): Promise<Reply> {
		const lines = `${request.lines}content-length: ${body.length}\r\n`
		const source = watched(body)
		try {
			return await this.#http.exchange(origin, {...request, lines, body: source.chunks})
		} catch (error) {
			throw source.failure ?? error
		}
	}

	/** The error in a reply; where the clocks differ, follows the store's. */
	#refusal({status, headers, body}: Reply, offset: number): Refusal {
		const ahead = (timeIn(headers, 'date') ?? Date.now() + offset) - Date.now()
		const skewed = status >= 400 && status < 500 && Math.abs(ahead - offset) > SKEW
		if (skewed) this.#offset = ahead
		return new Refusal(status, headers.toObject(), body as Buffer, skewed)
	}

	/** Ends the connections, each when its request is done. */
	close(): void {
		this.#signal?.removeEventListener('abort', this.#abort)
		this.#http.close()
	}

	readonly #abort = (): void => this.#http.abort(new Error('interrupted', {cause: this.#signal?.reason}))
}

/** Over TLS a body need not be signed that an MD5 vouches for, and one that is not in memory can only where its SHA-256 is known. */
const payloadOf = (body: Body | undefined, isSigned: boolean, sha256: string | undefined): string => {
	if (body === undefined) return EMPTY
	if (!isSigned) return UNSIGNED
	return sha256 ?? (Buffer.isBuffer(body) ? payloadHash(body) : UNSIGNED)
}
