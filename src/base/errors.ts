// What a command can die of. One class: the exit status is part of the error, and run() is the
// only place that turns an error into a process status.

import {constants} from 'node:os'

export const EXIT = {
	ok: 0,
	/** The answer is no: `diff-* --exit-code`, `verify`. */
	no: 1,
	/** Some items failed (rsync's RERR_PARTIAL). */
	partial: 23,
	/** Some source files vanished before they could be sent (rsync's RERR_VANISHED). */
	vanished: 24,
	/** --max-delete stopped the deletions (rsync's RERR_DEL_LIMIT), or --max-requests the work. */
	maxDelete: 25,
	fatal: 128,
	usage: 129,
	interrupted: 130,
	brokenPipe: 141,
} as const

/** An error for people: a message without capital or full stop, and a hint where there is a remedy. */
export class S3rError extends Error {
	override readonly name = 'S3rError'
	readonly status: number
	readonly hint: string | undefined

	constructor(message: string, options: {status?: number; hint?: string | undefined; cause?: unknown} = {}) {
		super(message, {cause: options.cause})
		this.status = options.status ?? EXIT.fatal
		this.hint = options.hint
	}
}

/** An error that ends the command with status 128. */
export const fatal = (message: string, hint?: string, cause?: unknown): S3rError =>
	new S3rError(message, {hint, cause})

/** An error in how the command was called: status 129. */
export const usage = (message: string, hint?: string): S3rError =>
	new S3rError(message, {status: EXIT.usage, hint})

const REASONS: Record<string, string> = {
	EACCES: 'permission denied',
	EDQUOT: 'disk quota exceeded',
	EEXIST: 'file exists',
	EIO: 'input/output error',
	EISDIR: 'is a directory',
	ELOOP: 'too many levels of symbolic links',
	EMFILE: 'too many open files',
	ENAMETOOLONG: 'file name too long',
	ENOENT: 'no such file or directory',
	ENOSPC: 'no space left on device',
	ENOTDIR: 'not a directory',
	ENOTEMPTY: 'directory not empty',
	EPERM: 'operation not permitted',
	EROFS: 'read-only file system',
	ESTALE: 'stale file handle',
	ETXTBSY: 'text file busy',
}

/** The `code` of a system error ('ENOENT'), or undefined. */
export const errnoOf = (error: unknown): string | undefined => {
	const {code, errno} = (error ?? {}) as {code?: unknown; errno?: unknown}
	// libuv has no names for some numbers, such as that of EDQUOT
	if (code === 'UNKNOWN' && typeof errno === 'number') return nameOfErrno(-errno) ?? code
	return typeof code === 'string' ? code : undefined
}

const nameOfErrno = (errno: number): string | undefined =>
	Object.entries(constants.errno).find(([, number]) => number === errno)?.[0]

/** Why something failed, in the words of strerror(3) where it was a system call. */
export function reason(error: unknown): string {
	const code = errnoOf(error)
	if (code !== undefined && REASONS[code] !== undefined) return REASONS[code]
	if (error instanceof Error) return error.message.split('\n')[0] ?? ''
	return String(error)
}
