// Writing the file of an index without holding it: rows come in order and go to the disk in pieces.

import {closeSync, fsyncSync, ftruncateSync, openSync, renameSync} from 'node:fs'
import {fatal, reason} from '../base/errors.ts'
import {forFs, parentOf, type Path, withoutSlash} from '../base/path.ts'
import {encodeHeader, encodeTrailer, layoutOf} from '../format/index-bytes.ts'
import type {Sections} from '../format/index-columns.ts'
import type {IndexFile} from '../format/index-file.ts'
import {HEADER} from '../format/index-layout.ts'
import {removeFile} from '../local/remove-file.ts'
import {writeFully} from '../local/write-fully.ts'
import {crcOf, GrowingFile, unnamedFile} from './growing-file.ts'
import {GrowingIndex, type IndexFiles} from './growing-index.ts'
import type {StoredSections} from './window-parts.ts'

export class IndexWriter {
	readonly #path: Path
	readonly #temporary: Path
	/** What comes behind all the words has files of its own: how many words there are is known in the end. */
	readonly #files: IndexFiles
	readonly #index: GrowingIndex

	/** An index that is to be at `path` once it is whole. */
	constructor(path: Path) {
		this.#path = path
		this.#temporary = `${path}.new`
		const files = {
			words: new GrowingFile(openSync(forFs(this.#temporary), 'w+', 0o600), HEADER),
			names: unnamedFile(withoutSlash(parentOf(path))),
			extras: unnamedFile(withoutSlash(parentOf(path))),
		}
		this.#files = files
		this.#index = new GrowingIndex({open: () => files})
	}

	/** Adds row `row` of another index behind all that were added before. */
	take(from: IndexFile, row: number): void {
		this.#index.copy(from, row)
	}

	/** Writes the rest, and gives the index its name in place of what is there; `scanned` and `device` as in Sections. */
	finish(when: Pick<Sections, 'scanned' | 'device'>): void {
		this.#finish(() => this.#index.sections(when))
	}

	/** Writes an index that lies in files, instead of single rows, and gives it its name. */
	finishWith(sections: StoredSections): void {
		this.#finish(() => {
			this.#files.words.copy(sections.words)
			return sections
		})
	}

	/** `write` writes the words, and returns what is to come behind them. */
	#finish(write: () => StoredSections): void {
		try {
			const {scanned, device, count, directories, owners, names, extras} = write()
			const layout = layoutOf({
				scanned,
				device,
				count,
				directories: directories.length / 2,
				owners: owners.length / 2,
				names: names.length,
				extras: extras.length,
			})
			const {words: file} = this.#files
			file.append(bytesOf(directories))
			file.append(bytesOf(owners))
			file.copy(names, layout.at.names.start)
			file.copy(extras, layout.at.extras.start)
			const {fd} = file
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
		for (const file of Object.values(this.#files)) closeSync(file.fd)
		removeFile(this.#temporary)
	}
}

const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength)
