// What a list of many entries is kept in: bytes of texts, and numbers by row, both outside of the heap and in blocks, so that
// nothing is copied when a list grows.

/** Rows in one block of a column. */
const BLOCK_BITS = 14
const BLOCK = 1 << BLOCK_BITS
/** Bytes in one block of texts; no text goes over its end. */
const TEXTS_BITS = 20
const TEXTS = 1 << TEXTS_BITS

/** Byte strings, each at a place that is a number of 32 bits. */
export class Texts {
	readonly #blocks: Buffer[] = []
	/** Where the next one goes. */
	#next = 0

	/** Keeps a text of up to 64 KiB, and says where. */
	keep(text: string): number {
		// a block that is full to its last byte is not the beginning of the next one
		if (this.#next + text.length > this.#blocks.length * TEXTS) {
			this.#next = this.#blocks.length * TEXTS
			this.#blocks.push(Buffer.allocUnsafeSlow(TEXTS))
		}
		const at = this.#next
		this.#blocks[at >>> TEXTS_BITS]?.write(text, at & (TEXTS - 1), 'latin1')
		this.#next += text.length
		return at
	}

	/** Byte order of the first `length` bytes of two texts: negative, zero or positive. */
	compare(a: number, b: number, length: number): number {
		const [one, other] = [this.#blocks[a >>> TEXTS_BITS], this.#blocks[b >>> TEXTS_BITS]]
		if (!one || !other) return 0
		const [from, to] = [a & (TEXTS - 1), b & (TEXTS - 1)]
		// a loop, since names are short: Buffer.compare takes ten times as long for them
		for (let i = 0; i < length; i++) {
			const difference = (one[from + i] ?? 0) - (other[to + i] ?? 0)
			if (difference !== 0) return difference
		}
		return 0
	}

	/** The byte at a place. */
	byte(place: number): number {
		return this.#blocks[place >>> TEXTS_BITS]?.[place & (TEXTS - 1)] ?? 0
	}

	at(place: number, length: number): string {
		const from = place & (TEXTS - 1)
		return this.#blocks[place >>> TEXTS_BITS]?.toString('latin1', from, from + length) ?? ''
	}
}

/** Numbers by row, `width` of them each, all zero at first. A block takes memory once a row of it was set. */
export class Column {
	readonly #width: number
	readonly #Kind: typeof Uint32Array | typeof Float64Array
	readonly #blocks: (Uint32Array | Float64Array | undefined)[] = []

	constructor(Kind: typeof Uint32Array | typeof Float64Array, width = 1) {
		this.#Kind = Kind
		this.#width = width
	}

	get(row: number, which = 0): number {
		return this.#blocks[row >>> BLOCK_BITS]?.[(row & (BLOCK - 1)) * this.#width + which] ?? 0
	}

	set(row: number, which: number, value: number): void {
		const number = row >>> BLOCK_BITS
		const block = (this.#blocks[number] ??= new this.#Kind(BLOCK * this.#width))
		block[(row & (BLOCK - 1)) * this.#width + which] = value
	}
}
