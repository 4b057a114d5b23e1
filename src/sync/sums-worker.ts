// The thread of sums-thread.ts.

import {parentPort} from 'node:worker_threads'
import {sumOf, sumsOf, type Summed} from './file-sum.ts'
import type {Asked, Told} from './sums-thread.ts'

parentPort?.on('message', (asked: Asked) => {
	const sums = together(asked.map(([, file]) => file))
	parentPort?.postMessage(asked.map(([id], i) => [id, sums[i]] as const) satisfies Told)
})

function together(files: readonly Summed[]): (string | undefined)[] {
	try {
		return sumsOf(files)
	} catch {
		// one of them cannot be read
		return files.map(sumIfReadable)
	}
}

function sumIfReadable(file: Summed): string | undefined {
	try {
		return sumOf(file)
	} catch {
		return undefined
	}
}
