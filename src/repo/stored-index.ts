// An index that stays on the disk: its rows are read in windows, so that one of millions takes a few hundred KiB.

import {closeSync, fstatSync, openSync, readSync} from 'node:fs'
import {crc32} from '../base/crc32.ts'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {corruptIndex, encodeTrailer, type Layout, readLayout, type Span} from '../format/index-bytes.ts'
import {extraLength} from '../format/index-extra.ts'
import {IndexFile, type Window} from '../format/index-file.ts'
import {ENTRY, HEADER, TRAILER, W, WORDS} from '../format/index-layout.ts'

/** What can be asked of the rows of an index, wherever they lie; as IndexFile has it. */
export type IndexRows = Pick<IndexFile, 'count' | 'path' | 'find' | 'inSync' | 'entry'> & {
	/** The rows around a row; valid until the next call of any method. */
	window(row: number): Window
}

/** Rows of a window. */
const ROWS = 512
/** Windows that are held at once: one that goes through all rows, and one for what is looked up meanwhile. */
const HELD = 2
/** Bytes that are read at once to check them. */
const PIECE = 1 << 20
/** Bytes behind the beginning of the last extra of a window that are read with it; few have more. */
const EXTRA = 256

export class StoredIndex implements IndexRows {
	#fd: number
	readonly #from: number
	readonly #layout: Layout
	readonly #directories: Uint32Array
	readonly #owners: Uint32Array
	/** What was read last comes first. */
	readonly #held: {window: Window; slot: Slot}[] = []
	/** The first path of each window, where it is known. */
	readonly #firsts: (Path | undefined)[]
	/** The row behind the one that was found last. */
	#next = 0

	/**
	 * An index that lies in an open file, `size` bytes from `from` on; the file is to stay open. Throws an S3rError
	 * that says what is wrong with it, as parseIndex does.
	 */
	constructor(fd: number, from: number, size: number) {
		this.#fd = fd
		this.#from = from
		const layout = readLayout(this.#bytes({start: 0, length: Math.min(HEADER, size)}), size)
		this.#layout = layout
		const trailer = this.#bytes({start: layout.end, length: TRAILER})
		if (!trailer.equals(encodeTrailer(crcOf(fd, from, layout.end))))
			throw corruptIndex('its checksum is wrong')
		this.#directories = this.#words(layout.at.directories)
		this.#owners = this.#words(layout.at.owners)
		this.#firsts = Array.from({length: Math.ceil(layout.count / ROWS)})
	}

	get count(): number {
		return this.#layout.count
	}

	/** The file is closed: its descriptor may be another one's by now, and is not read any more. */
	leave(): void {
		this.#fd = -1
	}

	#bytes({start, length}: Span, into: Buffer = Buffer.allocUnsafeSlow(length)): Buffer {
		const bytes = into.subarray(0, length)
		readFully(this.#fd, bytes, this.#from + start)
		return bytes
	}

	#words(span: Span): Uint32Array {
		const words = new Uint32Array(span.length / 4)
		this.#bytes(span, Buffer.from(words.buffer))
		return words
	}

