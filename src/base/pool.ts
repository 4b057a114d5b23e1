// Bounded parallel work over a sequence.

/** A bound that may change, and is told of each item that is done: see adaptive.ts. */
export type Width = {readonly width: number; done(): void}

export type PoolOptions = {
	/** How many items may be under way at once. */
	readonly width: number | Width
	/** Stops taking new items; what is under way is waited for. */
	readonly signal?: AbortSignal | undefined
}

/**
 * Calls `work` for each item, at most `width` at once. The first rejection, also of `items` itself, stops
 * the taking of items and is thrown when all that is under way has settled. An aborted signal ends the same way,
 * with the signal's reason.
 */
export async function pool<T>(
	items: AsyncIterable<T> | Iterable<T>,
	{width, signal}: PoolOptions,
	work: (item: T) => Promise<void>,
): Promise<void> {
	const bound = typeof width === 'number' ? {width, done() {}} : width
	const now = {running: 0}
	let failed: {readonly error: unknown} | undefined
	// one waiter at most, woken by whichever item is done: a race of them all would cost each item as many promises
	let wake: (() => void) | undefined
	const settled = (failure?: {readonly error: unknown}) => {
		now.running--
		failed ??= failure
		bound.done()
		const waiting = wake
		// node is told of each promise that is resolved again
		wake = undefined
		waiting?.()
	}
	const change = () =>
		new Promise<void>((resolve) => {
			wake = resolve
		})
	const end = () => settled()
	const fail = (error: unknown) => settled({error})
	const begin = (item: T) => {
		const working = work(item)
		now.running++
		working.then(end, fail)
	}
	const isOver = () => failed !== undefined || signal?.aborted === true
	try {
		if (Symbol.iterator in items)
			// to wait for each item, which is there already, would cost it three promises
			for (const item of items) {
				if (isOver()) break
				begin(item)
				while (now.running >= bound.width) await change()
			}
		else
			for await (const item of items) {
				if (isOver()) break
				begin(item)
				while (now.running >= bound.width) await change()
			}
	} catch (error) {
		failed ??= {error}
	}
	while (now.running > 0) await change()
	if (failed !== undefined) throw failed.error
	signal?.throwIfAborted()
}
