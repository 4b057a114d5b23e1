// The lines and words that a client sends before the protocol proper begins, and what follows them.

import {RERR, RsyncError} from './errors.ts'

/** A line of the greeting; rsync's own are shorter. */
const LINE_LIMIT = 4096
const WORD_LIMIT = 1 << 16
const WORDS_LIMIT = 16_000

export class GreetingInput {
	readonly #chunks: AsyncIterator<Buffer>
	#rest: Buffer = Buffer.alloc(0)

	constructor(source: AsyncIterable<Buffer>) {
		this.#chunks = source[Symbol.asyncIterator]()
	}

	/** A line as a byte string, without its end. Throws code 12 if the client goes away, or sends no end of it. */
	async line(): Promise<string> {
		return (await this.#until(0x0a, LINE_LIMIT)).replace(/\r$/, '')
	}

	/** Words that each end in a byte, NUL or LF, up to an empty one. */
	async words(end: number): Promise<string[]> {
		const words: string[] = []
		let length = 0
		for (;;) {
			const word = await this.#until(end, WORD_LIMIT)
			if (word === '') return words
			length += word.length
			if (words.push(word) > WORDS_LIMIT || length > WORD_LIMIT)
				throw new RsyncError(RERR.syntax, 'too many arguments')
		}
	}

	async skip(length: number): Promise<void> {
		for (let left = length; left > 0;) {
			if (this.#rest.length === 0) await this.#more()
			const passed = Math.min(left, this.#rest.length)
			this.#rest = this.#rest.subarray(passed)
			left -= passed
		}
	}

	/** All that was not read here. */
	async *rest(): AsyncGenerator<Buffer> {
		if (this.#rest.length > 0) yield this.#rest
		for (;;) {
			const next = await this.#chunks.next()
			if (next.done === true) return
			yield next.value
		}
	}

	async #until(end: number, limit: number): Promise<string> {
		let from = 0
		for (;;) {
			const at = this.#rest.indexOf(end, from)
			if (at >= 0 && at <= limit) {
				const text = this.#rest.toString('latin1', 0, at)
				this.#rest = this.#rest.subarray(at + 1)
				return text
			}
			if (this.#rest.length > limit)
				throw new RsyncError(RERR.stream, 'the client sends a line without an end')
			from = this.#rest.length
			await this.#more()
		}
	}

	async #more(): Promise<void> {
		const next = await this.#chunks.next()
		if (next.done === true) throw new RsyncError(RERR.stream, 'connection unexpectedly closed')
		this.#rest = Buffer.concat([this.#rest, next.value])
	}
}
