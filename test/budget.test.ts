// What a Budget hands out comes back, however the work on it ends.

import test from 'ava'
import {Budget} from '../src/base/budget.ts'

const worker = (how: string): (() => Promise<string>) => {
	if (how === 'resolves') return () => Promise.resolve(how)
	if (how === 'rejects') return () => Promise.reject(new Error(how))
	return () => {
		throw new Error(how)
	}
}

for (const how of ['resolves', 'rejects', 'throws'])
	test(`what waits has its turn after work that ${how}`, async (t) => {
		const budget = new Budget(1)
		let end = (): void => undefined
		const first = budget.hold(1, () => new Promise<void>((resolve) => (end = resolve)))
		// one that waits first, and one that finds all free
		const waited = budget.hold(1, worker(how)).catch(String)
		end()
		await first
		const expected = how === 'resolves' ? how : `Error: ${how}`
		t.is(await waited, expected)
		t.is(await budget.hold(5, worker(how)).catch(String), expected)
		t.is(await budget.hold(1, worker('resolves')), 'resolves')
	})
