// The directories of a pull. They get their attributes last, from the deepest up, since whatever is
// made in them changes their times, and a mode may forbid to make anything.

import {comparePaths, parentOf, type Path, ROOT} from '../base/path.ts'
import {type Entry, type RemoteSide, remoteSide} from '../format/entry.ts'
import type {Status} from '../format/record.ts'
import type {Arrival} from './arrival.ts'
import type {Notes} from './notes.ts'
import type {ReceiveOptions} from './receive.ts'

type Waiting = {readonly entry: Entry; readonly arrival: Arrival; readonly status: Status}

const PERMISSIONS = 0o777

export class Directories {
	readonly #options: ReceiveOptions
	readonly #notes: Notes
	/** Directories that arrived, and wait for their attributes. */
	readonly #arrived = new Map<Path, Waiting>()
	/** Directories that something is made in or removed from. */
	readonly #touched = new Set<Path>()
	/** What the index knew of the remote's, where it was noted that there are news. */
	readonly #marked = new Map<Path, RemoteSide | undefined>()
	/** Those of them that were missing. */
	readonly #made = new Set<Path>()
	/** Those that this run made: nothing is in them but what it put there, as far as it knows. */
	readonly #empty = new Set<Path>()

	constructor(options: ReceiveOptions, notes: Notes) {
		this.#options = options
		this.#notes = notes
	}

	/** Says that `path` is about to come or go, which changes the times of the directory that it lies in. */
	touch(path: Path): void {
		const directory = parentOf(path) || ROOT
		// the plan comes to the root behind some of what lies in it, and would take the mark for news
		if (directory === ROOT && path > ROOT) this.#mark(ROOT)
		if (this.#touched.has(directory)) return
		this.#touched.add(directory)
		if (directory === ROOT) return
		if (this.#options.disk.stat(directory) !== undefined) return this.#mark(directory)
		this.#made.add(directory)
		this.touch(directory)
	}

	/**
	 * Notes in the index, until the end of this run, that the remote has news of a directory: where the run is killed before it has given
	 * the directory its times back, the next pull does.
	 */
	#mark(path: Path): void {
		if (this.#marked.has(path)) return
		const {session} = this.#options
		const {local, remote, base, attrs} = session.get(path) ?? {}
		const isMarked = local !== undefined && remote !== undefined && remote.moved !== true
		this.#marked.set(path, isMarked ? remote : undefined)
		if (isMarked) session.put({path, local, remote: remoteSide(remote, true), base, attrs})
	}

	/** What cannot be given back now need not be tried each time. */
	#unmark(path: Path): void {
		const {session} = this.#options
		const {local, base, attrs} = session.get(path) ?? {}
		const remote = this.#marked.get(path)
		if (remote !== undefined) session.put({path, local, remote, base, attrs})
	}

	/** Makes a directory. */
	make(path: Path): void {
		this.touch(path)
		if (this.#options.disk.directory(path)) this.#empty.add(path)
	}

	/** Whether nothing can have this name, unless somebody else gave it meanwhile: its directory was made by this run. */
	isFree(path: Path): boolean {
		return this.#empty.has(parentOf(path))
	}

	/** Keeps the attributes of a directory for the end. */
	arrived(status: Status, entry: Entry, arrival: Arrival): void {
		this.#arrived.set(entry.path, {status, entry, arrival})
	}

	/** Gives directories their attributes: those that arrived, and back those that only had changes made in them. */
	finish(): void {
		const paths = [...new Set([...this.#arrived.keys(), ...this.#touched])]
		const deepestFirst = paths.filter((path) => path !== ROOT).toSorted((a, b) => comparePaths(b, a))
		for (const path of paths.includes(ROOT) ? [...deepestFirst, ROOT] : deepestFirst)
			try {
				this.#finish(path)
			} catch (error) {
				this.#unmark(path)
				this.#options.events.failed(path, error)
			}
	}

	#finish(path: Path): void {
		const {disk, session, umask} = this.#options
		const waiting = this.#arrived.get(path)
		if (waiting) {
			const {status, entry, arrival} = waiting
			this.#notes.warn(disk.apply(path, arrival.attributes))
			return this.#notes.same(status, entry, arrival, undefined)
		}
		if (!disk.stat(path)) return
		// a bucket of another tool has no objects for directories
		if (this.#made.has(path)) return this.#notes.warn(disk.apply(path, {mode: PERMISSIONS & ~umask}))
		const known = session.get(path)
		if (!known?.local) return
		this.#notes.warn(disk.apply(path, {mtime: known.local.mtime}))
		this.#notes.refresh(path, this.#marked.get(path))
	}
}
