// What the system allows this process.

import {readFileSync} from 'node:fs'

/**
 * How many descriptors this process may have at once (RLIMIT_NOFILE, which node raises as far as it may); undefined where that is not told:
 * https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html
 */
export function descriptorLimit(): number | undefined {
	try {
		const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
		return limit === undefined ? undefined : Number(limit)
	} catch {
		return undefined
	}
}
