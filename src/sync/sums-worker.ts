// The thread of sums-thread.ts.

import {parentPort, receiveMessageOnPort} from 'node:worker_threads'
import {Md5Queue} from '../algo/md5-queue.ts'
import {messageOf} from './file-sum.ts'
import type {Asked, Told} from './sums-thread.ts'

const queue = new Md5Queue()

parentPort?.on('message', (asked: Asked) => {
	add(asked)
	// whoever comes meanwhile takes a lane as soon as there is one
	while (queue.step()) for (let more = received(); more !== undefined; more = received()) add(more)
})

function add(asked: Asked): void {
	for (const [id, file] of asked)
		queue.add(messageOf(file), (md5) => parentPort?.postMessage([id, md5?.toString('hex')] satisfies Told))
}

const received = (): Asked | undefined =>
	parentPort ? (receiveMessageOnPort(parentPort)?.message as Asked | undefined) : undefined
