// A bucket as it is reached: the one way that every request goes, with its retries, the bucket's
// region and errors in s3r's words. What sends the requests is loaded when there is one.

import {setMaxListeners} from 'node:events'
import type {S3Client} from '@aws-sdk/client-s3'
import {begun} from '../base/begun.ts'
import type {Remote} from '../format/remote.ts'
import {SourceFailure} from './body.ts'
import type {OpenOptions, Where} from './open.ts'
import type {HttpOptions} from './http.ts'
import {type FindSite, plainSite, type Site, type Way} from './plane-site.ts'
import type {Plane} from './plane.ts'
import {interrupted, toStoreError} from './s3-errors.ts'
import {type Opening, openingOf} from './s3-opening.ts'
import {attemptsOf, backOff, FIRST_WAIT, isSlowDown, isTransient, type SdkError} from './s3-retry.ts'
import type {CustomerKey} from './customer-key.ts'
import type {Condition, StoreError} from './store.ts'
import type {Wire} from './wire.ts'

/**
 * As many as requests can be under way in each of two threads. What waits for a connection is read, hashed and signed already, and
 * copied by the collector until there is one: with half as many, 20 ms away, a push took a twelfth more time, and so did a pull.
 */
const CONNECTIONS = 512
const CONNECT_TIMEOUT = 10_000
/** How long a connection may be silent, in milliseconds; never a limit of the whole request. */
const IDLE_TIMEOUT = 120_000

/** How often one request follows its bucket to another region. */
const MOVES = 2

/** What a request is about: for its messages, and for what its failure means. */
export type Subject = {
	readonly key?: string | undefined
	readonly condition?: Condition | undefined
}

/** The options of the SDK's `send`. */
export type Abort = {readonly abortSignal?: AbortSignal}

/** Sends one request; called again for each retry. */
export type Send<T> = (client: S3Client, abort: Abort) => Promise<T>

/** A bucket, or an endpoint without one. */
export class S3Connection {
	readonly bucket: string
	readonly remote: Partial<Remote>
	/** For messages: the endpoint, without its path. */
	readonly endpoint: string
	/** Whether this is Amazon's own S3, whose every promise holds. */
	readonly aws: boolean
	readonly signal: AbortSignal | undefined
	/** The key that objects are encrypted with, where it is the customer's. */
	readonly customerKey: CustomerKey | undefined
	/** Set once the store has answered anything, and once the bucket is known to be there. */
	#answered = false
	bucketSeen = false
	#region: string
	/** The one that it began with. */
	readonly #said: string
	readonly #askForSite: FindSite | undefined
	readonly #attempts = attemptsOf()
	readonly #firstWait: number
	readonly #onSlowDown: (() => void) | undefined
	readonly #way: Way
	readonly #http: HttpOptions
	#client: Promise<S3Client> | undefined
	#wire: Promise<Wire> | undefined
	#opened: Wire | undefined
	#plane: Plane | undefined

