// Downloads of large files that were not finished: --partial. What came of one object lies in a file below
// `.s3rsync/partial`, and beside it which ranges are whole, so that the next run fetches the others only.

import {createHash} from 'node:crypto'
import {appendFileSync, closeSync, constants, mkdirSync, openSync, readFileSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {removeFile} from '../local/remove-file.ts'
import {writeFully} from '../local/write-fully.ts'

/** The directory of such files in `.s3rsync`. */
export const PARTIAL = 'partial'

/** What came of one version of one object so far. */
export class Unfinished {
	readonly #file: Path
	readonly #fd: number
	readonly #whole: ReadonlySet<number>

	/** `what` says which bytes they are: those of another object, or version, are not taken for them. */
	constructor(dir: Path, what: readonly string[]) {
		mkdirSync(forFs(dir), {recursive: true, mode: 0o700})
		this.#file = `${dir}/${createHash('sha256').update(what.join('\0')).digest('hex')}`
		this.#fd = openSync(forFs(this.#file), constants.O_RDWR | constants.O_CREAT, 0o600)
		this.#whole = new Set(this.#ranges())
	}

	#ranges(): number[] {
		try {
			const lines = readFileSync(forFs(`${this.#file}.ranges`), 'latin1').split('\n')
			// a last line without an end was being written
			return lines.slice(0, -1).map(Number)
		} catch (error) {
			if (errnoOf(error) === 'ENOENT') return []
			throw error
		}
	}

	/** Whether all bytes of the range that begins here are there. */
	has(first: number): boolean {
		return this.#whole.has(first)
	}

	write(bytes: Buffer, position: number): void {
		writeFully(this.#fd, bytes, position)
	}

	/** Notes that the range that begins here is whole. */
	done(first: number): void {
		appendFileSync(forFs(`${this.#file}.ranges`), `${first}\n`, {mode: 0o600})
	}

	/** To read what came. */
	get fd(): number {
		return this.#fd
	}

	/** Forgets it: it is a file now, or not what it should be. */
	remove(): void {
		removeFile(`${this.#file}.ranges`)
		removeFile(this.#file)
	}

	close(): void {
		closeSync(this.#fd)
	}
}
