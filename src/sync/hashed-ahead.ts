// Files of some size are hashed before they are sent, several together, while those before them are sent.

import {LANES} from '../algo/md5-kernel.ts'
import {Budget} from '../base/budget.ts'
import type {Summed} from './file-sum.ts'
import {SumsThread, type Taken} from './sums-thread.ts'

/** As long as so many are being sent, or are to be, files to be hashed wait for others. */
const FEW = 3

export class HashedAhead {
	/** Those that are sent, some that are hashed, and some that are to be hashed together. */
	readonly #files = new Budget(2 + 2 * LANES)
	readonly #thread = new SumsThread(() => this.#sending < FEW)
	readonly #signal: AbortSignal | undefined
	readonly #end = (): void => void this.close()
	#sending = 0

	/** Once `signal` is aborted, nothing is hashed any more. */
	constructor(signal?: AbortSignal) {
		this.#signal = signal
		signal?.addEventListener('abort', this.#end)
	}

	/** Does what there is to do with a file, when its turn comes. */
	async hold<T>(work: () => Promise<T>): Promise<T> {
		try {
			return await this.#files.hold(1, work)
		} finally {
			this.#thread.look()
		}
	}

	/** As SumsThread: the MD5 of such a file, and the SHA-256 of its pieces; undefined where no thread can take it. */
	hash(file: Summed, piece?: number): Promise<Taken | undefined> {
		return this.#signal?.aborted ? Promise.resolve(undefined) : this.#thread.hash(file, piece)
	}

	/** Sends such a file, or waits until it can be sent. */
	async send<T>(work: () => Promise<T>): Promise<T> {
		this.#sending++
		try {
			return await work()
		} finally {
			this.#sending--
		}
	}

	/** Ends the thread. */
	close(): Promise<void> {
		this.#signal?.removeEventListener('abort', this.#end)
		return this.#thread.close()
	}
}
