// Files that are written from their beginning to their end, and read in pieces meanwhile.

import {closeSync, openSync, readSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {crc32} from '../base/crc32.ts'
import {errnoOf} from '../base/errors.ts'
import {forFs, fromUnicode, type Path} from '../base/path.ts'
import {corruptIndex} from '../format/index-bytes.ts'
import {openUnnamed} from '../local/descriptors.ts'
import {removeFile} from '../local/remove-file.ts'
import {temporaryName} from '../local/temporary.ts'
import {writeFully} from '../local/write-fully.ts'
import {join} from './find.ts'

/** Bytes that are read at once to copy or to check them. */
const PIECE = 1 << 20

/** Bytes that lie in an open file. */
export type Stretch = {readonly fd: number; readonly start: number; readonly length: number}

export class GrowingFile {
	readonly fd: number
	length: number

	/** A file that is open for reading and writing; what comes is written from byte `from` on. */
	constructor(fd: number, from = 0) {
		this.fd = fd
		this.length = from
	}

	append(bytes: Buffer): void {
		writeFully(this.fd, bytes, this.length)
		this.length += bytes.length
	}

	/** Goes on at `start` with what lies in another file. */
	copy(from: Stretch, start = this.length): void {
		this.length = start
		for (const piece of pieces(from.fd, from.start, from.length)) this.append(piece)
	}
}

/** A file in `directory`, which has no final `/`, that has no name, so that nothing of it stays when it is closed. */
export function unnamedFile(directory: Path): GrowingFile {
	const fd = openUnnamed(`${directory}/`)
	if (fd !== undefined) return new GrowingFile(fd)
	const path = temporaryName(join(directory, 'scratch'))
	const file = new GrowingFile(openSync(forFs(path), 'wx+', 0o600))
	removeFile(path)
	return file
}

/** Files without names, for what does not fit into memory. */
export class Scratch {
	readonly #directories: readonly Path[]
	readonly #open: number[] = []

	/** They lie in `directory`, or where nothing can be written there, in that of temporary files. */
	constructor(directory: Path) {
		this.#directories = [directory, fromUnicode(tmpdir())]
	}

	file(): GrowingFile {
		const file = this.#create()
		this.#open.push(file.fd)
		return file
	}

	#create(): GrowingFile {
		const [directory = '', other = ''] = this.#directories
		try {
			return unnamedFile(directory)
		} catch (error) {
			if (!READ_ONLY.has(errnoOf(error) ?? '')) throw error
			return unnamedFile(other)
		}
	}

	/** Gives all of them back. */
	close(): void {
		for (const fd of this.#open.splice(0)) closeSync(fd)
	}
}

const READ_ONLY: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT'])

/** Fills `into` with the bytes of an index that begin at `position`. */
export function readFully(fd: number, into: Buffer, position: number): void {
	for (let at = 0; at < into.length;) {
		const got = readSync(fd, into, at, into.length - at, position + at)
		if (got === 0) throw corruptIndex('its length is not what it says')
		at += got
	}
}

/** Bytes of a file in pieces, each valid until the next one. */
function* pieces(fd: number, from: number, length: number): Iterable<Buffer> {
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
