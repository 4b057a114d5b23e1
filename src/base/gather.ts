// A stream in batches, for work that costs the same for one item as for many.

import {setImmediate as turn} from 'node:timers/promises'

/**
 * Yields what there is without waiting, at least one item and at most `most`: whoever writes an item and waits
 * has it worked on at once, and while a batch is worked on the next one gathers.
 */
export async function* gathered<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T[]> {
	const source = items[Symbol.asyncIterator]()
	let next = source.next()
	for (;;) {
		const first = await next
		if (first.done === true) return
		const batch = [first.value]
		next = source.next()
		while (batch.length < most) {
			// a rejection is heard with the next batch
			const more = await Promise.race([next.catch(() => undefined), turn(undefined)])
			if (more === undefined || more.done === true) break
			batch.push(more.value)
			next = source.next()
		}
		next.catch(() => {})
		yield batch
	}
}
