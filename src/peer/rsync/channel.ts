// A queue between one task that reads ahead and one that works, bounded by the weight of what waits in it.

export class Channel<T> {
	readonly #limit: number
	readonly #items: {readonly item: T; readonly weight: number}[] = []
	#weight = 0
	#closed: {readonly error?: unknown} | undefined
	#wakeReader: (() => void) | undefined
	#wakeWriter: (() => void) | undefined

	constructor(limit: number) {
		this.#limit = limit
	}

	/** Adds an item, and waits until less than the limit is waiting. */
	async push(item: T, weight: number): Promise<void> {
		this.#items.push({item, weight})
		this.#weight += weight
		this.#wakeReader?.()
		while (this.#weight >= this.#limit && !this.#closed)
			await new Promise<void>((resolve) => {
				this.#wakeWriter = resolve
			})
	}

	/** No more items come; with an error, it is thrown to who takes them. */
	close(failure: {readonly error?: unknown} = {}): void {
		this.#closed ??= failure
		this.#wakeReader?.()
		this.#wakeWriter?.()
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<T> {
		for (;;) {
			const next = this.#items.shift()
			if (next) {
				this.#weight -= next.weight
				this.#wakeWriter?.()
				yield next.item
			} else if (this.#closed) {
				if ('error' in this.#closed) throw this.#closed.error
				return
			} else
				await new Promise<void>((resolve) => {
					this.#wakeReader = resolve
				})
		}
	}
}
