// What of a push is left to threads, where there are many files: small ones that are sent, and objects that get attributes.

import {type Entry, type Local, TYPE, typeOf} from '../format/entry.ts'
import {fieldsOf} from './crew-fields.ts'
import {guardOf, sentFile, type SendTask, type Sent} from './crew-send.ts'
import type {Relabel} from './relabel.ts'
import type {Sender} from './send.ts'
import {SmallFiles} from './small-files.ts'

type Done = ReturnType<typeof sentFile>

/** Both resolve to undefined where it is not for threads, or did not go well: then the caller does it. */
export class SendThreads {
	readonly #sender: Sender
	readonly #small: SmallFiles<SendTask, Sent>

	constructor(sender: Sender) {
		const {session, crew} = sender.options
		const {index} = session
		this.#sender = sender
		this.#small = new SmallFiles(crew, {count: index.count, isDone: (row) => index.inSync(row)})
	}

	/** Ends the threads. */
	close(): Promise<void> {
		return this.#small.close()
	}

	/** Has a file sent. */
	put(planned: Entry, local: Local): Promise<Done | undefined> {
		const {path} = planned
		return this.#do(local, () => {
			const guard = guardOf(this.#sender.guard(planned))
			return ['put', path, this.#sender.key(path), guard, local.link]
		})
	}

	/** Has an object given attributes. */
	async copy({path, local, from, etag, to, guard}: Relabel): Promise<Done | undefined> {
		// whether an object keeps attributes that its file lacks is for who knows which are looked at
		if (this.#sender.options.files.xattrs !== undefined) return undefined
		return this.#do(local, () => ['copy', path, to, guardOf(guard), fieldsOf(local), from, etag])
	}

	async #do(local: Local, task: () => SendTask): Promise<Done | undefined> {
		if (!this.#sender.options.store.conditional) return undefined
		if (typeOf(local.mode) !== TYPE.file || local.xattrs !== undefined) return undefined
		const said = await this.#small.do(local.size, task)
		return said && sentFile(said)
	}
}
