// What we send: first plain bytes, then frames of up to 64 KiB. See s3r-rsync(5), FRAMES.

import {setTimeout as sleep} from 'node:timers/promises'
import {MPLEX_BASE, MSG} from './messages.ts'

const FRAME = 1 << 16
/** Milliseconds that are not worth to be waited for one by one. */
const SLICE = 20
/** Bytes that may wait for the other side before `ready` makes the writer wait too. */
const WAITING = 1 << 20

export type Write = (bytes: Buffer) => Promise<void>

export class Output {
	readonly #write: Write
	#framed = false
	#frame = Buffer.allocUnsafe(FRAME)
	/** Where the next byte goes; the head of a frame is filled in at its end. */
	#at = 0
	#start = 0
	#waiting = 0
	#last: Promise<void> = Promise.resolve()
	#failed: {readonly error: unknown} | undefined
	/** Bytes that were sent. */
	total = 0
	/** Bytes a second that are sent at most (--bwlimit); 0 for any number. */
	rate = 0
	/** When the bytes that were sent so far have taken their time, in milliseconds. */
	#due = 0

	constructor(write: Write) {
		this.#write = write
	}

	startFrames(): void {
		this.#seal()
		this.#framed = true
		this.#begin()
	}

	#begin(): void {
		this.#start = this.#framed ? 4 : 0
		this.#at = this.#start
	}

	#seal(): void {
		if (this.#at === this.#start) return
		if (this.#framed) head(this.#frame, MSG.data, this.#at - 4)
		this.#send(this.#frame.subarray(0, this.#at))
		this.#frame = Buffer.allocUnsafe(FRAME)
		this.#begin()
	}

	#send(bytes: Buffer): void {
		this.total += bytes.length
		this.#waiting += bytes.length
		this.#last = this.#writeBehind(this.#last, bytes)
	}

	async #writeBehind(before: Promise<void>, bytes: Buffer): Promise<void> {
		await before
		try {
			if (!this.#failed) await this.#write(bytes)
			if (this.rate > 0) await this.#slow(bytes.length)
		} catch (error) {
			this.#failed = {error}
		}
		this.#waiting -= bytes.length
	}

	/** Waits as long as these bytes take at the rate. */
	async #slow(bytes: number): Promise<void> {
		const now = performance.now()
		this.#due = Math.max(this.#due, now) + (bytes / this.rate) * 1000
		if (this.#due - now > SLICE) await sleep(this.#due - now)
	}

	/** Where `length` bytes go; to be called before `#frame` is looked at, which it may replace. */
	#reserve(length: number): number {
		if (length > FRAME - this.#at) this.#seal()
		const at = this.#at
		this.#at = at + length
		return at
	}

	byte(value: number): void {
		const at = this.#reserve(1)
		this.#frame[at] = value
	}

	short(value: number): void {
		const at = this.#reserve(2)
		this.#frame.writeUInt16LE(value & 0xffff, at)
	}

	int(value: number): void {
		const at = this.#reserve(4)
		this.#frame.writeInt32LE(value | 0, at)
	}

	/** Bytes, of which a copy is made. */
	raw(bytes: Buffer): void {
		for (let done = 0; done < bytes.length;) {
			if (this.#at === FRAME) this.#seal()
			const copied = bytes.copy(this.#frame, this.#at, done)
			this.#at += copied
			done += copied
		}
	}

	/** A byte string. */
	text(text: string): void {
		if (text.length > FRAME - 4) this.raw(Buffer.from(text, 'latin1'))
		else {
			const at = this.#reserve(text.length)
			this.#frame.write(text, at, 'latin1')
		}
	}

	/** See Cursor.varint. */
	varint(value: number): void {
		if (value >= 0 && value < 0x80) return this.byte(value)
		this.#variable(value >>> 0, 0, 4, 1)
	}

	/** See Cursor.varlong. */
	varlong(value: number, least: number): void {
		this.#variable(value >>> 0, Math.floor(value / 2 ** 32) >>> 0, 8, least)
	}

	#variable(low: number, high: number, width: number, least: number): void {
		const byteAt = (i: number) => (i < 4 ? low >>> (8 * i) : high >>> (8 * (i - 4))) & 0xff
		let count = width
		while (count > least && byteAt(count - 1) === 0) count--
		const bit = 1 << (7 - count + least)
		const top = byteAt(count - 1)
		const spills = top >= bit
		this.byte(spills ? ~(bit - 1) & 0xff : count > least ? (top | ~(bit * 2 - 1)) & 0xff : top)
		for (let i = 0; i < (spills ? count : count - 1); i++) this.byte(byteAt(i))
	}

	/** See Cursor.longint. */
	longint(value: number): void {
		if (value >= 0 && value <= 0x7fffffff) return this.int(value)
		this.int(-1)
		this.int(value | 0)
		this.int(Math.floor(value / 2 ** 32))
	}

	/** See Cursor.vstring. */
	vstring(text: string): void {
		if (text.length > 0x7f) this.byte(0x80 | (text.length >> 8))
		this.byte(text.length & 0xff)
		this.text(text)
	}

	/** A message between the data; only once frames began. */
	message(tag: number, payload: Buffer): void {
		this.#seal()
		const bytes = Buffer.allocUnsafe(4 + payload.length)
		head(bytes, tag, payload.length)
		payload.copy(bytes, 4)
		this.#send(bytes)
	}

	/** An empty frame: we are still here. */
	keepAlive(): void {
		if (this.#framed) this.message(MSG.data, Buffer.alloc(0))
	}

	/** To be awaited now and then while much is written: waits until little of it is left. */
	ready(): Promise<void> | undefined {
		if (this.#failed) return this.flush()
		return this.#waiting > WAITING ? this.#last : undefined
	}

	/** Sends all that was written, and waits until the other side has taken it. Rejects where it went away. */
	async flush(): Promise<void> {
		this.#seal()
		await this.#last
		if (this.#failed) throw this.#failed.error
	}

	/** Sends all that was written, and does not wait. */
	push(): void {
		this.#seal()
	}
}

function head(bytes: Buffer, tag: number, length: number): void {
	bytes.writeUInt32LE((((tag + MPLEX_BASE) << 24) | length) >>> 0, 0)
}
