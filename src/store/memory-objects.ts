// The objects of a memory store, in S3's order: that of the bytes of their keys in UTF-8.

import {fromUnicode} from '../base/path.ts'
import type {Acl} from '../format/acl.ts'
import type {Head, Listed} from './store.ts'

export type Stored = {
	readonly key: string
	readonly bytes: Buffer
	readonly head: Head
	acl: Acl
	/** There is a readable copy of what is archived. */
	restored?: boolean
}

/** Keys of one page of a listing (S3's own limit). */
const PAGE = 1000

export class MemoryObjects {
	/** By the bytes of the key, one char each, so that `<` is their order. */
	readonly #stored = new Map<string, Stored>()
	/** The names in order; made when it is asked for, and gone when a name comes or goes. */
	#order: readonly string[] | undefined

	get size(): number {
		return this.#stored.size
	}

	get(key: string): Stored | undefined {
		return this.#stored.get(fromUnicode(key))
	}

	set(object: Stored): void {
		const name = fromUnicode(object.key)
		if (!this.#stored.has(name)) this.#order = undefined
		this.#stored.set(name, object)
	}

	delete(key: string): void {
		if (this.#stored.delete(fromUnicode(key))) this.#order = undefined
	}

	all(): Iterable<Stored> {
		return this.#stored.values()
	}

	/** The keys under `prefix` and behind `after`, as many as a page holds, and whether there are more. */
	page(prefix: string, after: string): {readonly page: readonly Listed[]; readonly more: boolean} {
		this.#order ??= [...this.#stored.keys()].toSorted()
		const start = fromUnicode(prefix)
		const behind = `${fromUnicode(after)}\0`
		const from = indexOf(this.#order, behind > start ? behind : start)
		const found: Listed[] = []
		for (const name of this.#order.slice(from, from + PAGE + 1)) {
			const object = this.#stored.get(name)
			if (object === undefined || !name.startsWith(start)) break
			if (found.length === PAGE) return {page: found, more: true}
			found.push(listed(object))
		}
		return {page: found, more: false}
	}
}

const listed = ({key, head: {etag, size, modified, storageClass}}: Stored): Listed => ({
	key,
	etag,
	size,
	modified,
	storageClass,
})

/** The index of the first of the sorted `names` that is not less than `name`. */
function indexOf(names: readonly string[], name: string): number {
	let low = 0
	let high = names.length
	while (low < high) {
		const middle = (low + high) >>> 1
		if ((names[middle] ?? '') < name) low = middle + 1
		else high = middle
	}
	return low
}
