// A tree and a bucket that hold the same become the two sides of one index, and no byte is sent: each file that is
// on both sides is compared by what the listing and, where that is not enough, a HEAD tell.

import {pool} from '../base/pool.ts'
import {isDirectory} from '../base/path.ts'
import {agreed, type Entry, inSync, remoteIsBase, TYPE, typeOf} from '../format/entry.ts'
import {decodeMetadata} from '../format/foreign.ts'
import {attributesDigest} from '../format/metadata.ts'
import type {Head} from '../store/store.ts'
import {isFinal} from './final.ts'
import {isJoinedFrom} from './joined.ts'
import {localRecord} from '../format/sides.ts'
import {sameContent} from './plan.ts'
import {isOfType} from './same-type.ts'
import {Sender, type SendOptions} from './send.ts'

export type AdoptOptions = SendOptions & {
	/** Objects get our metadata, by copies onto themselves. */
	readonly rewrite?: boolean | undefined
	/** Tells what is the same, too. */
	readonly same?: boolean | undefined
}

/** How many paths are the same on both sides, and how many are on one side only. */
export type Adopted = {readonly same: number; readonly here: number; readonly there: number}

const JOBS = 32
/** The digest of attributes that no file has: those of an object that does not tell ours. */
const OTHERS = '0'.repeat(16)

/**
 * Notes in the index, which knows both sides, that they hold the same where they do; what they hold otherwise is a
 * conflict. The session is saved by the caller.
 */
export async function adopt(options: AdoptOptions): Promise<Adopted> {
	const adopter = new Adopter(options)
	await pool(adopter.candidates(), {width: JOBS, signal: options.signal}, (entry) => adopter.take(entry))
	return adopter.count()
}

class Adopter {
	readonly #options: AdoptOptions
	readonly #sender: Sender

	constructor(options: AdoptOptions) {
		this.#options = options
		this.#sender = new Sender(options)
	}

	/** What is on both sides, and nobody knows how it got there; what is the same for sure only if it is to be rewritten. */
	*candidates(): Iterable<Entry> {
		const {session, rewrite} = this.#options
		const {index} = session
		for (let row = 0; row < index.count; row++) {
			const entry = index.entry(row)
			if (entry.local && entry.remote && (entry.base ? rewrite && hasContent(entry) : true)) yield entry
		}
	}

	/** Compares the sides of an entry, and notes that they are the same. */
	async take(entry: Entry): Promise<void> {
		const {events, signal, rewrite, same} = this.#options
		try {
			const heads = new Heads(this.#sender, entry)
			if (!entry.base && !(await this.#isSame(entry, heads))) this.#tell('C', entry)
			else {
				const isOurs = !rewrite || this.#isOurs(entry, await heads.get())
				const noted = this.#note(entry, isOurs)
				if (!isOurs) await this.#sender.describe(noted, await heads.get())
				else if (same) this.#tell('=', entry)
			}
		} catch (error) {
			if (isFinal(error, signal)) throw error
			events.failed(entry.path, error)
		}
	}

	#tell(status: 'C' | '=', entry: Entry): void {
		this.#options.events.done({line: {status, record: localRecord(entry)}, entry})
	}

	/** Notes that both sides hold the same; of an object that is not ours, that its attributes are others. */
	#note(entry: Entry, isOurs: boolean): Entry {
		const {path, local, remote, attrs} = entry
		if (!local || !remote || attrs === undefined) return entry
		const noted = agreed({path, local, remote, attrs}, typeOf(local.mode), isOurs ? attrs : OTHERS)
		this.#options.session.put(noted)
		return noted
	}

	async #isSame(entry: Entry, heads: Heads): Promise<boolean> {
		const {local, path} = entry
		if (!local) return false
		if (isDirectory(path)) return true
		// only its head tells of what type an object is, and only files are worth the risk of being told wrong
		if (typeOf(local.mode) !== TYPE.file) {
			const head = await heads.get()
			if (!head || !isOfType(heads.key, head, entry)) return false
		}
		return (
			sameContent(entry) || (await this.#isJoined(entry)) || isVouchedFor(entry, heads.key, await heads.get())
		)
	}

	/** Whether the ETag is that of this file, sent in parts as some tool does. */
	async #isJoined({path, local, remote}: Entry): Promise<boolean> {
		const {files, signal} = this.#options
		if (!local || !remote || typeOf(local.mode) !== TYPE.file || local.size !== remote.size) return false
		const file = files.open(path)
		try {
			return file.stat.size === local.size && (await isJoinedFrom(file, remote.etag, signal))
		} finally {
			file.close()
		}
	}

	/** Whether an object tells all that we would write of its file. */
	#isOurs({path, attrs, remote}: Entry, head: Head | undefined): boolean {
		if (!head || remote?.alias !== undefined) return false
		const {attributes, convention} = decodeMetadata(head.metadata, {key: this.#sender.key(path), ...head})
		return convention === 's3r' && attributesDigest(attributes) === attrs
	}

	count(): Adopted {
		const {index} = this.#options.session
		const counts = {same: 0, here: 0, there: 0}
		for (let row = 0; row < index.count; row++) {
			const entry = index.entry(row)
			if (inSync(entry)) counts.same++
			else if (!entry.remote) counts.here++
			else if (!entry.local) counts.there++
		}
		return counts
	}
}

/** Whether both sides hold still what both held once, whatever became of the attributes. */
const hasContent = (entry: Entry): boolean =>
	remoteIsBase(entry) &&
	entry.base?.md5 === entry.local?.md5 &&
	entry.base?.type === typeOf(entry.local?.mode ?? 0)

/** The head of an entry's object, asked for once and only where it is needed. */
class Heads {
	readonly key: string
	readonly #ask: () => Promise<Head | undefined>
	#head: Promise<Head | undefined> | undefined

	constructor(sender: Sender, entry: Entry) {
		this.key = sender.objectKey(entry)
		this.#ask = async () => {
			const head = await sender.options.store.head(this.key)
			return head?.etag === entry.remote?.etag ? head : undefined
		}
	}

	get(): Promise<Head | undefined> {
		return (this.#head ??= this.#ask())
	}
}

/** Whether an object's metadata hold the MD5 of what the file holds: of its bytes, or of those that are packed in it. */
function isVouchedFor({local}: Entry, key: string, head: Head | undefined): boolean {
	if (!head || local?.md5 === undefined) return false
	const {md5, original} = decodeMetadata(head.metadata, {key, ...head}).attributes
	if (original) return original.md5 === local.md5 && original.size === local.size
	return md5 === local.md5 && head.size === local.size
}
