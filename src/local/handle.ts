// A file whose attributes are changed: by its path, never following a link, or by an open descriptor,
// which takes half the calls and cannot be another file's by then.

import {fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync} from 'node:fs'
import {fatal} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {changeMode} from './descriptors.ts'
import {statOf} from './fstat.ts'
import {native} from './native.ts'
import {lstatExact, type Stat} from './stat.ts'

/** All of these throw system errors. */
export type Handle = {
	/** The file's name, for calls that take no descriptor. */
	readonly file: Path
	stat(): Stat
	chown(uid: number, gid: number): void
	chmod(mode: number): void
	/** Nanoseconds since the epoch; rounded to what node can say where koffi is not installed. */
	setMtime(mtime: bigint): void
}

/** As a string, since node takes a number below 0 for now. */
const seconds = (ns: bigint): string => String(Number(ns) / 1e9)

/** The file that has this name. */
export const byPath = (file: Path): Handle => ({
	file,
	stat() {
		const stat = lstatExact(file)
		if (stat === undefined) throw Object.assign(fatal('it is gone'), {code: 'ENOENT'})
		return stat
	},
	chown: (uid, gid) => lchownSync(forFs(file), uid, gid),
	chmod: (mode) => changeMode(file, mode),
	setMtime(mtime) {
		const calls = native()
		if (calls !== undefined) calls.setTimes(file, {mtime})
		else lutimesSync(forFs(file), new Date(), seconds(mtime))
	},
})

/** The file that is open as `fd`, whose name is `file`. */
export const byDescriptor = (fd: number, file: Path): Handle => ({
	file,
	stat: () => statOf(fd),
	chown: (uid, gid) => fchownSync(fd, uid, gid),
	chmod: (mode) => fchmodSync(fd, mode),
	setMtime(mtime) {
		const calls = native()
		if (calls !== undefined) calls.setTimesOf(fd, {mtime})
		else futimesSync(fd, new Date(), seconds(mtime))
	},
})
