// The rows of an index that lies in files, read in windows and, where rows were replaced, written back.
//
// The words of a window refer to its own names, directories and extras; in the file, to those of all rows.

import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {type Bare, IndexFile, type Window} from '../format/index-file.ts'
import {ENTRY, F, W, WORDS} from '../format/index-layout.ts'
import {Heaps} from '../format/index-write.ts'
import {writeFully} from '../local/write-fully.ts'
import {type GrowingFile, readFully, type Scratch, type Stretch} from './growing-file.ts'
import {
	newSlot,
	readExtras,
	readNames,
	ROWS,
	type Run,
	type Slot,
	type StoredSections,
} from './window-parts.ts'

/** Files of which the words and the extras may be written over. */
export type Writable = {readonly words: GrowingFile; readonly extras: GrowingFile}

export type WindowsOptions = {
	/** How many are held at once; by default one that goes through all rows, and one for what is looked up meanwhile. */
	readonly held?: number | undefined
	/** Where replaced rows go to if the files themselves are to stay as they are. */
	readonly scratch?: Scratch | undefined
	readonly writable?: Writable | undefined
}

/** What the words of a window refer to, as the file has it. */
type Origin = {
	/** Where its names begin. */
	readonly names: number
	/** The numbers of its directories. */
	readonly directories: readonly number[]
	/** Its extras, and how many bytes they have; what was replaced since has its extras behind these. */
	readonly runs: readonly Run[]
	readonly extras: number
	/** Words of owners that it began with. */
	readonly owners: number
}

/** What is read of names and extras where only words are. */
const NOTHING = Buffer.alloc(0)

type Held = {readonly window: Window; readonly slot: Slot; readonly origin: Origin; isChanged: boolean}

export class Windows {
	/** Whether any row is not what it was in the beginning. */
	wasReplaced = false
	readonly #sections: Omit<StoredSections, 'words' | 'names' | 'extras'>
	/** Where the rest lies by now. */
	#words: Stretch
	#names: Stretch
	#extras: Stretch
	readonly #options: WindowsOptions
	#writable: Writable | undefined
	readonly #owners: Heaps
	/** What was asked for last comes first. */
	readonly #held: Held[] = []
	/** The first of these, its first row and the one behind its last. */
	#here: Window | undefined
	#from = 0
	#end = 0
	/** Memory for the words of one that is not held. */
	#bare: Uint32Array | undefined
	/** The first path of each window, where it is known. */
	readonly #firsts: (Path | undefined)[]
	/** For each window whether both sides of all its rows are the same, where that is known. */
	readonly #inSync: (boolean | undefined)[] = []

	constructor(sections: StoredSections, options: WindowsOptions = {}) {
		this.#sections = sections
		this.#words = sections.words
		this.#names = sections.names
		this.#extras = sections.extras
		this.#options = options
		this.#writable = options.writable
		this.#owners = new Heaps(sections.owners)
		this.#firsts = Array.from({length: Math.ceil(sections.count / ROWS)})
	}

	get count(): number {
		return this.#sections.count
	}

