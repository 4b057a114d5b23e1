// Names in memory that two threads share, and what statx(2) says of each. They stand in blocks: who walks fills one after the
// other, and comes to it later, behind all that were filled before; meanwhile the other thread asks for the names in it. Who
// comes to a block first has it, so neither waits while there is something to ask.

import {NAME_LIMIT} from '../base/path.ts'
import {isDirectoryMode} from '../format/mode.ts'
import {STATX_WORDS, type StatxWords, X} from '../format/statx.ts'
import {type Native, native} from './native.ts'

/** Blocks in the ring, and names in a block: 0.1 ms of work, which is how long one thread may have to wait for the other. */
export const BLOCKS = 32
export const NAMES = 64
/** Bytes of the names in a block: a path has no longer one. */
const NAME_BYTES = 4096
/** Words that are looked at of a struct statx. */
const FOUND = X.dev + 2
/** Milliseconds until a thread that has taken a block is given up: far more than a slow network takes for one. */
const PATIENCE = 10_000

/**
 * Words that both threads change: how far the other thread is, how many blocks have been filled, the state of each in the ring, and
 * how many names it has.
 */
const C = {thread: 0, filled: 1, states: 2, counts: 2 + BLOCKS, end: 2 + 2 * BLOCKS} as const
/** How far the other thread is: it has not begun, loads what it needs, has that; or is not to begin any more. */
const [COMING, LOADING, HERE, UNWANTED] = [0, 1, 2, 3]
/** Instead of how many have been filled. */
const ENDED = -1
/**
 * States of a block: filled, taken by one of the threads, asked for. Four times its number is added, so that nobody takes it for the one that
 * stood in its place before.
 */
const [FREE, TAKEN, DONE] = [1, 2, 3]
/** Instead of the descriptor of a directory: the other thread does not ask. */
const NOWHERE = -1

const SIZES = [
	4 * C.end,
	4 * BLOCKS * NAMES,
	4 * BLOCKS * NAMES,
	4 * STATX_WORDS * BLOCKS * NAMES,
	NAME_BYTES * BLOCKS,
]

/** What looks: libc, which reads the names and writes what it found where both threads have them. */
export type Looks = Pick<Native, 'addressOf'> & {readonly statAt: NonNullable<Native['statAt']>}

/** What looks on this system; undefined where libc cannot be asked. */
export function looking(): Looks | undefined {
	const calls = native()
	return calls?.statAt && {statAt: calls.statAt, addressOf: calls.addressOf}
}

export class StatRing {
	/** To be handed to the other thread, which makes its StatRing of it. */
	readonly memory: SharedArrayBuffer
	/** The names, each with a NUL at its end. */
	readonly names: Buffer
	/** Whether the other thread did not answer: nothing is found any more. */
	isLost = false
	readonly #control: Int32Array
	/** The descriptor of the directory of each. */
	readonly #directories: Int32Array
	/** Where each name begins. */
	readonly #starts: Uint32Array
	/** What was found of each; where nothing was, its mode is 0. */
	readonly #found: Uint32Array
	/** Where the names and what was found lie for libc. */
	#addresses: {readonly names: number; readonly found: number} | undefined
	readonly #patience: number
	/** Blocks that have been filled, and of the next one names and bytes of them. */
	#filled = 0
	#count = 0
	#length = 0

	constructor(memory = new SharedArrayBuffer(SIZES.reduce((a, b) => a + b)), patience = PATIENCE) {
		let at = 0
		const [control, directories, starts, found, names] = SIZES.map((size) => (at += size) - size)
		this.memory = memory
		this.#patience = patience
		this.#control = new Int32Array(memory, control, C.end)
		this.#directories = new Int32Array(memory, directories, BLOCKS * NAMES)
		this.#starts = new Uint32Array(memory, starts, BLOCKS * NAMES)
		this.#found = new Uint32Array(memory, found, STATX_WORDS * BLOCKS * NAMES)
		this.names = Buffer.from(memory, names)
	}

	/** How many blocks have been filled. */
	get filled(): number {
		return this.#filled
	}

