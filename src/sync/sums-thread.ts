// A thread that takes the MD5s of files that are whole, several at once (md5-lanes.ts): for who has many of them.
//
// Like the crew, it answers for what went well only: whoever gets no MD5 takes it himself.

import {Worker} from 'node:worker_threads'
import {LANES} from '../algo/md5-kernel.ts'
import {hasCoreBeside} from '../base/cores.ts'
import type {Summed} from './file-sum.ts'

/** The MD5 of a file and the SHA-256 of each of its pieces, where that was asked for; in hex. */
export type Taken = {readonly md5: string; readonly sha256: readonly string[]}

/** Files to be hashed together, which stay open until there is an answer, and how many bytes there are in a piece. */
export type Asked = readonly (readonly [id: number, file: Summed, piece: number | undefined])[]
/** What was taken of one of them; undefined for what could not be read. */
export type Told = readonly [id: number, taken: Taken | undefined]

export class SumsThread {
	readonly #isAwaited: () => boolean
	#worker: Worker | undefined
	/** Those that are not handed over yet. */
	#gathered: Asked[number][] = []
	#next = 0
	readonly #answers = new Map<number, (taken: Taken | undefined) => void>()

	/** `isAwaited`: whether whoever asks can go on with the next MD5; else files wait for others. */
	constructor(isAwaited: () => boolean) {
		this.#isAwaited = isAwaited
	}

	/**
	 * The MD5 of a file, and the SHA-256 of its pieces of `piece` bytes, where that is given; undefined where there is no core for a
	 * thread, or that cannot, or is ended.
	 */
	hash(file: Summed, piece?: number): Promise<Taken | undefined> {
		if (!hasCoreBeside()) return Promise.resolve(undefined)
		const id = this.#next++
		if (this.#gathered.push([id, file, piece]) >= LANES) this.#handOver()
		else setImmediate(() => this.look())
		return new Promise((resolve) => this.#answers.set(id, resolve))
	}

	/** To be called when `isAwaited` may have changed. */
	look(): void {
		if (this.#gathered.length > 0 && this.#isAwaited()) this.#handOver()
	}

	/** Ends the thread; whoever still waits gets none. */
	async close(): Promise<void> {
		await this.#worker?.terminate()
		this.#answerAll()
	}

	#handOver(): void {
		this.#worker ??= this.#start()
		this.#worker.postMessage(this.#gathered satisfies Asked)
		this.#gathered = []
	}

	#start(): Worker {
		const worker = new Worker(new URL('./sums-worker.js', import.meta.url))
		worker.on('message', ([id, taken]: Told) => {
			this.#answers.get(id)?.(taken)
			this.#answers.delete(id)
			this.look()
		})
		// why it ends is nothing to whoever takes the MD5 instead
		worker.on('error', () => {})
		worker.once('exit', () => {
			this.#worker = undefined
			this.#answerAll()
		})
		return worker
	}

	#answerAll(): void {
		this.#gathered = []
		for (const answer of this.#answers.values()) answer(undefined)
		this.#answers.clear()
	}
}
