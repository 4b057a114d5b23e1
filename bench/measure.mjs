// One measured run of one program.

import {closeSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {stop} from './work.mjs'

export class Meter {
	#work
	#program
	#output

	constructor(work) {
		this.#work = work
		this.#program = work.compile('measure.c')
		this.#output = join(work.dir, 'output')
	}

	/**
	 * Runs the words and waits for them.
	 * @returns {Promise<{wall: number, cpu: number, rss: number, status: number | undefined}>} seconds, seconds of user and
	 *   system time of the whole tree of processes, bytes of the largest of them, and the exit status: undefined if it took
	 *   longer than the limit in seconds and was ended
	 */
	async run(words, {cwd, env, limit}) {
		const out = openSync(this.#output, 'w')
		const errors = openSync(`${this.#output}.err`, 'w')
		const child = this.#work.start([this.#program, ...words], {
			cwd,
			env,
			stdio: ['ignore', out, errors, 'pipe'],
		})
		let isLate = false
		const timer = setTimeout(() => {
			isLate = true
			void stop(child)
		}, limit * 1000)
		try {
			const {wall, user, system, rss, status} = JSON.parse((await text(child.stdio[3])) || '{"status":127}')
			return {wall, cpu: user + system, rss, status: isLate ? undefined : status}
		} finally {
			clearTimeout(timer)
			closeSync(out)
			closeSync(errors)
		}
	}

	/** How many lines the last run printed. */
	lines() {
		const bytes = readFileSync(this.#output)
		let count = 0
		for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
		return count
	}

	/** The end of what the last run said on stderr. */
	complaint() {
		return readFileSync(`${this.#output}.err`, 'utf8').trim().split('\n').slice(-2).join('\n')
	}
}
