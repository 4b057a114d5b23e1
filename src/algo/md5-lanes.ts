// The MD5 of many messages, eight at a time: a fourth of the time that one after the other takes.

import {createHash} from 'node:crypto'
import {AT, BLOCK, type Kernel, kernelModule, LANES} from './md5-kernel.ts'
import {MD5, md5Of} from './md5.ts'

const PAGE = 2 ** 16
/**
 * Bytes of a message that a lane takes at once: with a fourth of them a pull of files of MiBs takes 1.06 of the time. Behind them
 * there is room for the block that ends it.
 */
const TAKEN = 128 * 2 ** 10
const ROOM = TAKEN + BLOCK

/** What a message begins with: RFC 1321, section 3.3. */
const BEGIN = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]

/** How long OpenSSL takes for a message: so many times the time that the lanes take for one of that length each. */
const ALONE = 0.6

/** The lanes take 10 ms to make, as long as OpenSSL takes for so many bytes: those of a short run are never made. */
export const WORTH = 8 * 2 ** 20

let lanes: Lanes | undefined
/** False where this machine cannot. */
let compiled: WebAssembly.Module | false | undefined
/** Bytes that were hashed without them. */
let before = 0

/** What is hashed, in memory or not: its bytes are copied piece by piece. */
export type Message = {
	readonly length: number
	/** Copies the bytes from `start` to `end` to `position` in `target`, all of them, and returns how many. */
	copy(target: Buffer, position: number, start: number, end: number): number
}

/** The MD5 of each message, 16 bytes. */
export function md5OfEach(messages: readonly Message[]): Buffer[] {
	if (messages.length < 2) return oneByOne(messages)
	if (lanes === undefined) {
		for (const {length} of messages) before += length
		if (before < WORTH) return oneByOne(messages)
	}
	lanes ??= new Lanes()
	return lanes.hash(messages)
}

/** Not by `map`: the arrays that it makes once V8 has optimized it are of another class, for which all behind it is optimized again. */
function oneByOne(messages: readonly Message[]): Buffer[] {
	const md5s: Buffer[] = []
	for (const message of messages) md5s.push(alone(message))
	return md5s
}

/** The MD5 of a message by OpenSSL. */
function alone(message: Message): Buffer {
	if (Buffer.isBuffer(message)) return md5Of(message)
	const hashing = new Alone(message)
	for (;;) {
		const md5 = hashing.step()
		if (md5) return md5
	}
}

/** A message that OpenSSL hashes, as much at a time as a lane takes. */
export class Alone {
	readonly #message: Message
	readonly #hash = createHash('md5')
	readonly #memory: Buffer
	#at = 0

	constructor(message: Message) {
		this.#message = message
		this.#memory = Buffer.allocUnsafe(Math.min(message.length, TAKEN))
	}

	/** Hashes some more; returns the MD5, 16 bytes, when that was all. */
	step(): Buffer | undefined {
		const {length} = this.#message
		const copied = this.#message.copy(this.#memory, 0, this.#at, Math.min(length, this.#at + TAKEN))
		this.#hash.update(this.#memory.subarray(0, copied))
		this.#at += copied
		return this.#at < length ? undefined : this.#hash.digest()
	}
}

/** How many of messages are taken alone, the longest first: the others would wait for them. `lengths` are in descending order. */
export function countAlone(lengths: readonly number[]): number {
	let rest = lengths.reduce((sum, length) => sum + length, 0)
	let taken = 0
	let best = {count: 0, time: Infinity}
	for (let count = 0; count <= lengths.length; count++) {
		const longest = lengths[count] ?? 0
		const time = ALONE * taken + Math.max(longest, rest / LANES)
		if (time < best.time) best = {count, time}
		taken += longest
		rest -= longest
	}
	return best.count
}

function compile(): WebAssembly.Module | false {
	const module = kernelModule()
	return WebAssembly.validate(module) && new WebAssembly.Module(module)
}

/** Where a machine has them; see md5OfEach. */
export class Lanes {
	/** Undefined where this machine cannot. */
	readonly #kernel: Kernel | undefined
	readonly #lanes: Lane[] = []

	constructor() {
		// V8 without a compiler has none, either
		if (typeof WebAssembly === 'undefined') return
		compiled ??= compile()
		if (compiled === false) return
		const pages = Math.ceil((AT.free + LANES * ROOM) / PAGE)
		const memory = new WebAssembly.Memory({initial: pages, maximum: pages})
		const made = new WebAssembly.Instance(compiled, {js: {memory}})
		this.#kernel = made.exports['hash'] as Kernel
		for (let lane = 0; lane < LANES; lane++) this.#lanes.push(new Lane(lane, memory.buffer))
	}

