// The name that was meant by a misspelt one.

/**
 * "did you mean '<prefix><name>'?", for the known name nearest to `word`; undefined if none is near:
 * more than a third of its letters would have to change.
 */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string | undefined {
	const near = known
		.map((name) => ({name, cost: name.startsWith(word) ? 0.5 : distance(word, name)}))
		.filter(({name, cost}) => cost <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3)))
		.toSorted((a, b) => a.cost - b.cost)[0]
	return near === undefined ? undefined : `did you mean '${prefix}${near.name}'?`
}

/** Edits that make `b` of `a`: insert, delete, replace, or swap two neighbours (Damerau-Levenshtein). */
function distance(a: string, b: string): number {
	let before: number[] = []
	let last = Array.from({length: b.length + 1}, (_, j) => j)
	for (let i = 1; i <= a.length; i++) {
		const row = [i]
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1]
			let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
			if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1)
			row.push(cost)
		}
		before = last
		last = row
	}
	return at(last, b.length)
}

const at = (row: readonly number[], index: number) => row[index] ?? Infinity
