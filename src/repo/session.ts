// The index while a command works on it: read once, changed in memory, each finished entry in the
// journal at once, and all of it written at the end. One with many rows stays on the disk, and what
// is changed of it goes to files without names.
//
// A command that dies leaves its journal, and the next one begins with what it says: it writes the
// index anew before all else, for nothing behind what was cut off would be read.

import {closeSync, existsSync, openSync, statSync} from 'node:fs'
import {reason, S3rError} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {type Building, IndexBuilder, mergeIndexes, withEntries} from '../format/index-builder.ts'
import {type Index, IndexFile} from '../format/index-file.ts'
import {ENTRY} from '../format/index-layout.ts'
import {journaled, parseJournal} from '../format/journal.ts'
import type {Lock} from '../local/lock.ts'
import {removeFile} from '../local/remove-file.ts'
import {writeFully} from '../local/write-fully.ts'
import {indexDirOf, join, type Place} from './find.ts'
import {Scratch} from './growing-file.ts'
import {GrowingIndex} from './growing-index.ts'
import {writeIndex} from './index-files.ts'
import {lockIndex} from './index-lock.ts'
import {read, readIndex} from './read-index.ts'
import {type OpenIndex, openStored} from './stored-index.ts'

/** Bytes of journal that are not too many to read again; an index that is larger allows as many as it has. */
const JOURNAL = 64 * 2 ** 20
/** Rows that are held in memory: 2.5 MiB and their names. */
const HELD = 1 << 15
/** Windows of an index on the disk: what goes through all rows has one, and what is under way lies in a few. */
const WINDOWS = 12

/** The index cannot be kept: whatever is done now would not be known afterwards. */
export class Unrecorded extends S3rError {}

export type SessionOptions = {
	readonly signal?: AbortSignal | undefined
	/** Bytes of journal after which the index is written; by default 64 MiB, or the size of the index. */
	readonly journal?: number | undefined
	/** Rows that are held in memory; an index that has more stays on the disk. */
	readonly held?: number | undefined
}

export class IndexSession {
	readonly place: Place
	/** Where the entries of an index that is made anew go to: into memory, until there are many. */
	readonly building: () => Building
	readonly #lock: Lock | undefined
	readonly #scratch: Scratch
	readonly #held: number
	readonly #opened: OpenIndex<Index>
	#index: Index
	readonly #fresh = new Map<Path, Entry>()
	#dirty: boolean
	#journal: number | undefined
	/** What is not in the journal yet. */
	#finished: Entry[] = []
	/** Bytes in the journal, and how many may be. */
	#journaled = 0
	readonly #limit: number | undefined
	#flushing: NodeJS.Immediate | undefined
	#broken: {readonly error: unknown} | undefined

	private constructor(place: Place, {journal, held = HELD}: SessionOptions, lock?: Lock) {
		this.place = place
		this.#lock = lock
		this.#held = held
		this.#limit = journal
		const scratch = new Scratch(indexDirOf(place))
		this.#scratch = scratch
		const open = () => ({words: scratch.file(), names: scratch.file(), extras: scratch.file()})
		this.building = () => new GrowingIndex({open, held, stored: {held: WINDOWS}})
		this.#dirty = existsSync(forFs(this.#journalFile))
		this.#opened = this.#read()
		this.#index = this.#opened.index
	}

	/** Takes the lock and reads the index; waits for another command that holds it. */
	static async open(place: Place, options: SessionOptions = {}): Promise<IndexSession> {
		const lock = await lockIndex(place, options.signal)
		try {
			const session = new IndexSession(place, options, lock)
			session.save()
			return session
		} catch (error) {
			lock.release()
			throw error
		}
	}

	/** A session that keeps its changes to itself: for -n. */
	static pretend(place: Place, options: SessionOptions = {}): IndexSession {
		return new IndexSession(place, options)
	}

	/** As readIndex, but one with many rows stays on the disk. */
	#read(): OpenIndex<Index> {
		const path = join(indexDirOf(this.place), 'index')
		const size = statSync(forFs(path), {throwIfNoEntry: false})?.size ?? 0
		if (size < this.#held * ENTRY) return {index: readIndex(this.place), close: () => {}}
		// the journal first: of a command that ends in between it is in the index by then
		const journal = read(this.#journalFile)
		const opened = openStored(path, {held: WINDOWS, scratch: this.#scratch})
		if (!opened) return this.#read()
		if (!journal) return opened
		const {index, close} = opened
		return {index: withEntries(index, parseJournal(journal), this.building), close}
	}

	get #journalFile(): Path {
		return join(indexDirOf(this.place), 'journal')
	}

	/** The index, with every change made so far. */
	get index(): Index {
		if (this.#fresh.size > 0) {
			this.#index = withEntries(this.#index, this.#fresh.values(), this.building)
			this.#fresh.clear()
		}
		return this.#index
	}

	/** Takes another index in place of this one: what a scan or a fetch made of it. */
	adopt(index: Index): void {
		const added = index.count - this.#index.count
		this.#index = index
		this.#fresh.clear()
		this.#dirty = true
		// what is in the index by then need not be looked for again, nor held, by who comes after a command that died
		if (added >= this.#held && this.#lock) this.#write(index)
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
		this.#finished.push(entry)
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
		if (this.#finished.length === 0) return
		const bytes = journaled(this.#finished)
		this.#finished = []
		this.#journal ??= openSync(forFs(this.#journalFile), 'a', 0o600)
		writeFully(this.#journal, bytes)
		this.#journaled += bytes.length
		const {index} = this
		const limit = this.#limit ?? Math.max(JOURNAL, index.count * ENTRY)
		// who has taken the index keeps it: a copy is written
		if (this.#journaled > limit) this.#write(compacted(index))
	}

	/** Writes an index that has all that the journal has, which ends with that. */
	#write(index: Index): void {
		writeIndex(this.place, index)
		if (this.#journal !== undefined) closeSync(this.#journal)
		this.#journal = undefined
		this.#journaled = 0
		removeFile(this.#journalFile)
	}

	/** Writes the index if anything changed. What was finished is safe in the journal if this fails. */
	save(): void {
		if (!this.#dirty || !this.#lock) return
		this.#flush()
		// one that was only added to needs no copy
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
			this.#opened.close()
			this.#scratch.close()
			this.#lock?.release()
		}
	}
}

/** The index without the entries that say nothing and without what replaced ones left in its heaps. One on the disk is written so. */
const compacted = (index: Index): Index =>
	index instanceof IndexFile ? mergeIndexes(index, new IndexBuilder().finish(index)) : index
