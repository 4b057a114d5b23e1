// Threads that send or fetch files in one piece: each reads or writes, hashes, signs and exchanges on a core of its
// own, while the main thread walks, plans and keeps the index.
//
// A thread answers for what went well only. Whatever did not is done again by the caller, who knows
// what to make of it.

import {availableParallelism} from 'node:os'
import {Worker} from 'node:worker_threads'
import {usableCores} from '../base/cores.ts'
import type {Counts} from '../store/counted.ts'
import type {FindSite, Site} from '../store/plane-site.ts'
import type {ReceiveJob} from './crew-receive.ts'
import type {SendJob} from './crew-send.ts'

/** What every thread is told at its start. */
export type Job = SendJob | ReceiveJob

/** What a thread does: undefined where it leaves a task to the caller. What goes wrong is a rejection, or thrown at once. */
export type Work<Task, Done> = {
	do(task: Task): Promise<Done | undefined>
	/** What it has asked of the store. */
	readonly counts: Counts
	/** Gives back what it holds. */
	close(): void
}

/** How threads come to be. */
export type Crews<Task, Done> = {
	/** `files` is how many there can be, `weight` how much there is to do, in small files. */
	start(files: number, weight: number): Pick<Crew<Task, Done>, 'do' | 'close'>
	/** Has threads begin that `start` takes later: they take as long as what is done before it. */
	begin(files: number): void
	/** Ends those that `start` did not take. */
	end(): Promise<void>
	/** It was said how many there are: they do every file that is one for them. */
	readonly isAsked: boolean
	/** Is told that there are few files. */
	readonly onFew?: (() => void) | undefined
}

export type CrewOptions = {
	/** How many threads. */
	readonly threads: number
	/** Each thread is to live on little memory. */
	readonly thrifty?: boolean | undefined
	/** Is told when a thread has begun. */
	readonly onThread?: (() => void) | undefined
	/** Finds for all threads where the bucket is and what is signed with; each looks for that itself without. */
	readonly findSite?: FindSite | undefined
	/** Is told when the store asks for fewer requests. */
	readonly onSlowDown?: (() => void) | undefined
	/** Is told what each thread has asked of the store, when it ends. */
	readonly onCounts?: ((counts: Counts) => void) | undefined
	/** Ends every request under way when it is aborted. */
	readonly signal?: AbortSignal | undefined
}

export type ToThread = 'stop' | 'end' | {readonly site: Site | undefined} | Tasks
export type Tasks = readonly (readonly [id: number, task: unknown])[]
/** Answers; at the end, what was asked of the store. `find site` is answered with a site, if there is one. */
export type FromThread = 'slow down' | 'find site' | Counts | Answers
export type Answers = readonly (readonly [id: number, done: unknown])[]

/** With fewer files threads are on half of the cores: what they wait for may need the others, and each has a compiler of its own. */
export const MANY = 12_000

/**
 * Large files that come are written, read back and hashed, one after the other in a thread: of so much to do all cores do it sooner, 10
 * files of 1 to 32 MiB in 0.84 of the time, with a tenth more CPU. Those that are sent go no sooner.
 */
const MUCH = 4000
/** Files are large that take as long as so many small ones each. */
const LARGE = 8

/** How many threads pay for so many files, which take as long as `weight` small ones. */
export function threadsFor(
	files: number,
	{
		weight = files,
		kind,
		cores = availableParallelism(),
	}: {readonly weight?: number; readonly kind?: Job['kind']; readonly cores?: number} = {},
): number {
	const isLarge = kind === 'receive' && weight >= LARGE * files
	const isMuch = Math.max(files, weight) >= (isLarge ? MUCH : MANY)
	return usableCores(isMuch ? cores : Math.ceil(cores / 2))
}

/**
 * MiB for the new objects of a thread: three times what V8 makes them in. What is under way is copied each time that is full: with
 * half of it a push of 100,000 files with 20 ms of latency took a fourteenth more CPU, with twice as much no less.
 */
const YOUNG = 48
/** The same where memory counts for more. */
const YOUNG_THRIFTY = 12

