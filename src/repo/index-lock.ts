// Of those who change an index one goes after the other.

import {mkdirSync} from 'node:fs'
import {forFs} from '../base/path.ts'
import {acquireLock, type Lock} from '../local/lock.ts'
import {indexDirOf, join, type Place} from './find.ts'

/** Milliseconds that a command waits for another that works on the same index. */
const WAIT = 30_000

/** Takes the lock of an index; waits for another command that holds it. */
export function lockIndex(place: Place, signal: AbortSignal | undefined): Promise<Lock> {
	const dir = indexDirOf(place)
	if (place.indexDir !== undefined) mkdirSync(forFs(dir), {mode: 0o700, recursive: true})
	return acquireLock(join(dir, 'index.lock'), {wait: WAIT, signal})
}
