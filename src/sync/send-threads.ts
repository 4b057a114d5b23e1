// What of a push is left to threads, where there are many files: small ones that are sent, and objects that get attributes.

import type {Path} from '../base/path.ts'
import {type Local, TYPE, typeOf} from '../format/entry.ts'
import type {Condition} from '../store/store.ts'
import {fieldsOf} from './crew-fields.ts'
import {guardOf, sentFile, type SendTask, type Sent} from './crew-send.ts'
import type {Relabel} from './relabel.ts'
import type {SendOptions} from './send.ts'
import {SmallFiles} from './small-files.ts'

type Done = ReturnType<typeof sentFile>

/** Both resolve to undefined where it is not for threads, or did not go well: then the caller does it. */
export class SendThreads {
	readonly #options: SendOptions
	readonly #small: SmallFiles<SendTask, Sent>

	constructor(options: SendOptions) {
		const {index} = options.session
		this.#options = options
		this.#small = new SmallFiles(options.crew, {count: index.count, has: (row) => index.hasRemote(row)})
	}

	/** Ends the threads. */
	close(): Promise<void> {
		return this.#small.close()
	}

	/** Has a file sent under a guard. */
	put(path: Path, local: Local, key: string, guard: Condition): Promise<Done | undefined> {
		return this.#do(local, () => ['put', path, key, guardOf(guard), local.link])
	}

	/** Has an object given attributes. */
	async copy({path, local, from, etag, to, guard}: Relabel): Promise<Done | undefined> {
		// whether an object keeps attributes that its file lacks is for who knows which are looked at
		if (this.#options.files.xattrs !== undefined) return undefined
		return this.#do(local, () => ['copy', path, to, guardOf(guard), fieldsOf(local), from, etag])
	}

	async #do(local: Local, task: () => SendTask): Promise<Done | undefined> {
		if (!this.#options.store.conditional) return undefined
		if (typeOf(local.mode) !== TYPE.file || local.xattrs !== undefined) return undefined
		const said = await this.#small.do(local.size, task)
		return said && sentFile(said)
	}
}
