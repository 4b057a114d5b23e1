// The thread of hash-thread.ts.

import {parentPort} from 'node:worker_threads'
import {fileSum, type FileSum} from './file-sum.ts'
import type {Hashed, Reach} from './hash-thread.ts'

const answer = (hashed: Hashed) => parentPort?.postMessage(hashed)
/** Undefined where the file could not be read. */
let sum: FileSum | undefined

parentPort?.on('message', ({fd, from, to, size, part}: Reach) => {
	if (from === 0) sum = fileSum(part)
	try {
		sum?.add(fd, from, to)
	} catch {
		sum = undefined
	}
	if (to === size) answer(sum?.digest())
})
