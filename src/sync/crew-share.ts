// Which files go to the crew: all that go or come in one piece, where there are many, or much is in them.

import {type Crews, MANY} from './crew.ts'

/** So many bytes take as long as what there is to do with any file. */
const AS_A_FILE = 32 * 2 ** 10
/** How much there is to do with a file, in small ones. */
const weightOf = (size: number): number => 1 + size / AS_A_FILE
/**
 * A thread pays for so many files: it takes 30 ms to start, and of 600 files a push takes a tenth less time with it, a clone a sixth; of
 * 300 both take an eighth more.
 */
const WORTH = 500
/** It pays also for fewer with so much in them, in small files: that is what there is to do when V8 has compiled it. */
const HEAVY = 2000
/**
 * Where it looks as if there were something to do with fewer, or nothing is known of them, the first ones are not the crew's: threads
 * that come for the last ones cost as much as they bring.
 */
const FROM = 2000
/** By this file all is loaded that a run needs: V8 takes the code cache of none that comes when its flags have changed. */
const LOADED = 50
/** With fewer to do also what threads do is over before V8's work on it pays; 6,000 take as long with it as without. */
const FEW = 6000
/** Rows that tell what most are. */
const SAMPLE = 256

/** What an index holds before the transfer. */
export type Before = {
	/** How many files there can be; 0 where that is not known. */
	readonly count: number
	/** Whether the file of a row is known to be the same on both sides. */
	readonly isDone: (row: number) => boolean
	/** Bytes that there are to send or to fetch of it. */
	readonly sizeOf: (row: number) => number
	/** Files below this size are the crew's. */
	readonly below: number
}

/** How many files an index had, and how many there are. */
export type Found = {readonly known: number; readonly count: number}

/** Has threads begin before what was found is written to the index, where most of it is new. */
export function beginEarly(
	crews: Pick<Crews<never, unknown>, 'begin'> | undefined,
	{known, count}: Found,
): void {
	if (count >= WORTH && known < count / 2) crews?.begin(count)
}

/** How much there is to do. */
type Load = {
	/** Files with which there is something to do. */
	readonly files: number
	/** What there is to do with those that are the crew's, in small ones. */
	readonly weight: number
}

/** By a sample of the rows. */
function loadOf({count, isDone, sizeOf, below}: Before): Load {
	const rows = Math.min(SAMPLE, count)
	let files = 0
	let weight = 0
	for (let i = 0; i < rows; i++) {
		const row = Math.floor((i * count) / rows)
		if (isDone(row)) continue
		const size = sizeOf(row)
		files++
		if (size < below) weight += weightOf(size)
	}
	const times = rows === 0 ? 0 : count / rows
	return {files: files * times, weight: weight * times}
}

/** From which weight of files on they are the crew's. */
function beginning(count: number, {files, weight}: Load): number {
	if (count === 0) return FROM
	if (count < WORTH) return weight < HEAVY ? Infinity : 0
	return files < WORTH ? FROM : 0
}

const NO_LOAD: Load = {files: 0, weight: 0}

/** Decides of each file of a transfer whether it is the crew's, and has the threads begin with the first one that is. */
export class CrewShare<Task, Done> {
	readonly #crews: Crews<Task, Done> | undefined
	readonly #count: number
	readonly #below: number
	/** What there is to do, as it was judged before. */
	readonly #load: Load
	/** The weight of the files that the crew does not do. */
	readonly #from: number
	#crew: ReturnType<Crews<Task, Done>['start']> | undefined
	#files = 0
	#seen = 0

	/** Without `crews` every file is left to the caller. */
	constructor(crews: Crews<Task, Done> | undefined, before: Before) {
		const load = crews ? loadOf(before) : NO_LOAD
		this.#crews = crews
		this.#count = before.count
		this.#below = before.below
		this.#load = load
		this.#from = crews?.isAsked ? 0 : beginning(before.count, load)
	}

	/** Whether a file of `size` bytes, of which so many move, is the crew's; to be asked of each file once. */
	takes(size: number, moved = size): boolean {
		if (++this.#files === LOADED && this.#from === Infinity) this.#crews?.onFew?.()
		this.#seen += weightOf(moved)
		return this.#crews !== undefined && size < this.#below && this.#seen > this.#from
	}

	/** Has a thread do what there is to do with a file that the crew takes; undefined where that did not go well. */
	do(task: Task): Promise<Done | undefined> {
		if (this.#crew === undefined) return this.#doFirst(task)
		return this.#crew.do(task)
	}

	async #doFirst(task: Task): Promise<Done | undefined> {
		// of what nobody counted there may be enough for all cores
		this.#crew = this.#crews?.start(this.#count || MANY, this.#load.weight)
		const done = await this.#crew?.do(task)
		// who answers has loaded all that it needs
		if (this.#count > 0 && this.#load.files < FEW) this.#crews?.onFew?.()
		return done
	}

	/** Ends the threads. */
	async close(): Promise<void> {
		await this.#crew?.close()
	}
}
