// rsync's weak checksum, which can be moved along by one byte at a time, and the lengths that go with it.
// (A. Tridgell, "Efficient Algorithms for Sorting and Synchronization", chapter 3.)

/**
 * The weak sum of bytes, as rsync has it: the low 16 bits of the sum of the bytes, which are taken as signed, and
 * above them the low 16 bits of the sum of all sums on the way. Unsigned 32 bits.
 */
export function weakSum(bytes: Buffer, from = 0, to = bytes.length): number {
	const {s1, s2} = sums(bytes, from, to)
	return joined(s1, s2)
}

/** The two halves; only their low 16 bits mean something. */
export function sums(bytes: Buffer, from: number, to: number): {s1: number; s2: number} {
	let s1 = 0
	let s2 = 0
	for (let at = from; at < to; at++) {
		s1 = (s1 + (((bytes[at] as number) << 24) >> 24)) | 0
		s2 = (s2 + s1) | 0
	}
	return {s1, s2}
}

export const joined = (s1: number, s2: number): number => ((s1 & 0xffff) | (s2 << 16)) >>> 0

const SHORTEST = 700
/** Longest block that every rsync since 2.6.4 takes. */
const LONGEST_BLOCK = 1 << 17

/**
 * The length of the blocks of a file: about the square root of its size, so that sums and the loss at a change are
 * of one order; a multiple of 8 from 700 to 131072, or what was asked for.
 */
export function blockLengthFor(size: number, asked?: number): number {
	if (asked !== undefined && asked > 0) return Math.min(asked, LONGEST_BLOCK)
	const root = Math.floor(Math.sqrt(size) / 8) * 8
	return Math.min(LONGEST_BLOCK, Math.max(SHORTEST, root))
}

/** Bits that keep the chance of a wrong match below 1 in a thousand for a file: rsync's BLOCKSUM_BIAS. */
const BIAS = 10

/** How many bytes of a block's strong sum are sent for a file of this size; whole-file sums catch what slips through. */
export function strongLengthFor(size: number, blockLength: number, digestLength: number): number {
	const log2 = (n: number) => (n < 1 ? 0 : Math.floor(Math.log2(n)))
	const bits = BIAS + 2 * log2(size) - log2(blockLength)
	const bytes = Math.trunc((bits + 1 - 32 + 7) / 8)
	return Math.min(digestLength, 16, Math.max(2, bytes))
}
