// Guarded writes on stores that differ: AWS keeps every promise, others keep some.

import {randomUUID} from 'node:crypto'
import {PROBE} from '../format/key.ts'
import {preconditionFailed} from './errors.ts'
import type {OpenOptions} from './open.ts'
import type {S3Connection} from './s3-connection.ts'
import {remove} from './s3-delete.ts'
import {head} from './s3-head.ts'
import {Obedience, type Verb} from './s3-obedience.ts'
import {quoteEtag} from './s3-params.ts'
import {type Condition, isKind, type Kind, StoreError, type Written} from './store.ts'
import type {Guard} from './wire.ts'

/** What no other write would fare better with. */
const ENDS: ReadonlySet<Kind> = new Set(['no-bucket', 'network', 'interrupted', 'skew'])

/** How one store takes guards, as far as it has shown. */
export class Guards {
	readonly #at: S3Connection
	/** false once the store has refused a guard, or passed over one; undefined while that is not known. */
	conditional: boolean | undefined
	readonly #onProbed: OpenOptions['onProbed']
	#probing: Promise<void> | undefined
	/** Ceph before 20 compares If-Match with the bare ETag, quotes and all. */
	#quoted = true
	readonly #obedience: Obedience

	constructor(at: S3Connection, onProbed?: OpenOptions['onProbed']) {
		this.#at = at
		this.#onProbed = onProbed
		this.#obedience = new Obedience(at.aws)
		this.conditional = at.aws || (at.remote.conditional ?? (onProbed ? undefined : true))
	}

	/**
	 * Writes under a guard. Where the store cannot (`conditional` is false) or is not known to obey that of
	 * this verb, the guard is checked just before: a race of milliseconds instead of none. The first write
	 * finds out, where that was asked for.
	 */
	write<T>(key: string, condition: Condition, verb: Verb, send: (guard: Guard) => Promise<T>): Promise<T> {
		if (condition.ifMatch === undefined && condition.ifNoneMatch === undefined) return send({})
		const isObeyed = this.conditional === true && this.#obedience.isKnown(verb)
		if (isObeyed) return this.#guarded(key, condition, verb, send)
		return this.#checked(key, condition, verb, send)
	}

	/** Finds out whether the store obeys guards, where that is not known. */
	async show(): Promise<void> {
		if (this.conditional === undefined) await (this.#probing ??= this.#probe())
	}

	/** Writes under a guard that is not known to be obeyed. */
	async #checked<T>(
		key: string,
		condition: Condition,
		verb: Verb,
		send: (guard: Guard) => Promise<T>,
	): Promise<T> {
		await this.show()
		if (!this.#obedience.isKnown(verb) || this.conditional !== true) await this.#check(key, condition)
		return this.conditional === false ? send({}) : this.#guarded(key, condition, verb, send)
	}

	#guarded<T>(key: string, condition: Condition, verb: Verb, send: (guard: Guard) => Promise<T>): Promise<T> {
		const sending = this.#obedience.send(verb, this.#guard(condition, this.#quoted), send)
		return sending.catch(async (error: unknown) => {
			if (isNotImplemented(error)) return this.#withoutGuard(key, condition, send)
			if (isKind(error, 'precondition') && (await this.#misreadQuotes(key, condition)))
				return this.#withoutQuotes(condition, send)
			throw error
		})
	}

	/** Creates one object twice, and deletes it: a store that lets that happen passes over guards. */
	async #probe(): Promise<void> {
		// a name of its own, for two may probe at the same time
		const key = `${this.#at.remote.prefix ?? ''}${PROBE}${randomUUID()}`
		try {
			const first = await this.#creates(key)
			const second = await this.#creates(key)
			this.conditional = second === undefined
			// by its version, or one would stay where the bucket keeps them
			const versions = new Set([second?.version, first?.version].filter((version) => version !== undefined))
			if (versions.size === 0) await remove(this.#at, key)
			for (const version of versions) await remove(this.#at, key, version)
		} catch (error) {
			if (!(error instanceof StoreError) || ENDS.has(error.kind)) throw error
			// who may not write there learns nothing, and checks every write
			if (!isNotImplemented(error)) return
			this.conditional = false
		}
		this.#onProbed?.(this.conditional)
	}

	/** What the store creates where nothing should be; undefined where it sees that something is. */
	async #creates(key: string): Promise<Written | undefined> {
		const request = {properties: {isPassing: true}, md5: undefined, guard: {IfNoneMatch: '*'}} as const
		try {
			return await this.#at.ask({key}, (wire) => wire.put(key, Buffer.alloc(0), request))
		} catch (error) {
			if (isKind(error, 'precondition')) return undefined
			throw error
		}
	}

	#guard({ifMatch, ifNoneMatch}: Condition, quoted: boolean): Guard {
		if (ifNoneMatch !== undefined) return {IfNoneMatch: ifNoneMatch}
		return ifMatch === undefined ? {} : {IfMatch: quoted ? quoteEtag(ifMatch) : ifMatch}
	}

	async #check(key: string, condition: Condition): Promise<void> {
		const etag = (await head(this.#at, key))?.etag
		const holds = condition.ifMatch === undefined ? etag === undefined : etag === condition.ifMatch
		if (!holds) throw preconditionFailed(this.#at.bucket, key, condition)
	}

	async #withoutGuard<T>(key: string, condition: Condition, send: (guard: Guard) => Promise<T>): Promise<T> {
		await this.#check(key, condition)
		const result = await send({})
		this.conditional = false
		return result
	}

	/** Whether a guard that the store says does not hold does hold, and only the quotes are in its way. */
	async #misreadQuotes(key: string, {ifMatch}: Condition): Promise<boolean> {
		if (this.#at.aws || !this.#quoted || ifMatch === undefined) return false
		return (await head(this.#at, key))?.etag === ifMatch
	}

	async #withoutQuotes<T>(condition: Condition, send: (guard: Guard) => Promise<T>): Promise<T> {
		const result = await send(this.#guard(condition, false))
		this.#quoted = false
		return result
	}
}

const isNotImplemented = (error: unknown): boolean =>
	error instanceof StoreError && (error.code === 'NotImplemented' || error.code === '501')
