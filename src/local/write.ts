// Files that are there whole or not at all: written beside their place, then renamed into it. Or, where Linux
// and koffi allow it, written without a name and given it at the end: a third of the work is saved (32 us a
// file instead of 50), nothing is left behind however the process ends, and nothing is ever replaced by it.
//
// A `file` here is what Confined.hold gave: its directory is known to lie below the root.

import {closeSync, constants, fsyncSync, ftruncateSync, linkSync, openSync, renameSync} from 'node:fs'
import {forFs, parentOf, type Path} from '../base/path.ts'
import {type Handle, NamedHandle, OpenHandle} from './handle.ts'
import type {OpenPlace} from './made.ts'
import type {Stat} from './stat.ts'
import {native} from './native.ts'
import {openUnnamed} from './descriptors.ts'
import {removeFile} from './remove-file.ts'
import {temporaryName} from './temporary.ts'
import {writeFully} from './write-fully.ts'

export type WriteOptions = {
	/** Leaves holes where there are blocks of zeros (-S). */
	readonly sparse?: boolean | undefined
	/** Waits until the disk has it, before the rename and after. */
	readonly fsync?: boolean | undefined
	/** Replaces nothing: the commit throws EEXIST where something has the name. */
	readonly isNew?: boolean | undefined
	/** Replaces nothing where the system can see to that at no cost, as `replaces` tells. */
	readonly maybeNew?: boolean | undefined
	/** The permissions that it will get: nobody else can open it before it has a name, so it may have them from the beginning. */
	readonly mode?: number | undefined
	/** Its name in its directory, where that is open. */
	readonly place?: OpenPlace | undefined
	/** Has a name from the beginning: extended attributes are given by it. */
	readonly named?: boolean | undefined
}

/** Gives a file its attributes while it still has its temporary name. */
export type Finish = (file: Handle) => void

/** What a file system keeps a hole of, at least. */
const BLOCK = 4096
const ZEROS = Buffer.alloc(BLOCK)
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** The permissions of a file that will get others. */
const PRIVATE = 0o600

/** A file in the making, which nobody else can open until it is committed. Each byte is to be written once. */
export class TemporaryFile {
	/** Where it will be. */
	readonly target: Path
	/** Where it is until then; it may be nowhere. */
	readonly file: Path | undefined
	readonly #options: WriteOptions
	readonly #fd: number
	#length = 0
	#isOpen = true

	constructor(target: Path, options: WriteOptions = {}) {
		this.target = target
		this.#options = options
		const isNew = options.isNew === true || options.maybeNew === true
		const mayLackName = isNew && options.named !== true && native()?.link !== undefined
		const unnamed = mayLackName ? withoutName(target, options) : undefined
		this.file = unnamed === undefined ? temporaryName(target) : undefined
		this.#fd = unnamed ?? openSync(forFs(this.file ?? target), CREATE, PRIVATE)
	}

	/** Writes bytes at `position`, in any order of positions. */
	write(bytes: Buffer, position: number): void {
		this.#length = Math.max(this.#length, position + bytes.length)
		if (this.#options.sparse !== true) return writeFully(this.#fd, bytes, position)
		for (const {start, end} of dataRuns(bytes, position))
			writeFully(this.#fd, bytes.subarray(start, end), position + start)
	}

	/** Gives it its length beforehand; bytes that are not written are zeros. */
	reserve(length: number): void {
		ftruncateSync(this.#fd, length)
		this.#length = length
	}

	/** Whether the commit puts it in the place of what has the name; else it throws EEXIST. */
	get replaces(): boolean {
		return this.file !== undefined && this.#options.isNew !== true
	}

	/** To read back what was written; open until the commit. */
	get fd(): number {
		return this.#fd
	}

	/**
	 * Ends the file, lets `finish` give it its attributes, and puts it in the place of its target; returns what
	 * it is then. Leaves nothing behind where that fails. Throws EISDIR if the target is a directory.
	 */
	commit(finish?: Finish): Stat {
		try {
			if (this.#options.sparse === true) ftruncateSync(this.#fd, this.#length)
			if (this.#options.fsync === true) fsyncSync(this.#fd)
			const stat = this.#finished(finish)
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
		if (this.file !== undefined) removeFile(this.file)
	}

	/** Gives it its attributes and its name; returns what it is then. */
	#finished(finish: Finish | undefined): Stat {
		const {place, mode = PRIVATE} = this.#options
		const handle = new OpenHandle(this.#fd, this.file)
		const taken = this.file === undefined ? place?.made.handle(this.#fd, mode) : undefined
		finish?.(taken ?? handle)
		this.#appear()
		const stat = handle.stat()
		if (taken === undefined || taken.isRight(stat)) return stat
		place?.made.forget()
		finish?.(handle)
		return handle.stat()
	}

	#appear(): void {
		const {place} = this.#options
		if (this.file === undefined)
			return native()?.link?.(this.#fd, place?.name ?? this.target, place?.directory)
		if (this.replaces) return renameSync(forFs(this.file), forFs(this.target))
		linkSync(forFs(this.file), forFs(this.target))
		removeFile(this.file)
	}

	#close(): void {
		if (this.#isOpen) closeSync(this.#fd)
		this.#isOpen = false
	}
}

/** Opens a file that has no name yet; undefined where there are none. The way to its directory through /proc takes 2 us more. */
function withoutName(target: Path, {place, mode = PRIVATE}: WriteOptions): number | undefined {
	const fd = place && native()?.openUnnamed?.(place.directory, mode)
	return fd === undefined || fd < 0 ? openUnnamed(parentOf(target), mode) : fd
}

/**
 * Makes something under a temporary name, finishes it, and renames it over `target`; what was made is
 * removed where that fails.
 */
export function make(target: Path, create: (file: Path) => void, finish?: Finish): void {
	const file = temporaryName(target)
	try {
		create(file)
		finish?.(new NamedHandle(file))
		renameSync(forFs(file), forFs(target))
	} catch (error) {
		removeFile(file)
		throw error
	}
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
