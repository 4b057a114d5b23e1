// A thread that helps a walk through directories of many files: it asks statx(2) for those that come next. It knows nothing of
// the walk, lists no directory and says nothing: a file that it did not find is asked for again by who walks.

import {availableParallelism} from 'node:os'
import {Worker} from 'node:worker_threads'
import type {StatxWords} from '../format/statx.ts'
import {Names} from './names.ts'
import {StatWindow} from './stat-window.ts'

/** Files in a row that are worth waking a thread, which takes as long as ten of them. */
const LEAST = 128

/** Names of a directory that are asked for one after the other. */
type Run = {
	readonly names: Names
	readonly first: number
	readonly end: number
	readonly isShared: boolean
}

const NOTHING: Run = {names: new Names(), first: 0, end: 0, isShared: false}

export class StatThread {
	readonly #window = new StatWindow()
	readonly #worker: Worker
	#run = NOTHING
	/** The name of the run that is to be asked for next. */
	#next = 0

	/** Whether a directory has so many names that a thread helps. */
	static pays(names: Names): boolean {
		return names.count >= LEAST
	}

	/** A thread where there is a core for it. */
	static start(): StatThread | undefined {
		return availableParallelism() > 1 ? new StatThread() : undefined
	}

	private constructor() {
		// the flags that node itself was given may name another program (-e)
		const options = {workerData: this.#window.memory, execArgv: []}
		this.#worker = new Worker(new URL('./stat-worker.js', import.meta.url), options)
		// why it ends is nothing to whoever looks instead
		this.#worker.on('error', () => {})
		this.#worker.unref()
	}

	/**
	 * Finds what the thread knows of name `i` in an open directory, whose names are asked for in their order; false where that
	 * is nothing.
	 */
	find(directory: number, names: Names, i: number, stat: StatxWords): boolean {
		if (names !== this.#run.names || i !== this.#next || i === this.#run.end) this.#begin(directory, names, i)
		this.#next = i + 1
		return this.#run.isShared && this.#window.find(i - this.#run.first, stat)
	}

	#begin(directory: number, names: Names, first: number): void {
		const rest = names.count - first
		const count = rest < LEAST || this.#window.isLost ? 0 : this.#window.take(names, first)
		const isShared = count >= LEAST
		if (isShared) this.#window.open(directory, count)
		this.#run = {names, first, end: rest < LEAST ? names.count : first + Math.max(count, 1), isShared}
	}

	/** Ends the thread. No directory is used by it any more. */
	close(): void {
		this.#window.end()
	}
}
