// What the words of a window refer to, read from the files of an index: names, directories and extras.

import {extraLength} from '../format/index-extra.ts'
import type {Sections} from '../format/index-columns.ts'
import {W, WORDS} from '../format/index-layout.ts'
import {readFully, type Stretch} from './growing-file.ts'

/** The sections of an index, of which the long ones lie in files. */
export type StoredSections = Omit<Sections, 'words' | 'names' | 'extras'> & {
	readonly words: Stretch
	readonly names: Stretch
	readonly extras: Stretch
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
export type Slot = {readonly words: Uint32Array; names: Buffer; extras: Buffer}

export const newSlot = (): Slot => ({
	words: new Uint32Array(ROWS * WORDS),
	names: Buffer.alloc(0),
	extras: Buffer.alloc(0),
})

/** Bytes of a section. */
type Span = {readonly start: number; readonly length: number}

/** Extras that lie together in the file from `start` on, and in a window from `at` on. */
export type Run = Span & {readonly at: number}

/** The names of a window. */
export type Names = {
	readonly bytes: Buffer
	/** Where those of its rows begin in the file. */
	readonly start: number
	/** Where those of its directories lie in `bytes`: pairs of offset and length. */
	readonly places: Uint32Array
	/** The numbers that these have in the file. */
	readonly directories: readonly number[]
}

/** The extras of a window, and where in the file they lie. */
export type Extras = {readonly bytes: Buffer; readonly runs: readonly Run[]}

const NO_EXTRAS: Extras = {bytes: Buffer.alloc(0), runs: []}

/** The names of rows and of their directories, of which `all` says where they lie; the words are made to refer to these. */
export function readNames(
	names: Stretch,
	all: Sections['directories'],
	words: Uint32Array,
	slot: Slot,
): Names {
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
export function readExtras(extras: Stretch, words: Uint32Array, slot: Slot): Extras {
	if (extras.length === 0) return NO_EXTRAS
	let length = 0
	const runs = runsOf(words).map(({start, length: least}) => {
		const run = {start, at: length, length: readRun(extras, {start, length: least}, slot, length)}
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

/** Reads extras, the last of which begins at the end of the span, to `at`; returns how many bytes it read. */
function readRun(extras: Stretch, {start, length: least}: Span, slot: Slot, at: number): number {
	const most = Math.max(0, extras.length - start)
	for (let more = EXTRA; ; more *= 4) {
		const length = Math.min(least + more, most)
		slot.extras = withRoom(slot.extras, at, length)
		const bytes = slot.extras.subarray(at, at + length)
		readFully(extras.fd, bytes, extras.start + start)
		if (length === most || least + extraLength(bytes, least + 1) <= length) return length
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
