// Threads that take the MD5 of a large file from memory that they share with whoever reads it: who reads has the bytes for
// sums of its own, and the MD5, of which each block waits for the one before, waits for nothing else.
//
// Like the crew, they answer for what went well only: whoever gets no MD5 takes it himself.

import {Worker} from 'node:worker_threads'
import {hasCoreBeside, usableCores} from '../base/cores.ts'

/** Bytes to be hashed in memory that is shared; null: that was all. */
export type Fed = Uint8Array | null
/** One for each of those: the MD5 in hex for the last, null for memory that can be filled again. */
export type Eaten = string | null

/** Bytes that are read at once: 3 ms of MD5, so that messages are few. */
const BLOCK = 2 * 2 ** 20
/** One is hashed, one is read, and others wait, for a busy main thread comes late. */
const BLOCKS = 4

/** Reads bytes of a file from `at` on into `memory`, as many as there are; resolves to the part that was filled. */
type Fill = (memory: Buffer, at: number) => Promise<Buffer>

/** Threads that are kept for the next file. */
export class Md5Threads {
	readonly #idle: Md5Thread[] = []
	/** Files that may have one besides those that do. */
	#left = hasCoreBeside() ? usableCores() : 0

	/**
	 * The MD5 in hex of the `size` bytes that `fill` reads; undefined where no thread is free, it ended, or they are fewer. Rejects
	 * as `fill` does.
	 */
	async md5(size: number, fill: Fill): Promise<string | undefined> {
		if (this.#left === 0) return undefined
		this.#left--
		const thread = this.#idle.pop() ?? new Md5Thread()
		let md5: string | undefined
		try {
			md5 = await thread.md5(size, fill)
		} finally {
			this.#left++
			if (md5 === undefined) await thread.close()
			else this.#idle.push(thread)
		}
		return md5
	}

	/** Ends the threads; none of them may be at work. */
	async close(): Promise<void> {
		await Promise.all(this.#idle.map((thread) => thread.close()))
	}
}

class Md5Thread {
	readonly #worker = new Worker(new URL('./md5-worker.js', import.meta.url))
	readonly #memory = Array.from({length: BLOCKS}, () => Buffer.from(new SharedArrayBuffer(BLOCK)))
	readonly #waiting: ((eaten: Eaten | undefined) => void)[] = []
	#isGone = false

	constructor() {
		this.#worker.on('message', (eaten: Eaten) => this.#waiting.shift()?.(eaten))
		// why it ends is nothing to whoever takes the MD5 instead
		this.#worker.on('error', () => {})
		this.#worker.once('exit', () => {
			this.#isGone = true
			for (const resolve of this.#waiting.splice(0)) resolve(undefined)
		})
	}

	/** As Md5Threads; to be closed where it is undefined or rejects. */
	async md5(size: number, fill: Fill): Promise<string | undefined> {
		const eaten: (Promise<Eaten | undefined> | undefined)[] = []
		for (let at = 0, turn = 0; at < size; turn = (turn + 1) % BLOCKS) {
			const memory = this.#memory[turn] as Buffer
			if (turn in eaten && (await eaten[turn]) === undefined) return undefined
			const bytes = await fill(memory.subarray(0, Math.min(BLOCK, size - at)), at)
			if (bytes.length === 0) return undefined
			eaten[turn] = this.#feed(bytes)
			at += bytes.length
		}
		return (await this.#feed(null)) ?? undefined
	}

	/** What the thread says to some bytes, or the end of them; undefined if it is gone. */
	#feed(fed: Fed): Promise<Eaten | undefined> {
		if (this.#isGone) return Promise.resolve(undefined)
		this.#worker.postMessage(fed)
		return new Promise((resolve) => this.#waiting.push(resolve))
	}

	async close(): Promise<void> {
		await this.#worker.terminate()
	}
}