	/** The window that a row lies in; valid until the next call of any method here. */
	window(row: number): Window {
		const last = this.#held[0]
		if (last && row >= last.window.first && row < last.window.first + last.window.index.count)
			return last.window
		const number = Math.floor(row / ROWS)
		const at = this.#held.findIndex(({window}) => window.first === number * ROWS)
		const [held] = at < 0 ? [] : this.#held.splice(at, 1)
		const slot = held?.slot ?? (this.#held.length < HELD ? newSlot() : this.#held.pop()?.slot) ?? newSlot()
		const window = held?.window ?? this.#read(number, slot)
		this.#held.unshift({window, slot})
		return window
	}

	#read(number: number, slot: Slot): Window {
		const {at, count: all, scanned, device} = this.#layout
		const first = number * ROWS
		const count = Math.min(ROWS, all - first)
		const words = slot.words.subarray(0, count * WORDS)
		const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength)
		this.#bytes({start: at.words.start + first * ENTRY, length: count * ENTRY}, bytes)
		const extras = this.#extras(words, slot)
		const {names, directories} = this.#names(words, slot)
		const index = new IndexFile({
			count,
			scanned,
			device,
			words,
			directories: Uint32Array.from(directories),
			owners: this.#owners,
			names,
			extras,
		})
		this.#firsts[number] ??= index.path(0)
		return {first, index}
	}

	/** The names of rows and of their directories; the words are made to refer to these. */
	#names(words: Uint32Array, slot: Slot): {readonly names: Buffer; readonly directories: number[]} {
		const {names} = this.#layout.at
		let [low, high] = [names.length, 0]
		const numbers = new Map<number, number>()
		for (let at = 0; at < words.length; at += WORDS) {
			const name = words[at + W.name] ?? 0
			low = Math.min(low, name)
			high = Math.max(high, name + ((words[at + W.lengthFlags] ?? 0) & 0xffff))
			const directory = words[at + W.directory] ?? 0
			const known = numbers.get(directory) ?? numbers.size
			numbers.set(directory, known)
			words[at + W.directory] = known
			words[at + W.name] = name
		}
		high = Math.min(high, names.length)
		const spans = [...numbers.keys()].map((number): Span => {
			const start = this.#directories[number * 2] ?? 0
			return {start, length: Math.min(this.#directories[number * 2 + 1] ?? 0, names.length - start)}
		})
		let length = Math.max(0, high - low)
		const total = spans.reduce((sum, span) => sum + span.length, length)
		if (slot.names.length < total) slot.names = Buffer.allocUnsafeSlow(total * 2)
		this.#bytes({start: names.start + low, length}, slot.names)
		for (let at = W.name; at < words.length; at += WORDS) words[at] = (words[at] ?? 0) - low
		const directories: number[] = []
		for (const span of spans) {
			directories.push(length, span.length)
			this.#bytes({start: names.start + span.start, length: span.length}, slot.names.subarray(length))
			length += span.length
		}
		return {names: slot.names.subarray(0, length), directories}
	}

	/** The extras of rows; the words are made to refer to these. */
	#extras(words: Uint32Array, slot: Slot): Buffer {
		let [low, high] = [Infinity, 0]
		for (let at = W.extra; at < words.length; at += WORDS) {
			const place = words[at] ?? 0
			if (place === 0) continue
			low = Math.min(low, place)
			high = Math.max(high, place)
		}
		if (high === 0) return slot.extras.subarray(0, 0)
		for (let at = W.extra; at < words.length; at += WORDS)
			if (words[at] !== 0) words[at] = (words[at] ?? 0) - low + 1
		const {extras} = this.#layout.at
		const start = low - 1
		for (let more = EXTRA; ; more *= 4) {
			const length = Math.min(high - low + more, extras.length - start)
			if (slot.extras.length < length) slot.extras = Buffer.allocUnsafeSlow(length * 2)
			const bytes = this.#bytes({start: extras.start + start, length}, slot.extras)
			const isWhole = high - low + extraLength(bytes, high - low + 1) <= length
			if (isWhole || length === extras.length - start) return bytes
		}
	}

	/** The first path of a window. */
	#first(number: number): Path {
		return (this.#firsts[number] ??= this.path(number * ROWS))
	}

	path(row: number): Path {
		const {first, index} = this.window(row)
		return index.path(row - first)
	}

	inSync(row: number): boolean {
		const {first, index} = this.window(row)
		return index.inSync(row - first)
	}

	entry(row: number): Entry {
		const {first, index} = this.window(row)
		return index.entry(row - first)
	}

	/** As IndexFile.find. */
	find(path: Path): number {
		// what is looked for often is what follows
		if (this.#next < this.count && this.path(this.#next) === path) return this.#next++
		const row = this.#search(path)
		if (row >= 0) this.#next = row + 1
		return row
	}

	#search(path: Path): number {
		let low = 0
		let high = this.#firsts.length
		while (low < high) {
			const middle = (low + high) >>> 1
			if (this.#first(middle) <= path) low = middle + 1
			else high = middle
		}
		if (low === 0) return -1
		const {first, index} = this.window((low - 1) * ROWS)
		const row = index.find(path)
		return row < 0 ? row - first : row + first
	}
}

/** Memory that windows take turns with. */
type Slot = {readonly words: Uint32Array; names: Buffer; extras: Buffer}

const newSlot = (): Slot => ({
	words: new Uint32Array(ROWS * WORDS),
	names: Buffer.alloc(0),
	extras: Buffer.alloc(0),
})

function readFully(fd: number, into: Buffer, position: number): void {
	for (let at = 0; at < into.length;) {
		const got = readSync(fd, into, at, into.length - at, position + at)
		if (got === 0) throw corruptIndex('its length is not what it says')
		at += got
	}
}

/** Bytes of a file in pieces, each valid until the next one. */
export function* pieces(fd: number, from: number, length: number): Iterable<Buffer> {
	const piece: Buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, length))
	for (let at = 0; at < length; at += piece.length) {
		const bytes = piece.subarray(0, length - at)
		readFully(fd, bytes, from + at)
		yield bytes
	}
}

/** The CRC-32 of bytes of a file. */
export function crcOf(fd: number, from: number, length: number): number {
	let crc = 0
	for (const piece of pieces(fd, from, length)) crc = crc32(piece, crc)
	return crc
}

/** An index to be looked at; `close` is to be called in the end. */
export type OpenIndex<Index extends IndexRows = StoredIndex> = {
	readonly index: Index
	readonly close: () => void
}

/** An index that lies in a file; undefined where there is no such file. */
export function openStored(path: Path): OpenIndex | undefined {
	let fd: number
	try {
		fd = openSync(forFs(path), 'r')
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw fatal(`cannot read '${path}': ${reason(error)}`, undefined, error)
	}
	try {
		const index = new StoredIndex(fd, 0, fstatSync(fd).size)
		return {
			index,
			close: () => {
				index.leave()
				closeSync(fd)
			},
		}
	} catch (error) {
		closeSync(fd)
		throw error
	}
}
