// A request's body: decoded, measured, and compared with everything that the request says about it.

import {createHash} from 'node:crypto'
import type {IncomingMessage, ServerResponse} from 'node:http'
import {type Algorithm, checkedValue, declaredChecksum, hasherOf, headerOf} from './checksum.ts'
import {type ChunkedOptions, decodeChunked} from './chunked.ts'
import {S3Error} from './errors.ts'
import type {Headers} from './request.ts'
import type {Seed} from './signature.ts'

/** What came: the MD5 in hexadecimal, and the checksum in base64 if one was asked for. */
export type Received = {
	readonly size: number
	readonly md5: string
	readonly checksum?: {readonly algorithm: Algorithm; readonly value: string} | undefined
}

const SIZE_LIMIT = 5 * 1024 ** 3
/** Bytes a millisecond that a body must come at on the whole, once the server's patience is over. */
const SLOWEST = 1

const MODES: Record<string, Omit<ChunkedOptions, 'seed'> & {readonly signed: boolean}> = {
	'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': {signed: true, trailer: false},
	'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': {signed: true, trailer: true},
	'STREAMING-UNSIGNED-PAYLOAD-TRAILER': {signed: false, trailer: true},
}

export class Payload {
	readonly #message: IncomingMessage
	readonly #response: ServerResponse
	readonly #headers: Headers
	readonly #seed: Seed | undefined
	readonly #patience: number

	constructor(
		message: IncomingMessage,
		response: ServerResponse,
		options: {readonly headers: Headers; readonly seed?: Seed | undefined; readonly patience: number},
	) {
		this.#message = message
		this.#response = response
		this.#headers = options.headers
		this.#seed = options.seed
		this.#patience = options.patience
	}

	/** The declared number of bytes, without the encoding. */
	get size(): number {
		const declared = this.#headers['x-amz-decoded-content-length'] ?? this.#headers['content-length']
		if (declared === undefined && this.#message.headers['transfer-encoding'] === undefined) return 0
		if (declared === undefined || !/^\d{1,15}$/.test(declared)) throw new S3Error('MissingContentLength')
		return Number(declared)
	}

	/**
	 * Reads the body into `sink`, chunk by chunk, and resolves when all of it agrees with its headers
	 * and trailers. `algorithm` is computed when the request declares no checksum of its own.
	 */
	async receive(sink: (chunk: Buffer) => void, algorithm?: Algorithm): Promise<Received> {
		const {size} = this
		if (size > SIZE_LIMIT) throw new S3Error('EntityTooLarge')
		const declared = declaredChecksum(this.#headers) ?? (algorithm === undefined ? undefined : {algorithm})
		const wanted = this.#headers['x-amz-content-sha256'] ?? ''
		const sha = /^[0-9a-f]{64}$/.test(wanted) ? createHash('sha256') : undefined
		const hasher = declared === undefined ? undefined : hasherOf(declared.algorithm)
		const md5 = createHash('md5')
		let got = 0
		const trailers = await this.#each(size, (chunk) => {
			got += chunk.length
			if (got > size) throw new S3Error('IncompleteBody')
			md5.update(chunk)
			sha?.update(chunk)
			hasher?.update(chunk)
			sink(chunk)
		})
		if (got < size) throw new S3Error('IncompleteBody')
		if (sha !== undefined && sha.digest('hex') !== wanted) throw new S3Error('XAmzContentSHA256Mismatch')
		const digest = md5.digest()
		this.#checkMd5(digest)
		const received = {size, md5: digest.toString('hex')}
		if (declared === undefined || hasher === undefined) return received
		const value = hasher.digest().toString('base64')
		const expected = declared.value ?? this.#trailer(trailers, declared.algorithm)
		if (expected !== undefined && expected !== value)
			throw new S3Error(
				'BadDigest',
				`The ${declared.algorithm} you specified did not match the calculated checksum`,
			)
		return {...received, checksum: {algorithm: declared.algorithm, value}}
	}

	/** The body as text of at most `limit` bytes. */
	async text(limit: number): Promise<string> {
		if (this.size > limit) throw new S3Error('MalformedXML', 'The document is too long')
		const chunks: Buffer[] = []
		await this.receive((chunk) => void chunks.push(chunk))
		return Buffer.concat(chunks).toString('latin1')
	}

	/** Gives each decoded chunk to `take`; a body that comes too slowly is cut off. */
	async #each(size: number, take: (chunk: Buffer) => void): Promise<ReadonlyMap<string, string> | undefined> {
		if (this.#message.headers.expect !== undefined) this.#response.writeContinue()
		const deadline = setTimeout(() => this.#message.destroy(), this.#patience + size / SLOWEST)
		try {
			// The socket must outlive a refusal, which it carries to the client.
			const source = this.#message.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>
			const options = this.#chunkedOptions()
			if (options === undefined) {
				for await (const chunk of source) take(chunk)
				return undefined
			}
			const decoder = decodeChunked(source, options)
			for (;;) {
				const {done, value} = await decoder.next()
				if (done === true) return value
				take(value)
			}
		} finally {
			clearTimeout(deadline)
		}
	}

	#chunkedOptions(): ChunkedOptions | undefined {
		const mode = this.#headers['x-amz-content-sha256']
		if (mode === undefined || !mode.startsWith('STREAMING-')) return undefined
		const options = MODES[mode]
		if (options === undefined) throw new S3Error('NotImplemented')
		if (!options.signed) return options
		if (this.#seed === undefined) throw new S3Error('AccessDenied')
		return {...options, seed: this.#seed}
	}

	#checkMd5(digest: Buffer): void {
		const given = this.#headers['content-md5']
		if (given === undefined) return
		const expected = Buffer.from(given, 'base64')
		if (expected.length !== digest.length) throw new S3Error('InvalidDigest')
		if (!expected.equals(digest)) throw new S3Error('BadDigest')
	}

	#trailer(trailers: ReadonlyMap<string, string> | undefined, algorithm: Algorithm): string | undefined {
		const name = headerOf(algorithm)
		if (this.#headers['x-amz-trailer'] !== name) return undefined
		const value = trailers?.get(name)
		if (value === undefined) throw new S3Error('MalformedTrailerError')
		return checkedValue(algorithm, value)
	}
}
