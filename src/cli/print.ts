// Prints records and diff lines in the form that the options ask for.

import type {Path} from '../base/path.ts'
import {quote} from '../base/quote.ts'
import {formatJson} from '../format/json.ts'
import {
	type DiffLine,
	type FileRecord,
	formatDiff,
	formatMilliseconds,
	formatRecord,
} from '../format/record.ts'
import {type Item, parseTemplate} from '../format/template.ts'
import {exclusive} from './exclusive.ts'
import type {RecordValues} from './flags.ts'
import type {Io} from './io.ts'

export class RecordPrinter {
	readonly #io: Io
	readonly #nul: boolean
	readonly #text: (item: Item) => Path

	/** Takes the values of `recordFlags`; a usage error if they contradict each other. `before` stands before a record. */
	constructor(io: Io, flags: RecordValues, before: (item: Item) => string = () => '') {
		this.#io = io
		this.#nul = flags.null ?? false
		this.#text = formOf(flags, this.#nul, before)
	}

	/** Prints an item: a diff line if it has a status, else a record. As Io's `record`, it waits now and then. */
	print(item: Item): Promise<void> | undefined {
		return this.#io.record(this.#text(item), this.#nul)
	}

	record(record: FileRecord): Promise<void> | undefined {
		return this.print({record})
	}

	diff(line: DiffLine): Promise<void> | undefined {
		return this.print(line)
	}
}

/** How an item is printed, without its terminator, as a byte string. */
function formOf(flags: RecordValues, nul: boolean, before: (item: Item) => string): (item: Item) => Path {
	exclusive(flags, 'json', 'format', 'name-only')
	if (flags.json === true) return formatJson
	if (flags.format !== undefined) return parseTemplate(flags.format, nul)
	if (flags['name-only'] === true) return ({record}) => (nul ? record.path : quote(record.path))
	return (item) => {
		const {status, record} = item
		const text =
			status === undefined
				? formatRecord(record, nul, storedAt(item))
				: formatDiff({status, record}, nul, storedAt(item))
		return before(item) + text
	}
}

/** When an object was stored, for the column of the mtime where a listing tells nothing else of it. */
function storedAt(item: Item): string | undefined {
	if (item.record.mode !== undefined) return undefined
	const {modified} = item
	return modified === undefined ? undefined : formatMilliseconds(Math.trunc(modified))
}
