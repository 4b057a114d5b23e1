// A bound on bytes a second, over all that share it.

import {setTimeout as sleep} from 'node:timers/promises'

/** What tells the time in milliseconds, and waits: for tests. */
export type Clock = {now(): number; wait(milliseconds: number, signal?: AbortSignal): Promise<void>}

const CLOCK: Clock = {
	now: () => performance.now(),
	wait: (milliseconds, signal) => sleep(milliseconds, undefined, signal && {signal}),
}

const KIB = 1024

export class Rate {
	/** Bytes to be taken at once: those of an eighth of a second, so that nobody waits for long behind another. */
	readonly piece: number
	readonly #perMillisecond: number
	readonly #clock: Clock
	/** When what was taken so far will have passed. */
	#passed = 0

	constructor(bytesPerSecond: number, clock: Clock = CLOCK) {
		this.piece = Math.min(Math.max(Math.trunc(bytesPerSecond / 8), KIB), 64 * KIB)
		this.#perMillisecond = bytesPerSecond / 1000
		this.#clock = clock
	}

	/** Waits for what was taken before to pass; these bytes pass next. */
	async take(bytes: number, signal?: AbortSignal): Promise<void> {
		const now = this.#clock.now()
		const wait = this.#passed - now
		this.#passed = Math.max(this.#passed, now) + bytes / this.#perMillisecond
		if (wait > 0) await this.#clock.wait(wait, signal)
	}
}