	/** Where the rows lie that were not replaced. */
	get sections(): StoredSections {
		return {...this.#sections, words: this.#words, names: this.#names, extras: this.#extras}
	}

	/** How many windows there are. */
	get length(): number {
		return this.#firsts.length
	}

	/** The files are closed: their descriptors may be other ones' by now, and are not read any more. */
	leave(): void {
		const left = {fd: -1, start: 0, length: 0}
		this.#words = left
		this.#names = left
		this.#extras = left
	}

	/** The window that a row lies in; valid until the next call of any method here. */
	of(row: number): Window {
		if (this.#here && row >= this.#from && row < this.#end) return this.#here
		return this.#hold(row).window
	}

	/** The window that a row lies in, of which only the words are read; valid until the next call of any method here. */
	bare(row: number): Bare {
		const number = Math.floor(row / ROWS)
		const held = this.#held.find(({window}) => window.first === number * ROWS)
		return held?.window ?? {first: number * ROWS, index: this.#bareIndex(number)}
	}

	#bareIndex(number: number): IndexFile {
		const words = this.#readWords(number, (this.#bare ??= new Uint32Array(ROWS * WORDS)))
		const count = words.length / WORDS
		return new IndexFile({...this.#sections, count, words, names: NOTHING, extras: NOTHING})
	}

	#readWords(number: number, into: Uint32Array): Uint32Array {
		const first = number * ROWS
		const words = into.subarray(0, Math.min(ROWS, this.count - first) * WORDS)
		readFully(this.#words.fd, bytesOf(words), this.#words.start + first * ENTRY)
		return words
	}

	/** The first path of a window. */
	first(number: number): Path {
		const known = this.#firsts[number]
		if (known !== undefined) return known
		const {window} = this.#hold(number * ROWS)
		return window.index.path(0)
	}

	/** Whether both sides of all rows of a window are the same; after one was replaced that is found when it is read again. */
	isInSync(number: number): boolean {
		return (this.#inSync[number] ??= isInSync(this.bare(number * ROWS)))
	}

	/** Replaces a row; the path is not looked at. */
	replace(row: number, entry: Entry): void {
		const held = this.#hold(row)
		this.#inSync[Math.floor(row / ROWS)] = false
		held.isChanged = true
		this.wasReplaced = true
		held.window.index.replace(row - held.window.first, entry)
	}

	#hold(row: number): Held {
		const last = this.#held[0]
		if (last && row >= this.#from && row < this.#end) return last
		const number = Math.floor(row / ROWS)
		const at = this.#held.findIndex(({window}) => window.first === number * ROWS)
		const held = at < 0 ? this.#read(number) : (this.#held.splice(at, 1)[0] as Held)
		this.#held.unshift(held)
		this.#here = held.window
		this.#from = held.window.first
		this.#end = this.#from + held.window.index.count
		return held
	}

	/** Memory for a window: that of the one that was not asked for for the longest, if there are as many as may be. */
	#slot(): Slot {
		const {held = 2} = this.#options
		if (this.#held.length < held) return newSlot()
		const last = this.#held.pop()
		if (last?.isChanged) this.#write(last)
		return last?.slot ?? newSlot()
	}

	#read(number: number): Held {
		const slot = this.#slot()
		const {directories} = this.#sections
		const first = number * ROWS
		const words = this.#readWords(number, slot.words)
		const count = words.length / WORDS
		const extras = readExtras(this.#extras, words, slot)
		const names = readNames(this.#names, directories, words, slot)
		const {owners} = this.#owners
		const index = new IndexFile({
			...this.#sections,
			count,
			words,
			directories: names.places,
			owners,
			names: names.bytes,
			extras: extras.bytes,
		})
		this.#firsts[number] ??= index.path(0)
		const window = {first, index}
		this.#inSync[number] = isInSync(window)
		const origin = {
			names: names.start,
			directories: names.directories,
			runs: extras.runs,
			extras: extras.bytes.length,
			owners: owners.length,
		}
		return {window, slot, origin, isChanged: false}
	}

	/** Writes a window back. */
	#write({window: {first, index}, slot, origin}: Held): void {
		const {words: file, extras} = (this.#writable ??= this.#copied())
		const {owners, extras: kept} = index
		const behind = extras.length - origin.extras
		extras.append(kept.subarray(origin.extras))
		const placeOf = (extra: number): number => {
			const run = origin.runs.find(({at, length}) => extra > at && extra <= at + length)
			return run ? extra - run.at + run.start : extra + behind
		}
		const words = slot.words.subarray(0, index.count * WORDS)
		for (let at = 0; at < words.length; at += WORDS) {
			const extra = words[at + W.extra] as number
			const owner = (words[at + W.owner] as number) * 2
			words[at + W.directory] = origin.directories[words[at + W.directory] as number] as number
			words[at + W.name] = (words[at + W.name] as number) + origin.names
			if (extra) words[at + W.extra] = placeOf(extra)
			// what another window has added since has this number, too
			if (((words[at + W.lengthFlags] as number) >>> 16) & F.local && owner >= origin.owners)
				words[at + W.owner] = this.#owners.owner(owners[owner] ?? 0, owners[owner + 1] ?? 0)
		}
		writeFully(file.fd, bytesOf(words), first * ENTRY)
		this.#extras = wholeOf(extras)
	}

	/** Files with what those have that are to stay as they are. */
	#copied(): Writable {
		const {scratch} = this.#options
		if (!scratch) throw new Error('these rows are not to be replaced')
		const [words, extras] = [scratch.file(), scratch.file()]
		words.copy(this.#words)
		extras.copy(this.#extras)
		this.#words = wholeOf(words)
		return {words, extras}
	}
}

const isInSync = ({index}: Bare): boolean => index.outOfSync(0) === index.count

const wholeOf = ({fd, length}: GrowingFile): Stretch => ({fd, start: 0, length})

const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength)
