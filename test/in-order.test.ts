// Objects that are read in their order, the large ones in several ranges at once.

import {randomBytes} from 'node:crypto'
import test from 'ava'
import {MemoryStore} from '../src/store/memory.ts'
import type {GetOptions} from '../src/store/store.ts'
import {getInOrder} from '../src/sync/in-order.ts'
import {RANGE} from '../src/sync/one-range.ts'

/** A store with an object `k`, which says what was asked for. */
async function holding(content: Buffer) {
	const memory = new MemoryStore()
	await memory.createBucket()
	await memory.put('k', content)
	const asked: NonNullable<GetOptions['range']>[] = []
	const store = {
		get(key: string, options: GetOptions = {}) {
			asked.push(options.range ?? {first: 0})
			return memory.get(key, options)
		},
	}
	return {memory, store, asked}
}

/** The bytes of a body that is lent. */
async function wholeOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
	const pieces: Buffer[] = []
	for await (const piece of body) pieces.push(Buffer.from(piece))
	return Buffer.concat(pieces)
}

for (const [size, requests] of [
	[0, 2],
	[1, 1],
	[RANGE, 1],
	[RANGE + 1, 2],
	[9 * RANGE + 5, 10],
] as const)
	test(`an object of ${size} bytes comes whole, and none of it twice`, async (t) => {
		const content = randomBytes(size)
		const {store, asked} = await holding(content)
		const {head, body} = await getInOrder({store, key: 'k'})
		t.is(head.size, size)
		t.true((await wholeOf(body)).equals(content))
		t.is(asked.length, requests)
	})

test('one range is asked for ahead, then more, and never more than four', async (t) => {
	const {store, asked} = await holding(Buffer.alloc(12 * RANGE, 'content '))
	const {body} = await getInOrder({store, key: 'k'})
	t.is(asked.length, 1)
	const ahead: number[] = []
	let at = 0
	for await (const piece of body) {
		ahead.push(asked.length - Math.ceil((at + piece.length) / RANGE))
		at += piece.length
	}
	t.is(at, 12 * RANGE)
	t.deepEqual([ahead[0], Math.max(...ahead), ahead.at(-1)], [1, 4, 0])
})

test('who reads the beginning only asks for no more than that and the range behind it', async (t) => {
	const {store, asked} = await holding(Buffer.alloc(12 * RANGE, 'content '))
	const {body} = await getInOrder({store, key: 'k'})
	for await (const piece of body) {
		t.true(piece.length > 0)
		break
	}
	await new Promise((resolve) => setImmediate(resolve))
	t.is(asked.length, 2)
})

test('an object that changes meanwhile is no other one from there on', async (t) => {
	const {memory, store} = await holding(Buffer.alloc(4 * RANGE, 'content '))
	const {body} = await getInOrder({store, key: 'k'})
	await memory.put('k', Buffer.alloc(4 * RANGE, 'another '))
	await t.throwsAsync(wholeOf(body), {message: /changed|precondition/i})
})

test('an object that is not there is no object of nothing', async (t) => {
	const {store} = await holding(Buffer.alloc(0))
	await t.throwsAsync(getInOrder({store, key: 'none'}), {message: /no such object/i})
})
