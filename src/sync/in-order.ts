// The bytes of an object in their order, for who writes them to a pipe. Of a large one several ranges are under way at once: one
// connection to a store that is far carries less than the line does.

import {SpareMemory} from '../base/spare.ts'
import {type Got, StoreError} from '../store/store.ts'
import {fetchRange, RANGE, type Ranged} from './one-range.ts'

/** So many ranges are held, or on their way, behind the one that is read; fewer at first, for many who read want no more than the beginning. */
const AHEAD = 4

const spare = new SpareMemory()

/**
 * As `store.get` of a whole object, whose body is lent: a piece of it is good until the next one is asked for. Its first range is
 * asked for alone, and says whether there are others: most objects are not larger, and of one that is nothing comes twice.
 */
export async function getInOrder(source: Ranged): Promise<Got> {
	const got = await firstOf(source)
	return got.head.size > RANGE ? {head: got.head, body: inOrder(source, got)} : got
}

async function firstOf({store, key, version}: Ranged): Promise<Got> {
	try {
		return await store.get(key, {version, range: {first: 0, last: RANGE - 1}, lent: true})
	} catch (error) {
		// an object of nothing has no first byte
		if (error instanceof StoreError && error.code === 'InvalidRange') return store.get(key, {version})
		throw error
	}
}

async function* inOrder(source: Ranged, {head, body}: Got): AsyncGenerator<Buffer> {
	let isLeft = false
	const fetch = async (first: number, end: number): Promise<Buffer> => {
		const bytes = (spare.take(RANGE) as Buffer).subarray(0, end - first)
		await fetchRange(source, head.etag, {first, end}, (piece, at) => {
			if (isLeft) throw new Error('nobody reads it any more')
			piece.copy(bytes, at - first)
		})
		return bytes
	}
	const coming: Promise<Buffer>[] = []
	let next = RANGE
	const askFor = (many: number) => {
		for (; coming.length < many && next < head.size; next += RANGE) {
			const range = fetch(next, Math.min(next + RANGE, head.size))
			range.catch(() => {}) // who reads it throws; what nobody reads any more is not missed
			coming.push(range)
		}
	}
	try {
		askFor(1)
		yield* body
		for (let many = 2; coming.length > 0; many = Math.min(2 * many, AHEAD)) {
			const bytes = await (coming.shift() as Promise<Buffer>)
			askFor(many)
			yield bytes
			spare.give(bytes)
		}
	} finally {
		isLeft = true
	}
}
