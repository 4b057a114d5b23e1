// The keys of a bucket, sorted. Keys are byte strings, so that `<` is S3's order.
//
// A sorted array of sorted chunks: inserting moves at most one chunk's keys, and finding is two
// binary searches.

const FULL = 512

/** The first place in `sorted` whose value is not below `wanted`. */
function lowerBound(sorted: readonly string[], wanted: string): number {
	let [low, high] = [0, sorted.length]
	while (low < high) {
		const middle = (low + high) >>> 1
		if ((sorted[middle] as string) < wanted) low = middle + 1
		else high = middle
	}
	return low
}

export class SortedKeys {
	/** Never empty chunks, and `#last[i]` is the greatest key of chunk i. */
	readonly #chunks: string[][] = []
	readonly #last: string[] = []

	/** Adds a key; one that is there already stays as it is. */
	add(key: string): void {
		const at = Math.min(lowerBound(this.#last, key), this.#chunks.length - 1)
		const chunk = this.#chunks[at]
		if (chunk === undefined) {
			this.#chunks.push([key])
			this.#last.push(key)
			return
		}
		const place = lowerBound(chunk, key)
		if (chunk[place] === key) return
		chunk.splice(place, 0, key)
		if (place === chunk.length - 1) this.#last[at] = key
		if (chunk.length > FULL) this.#split(at, chunk)
	}

	/** Halves a chunk; keys that arrive in order leave full chunks behind. */
	#split(at: number, chunk: string[]): void {
		const inOrder = at === this.#chunks.length - 1
		const upper = chunk.splice(inOrder ? chunk.length - 1 : chunk.length >>> 1)
		this.#chunks.splice(at + 1, 0, upper)
		this.#last.splice(at, 1, chunk.at(-1) as string, upper.at(-1) as string)
	}

	/** Removes a key, if it is there. */
	delete(key: string): void {
		const at = lowerBound(this.#last, key)
		const chunk = this.#chunks[at]
		const place = chunk === undefined ? -1 : lowerBound(chunk, key)
		if (chunk?.[place] !== key) return
		chunk.splice(place, 1)
		if (chunk.length > 0) {
			this.#last[at] = chunk.at(-1) as string
			return
		}
		this.#chunks.splice(at, 1)
		this.#last.splice(at, 1)
	}

	/** The first key that is not below `wanted`. */
	atOrAfter(wanted: string): string | undefined {
		const chunk = this.#chunks[lowerBound(this.#last, wanted)]
		return chunk?.[lowerBound(chunk, wanted)]
	}

	/** The keys from the first that is not below `wanted`, in order. Nothing may change meanwhile. */
	*from(wanted: string): Generator<string> {
		let at = lowerBound(this.#last, wanted)
		let place = lowerBound(this.#chunks[at] ?? [], wanted)
		for (; at < this.#chunks.length; at++, place = 0) {
			const chunk = this.#chunks[at] as string[]
			for (; place < chunk.length; place++) yield chunk[place] as string
		}
	}
}
