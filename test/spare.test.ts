// Memory that is used again is never anybody else's meanwhile.

import * as fc from 'fast-check'
import test from 'ava'
import {SpareMemory} from '../src/base/spare.ts'
import {SEED} from './support/seed.ts'

const KEPT = 2 ** 20

test('memory has room, and is not lent to two at a time, in whatever order it is taken and given', (t) => {
	const steps = fc.array(fc.oneof(fc.record({take: fc.nat(2 ** 18)}), fc.record({give: fc.nat(20)})), {
		maxLength: 100,
	})
	fc.assert(
		fc.property(steps, (all) => {
			const spare = new SpareMemory(KEPT)
			const used: Buffer[] = []
			for (const step of all) {
				if ('give' in step) {
					const [memory] = used.splice(step.give, 1)
					// what uses it has a part of it, mostly
					if (memory) spare.give(memory.subarray(1, 2))
					continue
				}
				const memory = spare.take(step.take)
				if (memory === undefined) continue
				if (memory.length < step.take || used.some(({buffer}) => buffer === memory.buffer)) return false
				used.push(memory)
			}
			return true
		}),
		{seed: SEED},
	)
	t.pass()
})

test('memory that was given is lent again, once for each time that it was lent', (t) => {
	const spare = new SpareMemory(KEPT)
	const first = spare.take(5000) as Buffer
	spare.give(first.subarray(0, 5000))
	spare.give(first)
	const [again, other] = [spare.take(8000), spare.take(8000)]
	t.is(again, first)
	t.not(other?.buffer, first.buffer)
})

test("what is somebody else's is not kept, and little is not worth it", (t) => {
	const spare = new SpareMemory(KEPT)
	const foreign = Buffer.allocUnsafeSlow(4096)
	spare.give(foreign)
	t.not(spare.take(4096)?.buffer, foreign.buffer)
	t.is(spare.take(100), undefined)
})

test('no more is kept than may be: the largest goes', (t) => {
	const spare = new SpareMemory(KEPT)
	const [small, large] = [spare.take(4096) as Buffer, spare.take(KEPT) as Buffer]
	spare.give(small)
	spare.give(large)
	t.not(spare.take(KEPT), large)
	t.is(spare.take(4096), small)
})
