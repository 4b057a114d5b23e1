// The journal: entries as they were finished by a command that may yet die, one line each.
//
//	<8 hex digits: CRC-32 of the rest> SP <the entry as JSON, times as strings of nanoseconds> LF
//
// An entry without sides says that the path is forgotten.

import {crc32} from 'node:zlib'
import type {Entry} from './entry.ts'

const TIMES = new Set(['mtime', 'ctime', 'ino'])
const SUM = 9
const LF = 0x0a
const sum = (text: string | Buffer) => `${crc32(text).toString(16).padStart(8, '0')} `

/** The line of an entry, with its terminator. */
export function journalLine(entry: Entry): string {
	const json = JSON.stringify(entry, (_, value: unknown) =>
		typeof value === 'bigint' ? String(value) : value,
	)
	return `${sum(json)}${json}\n`
}

/** The entries of a journal, up to the first line that was not written whole. */
export function* parseJournal(bytes: Buffer): Iterable<Entry> {
	for (let from = 0, to = bytes.indexOf(LF); to >= 0; from = to + 1, to = bytes.indexOf(LF, from)) {
		const json = bytes.subarray(from + SUM, to)
		if (bytes.toString('latin1', from, from + SUM) !== sum(json)) return
		yield JSON.parse(json.toString('utf8'), (key, value: unknown) =>
			TIMES.has(key) && typeof value === 'string' ? BigInt(value) : value,
		) as Entry
	}
}
