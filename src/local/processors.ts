// What the processors of this machine have done, whoever had them do it.

import {closeSync, openSync, readSync} from 'node:fs'
import type {Idle} from '../base/adaptive.ts'

/** The line of all processors is not longer. */
const line = Buffer.allocUnsafeSlow(256)

/**
 * Their time until now, as the first line of /proc/stat has it (proc_stat(5): user, nice, system, idle, iowait, irq, ...); undefined
 * on other systems than Linux. node's own `os.cpus()` asks for the frequency of each besides, which can take milliseconds.
 */
export function idleTime(): Idle | undefined {
	try {
		const fd = openSync('/proc/stat', 'r')
		try {
			const text = line.latin1Slice(0, readSync(fd, line, 0, line.length, 0))
			const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0] =
				/^cpu +(.*)\n/.exec(text)?.[1]?.split(' ').map(Number) ?? []
			return {idle: idle + wait, all: user + nice + system + idle + wait + irq + soft}
		} finally {
			closeSync(fd)
		}
	} catch {
		return undefined
	}
}
