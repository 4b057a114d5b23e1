// Items that cannot be listed or looked at: each is told, the work goes on, and the status says so.

import {EXIT, reason, S3rError} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import type {Context} from './command.ts'

export type ItemErrors = {
	readonly failed: (path: Path, error: unknown) => void
	/** The exit status, by what was told so far. */
	readonly status: number
}

/** Says `error: 'path': why` for each item that fails, and a hint once. */
export function itemErrors({io}: Context): ItemErrors {
	const hints = new Set<string>()
	let count = 0
	return {
		failed: (path, error) => {
			count++
			io.say(`error: ${shown(path)}: ${reason(error)}`)
			const hint = error instanceof S3rError ? error.hint : undefined
			if (hint === undefined || hints.has(hint)) return
			hints.add(hint)
			io.say(`hint: ${hint}`)
		},
		get status() {
			return count > 0 ? EXIT.partial : EXIT.ok
		},
	}
}
