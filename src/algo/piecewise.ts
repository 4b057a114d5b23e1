// A message of whose pieces the SHA-256 is taken while the whole is copied to take its MD5, so that it is read once.

import {createHash} from 'node:crypto'
import type {Message} from './md5-lanes.ts'

/** To be copied once, from its beginning to its end. */
export class Piecewise implements Message {
	readonly length: number
	readonly #message: Message
	readonly #size: number
	readonly #sums: string[] = []
	#hash = createHash('sha256')
	/** Bytes of the present piece that are still to come. */
	#left: number

	/** Each piece has `size` bytes but the last. */
	constructor(message: Message, size: number) {
		this.#message = message
		this.length = message.length
		this.#size = size
		this.#left = size
	}

	copy(target: Buffer, position: number, start: number, end: number): number {
		const length = this.#message.copy(target, position, start, end)
		for (let at = position, rest = length; rest > 0;) {
			const taken = Math.min(rest, this.#left)
			this.#hash.update(target.subarray(at, at + taken))
			this.#left -= taken
			at += taken
			rest -= taken
			if (this.#left === 0) this.#turn()
		}
		return length
	}

	#turn(): void {
		this.#sums.push(this.#hash.digest('hex'))
		this.#hash = createHash('sha256')
		this.#left = this.#size
	}

	/** The SHA-256 of each piece in hex, when all of them were copied. */
	sums(): readonly string[] {
		if (this.#left < this.#size) this.#turn()
		return this.#sums
	}
}
