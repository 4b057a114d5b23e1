// Messages that come one after the other, eight of which are hashed at a time: each is told its MD5 when it has it, and another
// takes its lane.

import {createHash} from 'node:crypto'
import {Lanes, type Message, type Wanted, WORTH} from './md5-lanes.ts'

export class Md5Queue {
	#lanes: Lanes | undefined
	/** Bytes of all messages, and for how many lanes are made. */
	#bytes = 0
	readonly #worth: number
	#waiting: Wanted[] = []
	/** One by itself takes half the time without lanes. */
	#alone: Alone | undefined

	/** `worth`: lanes are not made for fewer bytes. */
	constructor(worth = WORTH) {
		this.#worth = worth
	}

	/** `tell` is told the MD5, 16 bytes; undefined where the message could not be read. */
	add(message: Message, tell: (md5: Buffer | undefined) => void): void {
		const readable = new Readable(message)
		this.#bytes += message.length
		this.#waiting.push({message: readable, tell: (md5) => tell(readable.isWhole ? md5 : undefined)})
	}

	/** Hashes some more; false where there is nothing to hash. */
	step(): boolean {
		if (this.#waiting.length === 1 && this.#lanes?.areFree !== false) this.#beginAlone()
		else if (this.#bytes >= this.#worth) this.#lanes ??= new Lanes()
		const isAlone = this.#alone !== undefined
		if (this.#alone?.step() === false) this.#alone = undefined
		if (this.#lanes?.step(() => this.#waiting.shift()) || isAlone) return true
		// there are no lanes
		this.#beginAlone()
		return this.#alone !== undefined
	}

	#beginAlone(): void {
		if (this.#alone) return
		const next = this.#waiting.shift()
		if (next) this.#alone = new Alone(next)
	}
}

/** Bytes of a message that are hashed before others have their turn. */
const SLICE = 2 ** 20

/** A message that OpenSSL hashes. */
class Alone {
	readonly #wanted: Wanted
	readonly #hash = createHash('md5')
	readonly #memory: Buffer
	#at = 0

	constructor(wanted: Wanted) {
		this.#wanted = wanted
		this.#memory = Buffer.allocUnsafeSlow(Math.min(wanted.message.length, SLICE))
	}

	/** Hashes some more; false when that was all, and the MD5 is told. */
	step(): boolean {
		const {message, tell} = this.#wanted
		const length = message.copy(this.#memory, 0, this.#at, Math.min(message.length, this.#at + SLICE))
		this.#hash.update(this.#memory.subarray(0, length))
		this.#at += length
		if (this.#at < message.length) return true
		tell?.(this.#hash.digest())
		return false
	}
}

/** A message that can be hashed whether it can be read or not: the others in the lanes are nothing to it. */
class Readable implements Message {
	readonly length: number
	readonly #message: Message
	isWhole = true

	constructor(message: Message) {
		this.#message = message
		this.length = message.length
	}

	copy(target: Buffer, position: number, start: number, end: number): number {
		try {
			if (this.isWhole) this.#message.copy(target, position, start, end)
		} catch {
			this.isWhole = false
		}
		return end - start
	}
}
