// Bounded parallel work over a sequence.

export type PoolOptions = {
	/** How many items may be under way at once. */
	readonly width: number
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
	const running = new Set<Promise<void>>()
	let failed: {readonly error: unknown} | undefined
	try {
		for await (const item of items) {
			if (failed !== undefined || signal?.aborted === true) break
			const task: Promise<void> = work(item).then(
				() => void running.delete(task),
				(error: unknown) => {
					running.delete(task)
					failed ??= {error}
				},
			)
			running.add(task)
			if (running.size >= width) await Promise.race(running)
		}
	} catch (error) {
		failed ??= {error}
	}
	await Promise.all(running)
	if (failed !== undefined) throw failed.error
	signal?.throwIfAborted()
}
