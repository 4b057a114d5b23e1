// Where a body gathers that is read at once and not kept: the same memory again and again. Memory outside of V8's heap,
// 200 KB for each page of a list, would have it collect garbage all the time: that took half a millisecond a page.

const LEAST = 256 * 2 ** 10

/** Bytes that are good until the room is cleared. */
export class Room {
	#memory = Buffer.alloc(0)
	#length = 0

	get bytes(): Buffer {
		return this.#memory.subarray(0, this.#length)
	}

	clear(): void {
		this.#length = 0
	}

	add(chunk: Buffer): void {
		const length = this.#length + chunk.length
		if (length > this.#memory.length) {
			const larger = Buffer.allocUnsafeSlow(Math.max(LEAST, 2 * length))
			this.bytes.copy(larger)
			this.#memory = larger
		}
		chunk.copy(this.#memory, this.#length)
		this.#length = length
	}
}
