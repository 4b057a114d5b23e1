// Files that came over the wire, as a push sees files: in memory, or in a file of the scratch place.

import {createHash} from 'node:crypto'
import {closeSync, openSync, readSync, unlinkSync} from 'node:fs'
import {fatal} from '../../base/errors.ts'
import {forFs, type Path} from '../../base/path.ts'
import type {Local} from '../../format/entry.ts'
import {encodeXattrs, type Xattr, xattrsDigest} from '../../format/xattrs.ts'
import type {Stat} from '../../local/stat.ts'
import {writeFully} from '../../local/write-fully.ts'
import type {Place} from '../../repo/find.ts'
import {join} from '../../repo/find.ts'
import type {Files, OpenFile} from '../../sync/files.ts'

/** The bytes of a file that came. */
export interface Content {
	readonly size: number
	read(position: number, length: number): Buffer
	/** Forgets it; once more does no harm. */
	drop(): void
}

export class InMemory implements Content {
	readonly #pieces: Buffer[] = []
	#whole: Buffer | undefined
	size = 0

	write(bytes: Buffer): void {
		this.#pieces.push(bytes)
		this.size += bytes.length
	}

	read(position: number, length: number): Buffer {
		this.#whole ??= this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces)
		return this.#whole?.subarray(position, position + length) ?? Buffer.alloc(0)
	}

	drop(): void {
		this.#pieces.length = 0
		this.#whole = undefined
	}
}

let spools = 0

/** Too large for memory: in a file that has no name any more, so that it goes when the process does. */
export class Spooled implements Content {
	#fd: number
	size = 0

	constructor({dir}: Place) {
		const file = join(dir, `spool-${process.pid}-${spools++}`)
		this.#fd = openSync(forFs(file), 'wx+', 0o600)
		unlinkSync(forFs(file))
	}

	write(bytes: Buffer): void {
		this.writeAt(this.size, bytes)
	}

	/** Writes where others may not have written up to yet. */
	writeAt(position: number, bytes: Buffer): void {
		writeFully(this.#fd, bytes, position)
		this.size = Math.max(this.size, position + bytes.length)
	}

	read(position: number, length: number): Buffer {
		const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - position)))
		for (let at = 0; at < bytes.length;) {
			const got = readSync(this.#fd, bytes, at, bytes.length - at, position + at)
			if (got === 0) break
			at += got
		}
		return bytes
	}

	drop(): void {
		if (this.#fd >= 0) closeSync(this.#fd)
		this.#fd = -1
	}
}

type Held = {
	readonly local: Local
	readonly content?: Content | undefined
	readonly target?: string | undefined
	readonly xattrs?: readonly Xattr[] | undefined
}

/** The files whose objects are being written. */
export class InHand implements Files {
	readonly #held = new Map<Path, Held>()
	hold(path: Path, held: Held): void {
		this.#held.set(path, held)
	}

	release(path: Path): void {
		this.#held.get(path)?.content?.drop()
		this.#held.delete(path)
	}

	#get(path: Path): Held {
		const held = this.#held.get(path)
		if (!held) throw fatal('it did not come')
		return held
	}

	stat(path: Path): Stat | undefined {
		const held = this.#held.get(path)
		return held && statOf(held)
	}

	open(path: Path): OpenFile {
		const held = this.#get(path)
		const read = (position: number, length: number) => held.content?.read(position, length) ?? Buffer.alloc(0)
		return {
			stat: statOf(held),
			read,
			async readInto(buffer, position) {
				const bytes = read(position, buffer.length)
				bytes.copy(buffer)
				return buffer.subarray(0, bytes.length)
			},
			unchanged: () => true,
			close: () => {},
		}
	}

	hash(path: Path): string {
		const {content} = this.#get(path)
		const hash = createHash('md5')
		for (let at = 0; at < (content?.size ?? 0); at += CHUNK) hash.update(content?.read(at, CHUNK) ?? '')
		return hash.digest('hex')
	}

	readLink(path: Path): Buffer {
		return Buffer.from(this.#get(path).target ?? '', 'latin1')
	}

	xattrs(path: Path): string | undefined {
		return digestOf(this.readXattrs(path))
	}

	readXattrs(path: Path): readonly Xattr[] {
		return this.#get(path).xattrs ?? []
	}
}

const CHUNK = 1 << 20

/** The digest of attributes as an index keeps it, undefined where there are none. */
export const digestOf = (xattrs: readonly Xattr[]): string | undefined =>
	xattrs.length > 0 ? xattrsDigest(encodeXattrs(xattrs)) : undefined

const statOf = ({local, content}: Held): Stat => ({
	mode: local.mode,
	size: content?.size ?? local.size,
	mtime: local.mtime,
	ctime: local.ctime,
	ino: Number(local.ino),
	dev: 0,
	nlink: 1,
	uid: local.uid,
	gid: local.gid,
	blocks: 0,
	rdev: {major: 0, minor: 0},
})
