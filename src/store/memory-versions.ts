// The versions that a memory store keeps, once it is told to: of each key the newest first.

import {fromUnicode} from '../base/path.ts'
import type {Stored} from './memory-objects.ts'
import type {Version} from './store.ts'

/** A version, or without an object a delete marker. */
type Kept = {
	readonly key: string
	readonly id: string
	readonly modified: number
	readonly object?: Stored | undefined
}

const PAGE = 1000

export class MemoryVersions {
	/** By the bytes of the key. */
	readonly #kept = new Map<string, Kept[]>()

	add(kept: Kept): void {
		const name = fromUnicode(kept.key)
		this.#kept.set(name, [kept, ...(this.#kept.get(name) ?? [])])
	}

	find(key: string, id: string): Kept | undefined {
		return this.#kept.get(fromUnicode(key))?.find((kept) => kept.id === id)
	}

	newest(key: string): Kept | undefined {
		return this.#kept.get(fromUnicode(key))?.[0]
	}

	delete(key: string, id: string): void {
		const left = this.#kept.get(fromUnicode(key))?.filter((kept) => kept.id !== id) ?? []
		if (left.length > 0) this.#kept.set(fromUnicode(key), left)
		else this.#kept.delete(fromUnicode(key))
	}

	get size(): number {
		return this.#kept.size
	}

	/** Every version under `prefix`, in pages. */
	*pages(prefix: string): Generator<readonly Version[]> {
		const names = [...this.#kept.keys()].filter((name) => name.startsWith(fromUnicode(prefix)))
		const all = names.toSorted().flatMap((name) => (this.#kept.get(name) ?? []).map(versionOf))
		for (let at = 0; at === 0 || at < all.length; at += PAGE) yield all.slice(at, at + PAGE)
	}
}

const versionOf = ({key, id, modified, object}: Kept, at: number): Version => ({
	key,
	version: id,
	latest: at === 0,
	modified,
	etag: object?.head.etag ?? '',
	size: object?.head.size ?? 0,
	storageClass: object?.head.storageClass,
	...(object === undefined ? {deleted: true} : {}),
})
