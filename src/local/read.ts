// Regular files as they were when they were opened: what changes while it is read is noticed.

import {createHash, hash} from 'node:crypto'
import {closeSync, constants, openSync, read as readAsync, readSync} from 'node:fs'
import {promisify} from 'node:util'
import {md5OfEach} from '../algo/md5-lanes.ts'
import {fatal} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {S_IFMT, S_IFREG} from '../format/mode.ts'
import {statOf} from './fstat.ts'
import {type Fingerprint, isAsSeen, isSame, type Stat} from './stat.ts'

const readLater = promisify(readAsync)

/** O_NONBLOCK: the name may be a FIFO's by now, and opening one would wait for a writer. */
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const PIECE = 2 ** 20

/** A regular file held open, so that what is read is one file whatever its name means by then. */
export class OpenFile {
	readonly stat: Stat
	/** Open until it is closed here. */
	readonly fd: number

	/** Throws a system error, ELOOP for a symlink too, and an S3rError for what is no regular file. */
	constructor(file: Path) {
		this.fd = openSync(forFs(file), OPEN)
		try {
			this.stat = this.#now()
			if ((this.stat.mode & S_IFMT) !== S_IFREG) throw fatal('it is not a regular file any more')
		} catch (error) {
			this.close()
			throw error
		}
	}

	/** Bytes from `position`, fewer at the end; in `memory` where that is given, which has room for them. */
	read(position: number, length: number, memory = Buffer.allocUnsafe(length)): Buffer {
		return this.fill(memory.length === length ? memory : memory.subarray(0, length), position)
	}

	/** Reads into `buffer` until it is full or the file ends, as it was when it was opened; returns the part that was filled. */
	fill(buffer: Buffer, position: number): Buffer {
		let at = 0
		while (at < buffer.length) {
			const got = readSync(this.fd, buffer, at, buffer.length - at, position + at)
			at += got
			// what comes behind the end that it had when it was opened is not asked for: it has changed then
			if (got === 0 || position + at >= this.stat.size) break
		}
		return at === buffer.length ? buffer : buffer.subarray(0, at)
	}

	/** As `fill`, off the main thread. */
	async readInto(buffer: Buffer, position: number): Promise<Buffer> {
		let at = 0
		while (at < buffer.length) {
			const {bytesRead} = await readLater(this.fd, buffer, at, buffer.length - at, position + at)
			at += bytesRead
			if (bytesRead === 0 || position + at >= this.stat.size) break
		}
		return buffer.subarray(0, at)
	}

	/**
	 * The bytes from `start` to before `end`, read in pieces off the main thread. Throws an S3rError if the
	 * file ended early or has changed by the last of them.
	 */
	async *chunks(start = 0, end = this.stat.size): AsyncGenerator<Buffer> {
		for (let at = start; at < end;) {
			const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at))
			const {bytesRead} = await readLater(this.fd, piece, 0, piece.length, at)
			if (bytesRead === 0) throw changed()
			at += bytesRead
			if (at >= end && !this.unchanged()) throw changed()
			yield piece.subarray(0, bytesRead)
		}
	}

	/** Whether the file is still what it was when it was opened. */
	unchanged(): boolean {
		return isSame(this.stat, this.#now())
	}

	close(): void {
		closeSync(this.fd)
	}

	#now(): Stat {
		return statOf(this.fd)
	}
}

/** A file's bytes, and what it was while they were read. */
export type Seen = {readonly bytes: Buffer; readonly stat: Stat}

/**
 * The bytes of a regular file that still is as it was seen, and what it is, by one look at it: that behind the read. In `memory`,
 * which has room for them, where that is given. Undefined where it is another by now, or cannot be read: who opens it learns why.
 */
export function readSeen(
	file: Path,
	seen: Fingerprint,
	memory: Buffer = Buffer.allocUnsafe(seen.size),
): Seen | undefined {
	const bytes = memory.length === seen.size ? memory : memory.subarray(0, seen.size)
	let fd: number | undefined
	try {
		fd = openSync(forFs(file), OPEN)
		const got = seen.size === 0 ? 0 : readSync(fd, bytes, 0, seen.size, 0)
		const stat = statOf(fd)
		return got === seen.size && isAsSeen(stat, seen) ? {bytes, stat} : undefined
	} catch {
		return undefined
	} finally {
		if (fd !== undefined) closeSync(fd)
	}
}

const changed = () => fatal('it changed while it was read')

/**
 * Reads a file that was seen as `seen` into `buffer`, which must hold a byte more than its size. Returns
 * its bytes, a part of `buffer`, or undefined if it is another file by now or changed while it was read.
 */
export function readSmall(file: Path, seen: Stat, buffer: Buffer): Buffer | undefined {
	const open = new OpenFile(file)
	try {
		if (!isSame(seen, open.stat)) return undefined
		const bytes = open.fill(buffer.subarray(0, seen.size + 1), 0)
		return bytes.length === seen.size && open.unchanged() ? bytes : undefined
	} finally {
		open.close()
	}
}

/** The same in one read. To make a Hash for every file takes as long as to hash a small one. */
function md5OfSmall(open: OpenFile, buffer: Buffer): string | undefined {
	const bytes = open.fill(buffer, 0)
	return bytes.length === open.stat.size && open.unchanged() ? hash('md5', bytes, 'hex') : undefined
}

/** Files below this size are hashed together. */
export const SMALL = PIECE
/** Bytes of them that are in memory at a time. */
const TOGETHER = 4 * PIECE

let room: Buffer | undefined

/**
 * The MD5s of small files that still are as they were seen, in hex: a fourth of the time that each would take by itself. Undefined
 * for one that is another by now, or cannot be read: md5Of says why.
 */
export function md5OfEachSmall(
	files: readonly {readonly file: Path; readonly seen: Fingerprint}[],
): (string | undefined)[] {
	room ??= Buffer.allocUnsafeSlow(TOGETHER)
	const md5s = Array<string | undefined>(files.length)
	let read: {readonly i: number; readonly bytes: Buffer}[] = []
	let end = 0
	for (const [i, {file, seen}] of files.entries()) {
		if (end + seen.size > TOGETHER) hashAll()
		const bytes = readSeen(file, seen, room.subarray(end, end + seen.size))?.bytes
		if (bytes) read.push({i, bytes})
		end += seen.size
	}
	hashAll()
	return md5s

	function hashAll(): void {
		const found = md5OfEach(read.map(({bytes}) => bytes))
		for (const [at, {i}] of read.entries()) md5s[i] = found[at]?.hexSlice(0, 16)
		read = []
		end = 0
	}
}

let shared: Buffer | undefined

/** The MD5 of a file that was seen as `seen`, in hex, or undefined if it changed, as readSmall. */
export function md5Of(file: Path, seen: Stat): string | undefined {
	shared ??= Buffer.allocUnsafeSlow(PIECE)
	const open = new OpenFile(file)
	try {
		if (!isSame(seen, open.stat)) return undefined
		if (seen.size < PIECE) return md5OfSmall(open, shared)
		const whole = createHash('md5')
		let at = 0
		for (let piece = open.fill(shared, 0); piece.length > 0; piece = open.fill(shared, at)) {
			whole.update(piece)
			at += piece.length
			if (piece.length < shared.length) break
		}
		return at === seen.size && open.unchanged() ? whole.digest('hex') : undefined
	} finally {
		open.close()
	}
}
