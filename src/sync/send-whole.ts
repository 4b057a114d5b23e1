// A file in one piece: by a thread of the crew where there are many, else here.

import {isDeepStrictEqual} from 'node:util'
import type {Path} from '../base/path.ts'
import {type Entry, type Local, TYPE, typeOf, withLocal, withMd5} from '../format/entry.ts'
import {isAsSeen} from '../local/stat.ts'
import {type Condition, isKind, putOptions, type Written} from '../store/store.ts'
import {digestAfter} from './attributes.ts'
import {type Cargo, cargoOf, type CargoOptions} from './cargo.ts'
import {isOfType} from './same-type.ts'
import {isPacked} from './content-type.ts'
import {type KnownSums, sentFile} from './crew-send.ts'
import {STREAMED} from './pieces.ts'
import type {SentFile} from './send-parts.ts'
import type {Sender} from './send.ts'
import type {Taken} from './sums-thread.ts'

/** From this size on a file is hashed with others before it is sent: so it takes a third of the time. */
const AHEAD_FROM = 2 ** 20

export class WholeFiles {
	readonly #sender: Sender
	readonly #how: CargoOptions
	/** Until the store shows that it is not so. */
	#etagIsMd5: boolean

	constructor(sender: Sender) {
		this.#sender = sender
		this.#how = {...sender.options, memory: sender.memory}
		this.#etagIsMd5 = sender.options.stored?.opaque !== true
	}

	/** Whether a thread may send a file; to be asked of each once. */
	isForThread(local: Local): boolean {
		return this.#etagIsMd5 && this.#sender.threads.takes(local)
	}

	/** Lets a thread send a file; undefined where that does not go well. */
	byThread(planned: Entry, local: Local): Promise<SentFile | undefined> {
		const {ahead, budget} = this.#sender
		const {size, md5} = local
		if (size < AHEAD_FROM) return budget.hold(size, () => this.#byThread(planned, local))
		return ahead.hold(async () => {
			const taken = md5 === undefined ? await this.#taken(planned.path, local) : {md5, sha256: []}
			const known = taken && this.#known(planned.path, taken)
			const bytes = known?.[2] ? STREAMED : size
			return ahead.send(() => budget.hold(bytes, () => this.#byThread(planned, local, known)))
		})
	}

	/** What is taken, with that of others, of a file that is as it was seen. */
	async #taken(path: Path, local: Local): Promise<Taken | undefined> {
		const {options} = this.#sender
		const file = options.files.open(path)
		try {
			const {fd, stat} = file
			if (fd === undefined || !isAsSeen(stat, local)) return undefined
			const {size} = stat
			const isSigned = options.store.signsBodies && !isPacked(path, options)
			const taken = await this.#sender.ahead.hash({fd, size}, isSigned ? size : undefined)
			return file.unchanged() ? taken : undefined
		} finally {
			file.close()
		}
	}

	#known(path: Path, {md5, sha256: [sha256]}: Taken): KnownSums {
		const {options} = this.#sender
		return [md5, sha256, !isPacked(path, options) && (sha256 !== undefined || !options.store.signsBodies)]
	}

	#byThread(planned: Entry, local: Local, known?: KnownSums): Promise<SentFile | undefined> {
		return this.#sender.threads.put(planned, local, known).then((said) => {
			if (said === undefined) return undefined
			const {written, size, read} = sentFile(said)
			if (read === undefined) return undefined
			// what has no content has no MD5, and that of a symlink is known
			const isFile = typeOf(local.mode) === TYPE.file
			const now = read.local ?? (isFile ? withMd5(local, read.md5) : local)
			const entry = withLocal(planned, now, digestAfter(planned, now, this.#sender.options.owners))
			return written.etag === read.md5 ? {written, size, entry} : this.#again(entry, written, size)
		})
	}

	/**
	 * Sends a file in one piece. Where a bucket encrypts with a key of its own, its ETags are no MD5s, and
	 * metadata must hold the MD5: that shows in the first reply, and what was sent until then is sent again.
	 */
	async send(planned: Entry): Promise<SentFile> {
		const etagIsMd5 = this.#etagIsMd5
		const cargo = cargoOf(planned, this.#how, etagIsMd5)
		if (cargo.side) await this.#sender.sides.send(cargo.side)
		const written = await this.#put(cargo)
		// the store has verified all of it, and reads it no more; what it did not take may still be on its way
		this.#sender.memory.give(cargo.body)
		if (!etagIsMd5 || written.etag === cargo.md5.hexSlice(0, 16))
			return {entry: cargo.entry, written, size: cargo.body.length}
		return this.#again(cargo.entry, written, cargo.body.length)
	}

	/** Sends what was sent with an ETag that turned out to be no MD5. */
	#again(entry: Entry, {etag}: Written, size: number): Promise<SentFile> {
		this.#etagIsMd5 = false
		return this.send({...entry, remote: {etag, size}})
	}

	/** Writes under the guard, or finds that what stands there is what was to be written. */
	async #put({entry, body, md5, properties}: Cargo): Promise<Written> {
		const {store} = this.#sender.options
		const key = this.#sender.key(entry.path)
		const put = (condition: Condition) => store.put(key, body, putOptions(properties, condition, md5))
		try {
			return await put(this.#sender.guard(entry))
		} catch (error) {
			if (!isKind(error, 'precondition') && !isKind(error, 'not-found')) throw error
			const head = await store.head(key)
			if (!head) return put({ifNoneMatch: '*'})
			const held = head.metadata['md5chksum'] ?? Buffer.from(head.etag, 'hex').toString('base64')
			if (held !== md5.toString('base64') || !isOfType(key, head, entry)) throw error
			return isDeepStrictEqual(head.metadata, properties.metadata)
				? {etag: head.etag, version: head.version, modified: head.modified}
				: put({ifMatch: head.etag})
		}
	}
}
