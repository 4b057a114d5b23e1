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
		const {status, headers} = this.#reply
		this.#waiting.resolve({status, headers, body: this.#bytes})
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
 * stays taken. Where memory is lent for it, each piece but the last fills that, and is good until the next one is asked for.
 */
export class Streaming implements AsyncIterableIterator<Buffer, undefined>, Receiver {
	readonly #tap: Tap
	/** What is lent, how much of it is filled, and whether the reader has it. */
	#lent: Buffer | undefined
	#filled = 0
	#isGiven = false
	/** Whether more may come while the reader has it, and what did. */
	readonly #comesLate: boolean
	#late: Buffer[] = []
	/** What is for the reader. */
	readonly #pieces: Buffer[] = []
	#reader: Reader | undefined
	#state: 'coming' | 'whole' | Error = 'coming'

	/** `comesLate`: some more may come when no more is asked for, as over TLS, where node gives all that it has decrypted. */
	constructor(tap: Tap, {lends, comesLate}: {readonly lends: boolean; readonly comesLate: boolean}) {
		this.#tap = tap
		this.#comesLate = comesLate
		this.#lent = lends ? borrow() : undefined
	}

	get memory(): Buffer {
		if (this.#lent === undefined || (this.#isGiven && this.#comesLate)) return shared
		// node asks as soon as it has read: what is given is read into when it is asked for more, not before
		return this.#isGiven ? this.#lent : this.#lent.subarray(this.#filled)
	}

	/** Whether its reader waits for what is to come. */
	get isAwaited(): boolean {
		return this.#reader !== undefined
	}

	add(piece: Buffer): void {
		if (this.#lent !== undefined) return this.#fill(piece, this.#lent)
		this.#pieces.push(Buffer.from(piece))
		this.#wake()
	}

	/** Puts a piece behind those before it, and gives them to the reader when there is no room for more. */
	#fill(piece: Buffer, lent: Buffer): void {
		if (this.#isGiven) return void this.#late.push(Buffer.from(piece))
		const isInPlace = piece.buffer === lent.buffer && piece.byteOffset === lent.byteOffset + this.#filled
		const fits = isInPlace ? piece.length : piece.copy(lent, this.#filled)
		this.#filled += fits
		if (this.#filled === lent.length) this.#give(lent)
		if (fits < piece.length) this.#fill(piece.subarray(fits), lent)
	}

	#give(lent: Buffer): void {
		this.#isGiven = true
		this.#pieces.push(lent.subarray(0, this.#filled))
		this.#wake()
	}

	end(): void {
		this.#over('whole')
	}

	fail(error: Error): void {
		this.#over(error)
	}

	/** No more comes: what did not fill what is lent is given, too. */
	#over(state: 'whole' | Error): void {
		this.#state = state
		if (this.#lent !== undefined && !this.#isGiven && this.#filled > 0) this.#give(this.#lent)
		else this.#wake()
	}

	next(): Promise<IteratorResult<Buffer, undefined>> {
		// who asks for more has given back what it had
		if (this.#isGiven && this.#pieces.length === 0) this.#refill()
		return new Promise((resolve, reject) => {
			this.#reader = {resolve, reject}
			this.#wake()
			if (this.#reader !== undefined) this.#tap.open()
		})
	}

	#refill(): void {
		this.#isGiven = false
		this.#filled = 0
		const late = this.#late
		this.#late = []
		for (const piece of late) this.add(piece)
		if (this.#state !== 'coming' && late.length > 0) this.#over(this.#state)
	}

	/** Gives the rest up, and its connection with it. */
	async return(): Promise<IteratorResult<Buffer, undefined>> {
		this.#pieces.length = this.#late.length = 0
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
		if (this.#lent !== undefined) idle.push(this.#lent)
		this.#lent = undefined
	}
}
