// What is found out again and again of a few different names.

/**
 * `find`, whose answers are remembered, those of the first `most` names: of more there are only where somebody makes them up.
 * What throws is not remembered.
 */
export function remembering<T>(most: number, find: (name: string) => T): (name: string) => T {
	const known = new Map<string, T>()
	return (name) => {
		const remembered = known.get(name)
		if (remembered !== undefined) return remembered
		const found = find(name)
		if (known.size < most) known.set(name, found)
		return found
	}
}

/** `find`, whose last answer is remembered. */
export function rememberingLast<K, T>(find: (what: K) => T): (what: K) => T {
	let last: {readonly what: K; readonly found: T} | undefined
	return (what) => {
		if (last?.what !== what) last = {what, found: find(what)}
		return last.found
	}
}
