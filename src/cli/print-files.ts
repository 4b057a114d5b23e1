// Prints the files of the local side, of which there may be very many: plain records as bytes, all else as it is printed elsewhere.

import {RecordBytes} from '../format/record-bytes.ts'
import type {Listed} from '../sync/list-local.ts'
import type {RecordValues} from './flags.ts'
import type {Io} from './io.ts'
import {LocalItem} from './items.ts'
import {RecordPrinter} from './print.ts'

export class FilePrinter {
	readonly #io: Io
	readonly #printer: RecordPrinter
	/** Where plain records are asked for. */
	readonly #bytes: RecordBytes | undefined

	/** Takes the values of `recordFlags`, as RecordPrinter does. */
	constructor(io: Io, flags: RecordValues) {
		this.#io = io
		this.#printer = new RecordPrinter(io, flags)
		const isPlain = !flags.json && !flags['name-only'] && flags.format === undefined
		this.#bytes = isPlain ? new RecordBytes(flags.null ?? false) : undefined
	}

	/** Prints a file, and waits now and then as RecordPrinter does. */
	print(file: Listed): Promise<void> | undefined {
		const room = this.#bytes?.room(file)
		if (this.#bytes === undefined || room === undefined) return this.#printer.print(new LocalItem(file))
		return this.#io.recordBy(this.#bytes, file, room)
	}
}
