// What a file is that is open, and what one by a name is, in exact values, for who asks often: where koffi is loaded already libc
// is asked, which takes a third of the time, and leaves two dozen numbers less to collect.

import {fstatSync} from 'node:fs'
import {type Path, toBytes} from '../base/path.ts'
import {type Native, nativeIfLoaded} from './native.ts'
import {exactly, lstatExact, type Stat} from './stat.ts'
import {Statx} from './statx.ts'

const found = new Statx()

/** What fstat(2) says of an open file. Throws system errors. */
export function statOf(fd: number): Stat {
	const calls = nativeIfLoaded()
	const isFound = calls?.statOf?.(fd, found.addressBy(calls)) === true
	return isFound ? found.plain() : exactly(fstatSync(fd, {bigint: true}))
}

/** A name that is looked at again and again: whether it still is that of one file. */
export class KnownFile {
	readonly #file: Path
	readonly #stat: Stat
	#name: Buffer | undefined
	#nameAt: number | undefined

	/** `stat` is what the file is that has the absolute name `file`. */
	constructor(file: Path, stat: Stat) {
		this.#file = file
		this.#stat = stat
	}

	/** Whether lstat(2) finds it. */
	get isThere(): boolean {
		const now = this.#looked(nativeIfLoaded()) ? found : lstatExact(this.#file)
		return now?.ino === this.#stat.ino && now.dev === this.#stat.dev
	}

	#looked(calls: Native | undefined): boolean {
		if (calls?.statAt === undefined) return false
		this.#name ??= toBytes(`${this.#file}\0`)
		// of an absolute name the directory counts for nothing
		return calls.statAt(-1, (this.#nameAt ??= calls.addressOf(this.#name)), found.addressBy(calls))
	}
}
