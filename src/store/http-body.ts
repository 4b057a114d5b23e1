// Where the body of a reply goes: whole into memory of its own, or piece by piece to who reads it.

import {type Reply, WHOLE} from './http.ts'
import type {Taker} from './http-framing.ts'
import type {Room} from './room.ts'
import {spareFor} from './whole.ts'

/** Takes a body as it comes. */
export interface Receiver extends Taker {
	/** What its connection shall read into. */
	readonly memory: Buffer
	/** It is whole. */
	end(): void
	/** No more of it comes. */
	fail(error: Error): void
}

const NOTHING = Buffer.alloc(0)
/** Bytes from which on a body that is not lent has memory of its own. */
const OWN_FROM = 2 ** 16

/** Who waits for a reply. */
export type Waiting = {
	readonly resolve: (reply: Reply) => void
	readonly reject: (error: Error) => void
}

type Gathering = {
	readonly room: Room | undefined
	readonly isContinued: boolean
	readonly isLent: boolean
	readonly length: number | undefined
}

/** A body that is given when it is whole. */
export class Gathered implements Receiver {
	readonly #reply: Omit<Reply, 'body'>
	readonly #waiting: Waiting
	readonly #room: Room | undefined
	/** Whether what came of it is given where the rest does not come. */
	readonly #isContinued: boolean
	readonly #isLent: boolean
	/** The bytes of the body, where they are told and few. */
	readonly #size: number | undefined
	/** Where those gather, and how many came. */
	#whole: Buffer = NOTHING
	#length = 0
	/** What came of another body. */
	readonly #chunks: Buffer[] = []

	constructor(reply: Omit<Reply, 'body'>, waiting: Waiting, {room, isContinued, isLent, length}: Gathering) {
		this.#reply = reply
		this.#waiting = waiting
		this.#room = room
		this.#isContinued = isContinued
		this.#isLent = isLent
		if (length !== undefined && length <= WHOLE) this.#size = length
		room?.clear()
	}

