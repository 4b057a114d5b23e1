// The deletions of a pull: what the remote has no more goes last, the deepest first, and only what nobody has changed here.

import {errnoOf, fatal} from '../base/errors.ts'
import {comparePaths, isDirectory, type Path} from '../base/path.ts'
import {isFinal} from './final.ts'
import {localRecord} from '../format/sides.ts'
import type {Receiver} from './receive.ts'

export class Deletions {
	readonly #receiver: Receiver
	readonly #paths = new Set<Path>()

	constructor(receiver: Receiver) {
		this.#receiver = receiver
	}

	/** Keeps a path for later. */
	add(path: Path): void {
		this.#paths.add(path)
	}

	/** What is to be deleted. */
	get paths(): readonly Path[] {
		return [...this.#paths]
	}

	/** Keeps a file whose object is there after all: a listing may lack what is written meanwhile. */
	async confirm(path: Path): Promise<void> {
		const {store, session, events, signal} = this.#receiver.options
		// one that is known to be there is hidden
		if (session.get(path)?.remote) return
		try {
			if (!(await store.head(this.#receiver.key({path})))) return
			throw fatal('the remote has it, though it was not listed', "the next 's3r pull' looks again")
		} catch (error) {
			if (isFinal(error, signal)) throw error
			this.#paths.delete(path)
			events.failed(path, error)
		}
	}

	/** Deletes what is to be deleted, the deepest first. */
	deleteAll(): void {
		for (const path of this.paths.toSorted((a, b) => comparePaths(b, a))) {
			try {
				this.#delete(path)
			} catch (error) {
				this.#receiver.options.events.failed(path, error)
			}
		}
	}

	#delete(path: Path): void {
		const {notes, directories, options} = this.#receiver
		const {disk, session, events, backup, force} = options
		const entry = session.get(path)
		// a file that made way for a directory is gone already
		if (!entry?.local) return
		if (!isDirectory(path) && !force && !notes.isAsIndexed(entry)) return notes.tell('C', entry)
		directories.touch(path)
		try {
			if (backup !== undefined && !isDirectory(path)) this.#receiver.clearing.keepBackup(path)
			else if (disk.stat(path)) disk.remove(path)
		} catch (error) {
			// rsync leaves a directory that something excluded or new lies in, and says so
			if (errnoOf(error) === 'ENOTEMPTY')
				return events.warn('not empty', `cannot delete non-empty directory: ${path}`)
			throw error
		}
		notes.gone(entry)
		events.done({line: {status: 'D', record: localRecord(entry)}, entry})
	}
}
