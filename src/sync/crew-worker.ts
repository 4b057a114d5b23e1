// A thread of the crew (crew.ts): takes files, sends them, answers.

import {parentPort, workerData} from 'node:worker_threads'
import {Owners} from '../local/owners.ts'
import {openStore} from '../store/open.ts'
import {cargoOf} from './cargo.ts'
import type {CrewOptions, FromThread, Sent, Task, ToThread} from './crew.ts'
import {LocalFiles} from './local-files.ts'

const {remote, root, compress, stored} = workerData as CrewOptions
const port = parentPort
const answer = (message: FromThread) => port?.postMessage(message)

const opening = openStore(remote, {onSlowDown: () => answer('slow down')})
const how = {files: new LocalFiles(root, {}), owners: new Owners(), compress, stored}
let answers: [number, Sent | undefined][] = []

port?.on('message', (tasks: ToThread) => {
	for (const [id, task] of tasks)
		void send(task).then(
			(sent) => reply(id, sent),
			() => reply(id, undefined),
		)
})

async function send({path, key, local, guard}: Task): Promise<Sent | undefined> {
	const {entry, body, md5, properties, side} = cargoOf({path, local}, how, true)
	if (side || !entry.local || entry.attrs === undefined) return undefined
	const store = await opening
	const written = await store.put(key, body, {...properties, md5, ...guard})
	return {local: entry.local, attrs: entry.attrs, written, size: body.length, md5: md5.toString('hex')}
}

function reply(id: number, sent: Sent | undefined): void {
	if (answers.length === 0)
		setImmediate(() => {
			answer(answers)
			answers = []
		})
	answers.push([id, sent])
}
