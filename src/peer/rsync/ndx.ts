// Numbers of files on the wire: mostly one byte, for the difference to the one before. See s3r-rsync(5), NUMBERS.

import type {Cursor} from './cursor.ts'
import type {Output} from './output.ts'

/** What is no file's number. */
export const NDX = {done: -1, flistEof: -2, delStats: -3} as const

/** One direction's reader or writer. */
export class Ndx {
	readonly #protocol: number
	#positive = -1
	#negative = 1

	constructor(protocol: number) {
		this.#protocol = protocol
	}

	read(cursor: Cursor): number {
		if (this.#protocol < 30) return cursor.int()
		const first = cursor.byte()
		if (first === 0) return NDX.done
		const isNegative = first === 0xff
		const byte = isNegative ? cursor.byte() : first
		const before = isNegative ? this.#negative : this.#positive
		const value = byte === 0xfe ? long(cursor, before) : before + byte
		if (isNegative) this.#negative = value
		else this.#positive = value
		return isNegative ? -value : value
	}

	write(output: Output, ndx: number): void {
		if (this.#protocol < 30) return output.int(ndx)
		if (ndx === NDX.done) return output.byte(0)
		const value = Math.abs(ndx)
		const difference = value - (ndx < 0 ? this.#negative : this.#positive)
		if (ndx < 0) {
			output.byte(0xff)
			this.#negative = value
		} else this.#positive = value
		if (difference > 0 && difference < 0xfe) return output.byte(difference)
		output.byte(0xfe)
		if (difference >= 0 && difference <= 0x7fff) {
			output.byte(difference >> 8)
			output.byte(difference & 0xff)
			return
		}
		output.byte((value >>> 24) | 0x80)
		for (const shift of [0, 8, 16]) output.byte((value >>> shift) & 0xff)
	}
}

function long(cursor: Cursor, before: number): number {
	const high = cursor.byte()
	const low = cursor.byte()
	if (!(high & 0x80)) return before + ((high << 8) | low)
	const [second, third] = [cursor.byte(), cursor.byte()]
	return ((high & 0x7f) << 24) | (third << 16) | (second << 8) | low
}
