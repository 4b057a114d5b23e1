// The index as it is on the disk, read whole.

import {readFileSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {IndexBuilder, localSides, withEntries} from '../format/index-builder.ts'
import {parseIndex} from '../format/index-bytes.ts'
import type {IndexFile} from '../format/index-file.ts'
import {parseJournal} from '../format/journal.ts'
import {indexDirOf, join, type Place} from './find.ts'

/** What is known where nothing is. */
const nothing = (): IndexFile => inMemory().finish({scanned: 0n, device: 0n})

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

const firstOf = ({indexDir, ...main}: Place): IndexFile =>
	indexDir === undefined ? nothing() : localSides(readIndex(main))
