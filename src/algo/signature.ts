// From a stream of bytes to the pages of s3r-signature(5): signatures and deltas.

import {createHash} from 'node:crypto'
import {DeltaWriter} from '../format/delta.ts'
import {type Signature, SignatureWriter} from '../format/signature.ts'
import {type BlockSums, Matcher} from './match.ts'
import {md5Of} from './md5.ts'
import {weakSum} from './rolling.ts'

const MD5_LENGTH = 16
const NOTHING = Buffer.alloc(0)

/** Makes the signature of a file whose bytes come in pieces; one block is in memory. */
export class Signer {
	readonly #blockLength: number
	readonly #writer = new SignatureWriter()
	#rest: Buffer = Buffer.alloc(0)
	/** Bytes that came. */
	size = 0

	constructor(blockLength: number) {
		this.#blockLength = blockLength
	}

	/** What the signature begins with. */
	head(): Buffer {
		return this.#writer.head(this.#blockLength)
	}

	/** What it goes on with once these bytes have come; perhaps nothing. */
	push(bytes: Buffer): Buffer {
		const blockLength = this.#blockLength
		this.size += bytes.length
		const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
		const records: Buffer[] = []
		let at = 0
		for (; at + blockLength <= all.length; at += blockLength)
			records.push(this.#record(all.subarray(at, at + blockLength)))
		// the caller's bytes may be gone by the next call
		this.#rest = Buffer.from(all.subarray(at))
		return Buffer.concat(records)
	}

	/** What it ends with; `md5` is that of all bytes. */
	end(md5: Buffer): Buffer {
		const last = this.#rest.length > 0 ? [this.#record(this.#rest)] : []
		return Buffer.concat([...last, this.#writer.end(this.size, md5)])
	}

	#record(block: Buffer): Buffer {
		return this.#writer.block(weakSum(block), md5Of(block))
	}
}

/** The signature of a stream, piece by piece. */
export async function* signatureOf(
	chunks: AsyncIterable<Buffer>,
	blockLength: number,
): AsyncGenerator<Buffer> {
	const signer = new Signer(blockLength)
	const whole = createHash('md5')
	// Nothing comes out of what cannot be read.
	let head = signer.head()
	for await (const chunk of chunks) {
		whole.update(chunk)
		const records = Buffer.concat([head, signer.push(chunk)])
		head = NOTHING
		if (records.length > 0) yield records
	}
	yield Buffer.concat([head, signer.end(whole.digest())])
}

/** The sums of a signature, as who has them searches or sends them. */
export const blockSums = ({blockLength, size, weak, strong}: Signature): BlockSums => ({
	blockLength,
	strongLength: MD5_LENGTH,
	remainder: size % blockLength,
	count: weak.length,
	weak,
	strong,
})

/** The delta that makes a stream of the file with this signature, piece by piece. */
export async function* deltaOf(signature: Signature, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	const {blockLength} = signature
	const writer = new DeltaWriter()
	const matcher = new Matcher(blockSums(signature), md5Of)
	const whole = createHash('md5')
	let size = 0
	/** Blocks that follow one another are one copy. */
	let run: {offset: number; length: number} | undefined

	function* put(instruction: Buffer | number): Generator<Buffer> {
		if (typeof instruction === 'number') {
			const offset = instruction * blockLength
			const length = Math.min(blockLength, signature.size - offset)
			if (run && run.offset + run.length === offset) run.length += length
			else {
				yield* endRun()
				run = {offset, length}
			}
		} else {
			yield* endRun()
			yield writer.literal(instruction)
		}
	}
	function* endRun(): Generator<Buffer> {
		if (run) yield writer.copy(run.offset, run.length)
		run = undefined
	}

	// Nothing comes out where the new file cannot be read.
	let head: Buffer | undefined = writer.head(signature)
	for await (const chunk of chunks) {
		if (head) yield head
		head = undefined
		whole.update(chunk)
		size += chunk.length
		for (const instruction of matcher.push(chunk)) yield* put(instruction)
	}
	if (head) yield head
	for (const instruction of matcher.end()) yield* put(instruction)
	yield* endRun()
	yield writer.end({size, md5: whole.digest()})
}
