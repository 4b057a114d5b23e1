// Finding the blocks of one file in another one: a stream of bytes to instructions, in memory of one block.

import {joined, sums} from './rolling.ts'

/** The sums of a file's blocks. */
export type BlockSums = {
	readonly blockLength: number
	/** Bytes of each strong sum. */
	readonly strongLength: number
	/** Bytes of the last block, if it is shorter; else 0. */
	readonly remainder: number
	readonly count: number
	readonly weak: Uint32Array
	/** One behind another. */
	readonly strong: Buffer
}

/** Bytes that are the same nowhere, or the index of a block that has the next ones. */
export type Instruction = Buffer | number

/** Blocks with one weak sum that are told apart; more of them are not looked for. Whoever made them so gains nothing. */
const DEPTH = 16
const NONE = -1

export class Matcher {
	readonly #sums: BlockSums
	readonly #strongOf: (block: Buffer) => Buffer
	/** By a hash of the weak sum the first block that has it, and from each block the next. */
	readonly #heads: Int32Array
	readonly #next: Int32Array
	readonly #shift: number
	/** Whole blocks, which is what the window can hold. */
	readonly #whole: number
	/** What was not decided: shorter than a block between two pushes. */
	#held: Buffer = Buffer.alloc(0)
	/** The block behind the last one that matched: the likeliest. */
	#likely = 0

	/** `strongOf` computes the strong sum of a block, at least `strongLength` bytes of it. */
	constructor(of: BlockSums, strongOf: (block: Buffer) => Buffer) {
		this.#sums = of
		this.#strongOf = strongOf
		this.#whole = of.remainder > 0 ? of.count - 1 : of.count
		const bits = Math.min(24, Math.max(8, Math.ceil(Math.log2(this.#whole + 1)) + 2))
		this.#shift = 32 - bits
		this.#heads = new Int32Array(1 << bits).fill(NONE)
		this.#next = new Int32Array(this.#whole).fill(NONE)
		for (let block = 0; block < this.#whole; block++) this.#enter(block)
	}

	#slot(weak: number): number {
		return Math.imul(weak, 0x9e3779b1) >>> this.#shift
	}

	/** A block that is the same as one before it need not be found. */
	#enter(block: number): void {
		const {weak} = this.#sums
		const slot = this.#slot(weak[block] as number)
		let last = NONE
		let same = 0
		for (let other = this.#heads[slot] as number; other !== NONE; other = this.#next[other] as number) {
			last = other
			if (weak[other] !== weak[block]) continue
			if (++same === DEPTH || this.#strong(other).equals(this.#strong(block))) return
		}
		if (last === NONE) this.#heads[slot] = block
		else this.#next[last] = block
	}

	#strong(block: number): Buffer {
		const {strong, strongLength} = this.#sums
		return strong.subarray(block * strongLength, (block + 1) * strongLength)
	}

	/** Takes the next bytes, and tells what is decided by them. The buffers are valid until the next call. */
	*push(bytes: Buffer): Generator<Instruction, void, undefined> {
		const {blockLength} = this.#sums
		const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
		const last = all.length - blockLength
		if (this.#whole === 0 || last < 0) {
			// Without whole blocks only the tail can match: what cannot be part of it is known.
			const known = this.#whole === 0 ? Math.max(0, all.length - this.#sums.remainder) : 0
			if (known > 0) yield all.subarray(0, known)
			this.#held = Buffer.from(all.subarray(known))
			return
		}
		let from = 0
		let at = 0
		while (at <= last) {
			const found = this.#search(all, at, last)
			if (found.at > from) yield all.subarray(from, found.at)
			from = found.at
			at = found.at
			if (found.block === NONE) break
			yield found.block
			this.#likely = found.block + 1
			at += blockLength
			from = at
		}
		this.#held = Buffer.from(all.subarray(from))
	}

	/** Takes the end of the stream, and tells of what is left: the last block may be a short one. */
	*end(): Generator<Instruction, void, undefined> {
		const {remainder, count} = this.#sums
		const rest = this.#held
		this.#held = Buffer.alloc(0)
		const cut = rest.length - remainder
		const ends = remainder > 0 && cut >= 0 && this.#isBlock(count - 1, rest.subarray(cut))
		const literal = ends ? rest.subarray(0, cut) : rest
		if (literal.length > 0) yield literal
		if (ends) yield count - 1
	}

	/** The first place from `at` to `last` where a block begins; NONE and the place behind `last` if there is none. */
	#search(all: Buffer, at: number, last: number): {at: number; block: number} {
		const {blockLength, weak} = this.#sums
		const heads = this.#heads
		const shift = this.#shift
		let {s1, s2} = sums(all, at, at + blockLength)
		for (let place = at; ; place++) {
			const sum = joined(s1, s2)
			let candidate = heads[Math.imul(sum, 0x9e3779b1) >>> shift] as number
			if (candidate !== NONE) {
				while (candidate !== NONE && weak[candidate] !== sum) candidate = this.#next[candidate] as number
				if (candidate !== NONE) {
					const block = this.#identify(candidate, sum, all.subarray(place, place + blockLength))
					if (block !== NONE) return {at: place, block}
				}
			}
			if (place === last) return {at: last + 1, block: NONE}
			const out = ((all[place] as number) << 24) >> 24
			const into = ((all[place + blockLength] as number) << 24) >> 24
			s1 = (s1 - out + into) | 0
			s2 = (s2 - Math.imul(blockLength, out) + s1) | 0
		}
	}

	/** The block that these bytes are, by the strong sum: the likeliest one, else the first of those with this weak sum. */
	#identify(first: number, sum: number, bytes: Buffer): number {
		const {weak, strongLength} = this.#sums
		const strong = this.#strongOf(bytes).subarray(0, strongLength)
		const likely = this.#likely
		if (likely < this.#whole && weak[likely] === sum && this.#strong(likely).equals(strong)) return likely
		for (let block = first; block !== NONE; block = this.#next[block] as number)
			if (weak[block] === sum && this.#strong(block).equals(strong)) return block
		return NONE
	}

	#isBlock(block: number, bytes: Buffer): boolean {
		const {s1, s2} = sums(bytes, 0, bytes.length)
		if (this.#sums.weak[block] !== joined(s1, s2)) return false
		return this.#strong(block).equals(this.#strongOf(bytes).subarray(0, this.#sums.strongLength))
	}
}
