// Where the connections of one origin lead. What they have in common is made or asked once: a context of TLS takes as long as a
// dozen requests, and a name is asked for by a thread.

import {lookup as ask, type LookupAddress} from 'node:dns'
import {connect, isIP, type LookupFunction, type OnReadOpts, type Socket} from 'node:net'
import {connect as connectSecurely, createSecureContext, type SecureContext} from 'node:tls'
import type {HttpOptions} from './http.ts'

/** Milliseconds that the addresses of a name are good for: connections are opened many at a time, and a store has new ones every few seconds. */
const GOOD = 2000

export class Origin {
	readonly isSecure: boolean
	readonly #host: string
	readonly #port: number
	readonly #ca: string[] | undefined
	readonly #addresses = new Addresses()
	#context: SecureContext | undefined
	/** What makes the next handshake shorter. */
	#session: Buffer | undefined

	/** Of a URL, as far as that says where a server is. */
	constructor(url: string, {ca}: Pick<HttpOptions, 'ca'>) {
		const {protocol, hostname, port} = new URL(url)
		this.isSecure = protocol === 'https:'
		this.#host = hostname.replaceAll(/^\[|\]$/g, '')
		this.#port = Number(port || (this.isSecure ? 443 : 80))
		this.#ca = ca
	}

	/** A socket that connects; what comes is read as `onread` says. */
	connect(onread: OnReadOpts): Socket {
		const [host, port, session] = [this.#host, this.#port, this.#session]
		const where = {host, port, onread, noDelay: true, lookup: this.#addresses.lookup}
		if (!this.isSecure) return connect(where)
		this.#context ??= createSecureContext(this.#ca === undefined ? {} : {ca: this.#ca})
		return connectSecurely({
			...where,
			...(isIP(host) === 0 ? {servername: host} : {}),
			...(session === undefined ? {} : {session}),
			secureContext: this.#context,
			ALPNProtocols: ['http/1.1'],
		}).on('session', (ticket: Buffer) => (this.#session = ticket))
	}
}

type Given = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void

/** The addresses of a name, each first in its turn: a store of many asks its clients to use them all. */
export class Addresses {
	#known: {readonly addresses: readonly LookupAddress[]; readonly until: number} | undefined
	#waiting: Given[] = []
	#turn = 0

	/** As that of node:dns. */
	readonly lookup: LookupFunction = (host, options, callback) => {
		this.#ask(host, options, (error, addresses) => {
			const [first, ...others] = this.#inTurn(addresses)
			if (error || first === undefined) callback(error, '')
			else if (options.all) callback(null, [first, ...others])
			else callback(null, first.address, first.family)
		})
	}

	#ask(host: string, {family, hints}: Parameters<LookupFunction>[1], give: Given): void {
		const now = performance.now()
		if (this.#known && now < this.#known.until) return process.nextTick(give, null, this.#known.addresses)
		if (this.#waiting.push(give) > 1) return
		ask(host, {family, hints, all: true}, (error, addresses) => {
			this.#known = error ? undefined : {addresses, until: now + GOOD}
			for (const waiting of this.#waiting.splice(0)) waiting(error, addresses)
		})
	}

	/** Another one of the first address' family first: those of the other family may lead nowhere. */
	#inTurn(addresses: readonly LookupAddress[] = []): readonly LookupAddress[] {
		const isAlike = ({family}: LookupAddress) => family === addresses[0]?.family
		const alike = addresses.filter(isAlike)
		const turn = this.#turn++ % Math.max(1, alike.length)
		return [
			...alike.slice(turn),
			...alike.slice(0, turn),
			...addresses.filter((address) => !isAlike(address)),
		]
	}
}
