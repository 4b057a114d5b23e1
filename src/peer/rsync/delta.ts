// What the other side lacks of a file's content, on the wire: tokens, and the checksum of all of it. See s3r-rsync(5),
// TRANSFER.

import {createHash} from 'node:crypto'
import {type BlockSums, Matcher} from '../../algo/match.ts'
import type {Path} from '../../base/path.ts'
import type {Content} from '../../sync/content.ts'
import {SEED} from './handshake.ts'
import {NO_SUMS, writeSumHead} from './item.ts'
import type {Line} from './line.ts'
import {IO_ERROR} from './messages.ts'
import {TokenWriter} from './token.ts'

export class DeltaSender {
	readonly #line: Line
	readonly #tokens: TokenWriter
	readonly #failed: (path: Path, error: unknown) => void

	/** `failed` is called where content cannot be read to its end. */
	constructor(line: Line, failed: (path: Path, error: unknown) => void) {
		const {output, options, agreed} = line
		this.#line = line
		this.#tokens = new TokenWriter(output, agreed.compression, options.compressLevel)
		this.#failed = failed
	}

	/** Sends what the side that has blocks of these sums lacks of a file, and the checksum of the file. */
	async send(source: AsyncGenerator<Buffer, Content>, sums: BlockSums, path: Path): Promise<void> {
		const {output, options} = this.#line
		writeSumHead(output, sums.count > 0 ? sums : NO_SUMS)
		const sum =
			options.append > 0
				? await this.#sendContent(behind(source, lengthOf(sums)), NO_SUMS, path, options.append === 1)
				: await this.#sendContent(source, sums, path)
		output.raw(sum)
	}

	/** Sends content; resolves to its checksum, or with `onlySent` to that of what is sent of it. */
	async #sendContent(
		source: AsyncGenerator<Buffer | Passed, Content>,
		sums: BlockSums,
		path: Path,
		onlySent = false,
	): Promise<Buffer> {
		const {output, checksum, agreed} = this.#line
		const hasher = checksum.name === 'md5' && !onlySent ? undefined : await checksum.whole(SEED)
		const tokens = this.#tokens
		const matcher = sums.count > 0 ? new Matcher(sums, await checksum.block(SEED, agreed.seedFix)) : undefined
		let failure: unknown
		let md5 = ''
		try {
			for (let next = await source.next(); ; next = await source.next()) {
				if (next.done) {
					md5 = next.value.md5
					break
				}
				if ('passed' in next.value) {
					if (!onlySent) hasher?.update(next.value.passed)
					continue
				}
				hasher?.update(next.value)
				for (const instruction of matcher ? matcher.push(next.value) : [next.value])
					await (typeof instruction === 'number' ? tokens.match(instruction) : tokens.literal(instruction))
				await output.ready()
			}
		} catch (error) {
			failure = error
		}
		for (const instruction of matcher?.end() ?? [])
			await (typeof instruction === 'number' ? tokens.match(instruction) : tokens.literal(instruction))
		await tokens.end()
		if (failure === undefined) return hasher ? hasher.digest() : Buffer.from(md5, 'hex')
		// the client must not take for whole what is not: no file has this sum but by a chance of 2^-128
		this.#failed(path, failure)
		this.#line.ioError |= IO_ERROR.general
		return createHash('md5').update(`${Math.random()}`).digest().subarray(0, checksum.length)
	}
}

/** Bytes that the other side has already (--append). */
type Passed = {readonly passed: Buffer}

/** The bytes that sums are of. */
const lengthOf = ({count, blockLength, remainder}: BlockSums): number =>
	count * blockLength - (remainder > 0 ? blockLength - remainder : 0)

/** Content whose first `length` bytes are only passed. */
async function* behind(
	source: AsyncGenerator<Buffer, Content>,
	length: number,
): AsyncGenerator<Buffer | Passed, Content> {
	let left = length
	for (let next = await source.next(); ; next = await source.next()) {
		if (next.done) return next.value
		const passed = next.value.subarray(0, left)
		left -= passed.length
		if (passed.length > 0) yield {passed}
		if (passed.length < next.value.length) yield next.value.subarray(passed.length)
	}
}
