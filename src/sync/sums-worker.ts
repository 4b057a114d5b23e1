// The thread of sums-thread.ts.

import {parentPort, receiveMessageOnPort} from 'node:worker_threads'
import {Md5Queue} from '../algo/md5-queue.ts'
import {PieceSums, Piecewise} from '../algo/piecewise.ts'
import {messageOf} from './file-sum.ts'
import type {Asked, Told} from './sums-thread.ts'

const queue = new Md5Queue()

parentPort?.on('message', (asked: Asked) => {
	add(asked)
	// whoever comes meanwhile takes a lane as soon as there is one
	while (queue.step()) for (let more = received(); more !== undefined; more = received()) add(more)
})

function add(asked: Asked): void {
	for (const [id, file, piece] of asked) {
		const message = messageOf(file)
		const sums = piece === undefined ? undefined : new PieceSums(piece)
		queue.add(sums ? new Piecewise(message, sums) : message, (md5) => {
			const taken = md5 && {md5: md5.toString('hex'), sha256: sums?.digest() ?? []}
			parentPort?.postMessage([id, taken] satisfies Told)
		})
	}
}

const received = (): Asked | undefined =>
	parentPort ? (receiveMessageOnPort(parentPort)?.message as Asked | undefined) : undefined