	add(piece: Buffer): void {
		if (this.#room !== undefined) return this.#room.add(piece)
		if (this.#size === undefined) return void this.#chunks.push(Buffer.from(piece))
		// not before, for the reply to a HEAD tells a length, too
		if (this.#whole === NOTHING) this.#whole = this.#placeFor(this.#size)
		// memory without the byte more is also that of others
		const isInPlace = this.#whole.length > this.#size && piece.buffer === this.#whole.buffer
		if (!isInPlace) piece.copy(this.#whole, this.#length)
		this.#length += piece.length
	}

	/** Where what is to come of a body of some size has its place, and a byte more: whether too much comes is to be seen. */
	get memory(): Buffer {
		if (this.#length === 0 || this.#whole.length <= (this.#size ?? 0)) return shared
		return this.#whole.subarray(this.#length, (this.#size ?? 0) + 1)
	}

	#placeFor(size: number): Buffer {
		const spare = this.#isLent ? spareFor(size) : undefined
		if (spare !== undefined) return spare
		return size < OWN_FROM ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size + 1)
	}

	end(): void {
		this.#waiting.resolve({body: this.#bytes, ...this.#reply})
	}

	fail(error: Error): void {
		const came = this.#isContinued ? this.#bytes : NOTHING
		if (came.length > 0) this.#waiting.resolve({body: brokenOff(came, error), ...this.#reply})
		else this.#waiting.reject(error)
	}

	get #bytes(): Buffer {
		if (this.#room !== undefined) return this.#room.bytes
		if (this.#size === undefined) return Buffer.concat(this.#chunks)
		return this.#length === this.#whole.length ? this.#whole : this.#whole.subarray(0, this.#length)
	}
}

/** What has arrived, and that the rest did not: who reads it goes on from there. */
async function* brokenOff(came: Buffer, error: Error): AsyncIterable<Buffer> {
	yield came
	throw error
}

/** Bytes that a connection reads at once. */
const PIECE = 256 * 2 ** 10
/** TLS has no more in a piece. */
const SMALL = 16 * 2 ** 10
/** More memories than this are not lent: who comes later gets copies. */
const MOST = 64

/** What every connection of this thread reads into: what came is taken before anything else can come. */
export const shared = Buffer.allocUnsafeSlow(PIECE)
const idle: Buffer[] = []
let made = 0

function borrow(): Buffer | undefined {
	const memory = idle.pop()
	if (memory !== undefined || made >= MOST) return memory
	made++
	return Buffer.allocUnsafeSlow(PIECE)
}

/** What the reader of a body has its connection do. */
export type Tap = {
	/** Lets more come. */
	readonly open: () => void
	/** Nobody wants the rest. */
	readonly shut: () => void
}

type Reader = {
	readonly resolve: (result: IteratorResult<Buffer, undefined>) => void
	readonly reject: (error: Error) => void
}

/**
 * A body that is read as it comes, and comes as it is read. To be read to its end or returned from, else its connection
 * stays taken.
 */
export class Streaming implements AsyncIterableIterator<Buffer, undefined>, Receiver {
	readonly #tap: Tap
	/** What its connection reads into where pieces are lent, each until the next one is asked for. */
	#memory: Buffer | undefined
	/** Whether small pieces gather there, one behind the other, and how many bytes of them came, and were given. */
	readonly #gathers: boolean
	#gathered = 0
	#given = 0
	#giving: NodeJS.Immediate | undefined
	#pieces: Buffer[] = []
	#reader: Reader | undefined
	#state: 'coming' | 'whole' | Error = 'coming'

	/** `gathers`: what comes is in small pieces, of which some more may come when no more are asked for, as over TLS. */
	constructor(tap: Tap, {lends, gathers}: {readonly lends: boolean; readonly gathers: boolean}) {
		this.#tap = tap
		this.#memory = lends ? borrow() : undefined
		this.#gathers = gathers
	}

	get memory(): Buffer {
		if (this.#memory === undefined || !this.#gathers) return this.#memory ?? shared
		return this.#hasRoom ? this.#memory.subarray(this.#gathered) : shared
	}

	get #hasRoom(): boolean {
		return PIECE - this.#gathered >= SMALL
	}

	/** Whether its reader waits for what is to come. */
	get isAwaited(): boolean {
		return this.#reader !== undefined
	}

	add(piece: Buffer): void {
		if (this.#gathers && this.#memory !== undefined) return this.#gather(piece, this.#memory)
		this.#pieces.push(piece.buffer === this.#memory?.buffer ? piece : Buffer.from(piece))
		this.#wake()
	}

	/** Puts a piece behind those before it, which its reader may have; given they are when no more come in this turn, or have no room. */
	#gather(piece: Buffer, memory: Buffer): void {
		if (piece.length > memory.length - this.#gathered) {
			this.#give()
			this.#pieces.push(Buffer.from(piece))
			return this.#wake()
		}
		const isInPlace =
			piece.buffer === memory.buffer && piece.byteOffset === memory.byteOffset + this.#gathered
		if (!isInPlace) piece.copy(memory, this.#gathered)
		this.#gathered += piece.length
		if (this.#hasRoom) this.#giving ??= setImmediate(() => this.#give())
		else this.#give()
	}

	/** Gives what has gathered. */
	#give(): void {
		clearImmediate(this.#giving)
		this.#giving = undefined
		if (this.#memory === undefined || this.#given === this.#gathered) return
		this.#pieces.push(this.#memory.subarray(this.#given, this.#gathered))
		this.#given = this.#gathered
		this.#wake()
	}

	end(): void {
		this.#give()
		this.#state = 'whole'
		this.#wake()
	}

	fail(error: Error): void {
		this.#give()
		this.#state = error
		this.#wake()
	}

	next(): Promise<IteratorResult<Buffer, undefined>> {
		// who asks for more has given back what it had: where that was all, memory is filled from its beginning
		if (this.#pieces.length === 0 && this.#given === this.#gathered) this.#given = this.#gathered = 0
		return new Promise((resolve, reject) => {
			this.#reader = {resolve, reject}
			this.#wake()
			if (this.#reader !== undefined) this.#tap.open()
		})
	}

	/** Gives the rest up, and its connection with it. */
	async return(): Promise<IteratorResult<Buffer, undefined>> {
		this.#pieces = []
		clearImmediate(this.#giving)
		if (this.#state === 'coming') this.#tap.shut()
		this.#state = 'whole'
		this.#giveBack()
		return {done: true, value: undefined}
	}

	[Symbol.asyncIterator](): this {
		return this
	}

	/** Tells the reader, if one waits and there is something to tell. */
	#wake(): void {
		const reader = this.#reader
		const value = reader && this.#pieces.shift()
		if (reader === undefined || (value === undefined && this.#state === 'coming')) return
		this.#reader = undefined
		if (value !== undefined) return reader.resolve({done: false, value})
		this.#giveBack()
		if (this.#state instanceof Error) reader.reject(this.#state)
		else reader.resolve({done: true, value: undefined})
	}

	#giveBack(): void {
		if (this.#memory !== undefined) idle.push(this.#memory)
		this.#memory = undefined
	}
}
