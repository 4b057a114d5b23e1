// The thread of md5-thread.ts.

import {createHash} from 'node:crypto'
import {parentPort} from 'node:worker_threads'
import type {Eaten, Fed} from './md5-thread.ts'

let md5 = createHash('md5')

parentPort?.on('message', (fed: Fed) => {
	let eaten: Eaten = null
	if (fed) md5.update(fed)
	else {
		eaten = md5.digest('hex')
		md5 = createHash('md5')
	}
	parentPort?.postMessage(eaten)
})
