// Random choices that a seed determines (mulberry32).

export class Random {
	#state: number

	constructor(seed: number) {
		this.#state = seed >>> 0
	}

	/** 0 <= x < 1. */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0
		let t = this.#state
		t = Math.imul(t ^ (t >>> 15), t | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
	}

	/** 0 <= x < `limit`, whole. */
	below(limit: number): number {
		return Math.floor(this.next() * limit)
	}

	pick<T>(items: readonly T[]): T {
		return items[this.below(items.length)] as T
	}

	chance(probability: number): boolean {
		return this.next() < probability
	}
}
