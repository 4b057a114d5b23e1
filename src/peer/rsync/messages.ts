// The tags of frames. See s3r-rsync(5), FRAMES.

/** A tag is sent with this added. */
export const MPLEX_BASE = 7

export const MSG = {
	data: 0,
	/** A text for stderr; the transfer ends in status 23. */
	errorXfer: 1,
	/** A text for stdout. */
	info: 2,
	/** A text for stderr. */
	error: 3,
	warning: 4,
	/** Bits of IO_ERROR. */
	ioError: 22,
	/** Seconds that the other side should set as its own limit. */
	ioTimeout: 33,
	noop: 42,
	/** The end, with a status. */
	errorExit: 86,
	/** A file is safe: its sender may remove it. */
	success: 100,
	deleted: 101,
	/** A file that was asked for does not come. */
	noSend: 102,
} as const

/** What went wrong with the list or with files of it, as bits. */
export const IO_ERROR = {general: 1, vanished: 2, delLimit: 4} as const
