// The rows of an index that lies in files, read in windows and, where rows were replaced, written back.
//
// The words of a window refer to its own names, directories and extras; in the file, to those of all rows.

import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {extraLength} from '../format/index-extra.ts'
import {IndexFile, type Sections, type Window} from '../format/index-file.ts'
import {ENTRY, F, W, WORDS} from '../format/index-layout.ts'
import {Heaps} from '../format/index-write.ts'
import {GrowingFile, readFully, type Scratch, type Stretch, writeFully} from './growing-file.ts'

/** The sections of an index, of which the long ones lie in files. */
export type StoredSections = Omit<Sections, 'words' | 'names' | 'extras'> & {
	readonly words: Stretch
	readonly names: Stretch
	readonly extras: Stretch
}

/** Files of which the words and the extras may be written over. */
export type Writable = {readonly words: GrowingFile; readonly extras: GrowingFile}

export type WindowsOptions = {
	/** How many are held at once; by default one that goes through all rows, and one for what is looked up meanwhile. */
	readonly held?: number | undefined
	/** Where replaced rows go to if the files themselves are to stay as they are. */
	readonly scratch?: Scratch | undefined
	readonly writable?: Writable | undefined
}

/** Rows of a window. */
export const ROWS = 512
/** Bytes behind the beginning of the last extra of a window that are read with it; few have more. */
const EXTRA = 256
/** Bytes between extras that are read with them. */
const GAP = 4096
/** Bytes before the names of a window in which those of its directories most often lie. */
const NEAR = 4096

/** Memory that windows take turns with. */
type Slot = {readonly words: Uint32Array; names: Buffer; extras: Buffer}

const newSlot = (): Slot => ({
	words: new Uint32Array(ROWS * WORDS),
	names: Buffer.alloc(0),
	extras: Buffer.alloc(0),
})

/** Bytes of a section. */
type Span = {readonly start: number; readonly length: number}

/** Extras that lie together in the file from `start` on, and in a window from `at` on. */
type Run = Span & {readonly at: number}

