// What of a push is left to threads, where there is much to do: what is sent in one piece, and objects that get attributes.

import {MULTIPART_FROM} from '../algo/parts.ts'
import {type Entry, type Local, TYPE, typeOf} from '../format/entry.ts'
import {fieldsOf} from './crew-fields.ts'
import {guardOf, type KnownSums, sentFile, type SendTask, type Sent} from './crew-send.ts'
import type {Relabel} from './relabel.ts'
import type {Sender} from './send.ts'
import {CrewShare} from './crew-share.ts'

/** What threads are told all of: not the numbers of devices, of which there are few. */
const CARRIED: ReadonlySet<number> = new Set([TYPE.file, TYPE.directory, TYPE.symlink])

export class SendThreads {
	readonly #sender: Sender
	readonly #share: CrewShare<SendTask, Sent>

	constructor(sender: Sender) {
		const {session, crew} = sender.options
		const {index} = session
		this.#sender = sender
		this.#share = new CrewShare(crew, {
			count: index.count,
			isDone: (row) => index.inSync(row),
			sizeOf: (row) => index.entry(row).local?.size ?? 0,
			below: MULTIPART_FROM,
		})
	}

	/** What is for threads waits until it is known whether the store obeys guards, which they do not find out. */
	get showing(): Promise<void> | undefined {
		const {store, force, crew} = this.#sender.options
		if (crew === undefined || force || store.conditional !== undefined) return undefined
		return store.showGuards?.().catch(() => {}) // the write that needs to know it fails in the same way
	}

	/** Ends the threads. */
	close(): Promise<void> {
		return this.#share.close()
	}

	/** Whether a file, of which so many bytes move, is one for threads; to be asked of each once. */
	takes({mode, size, xattrs}: Local, moved = size): boolean {
		const {store, force} = this.#sender.options
		if (!this.#share.takes(size, moved) || !(force || store.conditional)) return false
		return CARRIED.has(typeOf(mode)) && xattrs === undefined
	}

	/** Has a file sent, whose sums may be known; undefined where that did not go well: then the caller does it. */
	put(planned: Entry, local: Local, known?: KnownSums): Promise<Sent | undefined> {
		const {path} = planned
		const {mode, link, size, ino, ctime} = local
		const key = this.#sender.key(path)
		const guard = guardOf(this.#sender.guard(planned))
		return this.#share.do(
			typeOf(mode) === TYPE.file
				? ['put', path, key, guard, link, size, ino, ctime, known]
				: ['non-regular', path, key, guard, fieldsOf(local)],
		)
	}

	/** Has an object given attributes; undefined where that is not for threads, or did not go well. */
	async copy({
		path,
		local,
		from,
		etag,
		to,
		guard,
	}: Relabel): Promise<ReturnType<typeof sentFile> | undefined> {
		// whether an object keeps attributes that its file lacks is for who knows which are looked at
		if (!this.takes(local, 0) || this.#sender.options.files.xattrs !== undefined) return undefined
		const said = await this.#share.do(['copy', path, to, guardOf(guard), fieldsOf(local), from, etag])
		return said && sentFile(said)
	}
}
