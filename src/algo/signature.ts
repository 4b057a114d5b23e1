// From a stream of bytes to the pages of s3r-signature(5): signatures and deltas.

import {createHash, hash} from 'node:crypto'
import {DeltaWriter} from '../format/delta.ts'
import {type Signature, SignatureWriter} from '../format/signature.ts'
import {type BlockSums, Matcher} from './match.ts'
import {weakSum} from './rolling.ts'

const md5Of = (bytes: Buffer): Buffer => hash('md5', bytes, 'buffer')
const MD5_LENGTH = 16

/** The signature of a stream, piece by piece; one block is in memory. */
export async function* signatureOf(
	chunks: AsyncIterable<Buffer>,
	blockLength: number,
): AsyncGenerator<Buffer> {
	const writer = new SignatureWriter()
	const whole = createHash('md5')
	let size = 0
	let rest: Buffer = Buffer.alloc(0)
	// Nothing comes out of what cannot be read.
	let records = [writer.head(blockLength)]
	for await (const chunk of chunks) {
		whole.update(chunk)
		size += chunk.length
		const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
		let at = 0
		for (; at + blockLength <= bytes.length; at += blockLength) {
			const block = bytes.subarray(at, at + blockLength)
			records.push(writer.block(weakSum(block), md5Of(block)))
		}
		rest = bytes.subarray(at)
		if (records.length > 0) yield Buffer.concat(records)
		records = []
	}
	if (rest.length > 0) records.push(writer.block(weakSum(rest), md5Of(rest)))
	yield Buffer.concat([...records, writer.end(size, whole.digest())])
}

/** The sums of a signature, for the search. */
const blockSums = ({blockLength, size, weak, strong}: Signature): BlockSums => ({
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
