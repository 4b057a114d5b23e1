// New files of which the remote has the bytes already: they are copied there, and sent only where that does not go.

import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {PathList} from '../base/path-list.ts'
import type {Entry} from '../format/entry.ts'
import {type Head, isKind} from '../store/store.ts'
import {KeptAcls} from './kept-acl.ts'
import {copySources} from './plan.ts'
import {type Relabel, relabel, type RelabelOptions} from './relabel.ts'
import type {Sender} from './send.ts'
import type {SentFile} from './send-parts.ts'

/** Why there is nothing to copy from. */
const NO_SOURCE = ['precondition', 'not-found', 'archived'] as const

export class Copies {
	/** Files whose source is sent in this run, so that they wait for it. */
	readonly waiting = new PathList()
	readonly #sender: Sender
	readonly #how: RelabelOptions
	#sources: ReturnType<typeof copySources> | undefined

	constructor(sender: Sender) {
		const {options, sides} = sender
		this.#sender = sender
		this.#how = {...options, acls: new KeptAcls(options.store), sides}
	}

	/** Whether the remote is to have the object that a file is a copy of, but has it not yet: then the file waits. */
	mustWait(entry: Entry): boolean {
		const source = this.#sourceOf(entry)
		const waits = source !== undefined && !source.remote
		if (waits) this.waiting.add(entry.path)
		return waits
	}

	/** Copies a file from an object with its content, and says from which path; undefined where there is none any more. */
	async make(
		entry: Entry,
	): Promise<(Pick<SentFile, 'written' | 'size'> & {readonly from: Path}) | undefined> {
		const source = this.#sourceOf(entry)
		if (!source?.remote) return undefined
		try {
			return {...(await this.relabel(entry, source)), from: source.path}
		} catch (error) {
			// what is gone, or can only be read when it was restored, is here all the same
			if (NO_SOURCE.some((kind) => isKind(error, kind))) return undefined
			throw error
		}
	}

	/** Gives an entry's key the bytes of the object of `source`, with its own attributes: see relabel.ts. */
	async relabel(entry: Entry, source: Entry, head?: Head): Promise<Pick<SentFile, 'written' | 'size'>> {
		const {path, local} = entry
		const sender = this.#sender
		if (!local) throw fatal('it is not in the index')
		const wanted: Relabel = {
			path,
			local,
			from: sender.objectKey(source),
			etag: source.remote?.etag,
			to: sender.key(path),
			guard: sender.guard(entry),
		}
		const byThread = head ? undefined : await sender.threads.copy(wanted)
		return byThread ?? relabel(wanted, this.#how, head)
	}

	#sourceOf(entry: Entry): Entry | undefined {
		this.#sources ??= copySources(this.#sender.options.session.index)
		return this.#sources.find(entry)
	}
}