type Member = {
	readonly worker: Worker
	/** Resolves when it holds nothing any more. */
	readonly ended: Promise<void>
	waiting: [number, unknown][]
	outstanding: number
}

const isAnswers = (message: Counts | Answers): message is Answers => Array.isArray(message)

export class Crew<Task, Done> {
	readonly #members: Member[]
	readonly #options: CrewOptions
	readonly #answers = new Map<number, (done: Done | undefined) => void>()
	#next = 0
	#flushing = false

	constructor(job: Job, options: CrewOptions) {
		this.#options = options
		this.#members = Array.from({length: options.threads}, () => this.#start(job))
		options.signal?.addEventListener('abort', this.#stop)
	}

	/** Has a thread do it; undefined where that failed, for whatever reason. */
	do(task: Task): Promise<Done | undefined> {
		const member = this.#leastBusy
		if (member === undefined) return Promise.resolve(undefined)
		const id = this.#next++
		member.waiting.push([id, task])
		member.outstanding++
		if (!this.#flushing) setImmediate(() => this.#flush())
		this.#flushing = true
		return new Promise((resolve) => this.#answers.set(id, resolve))
	}

	get #leastBusy(): Member | undefined {
		let least: Member | undefined
		for (const member of this.#members)
			if (least === undefined || member.outstanding < least.outstanding) least = member
		return least
	}

	/** Ends the threads, when they have given back what they hold; whoever still waits for an answer gets none. */
	async close(): Promise<void> {
		this.#options.signal?.removeEventListener('abort', this.#stop)
		this.#tell('end')
		await Promise.all(this.#members.map(({ended}) => ended))
		await Promise.all(this.#members.map(({worker}) => worker.terminate()))
		this.#answerAll()
	}

	#start(workerData: Job): Member {
		const worker = new Worker(new URL('./crew-worker.js', import.meta.url), {
			workerData,
			// node would warn of the end of each file that libc began (write.ts); a thread closes what it opened
			trackUnmanagedFds: false,
			resourceLimits: {maxYoungGenerationSizeMb: this.#options.thrifty ? YOUNG_THRIFTY : YOUNG},
		})
		let resolve = () => {}
		worker.once('online', () => this.#options.onThread?.())
		const ended = new Promise<void>((done) => (resolve = done))
		const member: Member = {worker, ended, waiting: [], outstanding: 0}
		worker.on('message', (message: FromThread) => {
			if (message === 'slow down') this.#options.onSlowDown?.()
			else if (message === 'find site') void this.#findSite(worker)
			else if (isAnswers(message)) this.#take(member, message)
			else {
				this.#options.onCounts?.(message)
				resolve()
			}
		})
		// a thread that dies takes its answers with it: the caller does that work itself
		worker.on('error', () => this.#lose(member))
		worker.on('exit', resolve)
		return member
	}

	/** Tells a thread what was found. */
	async #findSite(worker: Worker): Promise<void> {
		// where that fails, the thread looks for it by itself, and has the error
		const site = await this.#options.findSite?.().catch(() => undefined)
		worker.postMessage({site} satisfies ToThread)
	}

	readonly #stop = (): void => this.#tell('stop')

	#tell(message: ToThread): void {
		for (const {worker} of this.#members) worker.postMessage(message)
	}

	/** Hands over what has gathered in this turn, in one message a thread. */
	#flush(): void {
		this.#flushing = false
		for (const member of this.#members) {
			if (member.waiting.length === 0) continue
			member.worker.postMessage(member.waiting satisfies ToThread)
			member.waiting = []
		}
	}

	#take(member: Member, answers: Answers): void {
		for (const [id, answer] of answers) {
			const done = answer as Done | undefined
			member.outstanding--
			this.#answers.get(id)?.(done)
			this.#answers.delete(id)
		}
	}

	#lose(member: Member): void {
		this.#members.splice(this.#members.indexOf(member), 1)
		this.#answerAll()
	}

	#answerAll(): void {
		for (const answer of this.#answers.values()) answer(undefined)
		this.#answers.clear()
	}
}
