// The aws-chunked encoding: a body in chunks that are signed, or followed by trailers, or both.
//
//	<size in hex>[;chunk-signature=<hex>] CRLF <bytes> CRLF … 0[;chunk-signature=<hex>] CRLF
//	[<name>:<value> CRLF … [x-amz-trailer-signature:<hex> CRLF]] CRLF
//
// Source: 'Transferring Payload in Multiple Chunks' and '… with trailing headers', S3 API reference.

import {createHash} from 'node:crypto'
import {S3Error} from './errors.ts'
import {sameSignature, type Seed, sha256, sign} from './signature.ts'

export type ChunkedOptions = {
	/** Verifies the chunks' signatures, which continue this one. */
	readonly seed?: Seed | undefined
	/** Whether trailers follow the last chunk. */
	readonly trailer: boolean
}

const LINE_LIMIT = 1024
const TRAILER_LIMIT = 8
const NOTHING = sha256('')
const malformed = () => new S3Error('MalformedTrailerError')

/** Takes lines and bytes out of a stream of buffers. */
class Reader {
	readonly #source: AsyncIterator<Buffer>
	#rest: Buffer = Buffer.alloc(0)

	constructor(source: AsyncIterable<Buffer>) {
		this.#source = source[Symbol.asyncIterator]()
	}

	async #more(): Promise<Buffer> {
		const {done, value} = await this.#source.next()
		if (done === true) throw new S3Error('IncompleteBody')
		return value
	}

	/** The next line, without its CRLF. */
	async line(): Promise<string> {
		let end = this.#rest.indexOf('\r\n')
		while (end < 0) {
			if (this.#rest.length > LINE_LIMIT) throw malformed()
			this.#rest = Buffer.concat([this.#rest, await this.#more()])
			end = this.#rest.indexOf('\r\n')
		}
		if (end > LINE_LIMIT) throw malformed()
		const line = this.#rest.toString('latin1', 0, end)
		this.#rest = this.#rest.subarray(end + 2)
		return line
	}

	/** Yields the next `size` bytes, as they come. */
	async *bytes(size: number): AsyncGenerator<Buffer> {
		for (let left = size; left > 0;) {
			const have = this.#rest.length > 0 ? this.#rest : await this.#more()
			const taken = have.subarray(0, left)
			this.#rest = have.subarray(taken.length)
			left -= taken.length
			yield taken
		}
	}

	/** Whether the stream ends here. */
	async ended(): Promise<boolean> {
		return this.#rest.length === 0 && (await this.#source.next()).done === true
	}
}

function parseHead(line: string): {size: number; signature: string} {
	const m = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line)
	if (m?.[1] === undefined) throw malformed()
	return {size: parseInt(m[1], 16), signature: m[2] ?? ''}
}

/** Follows the chain of signatures that began with the request's. */
class Chain {
	readonly #seed: Seed
	#previous: string

	constructor(seed: Seed) {
		this.#seed = seed
		this.#previous = seed.signature
	}

	/** Checks the signature of the next link, over `digests`. */
	check(kind: 'PAYLOAD' | 'TRAILER', digests: readonly string[], given: string): void {
		const {date, scope, signingKey} = this.#seed
		const text = [`AWS4-HMAC-SHA256-${kind}`, date, scope, this.#previous, ...digests].join('\n')
		this.#previous = sign(signingKey, text)
		if (!sameSignature(this.#previous, given)) throw new S3Error('SignatureDoesNotMatch')
	}
}

async function readTrailers(reader: Reader, chain: Chain | undefined): Promise<Map<string, string>> {
	const trailers = new Map<string, string>()
	let signed = ''
	for (let line = await reader.line(); line !== ''; line = await reader.line()) {
		const colon = line.indexOf(':')
		if (colon < 1 || trailers.size >= TRAILER_LIMIT) throw malformed()
		const [name, value] = [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
		trailers.set(name, value)
		if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`
	}
	chain?.check('TRAILER', [sha256(signed)], trailers.get('x-amz-trailer-signature') ?? '')
	return trailers
}

/**
 * Yields the content of an aws-chunked body as it comes and returns its trailers. A chunk's signature is
 * checked after its last byte: nothing may be kept before the generator has returned.
 */
export async function* decodeChunked(
	source: AsyncIterable<Buffer>,
	{seed, trailer}: ChunkedOptions,
): AsyncGenerator<Buffer, ReadonlyMap<string, string>> {
	const reader = new Reader(source)
	const chain = seed === undefined ? undefined : new Chain(seed)
	for (let size = -1; size !== 0;) {
		const head = parseHead(await reader.line())
		size = head.size
		const hash = chain === undefined ? undefined : createHash('sha256')
		for await (const bytes of reader.bytes(size)) {
			hash?.update(bytes)
			yield bytes
		}
		chain?.check('PAYLOAD', [NOTHING, hash?.digest('hex') ?? ''], head.signature)
		if (size > 0 && (await reader.line()) !== '') throw malformed()
	}
	const trailers = trailer ? await readTrailers(reader, chain) : new Map<string, string>()
	if (!trailer && (await reader.line()) !== '') throw malformed()
	if (!(await reader.ended())) throw malformed()
	return trailers
}
