// The bytes of a bucket's objects: files that are written once, under a name of their own, and never
// changed. A file is in objects/ only when it is whole; until then it is in tmp/.

import {
	closeSync,
	constants,
	copyFileSync,
	fsync as fsyncCallback,
	linkSync,
	mkdirSync,
	openSync,
	readdirSync,
	renameSync,
	rmSync,
	unlink,
	unlinkSync,
	writeSync,
} from 'node:fs'
import {randomBytes} from 'node:crypto'
import {join} from 'node:path'
import {promisify} from 'node:util'
import type {Piece} from './model.ts'

const fsync = promisify(fsyncCallback)

/** Makes a directory's entries durable, while other requests go on. */
async function syncDirectory(path: string): Promise<void> {
	const fd = openSync(path, 'r')
	try {
		await fsync(fd)
	} finally {
		closeSync(fd)
	}
}

/** Bytes of one file, for a reader. */
export type Span = {readonly path: string; readonly start: number; readonly length: number}

/** A file being written. Writes are synchronous: into the page cache they cost less than a thread's turn. */
class BlobWriter {
	readonly #temporary: string
	readonly #publish: (temporary: string) => Promise<string>
	#fd: number | undefined
	#size = 0

	constructor(temporary: string, publish: (temporary: string) => Promise<string>) {
		this.#temporary = temporary
		this.#publish = publish
	}

	write(chunk: Buffer): void {
		this.#fd ??= openSync(this.#temporary, 'wx', 0o600)
		for (let at = 0; at < chunk.length;) at += writeSync(this.#fd, chunk, at)
		this.#size += chunk.length
	}

	/** Makes the file durable and gives it its name. */
	async finish(durable: boolean): Promise<Piece> {
		if (this.#fd === undefined) return {file: '', size: 0}
		if (durable) await fsync(this.#fd)
		closeSync(this.#fd)
		this.#fd = undefined
		return {file: await this.#publish(this.#temporary), size: this.#size}
	}

	/** Removes what was written. */
	abandon(): void {
		if (this.#fd !== undefined) closeSync(this.#fd)
		this.#fd = undefined
		rmSync(this.#temporary, {force: true})
	}
}

export class Blobs {
	readonly #root: string
	readonly #durable: boolean
	readonly #made = new Set<string>()
	readonly #readers = new Map<string, number>()
	readonly #doomed = new Set<string>()

	constructor(directory: string, durable: boolean) {
		this.#root = directory
		this.#durable = durable
		rmSync(join(directory, 'tmp'), {recursive: true, force: true})
		mkdirSync(join(directory, 'tmp'))
		mkdirSync(join(directory, 'objects'), {recursive: true})
	}

	#path(file: string): string {
		return join(this.#root, 'objects', file.slice(0, 2), file)
	}

	/** A new file's name, in a folder that is there. */
	async #newName(): Promise<string> {
		const file = randomBytes(12).toString('hex')
		const folder = file.slice(0, 2)
		if (this.#made.has(folder)) return file
		mkdirSync(join(this.#root, 'objects', folder), {recursive: true})
		if (this.#durable) await syncDirectory(join(this.#root, 'objects'))
		this.#made.add(folder)
		return file
	}

	async #publish(make: (path: string) => void): Promise<string> {
		const file = await this.#newName()
		make(this.#path(file))
		if (this.#durable) await syncDirectory(join(this.#root, 'objects', file.slice(0, 2)))
		return file
	}

	#temporary(): string {
		return join(this.#root, 'tmp', randomBytes(12).toString('hex'))
	}

	/** Writes what `fill` gives to the sink; nothing is left when it fails. */
	async write<T>(fill: (sink: (chunk: Buffer) => void) => Promise<T>): Promise<{piece: Piece; result: T}> {
		const writer = new BlobWriter(this.#temporary(), (from) => this.#publish((to) => renameSync(from, to)))
		try {
			const result = await fill((chunk) => writer.write(chunk))
			return {piece: await writer.finish(this.#durable), result}
		} catch (error) {
			writer.abandon()
			throw error
		}
	}

	/** A file of its own with the content of `piece`, which may be another bucket's. */
	async copy(piece: Piece, from: Blobs): Promise<Piece> {
		if (piece.file === '') return piece
		const source = from.#path(piece.file)
		const file = await this.#publish((path) => linkOrCopy(source, path))
		return {file, size: piece.size}
	}

	/** Where `length` bytes from `start` are, in pieces that follow one another. */
	spans(pieces: readonly Piece[], start: number, length: number): Span[] {
		const spans: Span[] = []
		let [skip, left] = [start, length]
		for (const {file, size} of pieces) {
			const taken = Math.min(left, size - skip)
			if (taken > 0) spans.push({path: this.#path(file), start: skip, length: taken})
			left -= Math.max(0, taken)
			skip = Math.max(0, skip - size)
			if (left === 0) break
		}
		return spans
	}

	/** Keeps files from being removed until the returned function is called. */
	hold(pieces: readonly Piece[]): () => void {
		for (const {file} of pieces) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
		return () => {
			for (const {file} of pieces) {
				const left = (this.#readers.get(file) ?? 1) - 1
				if (left > 0) this.#readers.set(file, left)
				else if (this.#readers.delete(file) && this.#doomed.delete(file)) this.#unlink(file)
			}
		}
	}

	/** Removes files that nothing refers to any more, once nobody reads them. */
	discard(pieces: readonly Piece[]): void {
		for (const {file} of pieces)
			if (file === '') continue
			else if (this.#readers.has(file)) this.#doomed.add(file)
			else this.#unlink(file)
	}

	/** A file that cannot be removed now is swept away at the next start. */
	#unlink(file: string): void {
		unlink(this.#path(file), () => {})
	}

	/** Removes files that were written, but not recorded before a crash. */
	sweep(known: ReadonlySet<string>): void {
		for (const folder of readdirSync(join(this.#root, 'objects'))) {
			this.#made.add(folder)
			for (const file of readdirSync(join(this.#root, 'objects', folder)))
				if (!known.has(file)) unlinkSync(this.#path(file))
		}
	}
}

/** Files never change, so that a second name is a copy, where the file system has hard links. */
function linkOrCopy(from: string, to: string): void {
	try {
		linkSync(from, to)
	} catch {
		copyFileSync(from, to, constants.COPYFILE_EXCL)
	}
}
