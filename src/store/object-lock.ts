// The lock that each new object gets, where the remote asks for one.

import {usage} from '../base/errors.ts'
import {parseLockMode, parseRetention} from '../format/object-lock.ts'
import type {Remote} from '../format/remote.ts'
import type {HeaderList} from './http.ts'

type Locking = Pick<Partial<Remote>, 'lockMode' | 'retainUntil' | 'legalHold'>

/** A usage error for half a lock: S3 takes a mode and an end only together. */
export function checkLock({lockMode, retainUntil}: Locking): void {
	if (lockMode !== undefined && retainUntil === undefined)
		throw usage("'object-lock-mode' needs 'retain-until'")
	if (retainUntil !== undefined && lockMode === undefined)
		throw usage("'retain-until' needs 'object-lock-mode'")
}

/** The headers of a write at `now`, milliseconds since the epoch; without it, of one that is made now. */
export function lockHeaders({lockMode, retainUntil, legalHold}: Locking, now?: number): HeaderList {
	const headers: HeaderList = []
	if (lockMode !== undefined && retainUntil !== undefined) {
		const until = parseRetention(retainUntil, now ?? Date.now())
		headers.push(
			['x-amz-object-lock-mode', parseLockMode(lockMode)],
			['x-amz-object-lock-retain-until-date', new Date(until).toISOString()],
		)
	}
	if (legalHold === true) headers.push(['x-amz-object-lock-legal-hold', 'ON'])
	return headers
}
