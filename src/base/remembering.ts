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
export function rememberingLast<T>(find: (name: string) => T): (name: string) => T {
	let last: {readonly name: string; readonly found: T} | undefined
	return (name) => {
		if (last?.name !== name) last = {name, found: find(name)}
		return last.found
	}
}
