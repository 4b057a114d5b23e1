// A thread of the crew (crew.ts): takes tasks, does them, answers.

import {parentPort, workerData} from 'node:worker_threads'
import {begun} from '../base/begun.ts'
import {sumOf} from '../store/counted.ts'
import {openStore} from '../store/open.ts'
import type {Site} from '../store/plane-site.ts'
import type {FromThread, Job, Tasks, ToThread, Work} from './crew.ts'
import {receiving} from './crew-receive.ts'
import {sending} from './crew-send.ts'

// small files are read into parts of larger memory: to have each in its own takes 2 us more, and the collector's time
Buffer.poolSize = 64 * 2 ** 10

/**
 * Answers that are no less worth a message than more of them. Those of a store far away come slowly, and what waits for others is not
 * under way: with 20 ms of latency 512 requests at once brought 11,000 files a second, and bring 15,000.
 */
const MUCH = 32

const job = workerData as Job
const answer = (message: FromThread) => parentPort?.postMessage(message)

const stop = new AbortController()
/** Who waits for where the bucket is. */
const asking: ((site: Site | undefined) => void)[] = []
const opening = openStore(job.remote, {
	signal: stop.signal,
	onSlowDown: () => answer('slow down'),
	findSite: askForSite,
})
const working = opening.then(
	(store) => (job.kind === 'send' ? sending(job, store) : receiving(job, store)) as Work<unknown, unknown>,
)
let ready: Work<unknown, unknown> | undefined
let answers: [number, unknown][] = []
let running = 0

parentPort?.on('message', (message: ToThread) => {
	if (message === 'stop') stop.abort()
	else if (message === 'end') void end()
	else if ('site' in message) for (const resolve of asking.splice(0)) resolve(message.site)
	else begin(message)
})

/** Asks the main thread where the bucket is and what is signed with. */
function askForSite(): Promise<Site | undefined> {
	answer('find site')
	return new Promise((resolve) => asking.push(resolve))
}

function begin(tasks: Tasks): void {
	running += tasks.length
	for (const [id, task] of tasks)
		void doing(task).then(
			(done) => reply(id, done),
			() => reply(id, undefined),
		)
}

const doing = (task: unknown): Promise<unknown> =>
	begun(() => (ready === undefined ? working.then((work) => (ready = work).do(task)) : ready.do(task)))

/** Answers when half of what it has is done, or much: to wake the other side costs as much as a file. */
function reply(id: number, done: unknown): void {
	answers.push([id, done])
	running--
	if (answers.length < Math.min(running, MUCH)) return
	answer(answers)
	answers = []
}

async function end(): Promise<void> {
	let counts = sumOf([])
	try {
		const work = await working
		;({counts} = work)
		work.close()
		;(await opening).close()
	} finally {
		answer(counts)
	}
}
