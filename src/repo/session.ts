// The index while a command works on it: read once, changed in memory, each finished entry in the
// journal at once, and all of it written at the end.
//
// A command that dies leaves its journal, and the next one begins with what it says: it writes the
// index anew before all else, for lines behind one that was cut off would not be read.

import {
	closeSync,
	existsSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync,
} from 'node:fs'
import {errnoOf, fatal, reason, S3rError} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {IndexBuilder, localSides, mergeIndexes, withEntries} from '../format/index-builder.ts'
import {parseIndex, serializeIndex} from '../format/index-bytes.ts'
import type {IndexFile} from '../format/index-file.ts'
import {ENTRY} from '../format/index-layout.ts'
import {journalLine, parseJournal} from '../format/journal.ts'
import {acquireLock, type Lock} from '../local/lock.ts'
import {indexDirOf, join, type Place} from './find.ts'
import {type IndexRows, type OpenIndex, openStored} from './stored-index.ts'

/** Milliseconds that a command waits for another that works on the same index. */
const WAIT = 30_000
/** Bytes of journal that are not too many to read again; an index that is larger allows as many as it has. */
const JOURNAL = 64 * 2 ** 20

const EMPTY = new IndexBuilder().finish({scanned: 0n, device: 0n})

function read(path: Path): Buffer | undefined {
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
	const index = bytes === undefined ? first(place) : parseIndex(bytes)
	return journal === undefined ? index : withEntries(index, parseJournal(journal))
}

/** The index as readIndex has it, to be looked at: it stays on the disk where no journal belongs to it. */
export function openIndex(place: Place): OpenIndex<IndexRows> {
	const dir = indexDirOf(place)
	const stored = existsSync(forFs(join(dir, 'journal'))) ? undefined : openStored(join(dir, 'index'))
	return stored ?? {index: readIndex(place), close: () => {}}
}

const first = ({indexDir, ...main}: Place): IndexFile =>
	indexDir === undefined ? EMPTY : localSides(readIndex(main))

/** Writes an index beside the old one and renames it over it: it is there whole or not at all. */
function writeIndex(place: Place, index: IndexFile): void {
	const path = join(indexDirOf(place), 'index')
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

/** Takes the lock of an index; waits for another command that holds it. */
export function lockIndex(place: Place, signal: AbortSignal | undefined): Promise<Lock> {
	const dir = indexDirOf(place)
	if (place.indexDir !== undefined) mkdirSync(forFs(dir), {mode: 0o700, recursive: true})
	return acquireLock(join(dir, 'index.lock'), {wait: WAIT, signal})
}

/** The index cannot be kept: whatever is done now would not be known afterwards. */
export class Unrecorded extends S3rError {}

export type SessionOptions = {
	readonly signal?: AbortSignal | undefined
	/** Bytes of journal after which the index is written; by default 64 MiB, or the size of the index. */
	readonly journal?: number | undefined
}

export class IndexSession {
	readonly place: Place
	readonly #lock: Lock | undefined
	#index: IndexFile
	readonly #fresh = new Map<Path, Entry>()
	#dirty: boolean
	#journal: number | undefined
	#lines: string[] = []
	/** Bytes in the journal, and how many may be. */
	#journaled = 0
	readonly #limit: number
	#flushing: NodeJS.Immediate | undefined
	#broken: {readonly error: unknown} | undefined

	private constructor(place: Place, index: IndexFile, lock?: Lock, limit?: number) {
		this.place = place
		this.#index = index
		this.#lock = lock
		this.#limit = limit ?? Math.max(JOURNAL, index.count * ENTRY)
		this.#dirty = existsSync(forFs(this.#journalFile))
	}

	/** Takes the lock and reads the index; waits for another command that holds it. */
	static async open(place: Place, {signal, journal}: SessionOptions = {}): Promise<IndexSession> {
		const lock = await lockIndex(place, signal)
		try {
			const session = new IndexSession(place, readIndex(place), lock, journal)
			session.save()
			return session
		} catch (error) {
			lock.release()
			throw error
		}
	}

	/** A session that keeps its changes to itself: for -n. */
	static pretend(place: Place): IndexSession {
		return new IndexSession(place, readIndex(place))
	}

	get #journalFile(): Path {
		return join(indexDirOf(this.place), 'journal')
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
			this.#broken = {error: new Unrecorded(`cannot write the journal: ${reason(error)}`, {cause: error})}
		}
	}

	#flush(): void {
		if (this.#lines.length === 0) return
		const bytes = Buffer.from(this.#lines.join(''))
		this.#lines = []
		this.#journal ??= openSync(forFs(this.#journalFile), 'a', 0o600)
		for (let at = 0; at < bytes.length;) at += writeSync(this.#journal, bytes, at)
		this.#journaled += bytes.length
		// who has taken the index keeps it: a copy is written
		if (this.#journaled > this.#limit) this.#write(compacted(this.index))
	}

	/** Writes an index that has all that the journal has, which ends with that. */
	#write(index: IndexFile): void {
		writeIndex(this.place, index)
		if (this.#journal !== undefined) closeSync(this.#journal)
		this.#journal = undefined
		this.#journaled = 0
		rmSync(forFs(this.#journalFile), {force: true})
	}

	/** Writes the index if anything changed. What was finished is safe in the journal if this fails. */
	save(): void {
		if (!this.#dirty || !this.#lock) return
		this.#flush()
		// one that was only added to needs no copy, which takes as much memory again
		if (this.index.wasReplaced) this.#index = compacted(this.index)
		this.#write(this.index)
		this.#dirty = false
	}

	/** Saves and closes: the lock is given back whatever becomes of the saving. */
	end(): void {
		try {
			this.save()
		} finally {
			this.close()
		}
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
