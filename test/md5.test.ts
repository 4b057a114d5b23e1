// MD5s that are taken together are those that OpenSSL takes one by one.

import {createHash, randomBytes} from 'node:crypto'
import test from 'ava'
import * as fc from 'fast-check'
import {kernelModule} from '../src/algo/md5-kernel.ts'
import {countAlone, Lanes, md5OfEach, type Message} from '../src/algo/md5-lanes.ts'
import {Md5Queue} from '../src/algo/md5-queue.ts'
import {Md5Together} from '../src/sync/md5-together.ts'

const hex = (bytes: Buffer): string => bytes.toString('hex')
const md5 = (message: Buffer): string => createHash('md5').update(message).digest('hex')

test('this machine has lanes', (t) => {
	t.true(WebAssembly.validate(kernelModule()))
})

test('messages of the lengths at which blocks, and what a lane takes, begin and end', (t) => {
	const lanes = new Lanes()
	const near = (length: number) => [-9, -8, -1, 0, 1, 64].map((more) => length + more)
	const lengths = [0, 1, 55, 56, 57, ...[64, 128, 131_072, 262_144].flatMap(near)]
	const messages = lengths.map((length) => randomBytes(length))
	t.deepEqual(lanes.hash(messages).map(hex), messages.map(md5))
	// in pairs, no one is so long that it is left to OpenSSL
	for (const message of messages) {
		const pair = [message, Buffer.from(message.toReversed())]
		t.deepEqual(lanes.hash(pair).map(hex), pair.map(md5), String(message.length))
	}
})

test('any messages, however many, and wherever they lie in memory', (t) => {
	const lanes = new Lanes()
	const message = fc
		.tuple(fc.uint8Array({maxLength: 300}), fc.nat({max: 300}), fc.nat({max: 7}))
		.map(([bytes, times, skip]) =>
			Buffer.concat(Array.from({length: times % 17 === 0 ? times : 1}, () => bytes)).subarray(skip),
		)
	fc.assert(
		fc.property(fc.array(message, {maxLength: 40}), (messages) => {
			t.deepEqual(lanes.hash(messages).map(hex), messages.map(md5))
		}),
		{numRuns: 300},
	)
})

test('the count of bits of a message takes more than 32 of them', (t) => {
	const large = Buffer.alloc(2 ** 29 + 3, 'abc')
	const messages = [large, large.subarray(1), large.subarray(2)]
	t.deepEqual(new Lanes().hash(messages).map(hex), messages.map(md5))
})

test('one that is much longer than the others is taken alone', (t) => {
	t.is(countAlone([]), 0)
	t.is(countAlone([100]), 1)
	t.is(countAlone([100, 100]), 0)
	t.is(countAlone([1000, 100, 100, 100]), 1)
	t.is(countAlone([1000, 900, 800, 10, 10]), 0)
	t.is(countAlone(Array.from({length: 64}, () => 100)), 0)
})

test('the first messages are hashed without lanes, and the others with them, to the same', (t) => {
	const messages = Array.from({length: 64}, (_, i) => Buffer.alloc(64 * 2 ** 10, String(i)))
	const expected = messages.map(md5)
	for (let i = 0; i < 4; i++) t.deepEqual(md5OfEach(messages).map(hex), expected)
	t.deepEqual(md5OfEach(messages.slice(0, 1)).map(hex), expected.slice(0, 1))
	t.deepEqual(md5OfEach([]), [])
})

/** One that cannot be read from this byte on. */
const broken = (message: Buffer, from: number): Message => ({
	length: message.length,
	copy(target, position, start, end) {
		if (end > from) throw new Error('it cannot be read')
		return message.copy(target, position, start, end)
	},
})

test('messages that come one after the other get their MD5s as they are hashed, and one that cannot be read none', (t) => {
	const message = fc.record({
		// some are longer than what a lane takes at once
		length: fc.oneof(fc.nat({max: 300}), fc.nat({max: 300_000})),
		isBroken: fc.integer({min: 0, max: 9}).map((n) => n === 0),
		/** How many steps are done before it comes. */
		after: fc.nat({max: 3}),
	})
	fc.assert(
		fc.property(fc.array(message, {maxLength: 30}), (messages) => {
			const queue = new Md5Queue(0)
			const told = new Map<number, string | undefined>()
			const expected = messages.map(({length, isBroken, after}, i) => {
				const bytes = Buffer.alloc(length, `message ${i} `)
				for (let steps = 0; steps < after; steps++) queue.step()
				queue.add(isBroken ? broken(bytes, length / 2) : bytes, (sum) => told.set(i, sum && hex(sum)))
				return [i, isBroken && length > 0 ? undefined : md5(bytes)]
			})
			while (queue.step());
			t.deepEqual(
				[...told].toSorted(([a], [b]) => a - b),
				expected,
			)
		}),
		{numRuns: 100},
	)
})

test('a short message does not wait for long ones that came before it', (t) => {
	const queue = new Md5Queue(0)
	const told: number[] = []
	for (const length of [1_000_000, 1_000_000, 100, 1_000_000])
		queue.add(Buffer.alloc(length), () => told.push(length))
	while (queue.step());
	t.is(told[0], 100)
})

test('what comes while a long message is hashed by itself does not wait for its end', (t) => {
	const queue = new Md5Queue(0)
	const told: string[] = []
	const long = randomBytes(5 * 2 ** 20 + 3)
	queue.add(long, (sum) => told.push(sum ? hex(sum) : 'none'))
	queue.step()
	const short = [100, 5000].map((length) => Buffer.alloc(length, 'short'))
	for (const bytes of short) queue.add(bytes, (sum) => told.push(sum ? hex(sum) : 'none'))
	while (queue.step());
	t.deepEqual(told, [...short, long].map(md5))
})

test('who hashes one here and another there gets each its own, in this turn or the next', async (t) => {
	const together = new Md5Together()
	const messages = Array.from({length: 100}, (_, i) => randomBytes(i * 37))
	const md5s = await Promise.all(messages.map((message) => together.of(message)))
	t.deepEqual(md5s.map(hex), messages.map(md5))
	t.is(hex(await together.of(Buffer.from('one'))), md5(Buffer.from('one')))
})
