// Bytes that grow.

/** A buffer that is appended to; offsets stay valid. */
export class Heap {
	#bytes: Buffer
	/** What was appended of these. */
	#view: Buffer
	#length: number

	constructor(initial: Buffer = Buffer.alloc(0)) {
		this.#bytes = initial
		this.#view = initial
		this.#length = initial.length
	}

	get length(): number {
		return this.#length
	}

	/** What was appended so far; valid until the next append. */
	get bytes(): Buffer {
		if (this.#view.length < this.#length) this.#view = this.#bytes.subarray(0, this.#length)
		return this.#view
	}

	#reserve(more: number): void {
		if (this.#length + more <= this.#bytes.length) return
		const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + more, this.#length * 2, 4096))
		this.#bytes.copy(grown, 0, 0, this.#length)
		this.#bytes = grown
	}

	/** Takes back all that was appended; its memory is used again. */
	clear(): void {
		this.#length = 0
		this.#view = this.#bytes.subarray(0, 0)
	}

	/** Appends bytes, or a byte string, and returns their offset. */
	append(piece: Buffer | string): number {
		this.#reserve(piece.length)
		const at = this.#length
		if (typeof piece === 'string') this.#bytes.latin1Write(piece, at, piece.length)
		else piece.copy(this.#bytes, at)
		this.#length += piece.length
		return at
	}
}

/** 32-bit words that grow. */
export class WordHeap {
	#words: Uint32Array
	/** What was appended of these. */
	#view: Uint32Array
	#length = 0

	constructor(capacity = 1024) {
		this.#words = new Uint32Array(capacity)
		this.#view = this.#words.subarray(0, 0)
	}

	get length(): number {
		return this.#length
	}

	/** All words that there is room for, those that were not appended yet as well; valid until the next append. */
	get room(): Uint32Array {
		return this.#words
	}

	/** What was appended so far; valid until the next append. */
	get words(): Uint32Array {
		if (this.#view.length < this.#length) this.#view = this.#words.subarray(0, this.#length)
		return this.#view
	}

	/** Takes back all that was appended; its memory is used again. */
	clear(): void {
		this.#words.fill(0, 0, this.#length)
		this.#view = this.#words.subarray(0, 0)
		this.#length = 0
	}

	/** Appends `count` zero words and returns their offset. */
	extend(count: number): number {
		const at = this.#length
		if (at + count > this.#words.length) {
			const grown = new Uint32Array(Math.max(at + count, this.#words.length * 2))
			grown.set(this.words)
			this.#words = grown
		}
		this.#length += count
		return at
	}
}

/** Where the NUL is that ends what begins at `start`. */
function endAt(bytes: Buffer, start: number): number {
	let end = start
	while (end < bytes.length && bytes[end] !== 0) end++
	return end
}

/** The byte string that begins at `start` and ends before a NUL or where `bytes` end. */
export const textAt = (bytes: Buffer, start: number): string => bytes.latin1Slice(start, endAt(bytes, start))

/** Byte order of two strings that each end in NUL: negative, zero or positive. */
export function compareAt(a: Buffer, startOfA: number, b: Buffer, startOfB: number): number {
	for (let i = startOfA, j = startOfB; ; i++, j++) {
		const order = (a[i] as number) - (b[j] as number)
		if (order !== 0 || a[i] === 0) return order
	}
}
