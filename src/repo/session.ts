// The index while a command works on it: read once, changed in memory, each finished entry in the
// journal at once, and all of it written at the end.
//
// A command that dies leaves its journal, and the next one begins with what it says.

import {closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {IndexBuilder, mergeIndexes, withEntries} from '../format/index-builder.ts'
import {type IndexFile, parseIndex, serializeIndex} from '../format/index-file.ts'
import {journalLine, parseJournal} from '../format/journal.ts'
import {acquireLock, type Lock} from '../local/lock.ts'
import {join, type Place} from './find.ts'

/** Milliseconds that a command waits for another that works on the same index. */
const WAIT = 30_000

const EMPTY = new IndexBuilder().finish({scanned: 0n, device: 0n})

function read(path: Path): Buffer | undefined {
	try {
		return readFileSync(forFs(path))
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw fatal(`cannot read '${path}': ${reason(error)}`, undefined, error)
	}
}

/** The index as it is on disk, with the journal of a command that died or still runs. */
export function readIndex({dir}: Place): IndexFile {
	const bytes = read(join(dir, 'index'))
	const index = bytes === undefined ? EMPTY : parseIndex(bytes)
	const journal = read(join(dir, 'journal'))
	return journal === undefined ? index : withEntries(index, parseJournal(journal.toString('utf8')))
}

/** Writes an index beside the old one and renames it over it: it is there whole or not at all. */
function writeIndex({dir}: Place, index: IndexFile): void {
	const path = join(dir, 'index')
	const temporary = `${path}.new`
	try {
		const fd = openSync(forFs(temporary), 'w', 0o600)
		try {
			for (const piece of serializeIndex(index))
				for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at)
			fsyncSync(fd)
		} finally {
			closeSync(fd)
		}
		renameSync(forFs(temporary), forFs(path))
	} catch (error) {
		rmSync(forFs(temporary), {force: true})
		throw fatal(`cannot write '${path}': ${reason(error)}`, undefined, error)
	}
}

export class IndexSession {
	readonly place: Place
	readonly #lock: Lock | undefined
	#index: IndexFile
	readonly #fresh = new Map<Path, Entry>()
	#dirty: boolean
	#journal: number | undefined
	#lines: string[] = []
	#flushing: NodeJS.Immediate | undefined
	#broken: {readonly error: unknown} | undefined
	/** Entries that were replaced or dropped: what they left behind in the heaps. */
	#stale = 0

	private constructor(place: Place, index: IndexFile, lock: Lock | undefined) {
		this.place = place
		this.#index = index
		this.#lock = lock
		this.#dirty = read(join(place.dir, 'journal')) !== undefined
	}

	/** Takes the lock and reads the index; waits for another command that holds it. */
	static async open(place: Place, options: {signal?: AbortSignal | undefined} = {}): Promise<IndexSession> {
		const lock = await acquireLock(join(place.dir, 'index.lock'), {wait: WAIT, ...options})
		try {
			return new IndexSession(place, readIndex(place), lock)
		} catch (error) {
			lock.release()
			throw error
		}
	}

	/** A session that keeps its changes to itself: for -n. */
	static pretend(place: Place): IndexSession {
		return new IndexSession(place, readIndex(place), undefined)
	}

	/** The index, with every change made so far. */
	get index(): IndexFile {
		if (this.#fresh.size > 0) {
			this.#index = withEntries(this.#index, this.#fresh.values())
			this.#fresh.clear()
		}
		return this.#index
	}

	/** Takes another index in place of this one: what a scan or a fetch made of it. */
	adopt(index: IndexFile): void {
		this.#index = index
		this.#fresh.clear()
		this.#stale++
		this.#dirty = true
	}

	get(path: Path): Entry | undefined {
		const fresh = this.#fresh.get(path)
		if (fresh) return fresh
		const row = this.#index.find(path)
		return row < 0 ? undefined : this.#index.entry(row)
	}

	/** Replaces or adds an entry; from then on a killed command keeps it. */
	put(entry: Entry): void {
		if (this.#broken) throw this.#broken.error
		this.#dirty = true
		this.#stale++
		const row = this.#index.find(entry.path)
		if (row >= 0) this.#index.replace(row, entry)
		else this.#fresh.set(entry.path, entry)
		if (!this.#lock) return
		this.#lines.push(journalLine(entry))
		this.#flushing ??= setImmediate(() => this.#flushLater())
	}

	/** Drops all that is known of a path. */
	forget(path: Path): void {
		this.put({path})
	}

	#flushLater(): void {
		this.#flushing = undefined
		try {
			this.#flush()
		} catch (error) {
			this.#broken = {error: fatal(`cannot write the journal: ${reason(error)}`, undefined, error)}
		}
	}

	#flush(): void {
		if (this.#lines.length === 0) return
		const bytes = Buffer.from(this.#lines.join(''))
		this.#lines = []
		this.#journal ??= openSync(forFs(join(this.place.dir, 'journal')), 'a', 0o600)
		for (let at = 0; at < bytes.length;) at += writeSync(this.#journal, bytes, at)
	}

	/** Writes the index if anything changed. What was finished is safe in the journal if this fails. */
	save(): void {
		if (!this.#dirty || !this.#lock) return
		this.#flush()
		if (this.#stale > 0) this.#index = compacted(this.index)
		this.#stale = 0
		writeIndex(this.place, this.index)
		if (this.#journal !== undefined) closeSync(this.#journal)
		this.#journal = undefined
		rmSync(forFs(join(this.place.dir, 'journal')), {force: true})
		this.#dirty = false
	}

	/** Gives the lock back; what was not saved is in the journal. */
	close(): void {
		clearImmediate(this.#flushing)
		try {
			if (this.#lock) this.#flush()
		} finally {
			if (this.#journal !== undefined) closeSync(this.#journal)
			this.#journal = undefined
			this.#lock?.release()
		}
	}
}

/** The index without the entries that say nothing and without what replaced ones left in its heaps. */
const compacted = (index: IndexFile): IndexFile => mergeIndexes(index, new IndexBuilder().finish(index))
