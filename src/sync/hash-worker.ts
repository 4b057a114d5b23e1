// The thread of hash-thread.ts.

import {createHash} from 'node:crypto'
import {readSync} from 'node:fs'
import {parentPort} from 'node:worker_threads'
import type {Hashed, Reach} from './hash-thread.ts'

const memory = Buffer.allocUnsafeSlow(2 ** 20)
const answer = (hashed: Hashed) => parentPort?.postMessage(hashed)
let hash = createHash('md5')
let isWhole = true

parentPort?.on('message', ({fd, from, to, size}: Reach) => {
	if (from === 0) {
		hash = createHash('md5')
		isWhole = true
	}
	isWhole &&= add(fd, from, to)
	if (to === size) answer(isWhole ? hash.digest('hex') : undefined)
})

/** Whether these bytes could be read. */
function add(fd: number, from: number, to: number): boolean {
	try {
		for (let at = from; at < to;) {
			const got = readSync(fd, memory, 0, Math.min(memory.length, to - at), at)
			if (got === 0) return false
			hash.update(memory.subarray(0, got))
			at += got
		}
		return true
	} catch {
		return false
	}
}
