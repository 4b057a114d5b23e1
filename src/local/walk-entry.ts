// A file that a walk came to.

import {textAt} from '../base/bytes.ts'
import {parentOf, type Path} from '../base/path.ts'
import type {Stat} from './stat.ts'
import {Statx} from './statx.ts'

/** A file that was come to. What it says holds until the next one is asked for. */
export class Entry {
	/** The path is that of a directory ('', or with a final '/') and a name, which ends in NUL. */
	readonly directory: Path
	readonly bytes: Buffer
	readonly start: number
	readonly stat: Statx
	#path: Path | undefined

	constructor(directory: Path, bytes: Buffer, start: number, stat: Statx) {
		this.directory = directory
		this.bytes = bytes
		this.start = start
		this.stat = stat
	}

	static of(path: Path, stat: Stat): Entry {
		const directory = parentOf(path)
		return new Entry(directory, Buffer.from(`${path.slice(directory.length)}\0`, 'latin1'), 0, Statx.of(stat))
	}

	get path(): Path {
		return (this.#path ??= this.directory + textAt(this.bytes, this.start))
	}
}
