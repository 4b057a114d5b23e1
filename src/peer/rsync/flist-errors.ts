// How a file list is refused, and the length of names from which it is.

import {RERR, RsyncError} from './errors.ts'

/** Bytes of a name, as many as a path may have. */
export const NAME_LIMIT = 4096

export const malformed = (why: string): RsyncError =>
	new RsyncError(RERR.protocol, `the file list is malformed: ${why}`)