	private constructor(
		remote: Where & Partial<Remote>,
		options: OpenOptions,
		{endpoint, region, aws, ca, customerKey}: Opening,
	) {
		this.remote = remote
		this.bucket = remote.bucket ?? ''
		this.#region = this.#said = region
		this.#askForSite = options.findSite
		this.aws = aws
		this.endpoint = endpoint === undefined ? 'https://s3.amazonaws.com' : new URL(endpoint).origin
		this.signal = options.signal
		this.customerKey = customerKey
		this.#firstWait = options.firstWait ?? FIRST_WAIT
		this.#onSlowDown = options.onSlowDown
		// every request of the SDK that is under way listens to it, and Node would warn of a leak
		if (this.signal !== undefined) setMaxListeners(0, this.signal)
		this.#way = {
			bucket: this.bucket,
			endpoint,
			profile: remote.profile,
			pathStyle: remote.pathStyle ?? !this.aws,
			accelerate: remote.accelerate,
			dualstack: remote.dualstack,
			fips: remote.fips,
			region: () => this.#region,
		}
		this.#http = {
			connections: options.maxSockets ?? CONNECTIONS,
			connectTimeout: CONNECT_TIMEOUT,
			idleTimeout: options.idleTimeout ?? IDLE_TIMEOUT,
			pipelines: this.#attempts > 1,
			ca,
		}
	}

	/** Finds out where a remote is, or an endpoint without a bucket. No request is made. */
	static async open(remote: Where & Partial<Remote>, options: OpenOptions): Promise<S3Connection> {
		return new S3Connection(remote, options, await openingOf(remote))
	}

	get region(): string {
		return this.#region
	}

	/** Sends a request of the control plane, with the SDK; else as `ask` does. */
	request<T>(subject: Subject, send: Send<T>): Promise<T> {
		return this.#persist(subject, async () => send(await this.#sdk(), this.#abort))
	}

	/**
	 * Sends a hot request, again if it failed for a while only, and to the bucket's region if that turns out
	 * to be another one. Rejects with a StoreError.
	 */
	ask<T>(subject: Subject, send: (wire: Wire) => Promise<T>): Promise<T> {
		// a wire that is open is not waited for: each promise is half a microsecond of every request
		return this.#persist(subject, () => (this.#opened ? send(this.#opened) : this.#open().then(send)))
	}

	#open(): Promise<Wire> {
		this.#wire ??= this.#openWire().then(
			(wire) => (this.#opened = wire),
			(error: unknown) => {
				this.#wire = undefined
				throw error
			},
		)
		return this.#wire
	}

	#persist<T>(subject: Subject, attemptIt: () => Promise<T>, attempt = 1, moves = 0): Promise<T> {
		if (this.signal?.aborted === true) return Promise.reject(interrupted(this.signal.reason))
		const region = this.#region
		return begun(attemptIt).then(
			(result) => {
				this.#answered = true
				if (subject.key !== undefined) this.bucketSeen = true
				return result
			},
			async (error: unknown) => {
				if (error instanceof SourceFailure) throw error.error
				const elsewhere = regionIn(error as SdkError) ?? region
				const isMove = elsewhere !== region && moves < MOVES
				if (isMove) this.#region = elsewhere
				else await this.again(attempt, error, subject)
				return this.#persist(subject, attemptIt, attempt + 1, isMove ? moves + 1 : moves)
			},
		)
	}

	/** Waits for the try after `attempt`, which failed; rejects with a StoreError if there is none. */
	async again(attempt: number, error: unknown, subject: Subject): Promise<void> {
		if (this.signal?.aborted === true) throw interrupted(error)
		if ((error as SdkError).$metadata?.httpStatusCode !== undefined) this.#answered = true
		if (isSlowDown(error)) this.#onSlowDown?.()
		if (attempt >= this.#attempts || !isTransient(error, this.#answered)) throw this.explain(error, subject)
		try {
			await backOff(attempt + 1, error, this.#firstWait, this.signal)
		} catch (aborted) {
			throw interrupted(aborted)
		}
	}

	/** What went wrong, as a StoreError. */
	explain(error: unknown, subject: Subject): StoreError {
		return toStoreError(error, {bucket: this.bucket, endpoint: this.endpoint, ...subject})
	}

	close(): void {
		this.#plane?.close()
		void this.#client?.then((client) => client.destroy())
	}

	get #abort(): Abort {
		return this.signal === undefined ? {} : {abortSignal: this.signal}
	}

	#sdk(): Promise<S3Client> {
		const checksums = this.remote.checksum ?? (this.aws ? 'when-supported' : 'when-required')
		this.#client ??= import('./s3-client.ts').then(({makeClient}) =>
			makeClient(this.#way, this.#http, checksums),
		)
		return this.#client
	}

	/** Where the bucket is and what is signed with; undefined where that takes more than Signature Version 4. */
	async site(): Promise<Site | undefined> {
		return (await plainSite(this.#way)) ?? (await this.#siteOfOthers()) ?? this.#siteOfSdk()
	}

	/** Where others have found the bucket, unless they do not know yet that it is in the region where we were sent. */
	async #siteOfOthers(): Promise<Site | undefined> {
		const site = await this.#askForSite?.()
		return this.#region === this.#said || site?.region === this.#region ? site : undefined
	}

	/** The data plane; the SDK where that is switched off, or cannot go. */
	async #openWire(): Promise<Wire> {
		const sdk = async (): Promise<Wire> => {
			const {SdkWire} = await import('./s3-wire.ts')
			return new SdkWire(this, await this.#sdk(), this.#abort)
		}
		if (process.env['S3R_DATA_PLANE'] === '0') return sdk()
		const find = () => this.site()
		const site = await find()
		if (site === undefined) return sdk()
		const {Plane} = await import('./plane.ts')
		const {remote, signal} = this
		const {region} = this.#way
		this.#plane = new Plane({
			bucket: this.bucket,
			remote,
			customerKey: this.customerKey,
			signal,
			site,
			find,
			region,
			http: this.#http,
			sdk,
		})
		return this.#plane
	}

	/** Where the SDK would go; undefined where it has to go there itself, as for an account without a bucket. */
	async #siteOfSdk(): Promise<Site | undefined> {
		if (this.bucket === '') return undefined
		const {siteOf} = await import('./s3-site.ts')
		return siteOf(await this.#sdk(), this.bucket)
	}
}

/** The region that an error sends its request to, if it does. */
function regionIn({Region, $metadata, $response}: SdkError): string | undefined {
	const isMove = [301, 307, 400, 403].includes($metadata?.httpStatusCode ?? 0)
	return isMove ? ($response?.headers?.['x-amz-bucket-region'] ?? Region) : undefined
}
