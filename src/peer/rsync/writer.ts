// Files of a list into objects, as a push writes them: with its guards, its metadata and its parts.

import {type Path} from '../../base/path.ts'
import {TYPE, typeOf, type Entry, type Local} from '../../format/entry.ts'
import {IndexBuilder} from '../../format/index-builder.ts'
import {keyOf} from '../../format/key.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {Place} from '../../repo/find.ts'
import {listUploadRecords} from '../../repo/uploads.ts'
import type {Store} from '../../store/store.ts'
import {digestOf as attributesDigestOf, type Owners} from '../../sync/attributes.ts'
import type {Stored} from '../../sync/cargo.ts'
import {type Ledger, Sender} from '../../sync/send.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {type Content, InHand} from './in-hand.ts'

/** Objects that are written at once. */
const WIDTH = 32

export type WriterOptions = {
	readonly store: Store
	readonly prefix: string
	readonly stored: Stored | undefined
	readonly catalogue: Catalogue
	readonly owners: Owners
	/** Where what is too large for memory is kept, and uploads under way are noted. */
	readonly scratch: Place
	readonly signal?: AbortSignal | undefined
}

export type Writing = {
	readonly path: Path
	readonly local: Local
	/** What is there. */
	readonly found?: Found | undefined
	readonly content?: Content | undefined
	/** A symlink's target. */
	readonly target?: string | undefined
	readonly xattrs?: readonly Xattr[] | undefined
}

/** The object is not what it was when it was listed: somebody else wrote it. */
class Conflict extends Error {
	override readonly message = 'somebody else changed it meanwhile: it is left as it is'
}

export class Writer {
	readonly #options: WriterOptions
	readonly #files: InHand
	readonly #sender: Sender
	readonly #outcomes = new Map<Path, unknown>()
	/** Of objects that were just written. */
	readonly #etags = new Map<Path, string>()
	readonly #running = new Set<Promise<void>>()
	/** Who waits for room: those who ask and those who receive do. */
	readonly #waiting: (() => void)[] = []
	#failure: {readonly error: unknown} | undefined

	constructor(options: WriterOptions) {
		const {catalogue, scratch} = options
		this.#options = options
		this.#files = new InHand()
		const index = new IndexBuilder().finish({scanned: BigInt(Date.now()) * 1_000_000n, device: 0n})
		const ledger: Ledger = {
			place: scratch,
			index,
			get: () => undefined,
			put: (entry) => {
				this.#etags.set(entry.path, entry.remote?.etag ?? '')
				catalogue.learned.wrote(entry, options.owners)
			},
			forget: (path) => catalogue.learned.forget(path),
		}
		this.#sender = new Sender({
			...options,
			session: ledger,
			files: this.#files,
			events: {
				done: ({line, entry}) => {
					if (line.status === 'C') this.#outcomes.set(entry.path, new Conflict())
				},
				failed: (path, error) => void this.#outcomes.set(path, error),
				vanished: () => {},
				warn: () => {},
				moved: () => {},
			},
		})
	}

	/** Begins work once there is room for it. Rejects where work that was begun before has ended it all. */
	async start(work: () => Promise<void>): Promise<void> {
		if (this.#failure) throw this.#failure.error
		while (this.#running.size >= WIDTH) await new Promise<void>((resolve) => void this.#waiting.push(resolve))
		const running: Promise<void> = this.#run(work).finally(() => {
			this.#running.delete(running)
			this.#waiting.shift()?.()
		})
		this.#running.add(running)
	}

	async #run(work: () => Promise<void>): Promise<void> {
		try {
			await work()
		} catch (error) {
			this.#failure ??= {error}
		}
	}

	/** Waits for all that was begun; rejects where the work cannot go on. */
	async settled(): Promise<void> {
		while (this.#running.size > 0) await Promise.all(this.#running)
		if (this.#failure) throw this.#failure.error
	}

	/** Writes the object of a file, and resolves to its ETag. Rejects where it was not written. */
	async write(writing: Writing): Promise<string> {
		const {path, local, content, target, xattrs} = writing
		this.#files.hold(path, {local, content, target, xattrs})
		try {
			await this.#sender.execute({status: 'M', entry: this.#entry(writing)})
			return this.#check(path)
		} finally {
			this.#files.release(path)
		}
	}

	/** Gives an object that is there other attributes. */
	async change(writing: Writing): Promise<string> {
		const {path, local, target, xattrs} = writing
		this.#files.hold(path, {local, target, xattrs})
		try {
			await this.#sender.execute({status: 'P', entry: this.#entry(writing)})
			return this.#check(path)
		} finally {
			this.#files.release(path)
		}
	}

	/** Makes an object of another one's content, on the server; resolves to its ETag. */
	async copy(writing: Writing, from: {readonly path: Path; readonly etag: string}): Promise<string> {
		const {path, local, xattrs} = writing
		this.#files.hold(path, {local, xattrs})
		try {
			const entry = this.#entry(writing)
			const source = {path: from.path, remote: {etag: from.etag, size: local.size}}
			const {written, size} = await this.#sender.copies.relabel(entry, source)
			this.#sender.commit('R', entry, written, size, from.path)
			return this.#check(path)
		} finally {
			this.#files.release(path)
		}
	}

	/** Copies an object with all that it has, over what may be there. */
	async duplicate({path, etag, stored}: Found, to: Path): Promise<void> {
		const {store, prefix} = this.#options
		const head = await store.head(prefix + keyOf(path))
		if (!head) return
		const {metadata, contentType, contentEncoding, storageClass} = head
		await store.copy(prefix + keyOf(path), prefix + keyOf(to), {
			metadata,
			contentType,
			contentEncoding,
			storageClass,
			sourceIfMatch: etag,
			size: stored,
		})
		this.#options.catalogue.learned.forget(to)
	}

	async delete({path, etag, stored}: Found): Promise<void> {
		await this.#sender.delete({path, remote: {etag, size: stored}})
		this.#check(path)
	}

	#entry({path, local, found}: Writing): Entry {
		const attrs = attributesDigestOf(local, this.#options.owners)
		if (!found || found.etag === '') return {path, local, attrs}
		const {etag, stored, attributes, md5} = found
		return {
			path,
			local: local.md5 === undefined && typeOf(local.mode) === TYPE.file ? {...local, md5} : local,
			attrs,
			remote: {etag, size: stored},
			base: {type: typeOf(attributes.mode ?? 0), md5, attrs},
		}
	}

	/** The ETag that an object has now, or what went wrong, thrown. */
	#check(path: Path): string {
		const etag = this.#etags.get(path) ?? ''
		this.#etags.delete(path)
		if (!this.#outcomes.has(path)) return etag
		const error = this.#outcomes.get(path)
		this.#outcomes.delete(path)
		throw error
	}

	/** Ends uploads that were begun and not completed. */
	async abandon(): Promise<void> {
		await Promise.allSettled(this.#running)
		for (const {key, id} of listUploadRecords(this.#options.scratch))
			// best effort: the session ends with the error that it ends with, and gc finds what stays
			await this.#options.store.abortUpload(key, id).catch(() => {})
	}
}
