// A walk that goes ahead of who asks for the files, so that a thread can look at those that come next. The thread knows nothing of
// the walk, lists no directory and says nothing: a file that it did not find is asked for again when its turn comes, and what could
// not be read is told of then, so that order and messages are those of a walk by itself.

import {closeSync} from 'node:fs'
import {Worker} from 'node:worker_threads'
import {hasCoreBeside} from '../base/cores.ts'
import type {Path} from '../base/path.ts'
import {BLOCKS, looking, type Looks, NAMES, StatRing} from './stat-ring.ts'
import type {Level, Tree} from './tree.ts'
import {Entry} from './walk-entry.ts'

const SLASH = 0x2f
/** Directories that are kept open for the thread at most, besides those that the walk is in. */
const MOST_OPEN = 32

type Unsaid = {readonly before: number; readonly path: Path; readonly error: unknown}

export class Ahead {
	readonly #ring = new StatRing()
	readonly #tree: Tree
	readonly #looks: Looks
	/** The directory of each name in the ring. */
	readonly #levels: Pick<Level, 'path' | 'place'>[] = []
	/** The directories that nobody needs any more behind each block. */
	readonly #left: number[][] = Array.from({length: BLOCKS}, () => [])
	/** How many these are. */
	#open = 0
	/** Errors that were come to ahead. */
	readonly #unsaid: Unsaid[] = []
	readonly #onError: Tree['onError']
	/** Names that were added, and that were asked for. */
	#added = 0
	#asked = 0
	/** The block that comes next, and of the present one the places of the next name and of the end. */
	#block = 0
	#at = 0
	#end = 0

	/** Whether there is a core for a thread, and what it needs. */
	static get pays(): boolean {
		return hasCoreBeside() && looking() !== undefined
	}

	constructor(tree: Tree) {
		this.#tree = tree
		this.#looks = looking() as Looks
		this.#onError = tree.onError
		tree.lookup.retired = []
		// the flags that node itself was given may name another program (-e)
		const options = {workerData: this.#ring.memory, execArgv: []}
		const worker = new Worker(new URL('./stat-worker.js', import.meta.url), options)
		// why it ends is nothing to whoever looks instead
		worker.on('error', () => {})
		worker.unref()
	}

	/** The next file, until there is none. */
	next(): Entry | undefined {
		const {lookup} = this.#tree
		for (;;) {
			if (this.#at === this.#end && !this.#turn()) return undefined
			if (this.#unsaid.length > 0) this.#say(this.#asked)
			this.#asked++
			const i = this.#at++
			const level = this.#levels[i] as Level
			const start = this.#ring.start(i)
			if (this.#ring.find(i, lookup.stat.words) || this.#tree.lookAt(level, this.#ring.names, start))
				return new Entry(level.path, this.#ring.names, start, lookup.stat)
		}
	}

	/** Goes to the next block; false if there is none. */
	#turn(): boolean {
		this.#close(this.#block + BLOCKS - 1)
		if (this.#ring.filled - this.#block < BLOCKS / 2) this.#fill()
		if (this.#ring.filled === this.#block) {
			this.#say(this.#added)
			return false
		}
		this.#at = (this.#block % BLOCKS) * NAMES
		this.#end = this.#at + this.#ring.settle(this.#block, this.#looks)
		this.#block++
		return true
	}

	/** Fills the ring, but for the block that is being added to. */
	#fill(): void {
		const [tree, ring] = [this.#tree, this.#ring]
		tree.onError = (path, error) => this.#unsaid.push({before: this.#added, path, error})
		while (
			ring.filled - this.#block < BLOCKS - 1 &&
			(this.#open < MOST_OPEN || ring.filled === this.#block) &&
			tree.advance()
		) {
			this.#retire()
			this.#add()
		}
		tree.onError = this.#onError
		ring.fill()
	}

	/** Adds the name that the tree has come to. Directories are looked at here, before they are gone into. */
	#add(): void {
		const {level, start, lookup} = this.#tree
		const {bytes} = level.names
		let length = 0
		while (bytes[start + length] !== 0) length++
		const isDirectory = bytes[start + length - 1] === SLASH
		if (isDirectory && !this.#tree.look()) return
		const of = isDirectory ? lookup.stat.words : lookup.descriptorOf(level.place)
		this.#levels[this.#ring.add(bytes, start, length, of)] = level
		this.#added++
		if (isDirectory) this.#tree.enter()
	}

	/** Keeps directories that the tree has left open until their last names were asked for. */
	#retire(): void {
		const retired = this.#tree.lookup.retired as number[]
		if (retired.length === 0) return
		this.#open += retired.length
		this.#left[this.#ring.filled % BLOCKS]?.push(...retired.splice(0))
	}

	#close(block: number): void {
		for (const fd of this.#left[block % BLOCKS]?.splice(0) ?? []) {
			closeSync(fd)
			this.#open--
		}
	}

	/** Tells of the errors that come before a name. */
	#say(name: number): void {
		while (this.#unsaid[0] !== undefined && this.#unsaid[0].before <= name) {
			const {path, error} = this.#unsaid.shift() as Unsaid
			this.#onError(path, error)
		}
	}

	/** Ends the thread. No directory is used by it any more. */
	close(): void {
		this.#ring.end()
		this.#retire()
		this.#tree.lookup.retired = undefined
		for (let block = 0; block < BLOCKS; block++) this.#close(block)
	}
}