	/**
	 * Adds a name to the block that is filled next, which is to be free; returns its place in the ring. `of` is the descriptor of its
	 * directory; or what was found of it already; or undefined where the other thread is not to ask.
	 */
	add(bytes: Buffer, start: number, length: number, of: number | StatxWords | undefined): number {
		if (this.#count === NAMES || this.#length + length >= NAME_BYTES) this.fill()
		const block = this.#filled % BLOCKS
		const i = block * NAMES + this.#count++
		const to = block * NAME_BYTES + this.#length
		for (let at = 0; at < length; at++) this.names[to + at] = bytes[start + at] as number
		this.names[to + length] = 0
		this.#length += length + 1
		this.#starts[i] = to
		this.#found[i * STATX_WORDS + X.mode] = 0
		this.#directories[i] = typeof of === 'number' && length <= NAME_LIMIT ? of : NOWHERE
		if (typeof of === 'object') this.#keep(i, of)
		return i
	}

	/** Leaves the names that were added since to the other thread, as a block. */
	fill(): void {
		if (this.#count === 0) return
		const [control, block] = [this.#control, this.#filled % BLOCKS]
		control[C.counts + block] = this.#count
		Atomics.store(control, C.states + block, this.#filled * 4 + FREE)
		Atomics.store(control, C.filled, ++this.#filled)
		Atomics.notify(control, C.filled)
		this.#count = 0
		this.#length = 0
	}

	/** Comes to a block that was filled: asks for what nobody has asked for yet. Returns how many names it has. */
	settle(number: number, looks: Looks): number {
		const [control, at] = [this.#control, C.states + (number % BLOCKS)]
		const [taken, done] = [number * 4 + TAKEN, number * 4 + DONE]
		for (let last = this.#filled - 1; !this.isLost && Atomics.load(control, at) !== done;) {
			// what the other thread would come to last
			while (last >= number && !this.#claim(last)) last--
			if (last >= number) this.#look(last--, looks)
			else if (Atomics.wait(control, at, taken, this.#patience) === 'timed-out') this.isLost = true
		}
		return control[C.counts + (number % BLOCKS)] as number
	}

	/** Where the name at a place in the ring begins in `names`. */
	start(i: number): number {
		return this.#starts[i] as number
	}

	/** Finds what was found of the name at a place in the ring; false where that is nothing. */
	find(i: number, stat: StatxWords): boolean {
		const from = i * STATX_WORDS
		if (this.isLost || this.#found[from + X.mode] === 0) return false
		for (let word = 0; word < FOUND; word++) stat[word] = this.#found[from + word] as number
		return true
	}

	#keep(i: number, stat: StatxWords): void {
		for (let word = 0; word < FOUND; word++) this.#found[i * STATX_WORDS + word] = stat[word] as number
	}

	/** Takes a block; false if it is not free. */
	#claim(number: number): boolean {
		const free = number * 4 + FREE
		return (
			Atomics.compareExchange(this.#control, C.states + (number % BLOCKS), free, free + TAKEN - FREE) === free
		)
	}

	/** Asks for the names of a block. */
	#look(number: number, {statAt, addressOf}: Looks): void {
		this.#addresses ??= {names: addressOf(this.names), found: addressOf(this.#found)}
		const {names, found} = this.#addresses
		const [control, block] = [this.#control, number % BLOCKS]
		const first = block * NAMES
		const end = first + (control[C.counts + block] as number)
		for (let i = first; i < end; i++) {
			const directory = this.#directories[i] as number
			if (directory === NOWHERE) continue
			statAt(directory, names + (this.#starts[i] as number), found + i * 4 * STATX_WORDS)
			// a file that has become a directory is looked at again by who walks
			const mode = i * STATX_WORDS + X.mode
			if (isDirectoryMode(this.#found[mode] as number)) this.#found[mode] = 0
		}
		Atomics.store(control, C.states + block, number * 4 + DONE)
		Atomics.notify(control, C.states + block)
	}

	/**
	 * Ends the other thread's help, and waits until it uses no directory any more. Nor does it load anything: to end a thread, as
	 * the end of the process does, while it loads a native module ends the process with an error of node's.
	 */
	end(): void {
		const control = this.#control
		Atomics.compareExchange(control, C.thread, COMING, UNWANTED)
		Atomics.wait(control, C.thread, LOADING, this.#patience)
		Atomics.store(control, C.filled, ENDED)
		Atomics.notify(control, C.filled)
		for (let block = 0; block < BLOCKS; block++) {
			const state = Atomics.load(control, C.states + block)
			if (state % 4 === TAKEN && !this.isLost) Atomics.wait(control, C.states + block, state, this.#patience)
		}
	}

	/** Has the other thread load what it needs; undefined where it is not wanted any more. */
	load<T>(what: () => T): T | undefined {
		if (Atomics.compareExchange(this.#control, C.thread, COMING, LOADING) !== COMING) return undefined
		try {
			return what()
		} finally {
			Atomics.store(this.#control, C.thread, HERE)
			Atomics.notify(this.#control, C.thread)
		}
	}

	/** What the other thread does: asks for the names of one block after the other, until the end. */
	help(looks: Looks): void {
		for (let number = 0; ;) {
			const filled = Atomics.load(this.#control, C.filled)
			if (filled === ENDED) return
			if (number === filled) Atomics.wait(this.#control, C.filled, filled)
			else if (this.#claim(number++)) this.#look(number - 1, looks)
		}
	}
}
