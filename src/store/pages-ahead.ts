// Pages that are asked for before they are read.

import type {Listed} from './store.ts'

export type Pages = AsyncGenerator<readonly Listed[], void>

type Asked = {readonly result: Promise<IteratorResult<readonly Listed[], void>>; hasArrived: boolean}

/** The pages of a source, some of them ahead of the reader. */
export class PagesAhead {
	readonly #source: Pages
	readonly #asked: Asked[]
	/** How many pages were read, and how many of them had to be waited for. */
	read = 0
	waited = 0

	/** Asks for `count` pages at once, and for another whenever one is read. */
	constructor(source: Pages, count: number) {
		this.#source = source
		this.#asked = Array.from({length: count}, () => this.#ask())
	}

	/** Whether the next page is here. */
	get hasArrived(): boolean {
		return this.#asked[0]?.hasArrived === true
	}

	/** The pages in their order; to be read once. */
	async *pages(): Pages {
		for (let next = this.#asked.shift(); next !== undefined; next = this.#asked.shift()) {
			this.read++
			if (!next.hasArrived) this.waited++
			const {done, value} = await next.result
			if (done === true) return
			this.#asked.push(this.#ask())
			yield value
		}
	}

	#ask(): Asked {
		const asked: Asked = {result: this.#source.next(), hasArrived: false}
		// what failed is heard of when it is read
		const arrived = (): void => void (asked.hasArrived = true)
		asked.result.then(arrived, arrived)
		return asked
	}
}
