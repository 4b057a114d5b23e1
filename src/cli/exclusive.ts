// Options that contradict each other.

import {usage} from '../base/errors.ts'

/** A usage error if more than one of these options is given. */
export function exclusive(flags: Readonly<Record<string, unknown>>, ...names: readonly string[]): void {
	const [first, second] = names.filter((name) => flags[name] !== undefined && flags[name] !== false)
	if (second !== undefined) throw usage(`options '--${first}' and '--${second}' exclude each other`)
}
