// The SDK's client, and the one loop through which every request goes: retries, the bucket's region,
// and errors in s3r's words.

import {setMaxListeners} from 'node:events'
import {readFile} from 'node:fs/promises'
import {Agent as HttpAgent} from 'node:http'
import {Agent as HttpsAgent} from 'node:https'
import {rootCertificates} from 'node:tls'
import {S3Client} from '@aws-sdk/client-s3'
import {fatal, reason} from '../base/errors.ts'
import type {Remote} from '../format/remote.ts'
import type {OpenOptions, Where} from './open.ts'
import {interrupted, toStoreError} from './s3-errors.ts'
import {findPlace} from './s3-profile.ts'
import {attemptsOf, backOff, isTransient, type SdkError} from './s3-retry.ts'
import type {Condition, StoreError} from './store.ts'

const SOCKETS = 64
const CONNECT_TIMEOUT = 10_000
/** How long a connection may be silent, in milliseconds; never a limit of the whole request. */
const IDLE_TIMEOUT = 120_000

/** How often one request follows its bucket to another region. */
const MOVES = 2

const silent = {trace() {}, debug() {}, info() {}, warn() {}, error() {}}

/** What a request is about: for its messages, and for what its failure means. */
export type Subject = {
	readonly key?: string | undefined
	readonly condition?: Condition | undefined
}

/** The options of the SDK's `send`. */
export type Abort = {readonly abortSignal?: AbortSignal}

/** Sends one request; called again for each retry. */
export type Send<T> = (client: S3Client, abort: Abort) => Promise<T>

/** The source of a body failed, not the store: its error reaches the caller as it is. */
export class SourceFailure {
	readonly error: unknown
	constructor(error: unknown) {
		this.error = error
	}
}

/** A bucket and the client that reaches it. */
export class S3Connection {
	readonly client: S3Client
	readonly bucket: string
	readonly remote: Partial<Remote>
	/** For messages: the endpoint, without its path. */
	readonly endpoint: string
	/** Whether this is Amazon's own S3, whose every promise holds. */
	readonly aws: boolean
	readonly signal: AbortSignal | undefined
	/** Set once the store has answered anything, and once the bucket is known to be there. */
	#answered = false
	bucketSeen = false
	#region: string
	readonly #attempts = attemptsOf()

	private constructor(
		remote: Where & Partial<Remote>,
		options: OpenOptions,
		place: {
			readonly endpoint: string | undefined
			readonly region: string
			readonly ca: string[] | undefined
		},
	) {
		this.remote = remote
		this.bucket = remote.bucket ?? ''
		this.#region = place.region
		this.aws = place.endpoint === undefined || isAmazon(place.endpoint)
		this.endpoint = place.endpoint === undefined ? 'https://s3.amazonaws.com' : new URL(place.endpoint).origin
		this.signal = options.signal
		// every request under way listens to it, and Node would warn of a leak
		if (this.signal !== undefined) setMaxListeners(0, this.signal)
		const agent = {keepAlive: true, maxSockets: options.maxSockets ?? SOCKETS, maxFreeSockets: Infinity}
		const checksums = remote.checksum ?? (this.aws ? 'when-supported' : 'when-required')
		const calculation = checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
		this.client = new S3Client({
			...(place.endpoint === undefined ? {} : {endpoint: place.endpoint}),
			...(remote.profile === undefined ? {} : {profile: remote.profile}),
			region: async () => this.#region,
			forcePathStyle: remote.pathStyle ?? !this.aws,
			maxAttempts: 1,
			requestChecksumCalculation: calculation,
			responseChecksumValidation: calculation,
			// the header alone would hold nothing back, because our agents are shared
			expectContinueHeader: false,
			logger: silent,
			requestHandler: {
				httpAgent: new HttpAgent(agent),
				httpsAgent: new HttpsAgent(place.ca === undefined ? agent : {...agent, ca: place.ca}),
				connectionTimeout: CONNECT_TIMEOUT,
				socketTimeout: options.idleTimeout ?? IDLE_TIMEOUT,
				logger: silent,
			},
		})
	}

	/** Makes the client for a remote, or for an endpoint without a bucket. No request is made. */
	static async open(remote: Where & Partial<Remote>, options: OpenOptions): Promise<S3Connection> {
		const {endpoint, region = 'us-east-1'} = await findPlace(remote)
		return new S3Connection(remote, options, {endpoint, region, ca: await trustedCertificates()})
	}

	get region(): string {
		return this.#region
	}

	/**
	 * Sends a request, again if it failed for a while only, and to the bucket's region if that turns out
	 * to be another one. Rejects with a StoreError.
	 */
	async request<T>(subject: Subject, send: Send<T>): Promise<T> {
		for (let attempt = 1, moves = 0; ; attempt++) {
			if (this.signal?.aborted === true) throw interrupted(this.signal.reason)
			const region = this.#region
			try {
				const result = await send(this.client, this.signal === undefined ? {} : {abortSignal: this.signal})
				this.#answered = true
				if (subject.key !== undefined) this.bucketSeen = true
				return result
			} catch (error) {
				if (error instanceof SourceFailure) throw error.error
				const elsewhere = regionIn(error as SdkError) ?? region
				if (elsewhere === region || ++moves > MOVES) await this.again(attempt, error, subject)
				else this.#region = elsewhere
			}
		}
	}

	/** Waits for the try after `attempt`, which failed; rejects with a StoreError if there is none. */
	async again(attempt: number, error: unknown, subject: Subject): Promise<void> {
		if (this.signal?.aborted === true) throw interrupted(error)
		if ((error as SdkError).$metadata?.httpStatusCode !== undefined) this.#answered = true
		if (attempt >= this.#attempts || !isTransient(error, this.#answered)) throw this.explain(error, subject)
		try {
			await backOff(attempt + 1, error, this.signal)
		} catch (aborted) {
			throw interrupted(aborted)
		}
	}

	/** What went wrong, as a StoreError. */
	explain(error: unknown, subject: Subject): StoreError {
		return toStoreError(error, {...subject, bucket: this.bucket, endpoint: this.endpoint})
	}

	close(): void {
		this.client.destroy()
	}
}

/** The region that an error sends its request to, if it does. */
function regionIn({Region, $metadata, $response}: SdkError): string | undefined {
	const isMove = [301, 307, 400, 403].includes($metadata?.httpStatusCode ?? 0)
	return isMove ? ($response?.headers?.['x-amz-bucket-region'] ?? Region) : undefined
}

const isAmazon = (endpoint: string): boolean =>
	/(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)

/** The certificates of AWS_CA_BUNDLE beside those of Node, which does not know that variable. */
async function trustedCertificates(env: NodeJS.ProcessEnv = process.env): Promise<string[] | undefined> {
	const file = env['AWS_CA_BUNDLE']
	if (!file) return undefined
	try {
		return [...rootCertificates, await readFile(file, 'utf8')]
	} catch (error) {
		throw fatal(`cannot read '${file}' (AWS_CA_BUNDLE): ${reason(error)}`, undefined, error)
	}
}
