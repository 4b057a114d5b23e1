// The names that a prefix of a key can be completed to, up to the next '/': as a listing with a delimiter gives them.

import {SIDE} from '../format/key.ts'
import type {Store} from '../store/store.ts'

/** Names and requests that are enough for a person who waits. */
const NAMES = 1000
const REQUESTS = 32
/** Behind every key of a directory. */
const LAST = '\u{10FFFF}'

/** The last components of the keys that begin with `start`, a directory's with its '/'. */
export async function namesBelow(store: Store, start: string): Promise<string[]> {
	const base = start.slice(0, start.lastIndexOf('/') + 1)
	const names = new Set<string>()
	let after: string | undefined
	for (let request = 0; request < REQUESTS && names.size < NAMES; request++) {
		const page = await firstPage(store, start, after)
		for (const {key} of page) {
			if (after !== undefined && key <= after) continue
			const rest = key.slice(base.length)
			const slash = rest.indexOf('/')
			const name = slash < 0 ? rest : rest.slice(0, slash + 1)
			if (name !== '' && name !== SIDE) names.add(name)
			after = slash < 0 ? key : `${base}${name}${LAST}`
		}
		if (page.length === 0) break
	}
	return [...names]
}

async function firstPage(store: Store, prefix: string, after: string | undefined) {
	for await (const page of store.list(prefix, {after})) return page
	return []
}
