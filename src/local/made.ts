// What new files without a name are like: their owner, group and permissions follow from the directory, its ACL, the umask and the
// file system. One is looked at, and the next is taken for the same until it has its name: it is looked at then anyhow.

import type {Path} from '../base/path.ts'
import {statOf} from './fstat.ts'
import {OpenHandle, type Owned} from './handle.ts'

/** A name in a directory that is open. */
export type OpenPlace = {
	/** The descriptor of the directory. */
	readonly directory: number
	readonly name: Path
	/** What new files in there are like. */
	readonly made: Made
}

/** What those of one directory are like. */
export class Made {
	#asked: number | undefined
	#found: Owned | undefined

	/** One that is open as `fd`, and was asked to have the permissions `asked`; nothing of it was changed yet. */
	handle(fd: number, asked: number): MadeHandle {
		if (this.#found === undefined || asked !== this.#asked) this.#found = statOf(fd)
		this.#asked = asked
		return new MadeHandle(fd, this.#found)
	}

	/** They are like others by now. */
	forget(): void {
		this.#found = undefined
	}
}

/** A file without a name that is taken for another until it is looked at. */
export class MadeHandle extends OpenHandle {
	readonly #taken: Owned
	#hasOwner = false
	#hasMode = false

	constructor(fd: number, taken: Owned) {
		super(fd, undefined)
		this.#taken = taken
	}

	override owned(): Owned {
		return this.#taken
	}

	override chown(uid: number, gid: number): void {
		super.chown(uid, gid)
		this.#hasOwner = true
	}

	override chmod(mode: number): void {
		super.chmod(mode)
		this.#hasMode = true
	}

	/** Whether what it was taken for, as far as that was not changed, is what it is now. */
	isRight({mode, uid, gid}: Owned): boolean {
		const taken = this.#taken
		if (!this.#hasOwner && (uid !== taken.uid || gid !== taken.gid)) return false
		return this.#hasMode || mode === taken.mode
	}
}
