// A body on its way in: what arrives is held until it is read, and the sender is stopped while that is much.

import type {Dispatcher} from 'undici'

/** Bytes held above which the sender is stopped. */
const HIGH = 256 * 2 ** 10

type Waiting = {
	readonly resolve: (result: IteratorResult<Buffer, undefined>) => void
	readonly reject: (error: Error) => void
}

/** Chunks in the order of their arrival. To be read to its end or returned from, else its connection stays taken. */
export class Incoming implements AsyncIterableIterator<Buffer, undefined> {
	readonly #controller: Dispatcher.DispatchController | undefined
	readonly #chunks: Buffer[] = []
	#held = 0
	#ended = false
	#error: Error | undefined
	#waiting: Waiting | undefined

	constructor(controller?: Dispatcher.DispatchController) {
		this.#controller = controller
	}

	push(chunk: Buffer): void {
		if (this.#waiting !== undefined) return this.#answer()?.resolve({done: false, value: chunk})
		this.#chunks.push(chunk)
		this.#held += chunk.length
		if (this.#held >= HIGH) this.#controller?.pause()
	}

	end(): void {
		this.#ended = true
		this.#answer()?.resolve({done: true, value: undefined})
	}

	/** What arrived before is still given. */
	fail(error: Error): void {
		this.#ended = true
		const waiting = this.#answer()
		if (waiting === undefined) this.#error = error
		else waiting.reject(error)
	}

	async next(): Promise<IteratorResult<Buffer, undefined>> {
		const value = this.#chunks.shift()
		if (value !== undefined) {
			this.#held -= value.length
			if (this.#held < HIGH && this.#controller?.paused) this.#controller.resume()
			return {done: false, value}
		}
		const error = this.#error
		this.#error = undefined
		if (error !== undefined) throw error
		if (this.#ended) return {done: true, value: undefined}
		return new Promise((resolve, reject) => (this.#waiting = {resolve, reject}))
	}

	/** Gives the rest up, and its connection with it. */
	async return(): Promise<IteratorResult<Buffer, undefined>> {
		this.#chunks.length = 0
		if (!this.#ended) {
			this.#controller?.abort(new Error('the rest of the body is not wanted'))
			this.#error = undefined
		}
		return {done: true, value: undefined}
	}

	[Symbol.asyncIterator](): this {
		return this
	}

	#answer(): Waiting | undefined {
		const waiting = this.#waiting
		this.#waiting = undefined
		return waiting
	}
}
