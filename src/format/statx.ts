// A struct statx in 32-bit words: what Linux says of a file, and what a walk compares with the index as it is, without
// making an object of it. https://man7.org/linux/man-pages/man2/statx.2.html

/** Where the fields lie. Those of 64 bits have two words, the low one first; a device its major and its minor. */
export const X = {
	nlink: 4,
	uid: 5,
	gid: 6,
	/** st_mode in the low half. */
	mode: 7,
	ino: 8,
	size: 10,
	blocks: 12,
	/** Seconds, signed, in two words, and nanoseconds in the next. */
	ctime: 24,
	mtime: 28,
	rdev: 32,
	dev: 34,
} as const

/** How many there are in a struct. */
export const STATX_WORDS = 64

/** The words of one struct. */
export type StatxWords = Uint32Array

/** Whole seconds since the epoch of the time at word `at`. */
export const secondsAt = (words: StatxWords, at: number): number =>
	((words[at + 1] as number) | 0) * 2 ** 32 + (words[at] as number)
