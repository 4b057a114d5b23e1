// The SHA-256 of each piece of a message, of whose whole the MD5 is taken at the same time, so that it is read once.

import {createHash} from 'node:crypto'
import type {Message} from './md5-lanes.ts'

/** Sums of pieces of bytes that are added in their order. */
export class PieceSums {
	readonly #size: number
	readonly #sums: string[] = []
	#hash = createHash('sha256')
	/** Bytes of the present piece that are still to come. */
	#left: number

	/** Each piece has `size` bytes but the last. */
	constructor(size: number) {
		this.#size = size
		this.#left = size
	}

	add(bytes: Buffer): void {
		for (let at = 0; at < bytes.length;) {
			const taken = Math.min(bytes.length - at, this.#left)
			this.#hash.update(bytes.subarray(at, at + taken))
			this.#left -= taken
			at += taken
			if (this.#left === 0) this.#turn()
		}
	}

	#turn(): void {
		this.#sums.push(this.#hash.digest('hex'))
		this.#hash = createHash('sha256')
		this.#left = this.#size
	}

	/** The SHA-256 of each piece in hex, when all bytes were added. */
	digest(): readonly string[] {
		if (this.#left < this.#size) this.#turn()
		return this.#sums
	}
}

/** A message of which sums are taken while it is copied, once, from its beginning to its end. */
export class Piecewise implements Message {
	readonly length: number
	readonly #message: Message
	readonly #sums: PieceSums

	constructor(message: Message, sums: PieceSums) {
		this.#message = message
		this.length = message.length
		this.#sums = sums
	}

	copy(target: Buffer, position: number, start: number, end: number): number {
		const length = this.#message.copy(target, position, start, end)
		this.#sums.add(target.subarray(position, position + length))
		return length
	}
}
