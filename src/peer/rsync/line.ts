// One connection after its handshake: what both roles need to speak.

import type {Checksum} from './checksum.ts'
import type {Agreed} from './handshake.ts'
import type {Input} from './input.ts'
import {IO_ERROR, MSG} from './messages.ts'
import {Ndx} from './ndx.ts'
import type {ServerOptions} from './server-options.ts'
import type {Output} from './output.ts'

export class Line {
	readonly input: Input
	readonly output: Output
	readonly options: ServerOptions
	readonly agreed: Agreed
	readonly protocol: number
	readonly checksum: Checksum
	readonly numbersIn: Ndx
	readonly numbersOut: Ndx
	/** Bits of IO_ERROR: ours, and those that the client told of. */
	ioError = 0
	/** Something was said to have failed: the status is 23 at least. */
	failed = false

	constructor(
		wire: {readonly input: Input; readonly output: Output},
		options: ServerOptions,
		agreed: Agreed,
		checksum: Checksum,
	) {
		this.input = wire.input
		this.output = wire.output
		this.options = options
		this.agreed = agreed
		this.protocol = agreed.protocol
		this.checksum = checksum
		this.numbersIn = new Ndx(agreed.protocol)
		this.numbersOut = new Ndx(agreed.protocol)
	}

	writeNdx(ndx: number): void {
		this.numbersOut.write(this.output, ndx)
	}

	/** Says a line on the client's stdout. */
	info(text: string): void {
		this.#say(MSG.info, text)
	}

	/** Says a line on the client's stderr. */
	warn(text: string): void {
		this.#say(this.protocol >= 30 ? MSG.warning : MSG.info, text)
	}

	/** Says that an item failed: the client's status becomes 23. */
	fail(text: string): void {
		this.failed = true
		this.#say(MSG.errorXfer, text)
	}

	#say(tag: number, text: string): void {
		this.output.message(tag, Buffer.from(`${text.slice(0, TEXT_LIMIT)}\n`, 'latin1'))
	}

	/** Tells the receiving side that the list is not complete. */
	sendIoError(): void {
		if (this.ioError === 0 || this.protocol < 30) return
		const bits = Buffer.alloc(4)
		bits.writeInt32LE(this.ioError)
		this.output.message(MSG.ioError, bits)
	}

	/** Sends a message that holds one number. */
	number(tag: number, value: number): void {
		const bytes = Buffer.alloc(4)
		bytes.writeInt32LE(value)
		this.output.message(tag, bytes)
	}

	/** The status that a session ends with of which nothing else is known. */
	get status(): number {
		if (this.failed || this.ioError & IO_ERROR.general) return 23
		if (this.ioError & IO_ERROR.vanished) return 24
		return this.ioError & IO_ERROR.delLimit ? 25 : 0
	}
}

/** A client's buffer for such a text has 4 KiB. */
const TEXT_LIMIT = 2000
