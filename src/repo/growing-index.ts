// Making an index without holding it: what comes goes to files in pieces, once it is much.

import {WordHeap} from '../base/bytes.ts'
import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import {type Building, IndexBuilder} from '../format/index-builder.ts'
import type {Sections} from '../format/index-columns.ts'
import type {Index, IndexFile} from '../format/index-file.ts'
import {W, WORDS} from '../format/index-layout.ts'
import {Heaps} from '../format/index-write.ts'
import type {GrowingFile} from './growing-file.ts'
import {Windows, type WindowsOptions} from './index-windows.ts'
import {type StoredSections} from './window-parts.ts'
import {StoredIndex} from './stored-index.ts'

/** Where the sections of an index go to. */
export type IndexFiles = {
	readonly words: GrowingFile
	readonly names: GrowingFile
	readonly extras: GrowingFile
}

export type GrowingOptions = {
	/** Makes the files; not called before there are more rows than `held`. */
	readonly open: () => IndexFiles
	/** Rows that are held until the files are made; by default those of a piece. */
	readonly held?: number | undefined
	/** How the rows are read that lie in the files. */
	readonly stored?: WindowsOptions | undefined
}

/** Rows of a piece. */
const ROWS = 4096

export class GrowingIndex implements Building {
	readonly #options: GrowingOptions
	readonly #directories = new WordHeap(64)
	/** Numbers of the directories whose entries can still come, by path. */
	readonly #numbers = new Map<Path, number>()
	readonly #owners = new Heaps()
	#files: IndexFiles | undefined
	/** Where the words begin in their file. */
	#from = 0
	/** What has not gone to the files yet. */
	readonly #piece = new IndexBuilder()
	#count = 0

	constructor(options: GrowingOptions) {
		this.#options = options
	}

	/** Adds an entry behind all that were added before. */
	add(entry: Entry): void {
		this.#piece.add(entry)
		this.#flushIfFull()
	}

	/** Adds row `row` of another index, without decoding it. */
	copy(from: IndexFile, row: number): void {
		this.#piece.copy(from, row)
		this.#flushIfFull()
	}

	#flushIfFull(): void {
		const {held = ROWS} = this.#options
		if (this.#piece.count >= (this.#files ? ROWS : held)) this.#flush()
	}

	#open(): IndexFiles {
		const files = this.#options.open()
		this.#from = files.words.length
		return files
	}

	#flush(): void {
		const files = (this.#files ??= this.#open())
		const piece = this.#piece.finish({scanned: 0n, device: 0n})
		const {words, owners} = piece
		const [names, extras] = [files.names.length, files.extras.length]
		const numbers = this.#directoriesOf(piece, names)
		for (let at = 0; at < words.length; at += WORDS) {
			const owner = (words[at + W.owner] ?? 0) * 2
			const extra = words[at + W.extra] ?? 0
			words[at + W.directory] = numbers[words[at + W.directory] ?? 0] ?? 0
			words[at + W.name] = (words[at + W.name] ?? 0) + names
			// where there is no local side there need not be an owner
			if (owner < owners.length)
				words[at + W.owner] = this.#owners.owner(owners[owner] ?? 0, owners[owner + 1] ?? 0)
			if (extra) words[at + W.extra] = extra + extras
		}
		files.words.append(Buffer.from(words.buffer, words.byteOffset, words.byteLength))
		files.names.append(piece.names)
		files.extras.append(piece.extras)
		this.#count += piece.count
		this.#piece.clear()
	}

	/** The numbers here of the directories of a piece, whose names will begin at `names`. */
	#directoriesOf({directories, names: bytes}: IndexFile, names: number): number[] {
		const numbers: number[] = []
		for (let at = 0; at < directories.length; at += 2) {
			const [from = 0, length = 0] = [directories[at], directories[at + 1]]
			const path = bytes.latin1Slice(from, from + length)
			let number = this.#numbers.get(path)
			if (number === undefined) {
				// paths come in order: a directory that does not lead to this one is done with
				for (const open of this.#numbers.keys()) if (!path.startsWith(open)) this.#numbers.delete(open)
				const place = this.#directories.extend(2)
				this.#directories.words[place] = names + from
				this.#directories.words[place + 1] = length
				number = place / 2
				this.#numbers.set(path, number)
			}
			numbers.push(number)
		}
		return numbers
	}

	/** What was added, all of it in the files. */
	sections(when: Pick<Sections, 'scanned' | 'device'>): StoredSections {
		if (this.#piece.count > 0 || !this.#files) this.#flush()
		const {words, names, extras} = this.#files as IndexFiles
		return {
			scanned: when.scanned,
			device: when.device,
			count: this.#count,
			directories: this.#directories.words,
			owners: this.#owners.owners,
			words: {fd: words.fd, start: this.#from, length: words.length - this.#from},
			names: {fd: names.fd, start: 0, length: names.length},
			extras: {fd: extras.fd, start: 0, length: extras.length},
		}
	}

	/** The index of what was added: in memory where there are no files, else one that lies in these. */
	finish(when: Pick<Sections, 'scanned' | 'device'>): Index {
		if (!this.#files) return this.#piece.finish(when)
		const sections = this.sections(when)
		const windows = new Windows(sections, {...this.#options.stored, writable: this.#files})
		return new StoredIndex(windows, sections)
	}
}
