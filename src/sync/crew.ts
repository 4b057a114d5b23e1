// Threads that send small files: each reads, hashes, signs and sends on a core of its own, while the
// main thread walks, plans and keeps the index.
//
// A thread answers for what went well only. Whatever did not is done again by the caller, who knows
// what to make of it.

import {availableParallelism} from 'node:os'
import {Worker} from 'node:worker_threads'
import type {Path} from '../base/path.ts'
import type {Local} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import type {Condition, Written} from '../store/store.ts'
import type {Stored} from './cargo.ts'

/** What every thread is told at its start. */
export type CrewOptions = {
	readonly remote: Remote
	/** The root of the local side. */
	readonly root: Path
	readonly compress?: boolean | undefined
	readonly stored?: Stored | undefined
	/** Is told when the store asks for fewer requests. */
	readonly onSlowDown?: (() => void) | undefined
	/** Is told of each PUT that succeeded, and its bytes. */
	readonly onPut?: ((bytes: number) => void) | undefined
}

export type Task = {
	readonly path: Path
	readonly key: string
	readonly local: Local
	readonly guard: Condition
}

/** A file that the store has now: as it was when it was read, and what the store said. */
export type Sent = {
	readonly local: Local
	readonly attrs: string
	readonly written: Written
	/** Bytes stored, and the MD5 (hex) of these bytes. */
	readonly size: number
	readonly md5: string
}

export type ToThread = readonly (readonly [id: number, task: Task])[]
export type FromThread = 'slow down' | readonly (readonly [id: number, sent: Sent | undefined])[]

/** More threads than this gain nothing: the main thread has its part of every file. */
const MOST = 4

type Member = {readonly worker: Worker; waiting: [number, Task][]; outstanding: number}

export class Crew {
	readonly #members: Member[]
	readonly #onPut: CrewOptions['onPut']
	readonly #answers = new Map<number, (sent: Sent | undefined) => void>()
	#next = 0
	#flushing = false

	/** Whether there are cores for threads at all. */
	static readonly pays = availableParallelism() > 1

	constructor({onSlowDown, onPut, ...workerData}: CrewOptions) {
		this.#onPut = onPut
		const count = Math.min(availableParallelism(), MOST)
		this.#members = Array.from({length: count}, () => {
			const worker = new Worker(new URL('./crew-worker.js', import.meta.url), {workerData})
			const member: Member = {worker, waiting: [], outstanding: 0}
			worker.on('message', (message: FromThread) => {
				if (message === 'slow down') onSlowDown?.()
				else this.#take(member, message)
			})
			// a thread that dies takes its answers with it: the caller does that work itself
			worker.on('error', () => this.#lose(member))
			return member
		})
	}

	/** Sends a file; undefined where that failed, for whatever reason. */
	send(task: Task): Promise<Sent | undefined> {
		const [first, ...rest] = this.#members
		if (!first) return Promise.resolve(undefined)
		const member = rest.reduce((least, m) => (m.outstanding < least.outstanding ? m : least), first)
		const id = this.#next++
		member.waiting.push([id, task])
		member.outstanding++
		if (!this.#flushing) setImmediate(() => this.#flush())
		this.#flushing = true
		return new Promise((resolve) => this.#answers.set(id, resolve))
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

	#take(member: Member, answers: Exclude<FromThread, string>): void {
		for (const [id, sent] of answers) {
			member.outstanding--
			if (sent) this.#onPut?.(sent.size)
			this.#answers.get(id)?.(sent)
			this.#answers.delete(id)
		}
	}

	#lose(member: Member): void {
		this.#members.splice(this.#members.indexOf(member), 1)
		for (const answer of this.#answers.values()) answer(undefined)
		this.#answers.clear()
	}

	/** Ends the threads; whoever still waits for an answer gets none. */
	async close(): Promise<void> {
		await Promise.all(this.#members.map(({worker}) => worker.terminate()))
		for (const answer of this.#answers.values()) answer(undefined)
		this.#answers.clear()
	}
}
