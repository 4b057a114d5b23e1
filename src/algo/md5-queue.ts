// Messages that come one after the other, eight of which are hashed at a time: each is told its MD5 when it has it, and another
// takes its lane.

import {Alone, Lanes, type Message, type Wanted, WORTH} from './md5-lanes.ts'

export class Md5Queue {
	#lanes: Lanes | undefined
	/** Bytes of all messages, and for how many lanes are made. */
	#bytes = 0
	readonly #worth: number
	#waiting: Wanted[] = []
	/** One by itself takes half the time without lanes. */
	#alone: (Wanted & {readonly hashing: Alone}) | undefined

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
		const wasAlone = this.#stepAlone()
		if (this.#lanes?.step(() => this.#waiting.shift()) || wasAlone) return true
		// there are no lanes
		this.#beginAlone()
		return this.#alone !== undefined
	}

	#beginAlone(): void {
		if (this.#alone) return
		const next = this.#waiting.shift()
		if (next) this.#alone = {...next, hashing: new Alone(next.message)}
	}

	/** Hashes some more of the one by itself; false where there is none. */
	#stepAlone(): boolean {
		if (!this.#alone) return false
		const {hashing, tell} = this.#alone
		const md5 = hashing.step()
		if (md5) {
			this.#alone = undefined
			tell?.(md5)
		}
		return true
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
