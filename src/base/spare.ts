// Memory that is used again: what comes new from the system each time costs its pages, and what is not used any more waits
// for V8 to look for it.

/** Memory that is kept for whoever comes next, in bytes. */
const KEPT = 24 * 2 ** 20
/** Bytes below which memory is not worth it, as far as nothing else is said. */
const LEAST = 2 ** 20

export class SpareMemory {
	readonly #kept: number
	readonly #least: number
	readonly #spare: Buffer[] = []
	#bytes = 0
	/** All that came from here: what else is given is somebody else's. */
	readonly #own = new WeakSet<ArrayBufferLike>()

	constructor(kept = KEPT, least = LEAST) {
		this.#kept = kept
		this.#least = least
	}

	/** Memory of at least `size` bytes, of a power of 2, so that it is good for others; undefined for little. */
	take(size: number): Buffer | undefined {
		if (size < this.#least) return undefined
		const room = 2 ** Math.ceil(Math.log2(size))
		const at = this.#spare.findIndex(({length}) => length === room)
		const [memory = Buffer.allocUnsafeSlow(room)] = at < 0 ? [] : this.#spare.splice(at, 1)
		if (at >= 0) this.#bytes -= memory.length
		this.#own.add(memory.buffer)
		return memory
	}

	/** Takes back the memory of bytes that nobody uses any more, if it is from here; the oldest goes where it is too much. */
	give({buffer}: Buffer): void {
		if (!this.#own.delete(buffer)) return
		this.#spare.push(Buffer.from(buffer))
		this.#bytes += buffer.byteLength
		while (this.#bytes > this.#kept) this.#bytes -= this.#spare.shift()?.length ?? 0
	}
}
