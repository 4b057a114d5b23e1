// A file whose attributes are changed: by its path, never following a link, or by an open descriptor,
// which takes half the calls and cannot be another file's by then.

import {fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync} from 'node:fs'
import {fatal} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {changeMode, pathOf} from './descriptors.ts'
import {statOf} from './fstat.ts'
import {native} from './native.ts'
import {lstatExact, type Stat} from './stat.ts'

/** What attributes are compared with. */
export type Owned = Pick<Stat, 'mode' | 'uid' | 'gid'>

/** All of these throw system errors. */
export type Handle = {
	/** The file's name, for calls that take no descriptor. */
	readonly file: Path
	/** What it has before anything is changed. */
	owned(): Owned
	stat(): Stat
	chown(uid: number, gid: number): void
	chmod(mode: number): void
	/** Nanoseconds since the epoch; rounded to what node can say where koffi is not installed. */
	setMtime(mtime: bigint): void
}

/** As a string, since node takes a number below 0 for now. */
const seconds = (ns: bigint): string => String(Number(ns) / 1e9)

/** The file that has this name. */
export class NamedHandle implements Handle {
	readonly file: Path

	constructor(file: Path) {
		this.file = file
	}

	owned(): Owned {
		return this.stat()
	}

	stat(): Stat {
		const stat = lstatExact(this.file)
		if (stat === undefined) throw Object.assign(fatal('it is gone'), {code: 'ENOENT'})
		return stat
	}

	chown(uid: number, gid: number): void {
		lchownSync(forFs(this.file), uid, gid)
	}

	chmod(mode: number): void {
		changeMode(this.file, mode)
	}

	setMtime(mtime: bigint): void {
		const calls = native()
		if (calls !== undefined) calls.setTimes(this.file, {mtime})
		else lutimesSync(forFs(this.file), new Date(), seconds(mtime))
	}
}

/** The file that is open as `fd`. */
export class OpenHandle implements Handle {
	readonly #fd: number
	readonly #file: Path | undefined

	/** `file` is its name, if it has one. */
	constructor(fd: number, file: Path | undefined) {
		this.#fd = fd
		this.#file = file
	}

	get file(): Path {
		return this.#file ?? pathOf(this.#fd)
	}

	owned(): Owned {
		return this.stat()
	}

	stat(): Stat {
		return statOf(this.#fd)
	}

	chown(uid: number, gid: number): void {
		fchownSync(this.#fd, uid, gid)
	}

	chmod(mode: number): void {
		fchmodSync(this.#fd, mode)
	}

	setMtime(mtime: bigint): void {
		const calls = native()
		if (calls !== undefined) calls.setTimesOf(this.#fd, {mtime})
		else futimesSync(this.#fd, new Date(), seconds(mtime))
	}
}