/** The names of a window. */
type Names = {
	readonly bytes: Buffer
	/** Where those of its rows begin in the file. */
	readonly start: number
	/** Where those of its directories lie in `bytes`: pairs of offset and length. */
	readonly places: Uint32Array
	/** The numbers that these have in the file. */
	readonly directories: readonly number[]
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

type Held = {readonly window: Window; readonly slot: Slot; readonly origin: Origin; isChanged: boolean}

export class Windows {
	#sections: StoredSections
	readonly #options: WindowsOptions
	#writable: Writable | undefined
	readonly #owners: Heaps
	/** What was asked for last comes first. */
	readonly #held: Held[] = []
	/** The first of these, its first row and the one behind its last. */
	#here: Window | undefined
	#from = 0
	#end = 0
	/** The first path of each window, where it is known. */
	readonly #firsts: (Path | undefined)[]

	constructor(sections: StoredSections, options: WindowsOptions = {}) {
		this.#sections = sections
		this.#options = options
		this.#writable = options.writable
		this.#owners = new Heaps(sections.owners)
		this.#firsts = Array.from({length: Math.ceil(sections.count / ROWS)})
	}

	get count(): number {
		return this.#sections.count
	}

	/** How many windows there are. */
	get length(): number {
		return this.#firsts.length
	}

	/** The files are closed: their descriptors may be other ones' by now, and are not read any more. */
	leave(): void {
		const left = {fd: -1, start: 0, length: 0}
		this.#sections = {...this.#sections, words: left, names: left, extras: left}
	}

	/** The window that a row lies in; valid until the next call of any method here. */
	of(row: number): Window {
		if (this.#here && row >= this.#from && row < this.#end) return this.#here
		return this.#hold(row).window
	}

	/** The first path of a window. */
	first(number: number): Path {
		const known = this.#firsts[number]
		if (known !== undefined) return known
		const {window} = this.#hold(number * ROWS)
		return window.index.path(0)
	}

	/** Replaces a row; the path is not looked at. */
	replace(row: number, entry: Entry): void {
		const held = this.#hold(row)
		held.isChanged = true
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
		const {count: all, scanned, device, words: at} = this.#sections
		const first = number * ROWS
		const count = Math.min(ROWS, all - first)
		const words = slot.words.subarray(0, count * WORDS)
		readFully(at.fd, bytesOf(words), at.start + first * ENTRY)
		const extras = this.#readExtras(words, slot)
		const names = this.#readNames(words, slot)
		const {owners} = this.#owners
		const index = new IndexFile({
			count,
			scanned,
			device,
			words,
			directories: names.places,
			owners,
			names: names.bytes,
			extras: extras.bytes,
		})
		this.#firsts[number] ??= index.path(0)
		const origin = {
			names: names.start,
			directories: names.directories,
			runs: extras.runs,
			extras: extras.bytes.length,
			owners: owners.length,
		}
		return {window: {first, index}, slot, origin, isChanged: false}
	}

	/** The names of rows and of their directories; the words are made to refer to these. */
	#readNames(words: Uint32Array, slot: Slot): Names {
		const {names, directories: all} = this.#sections
		const directories = numberDirectories(words)
		const rows = namesOf(words, names.length)
		const spans = directories.map((directory): Span => {
			const start = Math.min(all[directory * 2] ?? 0, names.length)
			return {start, length: Math.min(all[directory * 2 + 1] ?? 0, names.length - start)}
		})
		const start = spans.reduce(
			(least, span) => (span.start >= rows.start - NEAR ? Math.min(least, span.start) : least),
			rows.start,
		)
		const near = rows.start + rows.length - start
		const isNear = (span: Span) => span.start >= start && span.start + span.length <= start + near
		const total = spans.reduce((sum, span) => (isNear(span) ? sum : sum + span.length), near)
		if (slot.names.length < total) slot.names = Buffer.allocUnsafeSlow(total * 2)
		readFully(names.fd, slot.names.subarray(0, near), names.start + start)
		for (let at = W.name; at < words.length; at += WORDS) words[at] = (words[at] as number) - start
		let length = near
		const places = Uint32Array.from(
			spans.flatMap((span) => {
				if (isNear(span)) return [span.start - start, span.length]
				const at = length
				length += span.length
				readFully(names.fd, slot.names.subarray(at, length), names.start + span.start)
				return [at, span.length]
			}),
		)
		return {bytes: slot.names.subarray(0, length), start, places, directories}
	}

	/** The extras of rows; the words are made to refer to these. */
	#readExtras(words: Uint32Array, slot: Slot): {readonly bytes: Buffer; readonly runs: readonly Run[]} {
		let length = 0
		const runs = runsOf(words).map(({start, length: least}) => {
			const run = {start, at: length, length: this.#readRun(start, least, slot, length)}
			length += run.length
			return run
		})
		if (runs.length > 0)
			for (let at = W.extra; at < words.length; at += WORDS) {
				const place = words[at] as number
				const run = runs.find(({start, length: bytes}) => place > start && place <= start + bytes)
				if (run) words[at] = place - run.start + run.at
			}
		return {bytes: slot.extras.subarray(0, length), runs}
	}

	/** Reads extras from `start` on, the last of which begins `least` bytes behind that, to `at`; returns how many bytes it read. */
	#readRun(start: number, least: number, slot: Slot, at: number): number {
		const {extras} = this.#sections
		const most = Math.max(0, extras.length - start)
		for (let more = EXTRA; ; more *= 4) {
			const length = Math.min(least + more, most)
			slot.extras = withRoom(slot.extras, at, length)
			const bytes = slot.extras.subarray(at, at + length)
			readFully(extras.fd, bytes, extras.start + start)
			if (length === most || least + extraLength(bytes, least + 1) <= length) return length
		}
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
		this.#sections = {...this.#sections, extras: {fd: extras.fd, start: 0, length: extras.length}}
	}

	/** Files with what those have that are to stay as they are. */
	#copied(): Writable {
		const {scratch} = this.#options
		if (!scratch) throw new Error('these rows are not to be replaced')
		const [words, extras] = [scratch.file(), scratch.file()]
		words.copy(this.#sections.words)
		extras.copy(this.#sections.extras)
		this.#sections = {...this.#sections, words: {fd: words.fd, start: 0, length: words.length}}
		return {words, extras}
	}
}

/** Numbers the directories of a window from 0 on, and returns the numbers that they had. */
function numberDirectories(words: Uint32Array): number[] {
	const numbers = new Map<number, number>()
	let [last, number] = [-1, 0]
	for (let at = W.directory; at < words.length; at += WORDS) {
		const directory = words[at] as number
		// most often it is that of the row before
		if (directory !== last) {
			last = directory
			number = numbers.get(directory) ?? numbers.size
			numbers.set(directory, number)
		}
		words[at] = number
	}
	return [...numbers.keys()]
}

/** Where the names of rows lie, of which there are `most` bytes. */
function namesOf(words: Uint32Array, most: number): Span {
	let [low, high] = [most, 0]
	for (let at = 0; at < words.length; at += WORDS) {
		const name = words[at + W.name] as number
		const end = name + ((words[at + W.lengthFlags] as number) & 0xffff)
		if (name < low) low = name
		if (end > high) high = end
	}
	return {start: low, length: Math.max(0, Math.min(high, most) - low)}
}

/** Where the extras of rows lie: the last of a run begins `length` bytes behind its start. */
function runsOf(words: Uint32Array): Span[] {
	const places: number[] = []
	for (let at = W.extra; at < words.length; at += WORDS) if (words[at] !== 0) places.push(words[at] as number)
	const runs: {start: number; length: number}[] = []
	for (const place of places.toSorted((a, b) => a - b)) {
		const last = runs.at(-1)
		if (last && place - 1 - last.start <= last.length + GAP) last.length = place - 1 - last.start
		else runs.push({start: place - 1, length: 0})
	}
	return runs
}

/** A buffer with what `bytes` has before `at`, and room for `length` more. */
function withRoom(bytes: Buffer, at: number, length: number): Buffer {
	if (bytes.length >= at + length) return bytes
	const grown: Buffer = Buffer.allocUnsafeSlow((at + length) * 2)
	bytes.copy(grown, 0, 0, at)
	return grown
}

const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength)
