// How long an object may not be deleted or replaced (S3's Object Lock).
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import {usage} from '../base/errors.ts'
import {dateOf, spanOf} from './moment.ts'

const MODES = ['GOVERNANCE', 'COMPLIANCE'] as const
export type LockMode = (typeof MODES)[number]

/** The mode of this name, in upper or lower case; a usage error if there is none. */
export function parseLockMode(text: string): LockMode {
	const found = MODES.find((mode) => mode === text.toUpperCase())
	if (found === undefined) throw usage(`'${text}' is not a mode of object lock`, `one of ${MODES.join(', ')}`)
	return found
}

/**
 * The end of a retention in milliseconds since the epoch: a date, or how long from `now` on. A usage error if it is
 * neither, or not to come.
 */
export function parseRetention(text: string, now: number): number {
	const span = spanOf(text)
	const time = span === undefined ? dateOf(text) : now + span
	if (time === undefined)
		throw usage(`'${text}' is not an end of retention`, '30d, 52w, 2030-01-01 or 2030-01-01T00:00Z')
	if (time <= now) throw usage(`'${text}' is over, and nothing can be retained until then`)
	return time
}
