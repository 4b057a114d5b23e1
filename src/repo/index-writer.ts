// Writing an index without holding it: rows come in order and go to the disk in pieces.

import {closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync} from 'node:fs'
import {WordHeap} from '../base/bytes.ts'
import {fatal, reason} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {IndexBuilder} from '../format/index-builder.ts'
import {encodeHeader, encodeTrailer, layoutOf} from '../format/index-bytes.ts'
import type {IndexFile, Sections} from '../format/index-file.ts'
import {HEADER, W, WORDS} from '../format/index-layout.ts'
import {Heaps} from '../format/index-write.ts'
import {crcOf, pieces} from './stored-index.ts'

/** Rows of a piece. */
const ROWS = 4096

export class IndexWriter {
	readonly #path: Path
	readonly #temporary: Path
	readonly #words: Growing
	/** What comes behind all the words, whose number is known in the end. */
	readonly #names: Growing
	readonly #extras: Growing
	readonly #directories = new WordHeap(64)
	/** Numbers of the directories whose entries can still come, by path. */
	readonly #numbers = new Map<Path, number>()
	readonly #owners = new Heaps()
	#piece = new IndexBuilder()
	#count = 0

	/** An index that is to be at `path` once it is whole. */
	constructor(path: Path) {
		this.#path = path
		this.#temporary = `${path}.new`
		this.#words = new Growing(this.#temporary, HEADER)
		this.#names = unnamed(`${this.#temporary}-names`)
		this.#extras = unnamed(`${this.#temporary}-extras`)
	}

	/** Adds row `row` of another index behind all that were added before. */
	take(from: IndexFile, row: number): void {
		this.#piece.copy(from, row)
		if (this.#piece.count >= ROWS) this.#flush()
	}

	#flush(): void {
		const piece = this.#piece.finish({scanned: 0n, device: 0n})
		this.#piece = new IndexBuilder()
		const {words, owners} = piece
		const [names, extras] = [this.#names.length, this.#extras.length]
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
		this.#words.append(bytesOf(words))
		this.#names.append(piece.names)
		this.#extras.append(piece.extras)
		this.#count += piece.count
	}

	/** The numbers here of the directories of a piece, whose names will begin at `names`. */
	#directoriesOf({directories, names: bytes}: IndexFile, names: number): number[] {
		const numbers: number[] = []
		for (let at = 0; at < directories.length; at += 2) {
			const [from = 0, length = 0] = [directories[at], directories[at + 1]]
			const path = bytes.toString('latin1', from, from + length)
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

	/** Writes the rest, and gives the index its name in place of what is there; `scanned` and `device` as in Sections. */
	finish(when: Pick<Sections, 'scanned' | 'device'>): void {
		try {
			if (this.#piece.count > 0) this.#flush()
			const [directories, owners] = [this.#directories.words, this.#owners.owners]
			const layout = layoutOf({
				...when,
				count: this.#count,
				directories: directories.length / 2,
				owners: owners.length / 2,
				names: this.#names.length,
				extras: this.#extras.length,
			})
			this.#words.append(bytesOf(directories))
			this.#words.append(bytesOf(owners))
			this.#words.copy(this.#names, layout.at.names.start)
			this.#words.copy(this.#extras, layout.at.extras.start)
			const {fd} = this.#words
			// what lies between sections is zeros
			ftruncateSync(fd, layout.end)
			writeFully(fd, encodeHeader(layout), 0)
			writeFully(fd, encodeTrailer(crcOf(fd, 0, layout.end)), layout.end)
			fsyncSync(fd)
			renameSync(forFs(this.#temporary), forFs(this.#path))
		} catch (error) {
			throw fatal(`cannot write '${this.#path}': ${reason(error)}`, undefined, error)
		}
	}

	/** To be called in the end: of an index that was not finished nothing stays. */
	close(): void {
		for (const file of [this.#words, this.#names, this.#extras]) closeSync(file.fd)
		rmSync(forFs(this.#temporary), {force: true})
	}
}

/** A file that is written from its beginning to its end. */
class Growing {
	readonly fd: number
	length: number

	constructor(path: Path, from = 0) {
		this.fd = openSync(forFs(path), 'w+', 0o600)
		this.length = from
	}

	append(bytes: Buffer): void {
		writeFully(this.fd, bytes, this.length)
		this.length += bytes.length
	}

	/** Goes on at `start` with all that another file holds. */
	copy(from: Growing, start: number): void {
		this.length = start
		for (const piece of pieces(from.fd, 0, from.length)) this.append(piece)
	}
}

/** One whose name is gone at once, and its bytes when it is closed. */
function unnamed(path: Path): Growing {
	const file = new Growing(path)
	rmSync(forFs(path))
	return file
}

const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength)

function writeFully(fd: number, bytes: Buffer, position: number): void {
	for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}
