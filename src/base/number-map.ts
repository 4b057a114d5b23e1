// Numbers by numbers, beside the heap: a Map takes four times as much.

/** Slots to begin with; there are twice as many as numbers, at least. */
const SLOTS = 1 << 10

/** A map from 32-bit numbers, which are to be as good as random, to numbers below 2 ** 32 - 1. */
export class NumberMap {
	#keys = new Uint32Array(SLOTS)
	/** One more than the number, or 0 where there is none. */
	#values = new Uint32Array(SLOTS)
	#size = 0

	get size(): number {
		return this.#size
	}

	get(key: number): number | undefined {
		const value = this.#values[this.#slot(key)] as number
		return value === 0 ? undefined : value - 1
	}

	set(key: number, value: number): void {
		const slot = this.#slot(key)
		if (this.#values[slot] === 0) this.#size++
		this.#keys[slot] = key
		this.#values[slot] = value + 1
		if (this.#size * 2 > this.#keys.length) this.#grow()
	}

	/** The slot of a key, or the free one where it would go. */
	#slot(key: number): number {
		const mask = this.#keys.length - 1
		let slot = key & mask
		while (this.#values[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & mask
		return slot
	}

	#grow(): void {
		const [keys, values] = [this.#keys, this.#values]
		this.#keys = new Uint32Array(keys.length * 2)
		this.#values = new Uint32Array(keys.length * 2)
		for (const [i, value] of values.entries()) {
			if (value === 0) continue
			const slot = this.#slot(keys[i] as number)
			this.#keys[slot] = keys[i] as number
			this.#values[slot] = value
		}
	}
}
