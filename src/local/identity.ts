// Which process made something: a lock, a temporary file. And whether it still runs.

import {readFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {crc32} from '../base/crc32.ts'
import {errnoOf} from '../base/errors.ts'

export type Identity = {
	readonly pid: number
	/** When the process started, in the system's own ticks; '' where the system does not tell. */
	readonly start: string
	/** 8 hex digits that stand for the host's name. */
	readonly host: string
}

/** starttime of proc(5)'s stat, counted from behind the command's name, which may hold anything. */
const START_FIELD = 19

function startOf(pid: number | 'self'): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD] ?? ''
	} catch {
		return ''
	}
}

let own: Identity | undefined

/** This process. */
export function self(): Identity {
	own ??= {
		pid: process.pid,
		start: startOf('self'),
		// node's crypto takes 4 ms to load, a twentieth of a push that finds nothing to do
		host: crc32(Buffer.from(hostname())).toString(16).padStart(8, '0'),
	}
	return own
}

/** Whether a process is known to run no more: it was of this host, and its pid is free or another's by now. */
export function isDead({pid, start, host}: Identity): boolean {
	if (host !== self().host) return false
	try {
		process.kill(pid, 0)
	} catch (error) {
		return errnoOf(error) === 'ESRCH'
	}
	const now = startOf(pid)
	return start !== '' && now !== '' && now !== start
}
