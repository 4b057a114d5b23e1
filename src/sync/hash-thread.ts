// A thread that takes the sum of a large file (file-sum.ts) while it is still being written: it follows the bytes that
// are whole from the beginning on, and reads them back from the cache of the system.
//
// Like the crew, it answers for what went well only: whoever gets no sum takes it himself.

import {Worker} from 'node:worker_threads'
import {LANES} from '../algo/md5-kernel.ts'
import {hasCoreBeside} from '../base/cores.ts'
import type {Summed} from './file-sum.ts'

/** Bytes of a file that are whole now, behind those that were told before. */
export type Reach = Summed & {readonly from: number; readonly to: number}
/** The sum; undefined where the file could not be read. */
export type Hashed = string | undefined

/** So many bytes are worth a message: 5 ms of MD5. */
const STEP = 4 * 2 ** 20

/** Threads that are kept for the next file. */
export class HashThreads {
	readonly #idle: Worker[] = []

	/** Has a thread take the sum of a file, by a descriptor that stays open until its end; undefined where there is no core for one. */
	follow(file: Summed): Following | undefined {
		if (!hasCoreBeside()) return undefined
		const worker = this.#idle.pop() ?? this.#start()
		return new Following(worker, file, () => this.#idle.push(worker))
	}

	#start(): Worker {
		const worker = new Worker(new URL('./hash-worker.js', import.meta.url))
		// why it ends is nothing to whoever takes the MD5 instead
		worker.on('error', () => {})
		worker.once('exit', () => {
			if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1)
		})
		return worker
	}

	/** Ends the threads; none of them may be following a file. */
	async close(): Promise<void> {
		await Promise.all([...this.#idle].map((worker) => worker.terminate()))
	}
}

/** A file that a thread follows. */
export class Following {
	readonly #worker: Worker
	readonly #file: Summed
	/** So many bytes are told of at once: with parts, as many parts as are hashed together. */
	readonly #step: number
	readonly #hashed: Promise<Hashed>
	#told = 0

	constructor(worker: Worker, file: Summed, release: () => void) {
		this.#worker = worker
		this.#file = file
		this.#step = file.part === undefined ? STEP : LANES * file.part
		this.#hashed = new Promise((resolve) => {
			const gone = () => resolve(undefined)
			worker.once('exit', gone)
			worker.once('message', (hashed: Hashed) => {
				worker.off('exit', gone)
				release()
				resolve(hashed)
			})
		})
	}

	/** Tells that the first `to` bytes are whole. */
	reach(to: number): void {
		const {size} = this.#file
		const from = this.#told
		const end = to < size ? from + Math.floor((to - from) / this.#step) * this.#step : size
		// an empty file has an answer, too
		if (end === from && size > 0) return
		this.#worker.postMessage({...this.#file, from, to: end} satisfies Reach)
		this.#told = end
	}

	/** The sum, once all bytes were told of; undefined if it was given up. */
	hashed(): Promise<Hashed> {
		return this.#hashed
	}

	/** Gives it up, and the thread with it. */
	async drop(): Promise<void> {
		await this.#worker.terminate()
	}
}
