// Messages that come one after the other, eight of which are hashed at a time: each is told its MD5 when it has it, and another
// takes its lane.

import {alone, Lanes, type Message, type Wanted} from './md5-lanes.ts'

export class Md5Queue {
	readonly #lanes = new Lanes()
	#waiting: Wanted[] = []

	/** `tell` is told the MD5, 16 bytes; undefined where the message could not be read. */
	add(message: Message, tell: (md5: Buffer | undefined) => void): void {
		const readable = new Readable(message)
		this.#waiting.push({message: readable, tell: (md5) => tell(readable.isWhole ? md5 : undefined)})
	}

	/** Hashes some more; false where there is nothing to hash. */
	step(): boolean {
		const isAlone = this.#waiting.length === 1 && this.#lanes.areFree
		if (!isAlone && this.#lanes.step(() => this.#waiting.shift())) return true
		// one by itself takes less time so, and so do all where there are no lanes
		const next = this.#waiting.shift()
		next?.tell?.(alone(next.message))
		return next !== undefined
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
