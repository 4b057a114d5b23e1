// Names of owners <-> bytes, as they follow the file list. See s3r-rsync(5), FILE LIST.

import type {Cursor} from './cursor.ts'
import {malformed, NAME_LIMIT} from './flist-errors.ts'
import type {Output} from './output.ts'

type Names = ReadonlyMap<number, string>

/** Names of ids (byte strings), as they follow the list. */
export function readNames(cursor: Cursor, protocol: number, hasZero: boolean): Map<number, string> {
	const names = new Map<number, string>()
	for (;;) {
		const id = (protocol >= 30 ? cursor.varint() : cursor.int()) >>> 0
		if (id === 0) break
		names.set(id, cursor.text(cursor.byte()))
		if (names.size > NAME_LIMIT * 16) throw malformed('too many owners')
	}
	if (hasZero) names.set(0, cursor.text(cursor.byte()))
	return names
}

export function writeNames(output: Output, names: Names, protocol: number, hasZero: boolean): void {
	for (const [id, name] of names) {
		if (id === 0 || name === '' || name.length > 255) continue
		if (protocol >= 30) output.varint(id)
		else output.int(id)
		output.byte(name.length)
		output.text(name)
	}
	if (protocol >= 30) output.varint(0)
	else output.int(0)
	if (!hasZero) return
	const zero = names.get(0) ?? ''
	output.byte(zero.length)
	output.text(zero)
}
