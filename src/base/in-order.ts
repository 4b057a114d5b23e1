// Bounded parallel work over a stream of questions, whose answers are wanted in the order of the questions.

export type InOrderOptions = {
	/** How many items may be under way at once. */
	readonly width: number
	readonly signal?: AbortSignal | undefined
}

/**
 * Calls `work` for each item, at most `width` at once, and yields the results in the order of the items, each as
 * soon as it and all before it are there: whoever writes the next item only after the last answer gets that answer.
 * A rejection of `work` or of `items` is thrown in its turn.
 */
export async function* inOrder<T, R>(
	items: AsyncIterable<T> | Iterable<T>,
	{width, signal}: InOrderOptions,
	work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
	const source = iteratorOf(items)
	const under: Promise<R>[] = []
	let asked: Promise<IteratorResult<T>> | undefined
	let isEnded = false
	try {
		for (;;) {
			signal?.throwIfAborted()
			if (!isEnded && under.length < width) asked ??= source.next()
			const first = under[0]
			if (asked === undefined && first === undefined) return
			const event = await Promise.race([
				...(first === undefined ? [] : [first.then((result) => ({result}))]),
				...(asked === undefined ? [] : [asked.then((next) => ({next}))]),
			])
			if ('result' in event) {
				void under.shift()
				yield event.result
				continue
			}
			asked = undefined
			if (event.next.done === true) isEnded = true
			else under.push(started(work(event.next.value)))
		}
	} finally {
		asked?.catch(() => {})
		if (!isEnded) void source.return?.()
	}
}

const iteratorOf = <T>(items: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> =>
	Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : asAsync(items)

async function* asAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
	yield* items
}

/** A promise whose rejection is heard when its turn comes, and not before. */
function started<R>(result: Promise<R>): Promise<R> {
	result.catch(() => {})
	return result
}
