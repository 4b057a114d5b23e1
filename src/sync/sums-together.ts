// Files that come at the same time get their sums together, which takes a third of the time (md5-lanes.ts).

import {LANES} from '../algo/md5-kernel.ts'
import {partsIn, type Summed, sumsOrReasons} from './file-sum.ts'

/** How long a file that is whole waits for others, in milliseconds: what comes slower than that is not held up by its sum. */
const PATIENCE = 100

type Waiting = {
	readonly file: Summed
	readonly resolve: (sum: string) => void
	readonly reject: (error: unknown) => void
}

export class SumsTogether {
	/** Files of which more is to come, or that wait. */
	#coming = 0
	#waiting: Waiting[] = []
	#timer: NodeJS.Timeout | undefined

	/** The sum of a file, which is whole when `bring` resolves; rejects as that does. The file stays open until then. */
	async of(file: Summed, bring: () => Promise<void>): Promise<string> {
		this.#coming++
		try {
			await bring()
			const sum = new Promise<string>((resolve, reject) => this.#waiting.push({file, resolve, reject}))
			this.#look()
			return await sum
		} finally {
			this.#coming--
			this.#look()
		}
	}

	/** Takes the sums of those that wait, if they are enough, or nobody is left to be waited for. */
	#look(): void {
		const waiting = this.#waiting
		if (waiting.length === 0) return
		const parts = waiting.reduce((sum, {file}) => sum + partsIn(file), 0)
		if (parts >= LANES || waiting.length === this.#coming) this.#take()
		else this.#timer ??= setTimeout(this.#take, PATIENCE)
	}

	readonly #take = (): void => {
		clearTimeout(this.#timer)
		this.#timer = undefined
		const waiting = this.#waiting
		this.#waiting = []
		const sums = sumsOrReasons(waiting.map(({file}) => file))
		for (const [i, {resolve, reject}] of waiting.entries()) {
			const sum = sums[i]
			if (typeof sum === 'string') resolve(sum)
			else reject(sum?.reason)
		}
	}
}
