// A bound on how many bytes are held at once.

import {begun} from './begun.ts'

type Waiter = {readonly bytes: number; readonly go: () => void}

/** Hands out bytes of a fixed number; who asks for more than are free waits its turn. */
export class Budget {
	readonly #total: number
	#free: number
	readonly #waiting: Waiter[] = []

	constructor(total: number) {
		this.#total = total
		this.#free = total
	}

	/** Runs `work` while it holds `bytes` of the budget; more than all of it counts as all of it. */
	hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
		const held = Math.min(bytes, this.#total)
		const turn = this.#take(held)
		// what need not wait costs no promise
		return turn === undefined ? this.#during(held, work) : turn.then(() => this.#during(held, work))
	}

	#during<T>(held: number, work: () => Promise<T>): Promise<T> {
		return begun(work).then(
			(result) => {
				this.#give(held)
				return result
			},
			(error: unknown) => {
				this.#give(held)
				throw error
			},
		)
	}

	#take(bytes: number): Promise<void> | undefined {
		if (this.#waiting.length === 0 && bytes <= this.#free) {
			this.#free -= bytes
			return undefined
		}
		return new Promise((go) => this.#waiting.push({bytes, go}))
	}

	#give(bytes: number): void {
		this.#free += bytes
		this.#wake()
	}

	#wake(): void {
		for (let next = this.#waiting[0]; next && next.bytes <= this.#free; next = this.#waiting[0]) {
			this.#waiting.shift()
			this.#free -= next.bytes
			next.go()
		}
	}
}
