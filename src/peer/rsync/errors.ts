// What ends a session with an rsync client, in rsync's own exit codes.

/** The exit codes of rsync(1), by what they say. */
export const RERR = {
	ok: 0,
	syntax: 1,
	protocol: 2,
	fileSelect: 3,
	unsupported: 4,
	startClient: 5,
	fileIo: 11,
	stream: 12,
	partial: 23,
	vanished: 24,
	deleteLimit: 25,
	timeout: 30,
} as const

/** An error that the client is told in one line, without a final full stop, and that ends the session. */
export class RsyncError extends Error {
	override readonly name = 'RsyncError'
	/** One of `RERR`: what the client exits with. */
	readonly code: number

	constructor(code: number, message: string, cause?: unknown) {
		super(message, {cause})
		this.code = code
	}
}
