// What is remembered of a remote from one session to the next: an index as s3r-index(5) has it, whose local side
// is what the objects say of their files, and the names of owners.

import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {forFs, type Path} from '../../base/path.ts'
import {removeFile} from '../../local/remove-file.ts'
import {ALIVE} from '../../format/index-layout.ts'
import {join} from '../../repo/find.ts'
import {layered} from '../../repo/index-layers.ts'
import {IndexWriter} from '../../repo/index-writer.ts'
import {lockIndex} from '../../repo/index-lock.ts'
import {type OpenIndex, openStored, type StoredIndex} from '../../repo/stored-index.ts'
import type {Catalogue} from './catalogue.ts'
import type {Remembered} from './finder.ts'
import {OwnerNames, type Pairs} from './owner-names.ts'

export class Memory {
	readonly names: OwnerNames
	readonly remembered: readonly Remembered[]
	readonly #directory: Path | undefined

	private constructor(directory: Path | undefined, names: OwnerNames, remembered: readonly Remembered[]) {
		this.#directory = directory
		this.names = names
		this.remembered = remembered
	}

	/**
	 * Reads what is kept in a directory, which need not exist, and after it what others know: the index of a local
	 * side that has this remote. Without a directory nothing is kept.
	 */
	static open(directory: Path | undefined, others: readonly Remembered[] = []): Memory {
		if (directory === undefined) return new Memory(undefined, new OwnerNames(), others)
		const names = readNames(directory)
		const opened = openKept(directory)
		return new Memory(directory, names, opened ? [{...opened, owners: names}, ...others] : others)
	}

	/** Keeps what a session learned. What cannot be kept is asked for again. */
	async save({learned}: Catalogue, signal: AbortSignal | undefined): Promise<void> {
		const directory = this.#directory
		if (directory === undefined || !learned.hasLearned) return
		try {
			mkdirSync(forFs(directory), {recursive: true, mode: 0o700})
			const lock = await lockIndex({root: directory, dir: directory}, signal)
			try {
				// another session may have kept other names of the same ids, by which its entries are read
				if (this.names.contradicts(readNames(directory))) return
				const file = join(directory, 'owners')
				writeFileSync(forFs(`${file}.new`), JSON.stringify(this.names), {mode: 0o600})
				renameSync(forFs(`${file}.new`), forFs(file))
				keep(directory, learned.layers())
			} finally {
				lock.release()
			}
		} catch {
			// a full disk, a lock that is not given: what is not kept is asked for again
		}
	}

	/** Gives the files back in which things are remembered. */
	close(): void {
		for (const {close} of this.remembered) close()
	}
}

/** The index that is kept in a directory, as another session may have left it by now. */
function openKept(directory: Path): OpenIndex | undefined {
	const file = join(directory, 'index')
	try {
		return openStored(file)
	} catch {
		// of a damaged one nothing is lost that HEADs do not tell
		removeFile(file)
		return undefined
	}
}

/** Writes the index of a directory anew, with what was learned over it. */
function keep(directory: Path, learned: readonly StoredIndex[]): void {
	const kept = openKept(directory)
	const writer = new IndexWriter(join(directory, 'index'))
	try {
		for (const {index, row} of layered([...(kept ? [kept.index] : []), ...learned]))
			if (index.flags(row) & ALIVE) writer.take(index, row)
		writer.finish({scanned: 0n, device: 0n})
	} finally {
		writer.close()
		kept?.close()
	}
}

function readNames(directory: Path): OwnerNames {
	try {
		const {users, groups} = JSON.parse(readFileSync(forFs(join(directory, 'owners')), 'utf8')) as {
			users: Pairs
			groups: Pairs
		}
		return new OwnerNames(users, groups)
	} catch {
		return new OwnerNames()
	}
}
