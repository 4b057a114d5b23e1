// A thread that takes the MD5 of a large file while it is still being written: it follows the bytes that are whole
// from the beginning on, and reads them back from the cache of the system.
//
// Like the crew, it answers for what went well only: whoever gets no MD5 takes it himself.

import {Worker} from 'node:worker_threads'
import {hasCoreBeside} from '../base/cores.ts'

/** Bytes of a file that are whole now, behind those that were told before. */
export type Reach = {
	readonly fd: number
	readonly from: number
	readonly to: number
	/** Of the whole file. */
	readonly size: number
}
/** The MD5 of the whole in hex; undefined where it could not be read. */
export type Hashed = string | undefined

/** So many bytes are worth a message: 5 ms of MD5. */
const STEP = 4 * 2 ** 20

/** Threads that are kept for the next file. */
export class HashThreads {
	readonly #idle: Worker[] = []

	/** Has a thread hash a file of `size` bytes, by a descriptor that stays open until its end; undefined where there is no core for one. */
	follow(fd: number, size: number): Following | undefined {
		if (!hasCoreBeside()) return undefined
		const worker = this.#idle.pop() ?? this.#start()
		return new Following(worker, {fd, size}, () => this.#idle.push(worker))
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

	/** Has a thread hash a file that is whole; undefined where there is none, or it cannot, or that takes until an abortion. */
	async hash(fd: number, size: number, signal?: AbortSignal): Promise<Hashed> {
		const following = this.follow(fd, size)
		if (!following) return undefined
		const drop = () => void following.drop()
		signal?.addEventListener('abort', drop)
		try {
			following.reach(size)
			return await following.hashed()
		} finally {
			signal?.removeEventListener('abort', drop)
		}
	}

	/** Ends the threads; none of them may be following a file. */
	async close(): Promise<void> {
		await Promise.all([...this.#idle].map((worker) => worker.terminate()))
	}
}

/** A file that a thread follows. */
export class Following {
	readonly #worker: Worker
	readonly #file: Pick<Reach, 'fd' | 'size'>
	readonly #hashed: Promise<Hashed>
	#told = 0

	constructor(worker: Worker, file: Pick<Reach, 'fd' | 'size'>, release: () => void) {
		this.#worker = worker
		this.#file = file
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
		const {fd, size} = this.#file
		if (to - this.#told < STEP && to < size) return
		this.#worker.postMessage({fd, from: this.#told, to, size} satisfies Reach)
		this.#told = to
	}

	/** The MD5, once all bytes were told of; undefined if it was given up. */
	hashed(): Promise<Hashed> {
		return this.#hashed
	}

	/** Gives it up, and the thread with it. */
	async drop(): Promise<void> {
		await this.#worker.terminate()
	}
}
