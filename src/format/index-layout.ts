// Where everything lies in `.s3rsync/index`. The page s3r-index(5) is the authority; the golden
// bytes of test/index.test.ts stand in it too.
//
// All integers are little-endian. Every section begins at a multiple of 8.

export const MAGIC = 's3rindex'
export const VERSION = 1
export const HEADER = 64
export const ENTRY = 80
export const TRAILER = 8

/** Sizes have six bytes; S3's largest object, of 50 TB, has less than half of it. */
export const SIZE_LIMIT = 2 ** 48

/** Byte offsets in the header. */
export const H = {
	version: 8,
	entries: 12,
	directories: 16,
	owners: 20,
	scanned: 24,
	names: 32,
	extras: 36,
	device: 40,
} as const

/** Word (32 bit) offsets in an entry. */
export const W = {
	directory: 0,
	name: 1,
	/** Low half: length of the name; high half: flags. */
	lengthFlags: 2,
	/** Low half: st_mode; high half: bits 32-47 of the size. */
	modeSize: 3,
	size: 4,
	ino: 5,
	owner: 7,
	mtime: 8,
	ctime: 10,
	md5: 12,
	modified: 16,
	extra: 17,
	base: 18,
} as const

export const WORDS = ENTRY / 4

/** The flags; bits 12-15 hold the type that `base` had. */
export const F = {
	local: 1,
	remote: 2,
	base: 4,
	/** Local content is that of base. */
	sameContent: 8,
	/** Local attributes are those of base. */
	sameAttrs: 16,
	moved: 32,
	/** The entry's md5 is known. */
	md5: 64,
	/** The remote ETag is the entry's md5 in hex. */
	etagIsMd5: 128,
	/** The remote size is the local one. */
	sameSize: 256,
	bound: 512,
} as const

/** Flags of an entry that is the same on both sides; `F.moved` must be off. */
export const IN_SYNC = F.local | F.remote | F.base | F.sameContent | F.sameAttrs
export const IN_SYNC_MASK = IN_SYNC | F.moved

/** Flags without any of which an entry says nothing of either side. */
export const ALIVE = F.local | F.remote | F.base

/** Tags of the fields in an extra; each is tag, length (16 bit), bytes. 0 ends an extra. */
export const X = {
	etag: 1,
	remoteSize: 2,
	version: 3,
	baseMd5: 4,
	attrs: 5,
	rdev: 6,
	link: 7,
	xattrs: 8,
	was: 9,
	alias: 10,
} as const

const BIAS = 2 ** 31
const BILLION = 1_000_000_000n

/**
 * A time in 64 bits, as ext4 keeps it: 30 bits of nanoseconds, 34 bits of seconds that begin in
 * 1901. Times outside 1901-12-13 to 2446-05-10 become the nearest of these.
 */
export function packTime(ns: bigint): readonly [low: number, high: number] {
	let seconds = ns / BILLION
	let rest = ns % BILLION
	if (rest < 0n) {
		seconds -= 1n
		rest += BILLION
	}
	const whole = biased(Number(seconds))
	return [packedLow(whole, Number(rest)), packedHigh(whole)]
}

/** Seconds since the epoch of a packed time. */
export const unpackSeconds = (low: number, high: number): number => high * 4 + (low >>> 30) - BIAS

/** Seconds since the epoch as packTime keeps them; its words are made of these. */
export const biased = (seconds: number): number => Math.min(Math.max(seconds + BIAS, 0), 2 ** 34 - 1)
export const packedLow = (seconds: number, nanoseconds: number): number =>
	(nanoseconds | ((seconds & 3) << 30)) >>> 0
export const packedHigh = (seconds: number): number => Math.floor(seconds / 4)

/** Nanoseconds since the epoch of a packed time. */
export const unpackTime = (low: number, high: number): bigint =>
	BigInt(unpackSeconds(low, high)) * BILLION + BigInt(low & 0x3fffffff)
