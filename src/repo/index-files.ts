// The files of an index: read, written whole or not at all, and locked.

import {closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {IndexBuilder, localSides, withEntries} from '../format/index-builder.ts'
import {parseIndex, serializeIndex} from '../format/index-bytes.ts'
import {type Index, IndexFile, type IndexRows} from '../format/index-file.ts'
import {ALIVE} from '../format/index-layout.ts'
import {parseJournal} from '../format/journal.ts'
import {acquireLock, type Lock} from '../local/lock.ts'
import {removeFile} from '../local/remove-file.ts'
import {writeFully} from '../local/write-fully.ts'
import {indexDirOf, join, type Place} from './find.ts'
import {IndexWriter} from './index-writer.ts'
import {type OpenIndex, openStored, StoredIndex} from './stored-index.ts'

/** Milliseconds that a command waits for another that works on the same index. */
const WAIT = 30_000

/** What is known where nothing is. */
export const EMPTY = new IndexBuilder().finish({scanned: 0n, device: 0n})

/** The bytes of a file; undefined where there is none. */
export function read(path: Path): Buffer | undefined {
	try {
		return readFileSync(forFs(path))
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw fatal(`cannot read '${path}': ${reason(error)}`, undefined, error)
	}
}

/**
 * The index as it is on disk, with the journal of a command that died or still runs. That of another remote than
 * `origin` begins with what `origin`'s knows of the files: they need not be hashed once for each remote.
 */
export function readIndex(place: Place): IndexFile {
	const dir = indexDirOf(place)
	// the journal first: of a command that ends in between it is in the index by then
	const journal = read(join(dir, 'journal'))
	const bytes = read(join(dir, 'index'))
	const index = bytes === undefined ? firstOf(place) : parseIndex(bytes)
	return journal === undefined ? index : withEntries(index, parseJournal(journal), inMemory)
}

const inMemory = () => new IndexBuilder()

/** The index as readIndex has it, to be looked at: it stays on the disk where no journal belongs to it. */
export function openIndex(place: Place): OpenIndex<IndexRows> {
	const dir = indexDirOf(place)
	const stored = existsSync(forFs(join(dir, 'journal'))) ? undefined : openStored(join(dir, 'index'))
	return stored ?? {index: readIndex(place), close: () => {}}
}

const firstOf = ({indexDir, ...main}: Place): IndexFile =>
	indexDir === undefined ? EMPTY : localSides(readIndex(main))

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

/** Takes the lock of an index; waits for another command that holds it. */
export function lockIndex(place: Place, signal: AbortSignal | undefined): Promise<Lock> {
	const dir = indexDirOf(place)
	if (place.indexDir !== undefined) mkdirSync(forFs(dir), {mode: 0o700, recursive: true})
	return acquireLock(join(dir, 'index.lock'), {wait: WAIT, signal})
}
