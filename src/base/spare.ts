// Memory that is used again: what comes new from the system each time costs its pages, and what is not used any more waits
// for V8 to look for it. Of small files it is also what the processor has at hand.

/** Memory that is kept for whoever comes next, in bytes. */
const KEPT = 24 * 2 ** 20
/** Bytes below which memory is not worth it. */
const LEAST = 2 ** 10
/** No memory has more bytes than 2 to this power. */
const MOST = 48

const powerFor = (size: number): number => Math.ceil(Math.log2(size))

type Memory = {readonly bytes: Buffer; isUsed: boolean}

export class SpareMemory {
	readonly #kept: number
	/** What nobody uses, by the power of 2 that its size is. */
	readonly #spare: readonly Memory[][] = Array.from({length: MOST}, () => [])
	#bytes = 0
	/** What is from here, by its bytes: what else is given is somebody else's. */
	readonly #own = new WeakMap<ArrayBufferLike, Memory>()

	constructor(kept = KEPT) {
		this.#kept = kept
	}

	/** Memory of at least `size` bytes, of a power of 2, so that it is good for others; undefined for little. */
	take(size: number): Buffer | undefined {
		if (size < LEAST) return undefined
		const power = powerFor(size)
		const memory = this.#spare[power]?.pop()
		if (memory === undefined) return this.#make(2 ** power)
		this.#bytes -= memory.bytes.length
		memory.isUsed = true
		return memory.bytes
	}

	#make(size: number): Buffer {
		const bytes = Buffer.allocUnsafeSlow(size)
		this.#own.set(bytes.buffer, {bytes, isUsed: true})
		return bytes
	}

	/** Takes back the memory of bytes that nobody uses any more, if it is from here; the largest goes where it is too much. */
	give({buffer}: Buffer): void {
		const memory = this.#own.get(buffer)
		if (memory?.isUsed !== true) return
		memory.isUsed = false
		this.#spare[powerFor(memory.bytes.length)]?.push(memory)
		this.#bytes += memory.bytes.length
		while (this.#bytes > this.#kept) this.#bytes -= this.#dropLargest()
	}

	/** Forgets the largest memory that nobody uses; returns its size. */
	#dropLargest(): number {
		const largest = this.#spare.findLast(({length}) => length > 0)
		return largest?.pop()?.bytes.length ?? 0
	}
}
