// Files that come at the same time get their sums together, which takes a third of the time (md5-lanes.ts).

import {LANES} from '../algo/md5-kernel.ts'
import type {Message} from '../algo/md5-lanes.ts'
import {Md5Queue} from '../algo/md5-queue.ts'
import {joinedSum, messagesOf, type Summed, sumOf} from './file-sum.ts'

/** How long a file that is whole waits for others, in milliseconds: what comes slower than that is not held up by its sum. */
const PATIENCE = 100

export class SumsTogether {
	readonly #queue = new Md5Queue()
	/** Files of which more is to come. */
	#coming = 0
	/** Messages of those that are whole. */
	#left = 0
	#timer: NodeJS.Timeout | undefined

	/** The sum of a file, which is whole when `bring` resolves; rejects as that does. The file stays open until then. */
	async of(file: Summed, bring: () => Promise<void>): Promise<string> {
		let sum: Promise<string> | undefined
		this.#coming++
		try {
			await bring()
			sum = this.#sum(file)
		} finally {
			this.#coming--
			this.#look()
		}
		return sum
	}

	async #sum(file: Summed): Promise<string> {
		const md5s = await Promise.all(messagesOf(file).map((message) => this.#md5(message)))
		// one that cannot be read is read again, to say why
		return md5s.every((md5) => md5 !== undefined) ? joinedSum(md5s, file) : sumOf(file)
	}

	#md5(message: Message): Promise<Buffer | undefined> {
		this.#left++
		return new Promise((resolve) =>
			this.#queue.add(message, (md5) => {
				this.#left--
				resolve(md5)
			}),
		)
	}

	/** Hashes as long as that leaves no lane idle, and the rest where nobody is to be waited for. */
	#look(): void {
		const isDue = () => this.#left >= LANES || this.#coming === 0
		if (isDue()) {
			while (isDue() && this.#queue.step());
			clearTimeout(this.#timer)
			this.#timer = undefined
		}
		if (this.#left > 0) this.#timer ??= setTimeout(this.#end, PATIENCE)
	}

	readonly #end = (): void => {
		this.#timer = undefined
		while (this.#queue.step());
	}
}
