// Which files go to the crew: small ones, where there are many.

import type {Path} from '../base/path.ts'
import {type Local, TYPE, typeOf} from '../format/entry.ts'
import type {Crew, Sent, Task} from './crew.ts'

/** Files below this size are the crew's, from so many of them on: threads take 50 ms to start. */
const BELOW = 2 ** 20
const FROM = 500

export class SmallFiles {
	readonly #make: (() => Crew) | undefined
	#crew: Crew | undefined
	#seen = 0

	/** `make` starts the threads; without it every file is left to the caller. */
	constructor(make: (() => Crew) | undefined) {
		this.#make = make
	}

	/** Lets a thread send a file; undefined where it is not the crew's, or did not go well. */
	async send(task: Omit<Task, 'key'>, keyOf: (path: Path) => string): Promise<Sent | undefined> {
		if (!this.#make || !isSmall(task.local) || this.#seen++ < FROM) return undefined
		this.#crew ??= this.#make()
		const sent = await this.#crew.send({...task, key: keyOf(task.path)})
		// an ETag that is no MD5 needs more than a thread does
		return sent?.written.etag === sent?.md5 ? sent : undefined
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}

const isSmall = ({mode, size, xattrs}: Local): boolean =>
	typeOf(mode) === TYPE.file && xattrs === undefined && size < BELOW
