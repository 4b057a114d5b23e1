// Where the body of a reply ends: RFC 9112, section 6.

import {notHttp} from './plane-errors.ts'

/** Takes the pieces of a body; each is in memory that is used again when the call is over. */
export type Taker = {add(piece: Buffer): void}

/** Tells a body from what is around it. */
export interface Framing {
	/** Hands on what came next. Gives the offset behind the body, or -1 where more of it is to come. Throws where it is not HTTP. */
	take(bytes: Buffer, taker: Taker): number
	/** Whether the body is whole if its connection ends now. */
	readonly isWhole: boolean
}

/** A body whose bytes are counted beforehand. */
export class OfLength implements Framing {
	readonly isWhole = false
	#left: number

	constructor(length: number) {
		this.#left = length
	}

	take(bytes: Buffer, taker: Taker): number {
		const count = Math.min(this.#left, bytes.length)
		this.#left -= count
		if (count > 0) taker.add(count === bytes.length ? bytes : bytes.subarray(0, count))
		return this.#left === 0 ? count : -1
	}
}

/** A body that ends with its connection. */
export class ToTheEnd implements Framing {
	readonly isWhole = true

	take(bytes: Buffer, taker: Taker): number {
		if (bytes.length > 0) taker.add(bytes)
		return -1
	}
}

/** Longer lines than this are none. */
const LINE = 16 * 2 ** 10
/** The line before a chunk: its size, in at most 12 digits, and extensions. */
const SIZE = /^([\da-f]{1,12})[\t ]*(?:;.*)?$/i
const LF = 10

/** A body in chunks: RFC 9112, section 7.1. */
export class Chunked implements Framing {
	readonly isWhole = false
	/** Bytes to come of a chunk. */
	#left = 0
	/** What the next line is: the size of a chunk, nothing behind one, or trailers, which end with an empty one. */
	#line: 'size' | 'end' | 'trailer' = 'size'
	/** What came of it so far. */
	#begun = ''

	take(bytes: Buffer, taker: Taker): number {
		for (let at = 0; at < bytes.length;) {
			if (this.#left > 0) {
				const end = Math.min(at + this.#left, bytes.length)
				taker.add(bytes.subarray(at, end))
				this.#left -= end - at
				at = end
				continue
			}
			const end = bytes.indexOf(LF, at)
			const behind = end < 0 ? bytes.length : end + 1
			this.#begun += bytes.toString('latin1', at, behind)
			at = behind
			if (this.#begun.length > LINE) throw notHttp('a chunk begins with a line that is too long')
			if (end >= 0 && this.#isLast(this.#begun)) return at
		}
		return -1
	}

	/** Takes a line; whether it is the last one of the body. */
	#isLast(line: string): boolean {
		this.#begun = ''
		if (!line.endsWith('\r\n')) throw notHttp('a line among chunks does not end as it has to')
		const text = line.slice(0, -2)
		if (this.#line === 'trailer') return text === ''
		if (this.#line === 'end') {
			if (text !== '') throw notHttp('a chunk is longer than it says')
			this.#line = 'size'
			return false
		}
		const [, digits] = SIZE.exec(text) ?? []
		if (digits === undefined) throw notHttp('a chunk has no size')
		this.#left = Number.parseInt(digits, 16)
		this.#line = this.#left === 0 ? 'trailer' : 'end'
		return false
	}
}
