// An append-only file of JSON lines. A line is a transaction: it counts when its LF is on the disk,
// and a torn last line never happened.

import {
	closeSync,
	fsync as fsyncCallback,
	fsyncSync,
	ftruncateSync,
	openSync,
	readSync,
	renameSync,
	writeSync,
} from 'node:fs'
import {dirname} from 'node:path'
import {promisify} from 'node:util'
import {fatal, reason} from '../base/errors.ts'

const fsync = promisify(fsyncCallback)
const BLOCK = 1 << 20

/** Makes a directory's entries durable. */
function syncDirectory(path: string): void {
	const fd = openSync(path, 'r')
	fsyncSync(fd)
	closeSync(fd)
}

/** Gives a file or directory its name, durably if so wished. */
export function renameDurably(from: string, to: string, durable: boolean): void {
	renameSync(from, to)
	if (durable) syncDirectory(dirname(to))
}

/** Yields each complete line of a file and the offset of its end. */
function* lines(fd: number): Generator<[line: string, end: number]> {
	const block = Buffer.alloc(BLOCK)
	let rest = ''
	let end = 0
	for (let got = readSync(fd, block); got > 0; got = readSync(fd, block)) {
		const complete = (rest + block.toString('latin1', 0, got)).split('\n')
		rest = complete.pop() ?? ''
		for (const line of complete) yield [line, (end += line.length + 1)]
	}
}

/** Writes a whole log in the place of `path`: the old one stays until the new one is on the disk. */
export function writeLog(path: string, records: Iterable<unknown>, durable: boolean): void {
	const fd = openSync(`${path}.new`, 'w')
	let text = ''
	for (const record of records) {
		text += `${JSON.stringify(record)}\n`
		if (text.length < BLOCK) continue
		writeSync(fd, text, null, 'latin1')
		text = ''
	}
	writeSync(fd, text, null, 'latin1')
	if (durable) fsyncSync(fd)
	closeSync(fd)
	renameDurably(`${path}.new`, path, durable)
}

export class Log {
	readonly #fd: number
	readonly #durable: boolean
	#size = 0
	#syncing: Promise<void> = Promise.resolve()
	#next: Promise<void> | undefined

	/** Opens a log for appending, after giving every record in it to `apply`. */
	constructor(path: string, durable: boolean, apply: (record: unknown) => void) {
		this.#durable = durable
		this.#fd = openSync(path, 'r+')
		try {
			for (const [line, end] of lines(this.#fd)) {
				apply(JSON.parse(line))
				this.#size = end
			}
		} catch (error) {
			closeSync(this.#fd)
			throw fatal(`'${path}' is damaged at byte ${this.#size}: ${reason(error)}`, undefined, error)
		}
		ftruncateSync(this.#fd, this.#size)
		closeSync(this.#fd)
		this.#fd = openSync(path, 'a')
	}

	/** Appends one record as one line; it is durable when `sync` has resolved. */
	append(record: unknown): void {
		const line = Buffer.from(`${JSON.stringify(record)}\n`, 'latin1')
		if (writeSync(this.#fd, line) < line.length) {
			ftruncateSync(this.#fd, this.#size)
			throw fatal('cannot write the log: no space left on device')
		}
		this.#size += line.length
	}

	/** Resolves when all that was appended is on the disk; callers share one fsync. */
	sync(): Promise<void> {
		if (!this.#durable) return Promise.resolve()
		this.#next ??= this.#syncing.then(() => {
			this.#next = undefined
			return (this.#syncing = fsync(this.#fd))
		})
		return this.#next
	}

	/** Waits for the disk and closes the file. */
	async close(): Promise<void> {
		await this.sync()
		closeSync(this.#fd)
	}
}
