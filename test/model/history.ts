// Every version that a store ever held, and which clone wrote it: what the checks of the model look at.

import {keyOf} from '../../src/format/key.ts'
import type {Path} from '../../src/base/path.ts'
import {typeOf} from '../../src/format/entry.ts'
import type {MemoryStore} from '../../src/store/memory.ts'
import type {Head, Store} from '../../src/store/store.ts'

/** What a file or object is: its type and content, in one word to compare. */
export type What = string

export type Version = {
	readonly number: number
	readonly by: string
	readonly etag: string
	readonly what: What
}

/** A rule that does not hold. */
export class Violation extends Error {}

/** Waits for its turn before and after a request: in a race, somebody else may come first. */
export type Gate = () => Promise<void> | undefined

const MUTATIONS = new Set(['put', 'copy', 'delete'])
const LOOKS = new Set(['get', 'head', 'list'])

export const whatOf = (type: number, content: string): What => `${type}:${type === 4 ? '' : content}`

export class History {
	readonly #store: MemoryStore
	readonly #versions = new Map<string, Version[]>()
	readonly #current = new Map<string, Version>()
	/** By clone and key: the version that it last wrote or read, and the one that its files were last the same as. */
	readonly #touched = new Map<string, Version>()
	readonly #held = new Map<string, Version>()
	#turn: Promise<unknown> = Promise.resolve()
	#count = 0
	/** The first rule that a write broke. */
	broken: Violation | undefined

	constructor(store: MemoryStore) {
		this.#store = store
	}

	/** Writes and deletions so far. */
	get count(): number {
		return this.#count
	}

	current(path: Path): Version | undefined {
		return this.#current.get(keyOf(path))
	}

	/** All that the bucket holds. */
	keys(): Iterable<string> {
		return this.#current.keys()
	}

	versions(path: Path): readonly Version[] {
		return this.#versions.get(keyOf(path)) ?? []
	}

	/** What a clone's file was last known to be the same as. */
	held(clone: string, path: Path): Version | undefined {
		return this.#held.get(`${clone} ${keyOf(path)}`)
	}

	/** Says that a clone reported `path` as done. */
	done(clone: string, path: Path, isGone: boolean): void {
		const name = `${clone} ${keyOf(path)}`
		const touched = this.#touched.get(name)
		if (isGone) this.#held.delete(name)
		else if (touched) this.#held.set(name, touched)
	}

	/** The store as one clone sees it, each request noted here. */
	watched(clone: string, gate: Gate): Store {
		return new Proxy<Store>(this.#store, {
			get: (store, name) => {
				const value: unknown = Reflect.get(store, name, store)
				if (typeof value !== 'function' || typeof name !== 'string') return value
				const call = (...args: unknown[]) => Reflect.apply(value, store, args) as unknown
				if (name === 'list')
					return async function* (...args: unknown[]) {
						await gate()
						yield* call(...args) as AsyncIterable<unknown>
					}
				if (!MUTATIONS.has(name) && !LOOKS.has(name)) return call
				return async (...args: unknown[]) => {
					await gate()
					try {
						return await this.#alone(() => this.#request(clone, name, args, call))
					} finally {
						await gate()
					}
				}
			},
		})
	}

	#alone<T>(work: () => Promise<T>): Promise<T> {
		const result = this.#turn.then(work)
		this.#turn = result.catch(() => {})
		return result
	}

	async #request(
		clone: string,
		name: string,
		args: unknown[],
		call: (...args: unknown[]) => unknown,
	): Promise<unknown> {
		const key = String(args[name === 'copy' ? 1 : 0])
		const result = await call(...args)
		if (MUTATIONS.has(name)) await this.#note(clone, key)
		else {
			const version = this.#current.get(key)
			if (version && name !== 'list') this.#touched.set(`${clone} ${key}`, version)
		}
		return result
	}

	async #note(clone: string, key: string): Promise<void> {
		const before = this.#current.get(key)
		const head = await this.#store.head(key)
		const now = head && (await this.#versionOf(clone, key, head))
		const known = this.#held.get(`${clone} ${key}`)
		if (before && before.etag !== known?.etag && before.what !== now?.what)
			this.broken ??= new Violation(
				`${clone} ${now ? 'replaced' : 'deleted'} '${key}' (${before.what} by ${before.by}), and knew ${known?.what ?? 'nothing'}`,
			)
		this.#count++
		if (!now) {
			this.#current.delete(key)
			return
		}
		this.#current.set(key, now)
		this.#touched.set(`${clone} ${key}`, now)
		this.#versions.set(key, [...(this.#versions.get(key) ?? []), now])
	}

	async #versionOf(by: string, key: string, head: Head): Promise<Version> {
		const {body} = await this.#store.get(key)
		const pieces: Buffer[] = []
		for await (const piece of body) pieces.push(piece)
		const mode = parseInt(head.metadata['file-permissions'] ?? '', 8)
		const what = whatOf(typeOf(mode), Buffer.concat(pieces).toString())
		return {number: this.#count, by, etag: head.etag, what}
	}
}
