// The journal: what was finished by a command that may yet die. It is indexes, one behind the other, each of what was
// finished in one turn of the loop; an entry without sides says that nothing is known of its path any more.

import {comparePaths} from '../base/path.ts'
import type {Entry} from './entry.ts'
import {IndexBuilder} from './index-builder.ts'
import {firstIndex, serializeIndex} from './index-bytes.ts'

const NO_SCAN = {scanned: 0n, device: 0n}

/** What is added to a journal that is to say this; of two entries of one path the later counts. */
export function journaled(entries: readonly Entry[]): Buffer {
	const builder = new IndexBuilder()
	const sorted = entries.toSorted((a, b) => comparePaths(a.path, b.path))
	for (const [i, entry] of sorted.entries()) if (entry.path !== sorted[i + 1]?.path) builder.add(entry)
	return Buffer.concat(serializeIndex(builder.finish(NO_SCAN)))
}

/**
 * The entries of a journal, in the order in which they were finished, up to the first index that was not written whole.
 * Throws an S3rError where one has another version.
 */
export function* parseJournal(bytes: Buffer): Iterable<Entry> {
	let rest = bytes
	for (let found = firstIndex(rest); found !== undefined; found = firstIndex(rest)) {
		const {index, size} = found
		for (let row = 0; row < index.count; row++) yield index.entry(row)
		rest = rest.subarray(size)
	}
}
