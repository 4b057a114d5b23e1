// What vouches for the bytes of a file, taken while it grows: the MD5 of the whole, or the ETag that S3 gives to an
// object made of parts, which takes a third of the time, since parts are hashed eight at once (md5-lanes.ts).

import {createHash} from 'node:crypto'
import {readSync} from 'node:fs'
import {md5OfEach, type Message} from '../algo/md5-lanes.ts'
import {joinedEtag} from '../algo/parts.ts'
import {fatal} from '../base/errors.ts'

export type FileSum = {
	/** Adds the bytes from `from` to `to` of an open file, which follow those before; of parts it takes whole ones, or the last. */
	add(fd: number, from: number, to: number): void
	/** In hex: the MD5, or the ETag. */
	digest(): string
}

/** An open file whose sum is taken. */
export type Summed = {
	readonly fd: number
	/** Bytes of the whole. */
	readonly size: number
	/** Bytes of each of its parts, if the sum is that of parts. */
	readonly part?: number | undefined
}

/** The sums of files that are whole, which are taken together. */
export function sumsOf(files: readonly Summed[]): string[] {
	const messages = files.map(messagesOf)
	const md5s = md5OfEach(messages.flat())
	let at = 0
	return files.map((file, i) => joinedSum(md5s.slice(at, (at += messages[i]?.length ?? 0)), file))
}

/** What the sum of a file is made of: one message, or one for each of its parts. */
export const messagesOf = ({fd, size, part}: Summed): Message[] => stretchesOf(fd, 0, size, part ?? size)

/** The sum of a file whose messages have these MD5s. */
export function joinedSum(md5s: readonly Buffer[], {part}: Summed): string {
	const etags = md5s.map((md5) => ({etag: md5.toString('hex')}))
	return part === undefined ? (etags[0]?.etag ?? '') : joinedEtag(etags)
}

/** The sum of a file that is whole. */
export function sumOf({fd, size, part}: Summed): string {
	const sum = fileSum(part)
	sum.add(fd, 0, size)
	return sum.digest()
}

/** As sumsOf; of a file that cannot be read the reason. */
export function sumsOrReasons(files: readonly Summed[]): (string | {readonly reason: unknown})[] {
	try {
		return sumsOf(files)
	} catch {
		return files.map((file) => {
			try {
				return sumOf(file)
			} catch (reason) {
				return {reason}
			}
		})
	}
}

/** The sum of a file in parts of `part` bytes, or of it as a whole. */
export const fileSum = (part: number | undefined): FileSum =>
	part === undefined ? new WholeSum() : new PartsSum(part)

const CHUNK = 2 ** 20

/** The bytes of a file in pieces, each with its position; they are good until the next one. */
export function* piecesOf(
	fd: number,
	from: number,
	to: number,
	memory = Buffer.allocUnsafeSlow(CHUNK),
): Iterable<readonly [at: number, piece: Buffer]> {
	for (let at = from; at < to;) {
		const got = read(fd, memory, 0, Math.min(memory.length, to - at), at)
		yield [at, memory.subarray(0, got)]
		at += got
	}
}

function read(fd: number, into: Buffer, position: number, length: number, at: number): number {
	const got = readSync(fd, into, position, length, at)
	if (got === 0) throw fatal('what came of it is cut short')
	return got
}

class WholeSum implements FileSum {
	readonly #hash = createHash('md5')
	/** The file is added bit by bit: memory that is new each time would cost its pages. */
	readonly #memory = Buffer.allocUnsafeSlow(CHUNK)

	add(fd: number, from: number, to: number): void {
		for (const [, piece] of piecesOf(fd, from, to, this.#memory)) this.#hash.update(piece)
	}

	digest(): string {
		return this.#hash.digest('hex')
	}
}

class PartsSum implements FileSum {
	readonly #part: number
	readonly #etags: {etag: string}[] = []

	constructor(part: number) {
		this.#part = part
	}

	add(fd: number, from: number, to: number): void {
		for (const md5 of md5OfEach(stretchesOf(fd, from, to, this.#part)))
			this.#etags.push({etag: md5.toString('hex')})
	}

	digest(): string {
		return joinedEtag(this.#etags)
	}
}

/** The bytes of a file that is whole, as one message. */
export const messageOf = ({fd, size}: Summed): Message => new Stretch(fd, 0, size)

/** The bytes of an open file from `from` to `to`, `part` in each message; there is one at least. */
function stretchesOf(fd: number, from: number, to: number, part: number): Message[] {
	const stretches: Message[] = []
	let at = from
	do {
		stretches.push(new Stretch(fd, at, Math.min(part, to - at)))
		at += part
	} while (at < to)
	return stretches
}

/** Bytes of an open file. */
class Stretch implements Message {
	readonly length: number
	readonly #fd: number
	readonly #at: number

	constructor(fd: number, at: number, length: number) {
		this.#fd = fd
		this.#at = at
		this.length = length
	}

	copy(target: Buffer, position: number, start: number, end: number): number {
		const length = end - start
		for (let done = 0; done < length;)
			done += read(this.#fd, target, position + done, length - done, this.#at + start + done)
		return length
	}
}
