// Names in one directory, in memory that two threads share, and what statx(2) says of each. Who walks asks from the first
// name on, the other thread from the last one back, a block at a time, until they meet.

import {STATX_WORDS, type StatxWords, X} from '../format/statx.ts'
import type {Names} from './names.ts'
import type {Native} from './native.ts'

/** Names in a window at most, and bytes of them. */
const NAMES = 2048
const NAME_BYTES = 2 ** 17
/** Names in a block: 0.1 ms of work, which is how long one thread may have to wait for the other. */
const BLOCK = 64
/** Longest name that libc is asked for. */
const NAME_LIMIT = 255
/** Words that are kept of a struct statx. */
const FOUND = X.dev + 2
/** Milliseconds until a thread that has taken a block is given up: far more than a slow network takes for one. */
const PATIENCE = 10_000

/** Words that both threads change: which window it is, what it is of, and the state of each block. */
const C = {generation: 0, directory: 1, count: 2, blocks: 3} as const
/** The generation behind all others. */
const ENDED = -1
/**
 * States of a block: nobody's, the walker's, the other thread's, and looked at by that one. Four times the generation is
 * added, so that of a window that is over nothing can be taken.
 */
const [FREE, OWN, TAKEN, DONE] = [0, 1, 2, 3]

const SLASH = 0x2f

const BYTES = {control: 4 * (C.blocks + NAMES / BLOCK), starts: 4 * NAMES, found: 4 * FOUND * NAMES} as const
const LENGTH = BYTES.control + BYTES.starts + BYTES.found + NAME_BYTES

type StatAt = NonNullable<Native['statAt']>

export class StatWindow {
	/** To be handed to the other thread, which makes its StatWindow of it. */
	readonly memory: SharedArrayBuffer
	/** Whether the other thread did not answer. */
	isLost = false
	readonly #control: Int32Array
	/** Where each name begins in `#names`, where it ends in NUL. */
	readonly #starts: Uint32Array
	readonly #names: Buffer
	/** What was found of each; where nothing was, its mode is 0. */
	readonly #found: Uint32Array
	/** Whether the block that is asked for now was looked at by the other thread. */
	#isTheirs = false
	/** For libc, which is given no memory that another thread writes to. */
	readonly #private = {name: Buffer.alloc(NAME_LIMIT + 1), stat: new Uint32Array(STATX_WORDS)}

	readonly #patience: number

	constructor(memory = new SharedArrayBuffer(LENGTH), patience = PATIENCE) {
		this.memory = memory
		this.#patience = patience
		this.#control = new Int32Array(memory, 0, BYTES.control / 4)
		this.#starts = new Uint32Array(memory, BYTES.control, NAMES)
		this.#found = new Uint32Array(memory, BYTES.control + BYTES.starts, FOUND * NAMES)
		this.#names = Buffer.from(memory, BYTES.control + BYTES.starts + BYTES.found)
	}

	/** Takes names from number `first` on, up to that of a directory or as far as there is room; returns how many. */
	take(names: Names, first: number): number {
		const [into, {bytes}] = [this.#names, names]
		const most = Math.min(NAMES, names.count - first)
		let end = 0
		for (let i = 0; i < most; i++) {
			const start = end
			let from = names.start(first + i)
			if (start + NAME_LIMIT >= into.length) return i
			for (let byte = bytes[from] as number; byte !== 0; byte = bytes[++from] as number) {
				if (byte === SLASH || end - start === NAME_LIMIT) return i
				into[end++] = byte
			}
			into[end++] = 0
			this.#starts[i] = start
		}
		return most
	}

	/** Lets the other thread begin with the names that were taken, of an open directory. */
	open(directory: number, count: number): void {
		const control = this.#control
		const generation = this.#generation + 1
		control[C.directory] = directory
		control[C.count] = count
		for (let at = C.blocks; at < control.length; at++) Atomics.store(control, at, generation * 4 + FREE)
		Atomics.store(control, C.generation, generation)
		Atomics.notify(control, C.generation)
	}

	/** Finds what the other thread found of name `i`, for which one asks in order; false where it did not, or found nothing. */
	find(i: number, stat: StatxWords): boolean {
		if (i % BLOCK === 0)
			this.#isTheirs = !this.#claim(i / BLOCK, this.#generation, OWN) && this.#hasDone(i / BLOCK)
		if (!this.#isTheirs) return false
		const from = i * FOUND
		for (let word = 0; word < FOUND; word++) stat[word] = this.#found[from + word] as number
		return stat[X.mode] !== 0
	}

	get #generation(): number {
		return this.#control[C.generation] as number
	}

	/** Takes a block of a window; false if it is not free. */
	#claim(block: number, generation: number, as: number): boolean {
		const free = generation * 4 + FREE
		return Atomics.compareExchange(this.#control, C.blocks + block, free, free + as) === free
	}

	/** Waits for a block that the other thread has taken; whether it has done it. */
	#hasDone(block: number): boolean {
		const [control, at] = [this.#control, C.blocks + block]
		for (let state = Atomics.load(control, at); state % 4 === TAKEN; state = Atomics.load(control, at))
			if (Atomics.wait(control, at, state, this.#patience) === 'timed-out') {
				this.isLost = true
				return false
			}
		return true
	}

	/** Ends the other thread's help, and waits until it uses the directory no more. */
	end(): void {
		const control = this.#control
		const count = control[C.count] as number
		Atomics.store(control, C.generation, ENDED)
		Atomics.notify(control, C.generation)
		for (let block = 0; block * BLOCK < count; block++) if (!this.isLost) this.#hasDone(block)
	}

	/** What the other thread does: asks for the names of one window after the other, from the last block back, until the end. */
	help(statAt: StatAt): void {
		const control = this.#control
		for (let last = 0; ;) {
			Atomics.wait(control, C.generation, last)
			last = Atomics.load(control, C.generation)
			if (last === ENDED) return
			let block = Math.ceil(Atomics.load(control, C.count) / BLOCK) - 1
			while (block >= 0 && this.#claim(block, last, TAKEN)) this.#look(block--, statAt)
		}
	}

	#look(block: number, statAt: StatAt): void {
		const [control, found] = [this.#control, this.#found]
		const end = Math.min((block + 1) * BLOCK, control[C.count] as number)
		for (let i = block * BLOCK; i < end; i++) {
			const {name, stat} = this.#private
			this.#names.copy(name, 0, this.#starts[i], (this.#starts[i] as number) + name.length)
			const isFound = statAt(control[C.directory] as number, name, stat)
			for (let word = 0; word < FOUND; word++) found[i * FOUND + word] = stat[word] as number
			if (!isFound) found[i * FOUND + X.mode] = 0
		}
		Atomics.add(control, C.blocks + block, DONE - TAKEN)
		Atomics.notify(control, C.blocks + block)
	}
}
