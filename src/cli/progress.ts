// One line on stderr that shows how far a transfer is. It is drawn only where it was asked for and
// a person looks, at most ten times a second, and erased before anything else is said.

import {fromUnicode, type Path} from '../base/path.ts'
import {bar, humanBytes, humanDuration} from './human.ts'
import type {Io} from './io.ts'

/** Milliseconds between two drawings. */
const INTERVAL = 100
/** The rate is the mean of about so many milliseconds. */
const MEMORY = 5000

/** Cells of the bar. */
const BAR = 16

export type ProgressOptions = {
	/** `--progress` was given. */
	readonly asked: boolean
	/** Bytes to be transferred in all, if that is known. */
	readonly total?: number | undefined
	/** Milliseconds, for tests. */
	readonly now?: () => number
}

export class Progress {
	readonly #io: Io
	readonly #shown: boolean
	readonly #now: () => number
	#total: number | undefined
	#done = 0
	#item: Path = ''
	#drawn: {readonly at: number; readonly done: number}
	/** Bytes a millisecond. */
	#rate: number | undefined

	constructor(io: Io, options: ProgressOptions) {
		this.#io = io
		this.#shown = options.asked && io.isTerminal('stderr')
		this.#now = options.now ?? Date.now
		this.#total = options.total
		this.#drawn = {at: this.#now(), done: 0}
	}

	/** Whether anything is drawn. */
	get isShown(): boolean {
		return this.#shown
	}

	/** So many bytes more are known to be transferred in all. */
	expect(bytes: number): void {
		this.#total = (this.#total ?? 0) + bytes
	}

	/** So many bytes more have been transferred, of this item. */
	add(bytes: number, item: Path = this.#item): void {
		this.#done += bytes
		this.#item = item
		const now = this.#now()
		const elapsed = now - this.#drawn.at
		if (!this.#shown || elapsed < INTERVAL) return

		const rate = (this.#done - this.#drawn.done) / elapsed
		const weight = Math.min(1, elapsed / MEMORY)
		this.#rate = this.#rate === undefined ? rate : this.#rate + weight * (rate - this.#rate)
		this.#drawn = {at: now, done: this.#done}
		this.#io.status(this.#line())
	}

	/** Erases the line. */
	end(): void {
		this.#io.status('')
	}

	#line(): string {
		const rate = this.#rate ?? 0
		const total = this.#total
		const figures =
			total === undefined || total === 0
				? [humanBytes(this.#done), `${humanBytes(Math.round(rate * 1000))}/s`]
				: [
						`${Math.min(100, Math.floor((100 * this.#done) / total))}%`.padStart(4),
						`${humanBytes(this.#done)} of ${humanBytes(total)}`,
						`${humanBytes(Math.round(rate * 1000))}/s`,
						...(rate > 0 ? [humanDuration(Math.max(0, total - this.#done) / rate / 1000)] : []),
					]
		const left = figures.join('  ')
		const drawn = total === undefined || total === 0 ? '' : `${fromUnicode(bar(this.#done / total, BAR))} `
		const taken = left.length + (drawn === '' ? 0 : BAR + 1)
		return `${drawn}${left}  ${tail(this.#item, this.#io.columns - taken - 3)}`
	}
}

/** The last `width` bytes of a path, not beginning within a UTF-8 character. */
function tail(path: Path, width: number): Path {
	if (path.length <= width) return path
	return path.slice(path.length - Math.max(0, width)).replace(/^[\u0080-\u00bf]+/, '')
}
