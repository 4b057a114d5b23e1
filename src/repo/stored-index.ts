// An index that stays on the disk: its rows are read in windows, so that one of millions takes a few hundred KiB.

import {closeSync, fstatSync, openSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {corruptIndex, encodeTrailer, readLayout, type Span} from '../format/index-bytes.ts'
import type {Sections} from '../format/index-columns.ts'
import type {Bare, FoundPath, Index, Window} from '../format/index-file.ts'
import {HEADER, TRAILER} from '../format/index-layout.ts'
import {Heaps} from '../format/index-write.ts'
import type {StatxWords} from '../format/statx.ts'
import {crcOf, readFully} from './growing-file.ts'
import {Windows, type WindowsOptions} from './index-windows.ts'
import {ROWS, type StoredSections} from './window-parts.ts'

export class StoredIndex implements Index {
	readonly scanned: bigint
	readonly device: bigint
	readonly scannedSeconds: number
	readonly #windows: Windows
	/** The row behind the one that was found last. */
	#next = 0

	constructor(windows: Windows, {scanned, device}: Pick<Sections, 'scanned' | 'device'>) {
		this.#windows = windows
		this.scanned = scanned
		this.device = device
		this.scannedSeconds = Number(scanned / 1_000_000_000n)
	}

	/**
	 * An index that lies in an open file, `size` bytes from `from` on; the file is to stay open. Throws an S3rError
	 * that says what is wrong with it, as parseIndex does.
	 */
	static in(fd: number, from: number, size: number, options?: WindowsOptions): StoredIndex {
		const sections = sectionsIn(fd, from, size)
		return new StoredIndex(new Windows(sections, options), sections)
	}

	get count(): number {
		return this.#windows.count
	}

	/** Where all of it lies, of which each row says something; undefined once a row was replaced. */
	get sections(): StoredSections | undefined {
		const {scanned, device} = this
		return this.wasReplaced ? undefined : {...this.#windows.sections, scanned, device}
	}

	/** The file is closed: its descriptor may be another one's by now, and is not read any more. */
	leave(): void {
		this.#windows.leave()
	}

	window(row: number): Window {
		return this.#windows.of(row)
	}

	bare(row: number): Bare {
		return this.#windows.bare(row)
	}

	path(row: number): Path {
		const {first, index} = this.#windows.of(row)
		return index.path(row - first)
	}

	flags(row: number): number {
		const {first, index} = this.#windows.of(row)
		return index.flags(row - first)
	}

	inSync(row: number): boolean {
		const {first, index} = this.#windows.of(row)
		return index.inSync(row - first)
	}

	/** As IndexFile.outOfSync; windows of which it is known that there is none are not read again. */
	outOfSync(row: number): number {
		for (let next = row; next < this.count;) {
			const number = Math.floor(next / ROWS)
			if (!this.#windows.isInSync(number)) {
				const {first, index} = this.#windows.of(next)
				const found = index.outOfSync(next - first)
				if (found < index.count) return first + found
			}
			next = (number + 1) * ROWS
		}
		return this.count
	}

	hasLocal(row: number): boolean {
		const {first, index} = this.#windows.of(row)
		return index.hasLocal(row - first)
	}

	hasRemote(row: number): boolean {
		const {first, index} = this.#windows.of(row)
		return index.hasRemote(row - first)
	}

	hasMd5(row: number): boolean {
		const {first, index} = this.#windows.of(row)
		return index.hasMd5(row - first)
	}

	someRemote(): boolean {
		for (let row = 0; row < this.count; row += ROWS) if (this.bare(row).index.someRemote()) return true
		return false
	}

	ctime(row: number): bigint {
		const {first, index} = this.#windows.of(row)
		return index.ctime(row - first)
	}

	matches(row: number, stat: StatxWords): boolean {
		const {first, index} = this.#windows.of(row)
		return index.matches(row - first, stat)
	}

	comparePath(row: number, found: FoundPath): number {
		const {first, index} = this.#windows.of(row)
		return index.comparePath(row - first, found)
	}

	localMd5(row: number): string | undefined {
		const {first, index} = this.#windows.of(row)
		return index.localMd5(row - first)
	}

	writeLocalMd5(row: number, into: Buffer, at: number): number {
		const {first, index} = this.#windows.of(row)
		return index.writeLocalMd5(row - first, into, at)
	}

	baseMd5(row: number): string | undefined {
		const {first, index} = this.#windows.of(row)
		return index.baseMd5(row - first)
	}

	entry(row: number): Entry {
		const {first, index} = this.#windows.of(row)
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
		let high = this.#windows.length
		while (low < high) {
			const middle = (low + high) >>> 1
			if (this.#windows.first(middle) <= path) low = middle + 1
			else high = middle
		}
		if (low === 0) return -1
		const {first, index} = this.#windows.of((low - 1) * ROWS)
		const row = index.find(path)
		return row < 0 ? row - first : row + first
	}

	get wasReplaced(): boolean {
		return this.#windows.wasReplaced
	}

	replace(row: number, entry: Entry): void {
		this.#windows.replace(row, entry)
	}

	at(when: Pick<Sections, 'scanned' | 'device'>): StoredIndex {
		return new StoredIndex(this.#windows, when)
	}
}

/** What an index file says and where the rest of it lies, of which the checksum is right. */
function sectionsIn(fd: number, from: number, size: number): StoredSections {
	const bytes = ({start, length}: Span): Buffer => {
		const piece = Buffer.allocUnsafeSlow(length)
		readFully(fd, piece, from + start)
		return piece
	}
	const words = (span: Span): Uint32Array => {
		const {buffer, byteOffset, byteLength} = bytes(span)
		return new Uint32Array(buffer, byteOffset, byteLength / 4)
	}
	const layout = readLayout(bytes({start: 0, length: Math.min(HEADER, size)}), size)
	if (!bytes({start: layout.end, length: TRAILER}).equals(encodeTrailer(crcOf(fd, from, layout.end))))
		throw corruptIndex('its checksum is wrong')
	const owners = words(layout.at.owners)
	if (new Heaps(owners).owners.length !== owners.length) throw corruptIndex('an owner is there twice')
	const stretch = ({start, length}: Span) => ({fd, start: from + start, length})
	const {count, scanned, device, at} = layout
	return {
		count,
		scanned,
		device,
		owners,
		directories: words(at.directories),
		words: stretch(at.words),
		names: stretch(at.names),
		extras: stretch(at.extras),
	}
}

/** An index to be looked at; `close` is to be called in the end. */
export type OpenIndex<Rows = StoredIndex> = {
	readonly index: Rows
	readonly close: () => void
}

/** An index that lies in a file; undefined where there is no such file. */
export function openStored(path: Path, options?: WindowsOptions): OpenIndex | undefined {
	let fd: number
	try {
		fd = openSync(forFs(path), 'r')
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw fatal(`cannot read '${path}': ${reason(error)}`, undefined, error)
	}
	try {
		const index = StoredIndex.in(fd, 0, fstatSync(fd).size, options)
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
