// Files that are there whole or not at all: written beside their place, then renamed into it.
//
// A `file` here is what Confined.hold gave: its directory is known to lie below the root.

import {
	closeSync,
	constants,
	fsyncSync,
	ftruncateSync,
	openSync,
	renameSync,
	rmSync,
	writeSync,
} from 'node:fs'
import {forFs, parentOf, type Path} from '../base/path.ts'
import {byDescriptor, byPath, type Handle} from './handle.ts'
import type {Stat} from './stat.ts'
import {temporaryName} from './temporary.ts'

export type WriteOptions = {
	/** Leaves holes where there are blocks of zeros (-S). */
	readonly sparse?: boolean | undefined
	/** Waits until the disk has it, before the rename and after. */
	readonly fsync?: boolean | undefined
}

/** Gives a file its attributes while it still has its temporary name. */
export type Finish = (file: Handle) => void

/** What a file system keeps a hole of, at least. */
const BLOCK = 4096
const ZEROS = Buffer.alloc(BLOCK)
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** A file in the making, 0600 until it is committed. Each byte is to be written once. */
export class TemporaryFile {
	/** Where it will be. */
	readonly target: Path
	/** Where it is until then. */
	readonly file: Path
	readonly #options: WriteOptions
	readonly #fd: number
	#length = 0
	#isOpen = true

	constructor(target: Path, options: WriteOptions = {}) {
		this.target = target
		this.#options = options
		this.file = temporaryName(target)
		this.#fd = openSync(forFs(this.file), CREATE, 0o600)
	}

	/** Writes bytes at `position`, in any order of positions. */
	write(bytes: Buffer, position: number): void {
		this.#length = Math.max(this.#length, position + bytes.length)
		if (this.#options.sparse !== true) return writeAll(this.#fd, bytes, position)
		for (const {start, end} of dataRuns(bytes, position))
			writeAll(this.#fd, bytes.subarray(start, end), position + start)
	}

	/** To read back what was written; open until the commit. */
	get fd(): number {
		return this.#fd
	}

	/**
	 * Ends the file, lets `finish` give it its attributes, and renames it over its target; returns what
	 * it is then. Leaves nothing behind where that fails. Throws EISDIR if the target is a directory.
	 */
	commit(finish?: Finish): Stat {
		try {
			const handle = byDescriptor(this.#fd, this.file)
			if (this.#options.sparse === true) ftruncateSync(this.#fd, this.#length)
			if (this.#options.fsync === true) fsyncSync(this.#fd)
			finish?.(handle)
			renameSync(forFs(this.file), forFs(this.target))
			const stat = handle.stat()
			this.#close()
			if (this.#options.fsync === true) syncDirectory(this.target)
			return stat
		} catch (error) {
			this.discard()
			throw error
		}
	}

	/** Removes the file; does nothing once it is committed. */
	discard(): void {
		this.#close()
		rmSync(forFs(this.file), {force: true})
	}

	#close(): void {
		if (this.#isOpen) closeSync(this.#fd)
		this.#isOpen = false
	}
}

/**
 * Makes something under a temporary name, finishes it, and renames it over `target`; what was made is
 * removed where that fails.
 */
export function make(target: Path, create: (file: Path) => void, finish?: Finish): void {
	const file = temporaryName(target)
	try {
		create(file)
		finish?.(byPath(file))
		renameSync(forFs(file), forFs(target))
	} catch (error) {
		rmSync(forFs(file), {force: true})
		throw error
	}
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
	for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}

/** The parts of `bytes` that are not whole blocks of zeros where they will lie in the file. */
function* dataRuns(bytes: Buffer, position: number): Generator<{start: number; end: number}> {
	let start = 0
	for (let at = (BLOCK - (position % BLOCK)) % BLOCK; at + BLOCK <= bytes.length; at += BLOCK) {
		if (bytes.compare(ZEROS, 0, BLOCK, at, at + BLOCK) !== 0) continue
		if (at > start) yield {start, end: at}
		start = at + BLOCK
	}
	if (start < bytes.length) yield {start, end: bytes.length}
}

function syncDirectory(file: Path): void {
	const fd = openSync(forFs(parentOf(file)), constants.O_RDONLY | constants.O_DIRECTORY)
	try {
		fsyncSync(fd)
	} finally {
		closeSync(fd)
	}
}
