// The thread of sums-thread.ts.

import {parentPort} from 'node:worker_threads'
import {sumsOrReasons} from './file-sum.ts'
import type {Asked, Told} from './sums-thread.ts'

parentPort?.on('message', (asked: Asked) => {
	const sums = sumsOrReasons(asked.map(([, file]) => file))
	const told = asked.map(([id], i) => {
		const sum = sums[i]
		return [id, typeof sum === 'string' ? sum : undefined] as const
	})
	parentPort?.postMessage(told satisfies Told)
})