	/** The MD5 of each message, 16 bytes; the longest are left to OpenSSL, where that takes less time. */
	hash(messages: readonly Message[]): Buffer[] {
		const kernel = this.#kernel
		if (kernel === undefined) return oneByOne(messages)
		const md5s: Buffer[] = []
		const waiting: Task[] = []
		for (const message of messages) {
			const md5 = Buffer.allocUnsafe(MD5)
			md5s.push(md5)
			waiting.push({message, md5})
		}
		waiting.sort((a, b) => b.message.length - a.message.length)
		const lengths: number[] = []
		for (const {message} of waiting) lengths.push(message.length)
		const long = waiting.splice(0, countAlone(lengths))
		for (const {message, md5} of long) alone(message).copy(md5)
		for (let next = 0; this.#step(kernel, () => waiting[next++]););
		return md5s
	}

	/** Whether no lane has a message. */
	get areFree(): boolean {
		return this.#lanes.every(({blocks}) => blocks === 0)
	}

	/**
	 * Gives messages to the lanes that have none, and hashes of each as much as lies in the lane that has least. Returns
	 * false where there is nothing to hash, or this machine has no lanes.
	 */
	step(next: () => Wanted | undefined): boolean {
		const task = () => {
			const wanted = next()
			return wanted && {...wanted, md5: Buffer.allocUnsafe(MD5)}
		}
		return this.#kernel !== undefined && this.#step(this.#kernel, task)
	}

	#step(kernel: Kernel, next: () => Task | undefined): boolean {
		let first: Lane | undefined
		for (const lane of this.#lanes) {
			const task = lane.blocks === 0 ? next() : undefined
			if (task) lane.begin(task)
			if (lane.blocks > 0 && (first === undefined || lane.blocks < first.blocks)) first = lane
		}
		if (first === undefined) return false
		const {blocks} = first
		// what nobody waits for is hashed, too: that of another lane will do
		for (const lane of this.#lanes) if (lane.blocks === 0) lane.follow(first)
		kernel(blocks)
		for (const lane of this.#lanes) if (lane.blocks > 0) lane.advance(blocks)
		return true
	}
}

/** A message, and who is told its MD5, 16 bytes. */
export type Wanted = {readonly message: Message; readonly tell?: ((md5: Buffer) => void) | undefined}

type Task = Wanted & {/** Where its MD5 goes. */ readonly md5: Buffer}

/** That of a lane which has none, so that it keeps nobody's message. */
const IDLE: Task = {message: Buffer.alloc(0), md5: Buffer.alloc(MD5)}

class Lane {
	/** Blocks that lie here and are not hashed. */
	blocks = 0
	readonly #lane: number
	readonly #memory: DataView
	/** Where blocks lie. */
	readonly #room: Buffer
	#task: Task = IDLE
	/** Bytes of the message that came here. */
	#at = 0
	#isEnded = false

	constructor(lane: number, memory: ArrayBuffer) {
		this.#lane = lane
		this.#memory = new DataView(memory)
		this.#room = Buffer.from(memory, AT.free + lane * ROOM, ROOM)
	}

	begin(task: Task): void {
		this.#task = task
		this.#at = 0
		this.#isEnded = false
		for (const [word, value] of BEGIN.entries())
			this.#memory.setUint32(AT.state(this.#lane, word), value, true)
		this.#fill()
	}

	/** Lets this lane, which has nothing, do what another does. */
	follow(other: Lane): void {
		this.#lies(other.#memory.getUint32(AT.next(other.#lane), true))
	}

	/** Takes note that so many blocks were hashed. */
	advance(blocks: number): void {
		this.blocks -= blocks
		if (this.blocks > 0) return
		if (!this.#isEnded) {
			this.#fill()
			return
		}
		for (let word = 0; word < BEGIN.length; word++) {
			const value = this.#memory.getUint32(AT.state(this.#lane, word), true)
			this.#task.md5.writeUInt32LE(value, 4 * word)
		}
		const {md5, tell} = this.#task
		this.#task = IDLE
		tell?.(md5)
	}

	/** Takes what comes next of the message, with its end where it has one: section 3.1 and 3.2. */
	#fill(): void {
		const {message} = this.#task
		const room = this.#room
		const length = message.copy(room, 0, this.#at, Math.min(message.length, this.#at + TAKEN))
		this.#at += length
		this.blocks = length / BLOCK
		this.#isEnded = this.#at === message.length && length < TAKEN
		if (this.#isEnded) {
			this.blocks = Math.ceil((length + 9) / BLOCK)
			const end = this.blocks * BLOCK
			room.fill(0, length, end)
			room[length] = 0x80
			room.writeUInt32LE((message.length * 8) >>> 0, end - 8)
			room.writeUInt32LE(Math.floor(message.length / 2 ** 29), end - 4)
		}
		this.#lies(room.byteOffset)
	}

	/** Says where its next block lies. */
	#lies(at: number): void {
		this.#memory.setUint32(AT.next(this.#lane), at, true)
	}
}
