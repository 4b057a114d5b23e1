// The files of an index: opened where they lie, and written whole or not at all.

import {closeSync, existsSync, fsyncSync, openSync, renameSync} from 'node:fs'
import {fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {serializeIndex} from '../format/index-bytes.ts'
import {type Index, IndexFile, type IndexRows} from '../format/index-file.ts'
import {ALIVE} from '../format/index-layout.ts'
import {removeFile} from '../local/remove-file.ts'
import {writeFully} from '../local/write-fully.ts'
import {indexDirOf, join, type Place} from './find.ts'
import {IndexWriter} from './index-writer.ts'
import {readIndex} from './read-index.ts'
import {type OpenIndex, openStored, StoredIndex} from './stored-index.ts'

/** The index as readIndex has it, to be looked at: it stays on the disk where no journal belongs to it. */
export function openIndex(place: Place): OpenIndex<IndexRows> {
	const dir = indexDirOf(place)
	const stored = existsSync(forFs(join(dir, 'journal'))) ? undefined : openStored(join(dir, 'index'))
	return stored ?? {index: readIndex(place), close: () => {}}
}

/** Writes an index beside the old one and renames it over it: it is there whole or not at all. */
export function writeIndex(place: Place, index: Index): void {
	const path = join(indexDirOf(place), 'index')
	if (index instanceof IndexFile) writeWhole(path, index)
	else writeRows(path, index)
}

/** Writes the rows that say anything, one after the other; all of them at once where none was replaced. */
function writeRows(path: Path, rows: IndexRows): void {
	const writer = new IndexWriter(path)
	try {
		const sections = rows instanceof StoredIndex ? rows.sections : undefined
		if (sections) return writer.finishWith(sections)
		for (let row = 0; row < rows.count; row++) {
			if (!(rows.flags(row) & ALIVE)) continue
			const {first, index} = rows.window(row)
			writer.take(index, row - first)
		}
		writer.finish(rows)
	} finally {
		writer.close()
	}
}

function writeWhole(path: Path, index: IndexFile): void {
	const temporary = `${path}.new`
	try {
		const fd = openSync(forFs(temporary), 'w', 0o600)
		try {
			for (const piece of serializeIndex(index)) writeFully(fd, piece)
			fsyncSync(fd)
		} finally {
			closeSync(fd)
		}
		renameSync(forFs(temporary), forFs(path))
	} catch (error) {
		removeFile(temporary)
		throw fatal(`cannot write '${path}': ${reason(error)}`, undefined, error)
	}
}
