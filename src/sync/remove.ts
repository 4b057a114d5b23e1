// Deletes objects of a remote; the index forgets them, and the files stay.

import {fatal} from '../base/errors.ts'
import {fromUnicode, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import type {IndexSession} from '../repo/session.ts'
import {noSuchObject} from '../store/errors.ts'
import {isKind, type Store} from '../store/store.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'

/** Objects that are deleted by one request. */
export const BATCH = 1000
/** Requests at once, where each object takes one. */
const WIDTH = 32

/** An object to delete: what a listing, a head or a line told of it. */
export type Doomed = {
	readonly key: string
	readonly etag?: string | undefined
	readonly size?: number | undefined
}

const changed = () => fatal('somebody else changed it', "'s3r fetch' takes note of it, --force deletes it")

export type RemoverOptions = {
	readonly store: Store
	readonly events: Events
	/** That of the local side. */
	readonly session?: IndexSession | undefined
	/** Deletes what somebody else changed, too. */
	readonly force?: boolean | undefined
	readonly signal: AbortSignal
	/** The path in the local side that a key is of. */
	readonly pathOf: (key: string) => Path | undefined
}

export class Remover {
	readonly #store: Store
	readonly #events: Events
	readonly #options: RemoverOptions

	constructor(options: RemoverOptions) {
		this.#store = options.store
		this.#events = options.events
		this.#options = options
	}

	/** Deletes one object: the one that is there now, and no other. */
	async remove(key: string): Promise<void> {
		try {
			const head = await this.#store.head(key)
			if (!head) throw await this.#absent(key)
			const found = {key, ...head}
			if (!this.#isExpected(found)) return
			await this.#store.delete(key, {ifMatch: head.etag})
			this.#removed(found)
		} catch (error) {
			this.#events.failed(fromUnicode(key), error)
		}
	}

	/** Deletes all that a listing shows below `key`. */
	async removeListed(key: string, listing: AsyncIterable<Doomed>): Promise<void> {
		let batch: Doomed[] = []
		let count = 0
		for await (const found of listing) {
			this.#options.signal.throwIfAborted()
			count++
			if (this.#isExpected(found)) batch.push(found)
			if (batch.length === BATCH) await this.#removeAll(batch.splice(0))
		}
		await this.#removeAll(batch)
		if (count === 0) this.#events.failed(fromUnicode(key), noSuchObject(this.#store.bucket, key))
	}

	/**
	 * Deletes what is named, without a look at it: what has an ETag, or is known to the index, by a request of its
	 * own that spares anything else, all others by one request. With `force` nothing is spared.
	 */
	async removeNamed(all: readonly Doomed[]): Promise<void> {
		const {force, signal} = this.#options
		const named = all.map((one) => ({...one, etag: one.etag ?? this.#known(one.key)?.remote?.etag}))
		const guarded = force ? [] : named.filter(({etag}) => etag !== undefined)
		await this.#removeAll(force ? named : named.filter(({etag}) => etag === undefined))
		await pool(guarded, {width: WIDTH, signal}, async (one) => {
			if (!this.#isExpected(one)) return
			try {
				await this.#store.delete(one.key, {ifMatch: one.etag})
				this.#removed(one)
			} catch (error) {
				if (isFinal(error, signal)) throw error
				this.#events.failed(fromUnicode(one.key), isKind(error, 'precondition') ? changed() : error)
			}
		})
	}

	async #removeAll(batch: readonly Doomed[]): Promise<void> {
		if (batch.length === 0) return
		const failed = await this.#store.deleteMany(batch.map(({key}) => key))
		for (const found of batch) {
			const error = failed.get(found.key)
			if (error) this.#events.failed(fromUnicode(found.key), error)
			else this.#removed(found)
		}
	}

	/** Whether the object is what the index knows, where it knows one; else says so. */
	#isExpected({key, etag}: Doomed): boolean {
		const known = this.#known(key)?.remote
		if (this.#options.force || known === undefined || known.etag === etag) return true
		this.#events.failed(fromUnicode(key), changed())
		return false
	}

	#known(key: string) {
		const path = this.#options.pathOf(key)
		return path === undefined ? undefined : this.#options.session?.get(path)
	}

	/** Tells of an object that is gone, and forgets it; a file that is there is a new one then. */
	#removed({key, etag, size}: Doomed): void {
		const known = this.#known(key)
		if (known) this.#options.session?.put({path: known.path, local: known.local, attrs: known.attrs})
		const path = known?.path ?? fromUnicode(key)
		const digest = etag === undefined ? undefined : (`etag:${etag}` as const)
		this.#events.done({line: {status: 'D', record: {path, size, digest}}, entry: {path}})
	}

	async #absent(key: string) {
		const absent = noSuchObject(this.#store.bucket, key)
		for await (const page of this.#store.list(`${key}/`))
			return page.length > 0 ? fatal(absent.message, '-r deletes what is below it') : absent
		return absent
	}
}
