// How a large file is cut into the parts of a multipart upload.
//
// S3: 10,000 parts at most, 5 MiB to 5 GiB each but the last, 48.8 TiB in all.

import {createHash} from 'node:crypto'

const MIB = 2 ** 20

/** Files of this size or more are sent in parts. */
export const MULTIPART_FROM = 16 * MIB
const SMALLEST = 8 * MIB
const MOST = 10_000

/** The most bytes that an object can have. */
export const OBJECT_LIMIT = MOST * 5 * 2 ** 30

/** The size of the parts of a file of `size` bytes: 8 MiB, or as many whole MiB as 10,000 parts need. */
export const partSize = (size: number): number => Math.max(SMALLEST, Math.ceil(size / MOST / MIB) * MIB)

/** S3's ETag of an object made of parts with these ETags: the MD5 of their MD5s, and how many. */
export function joinedEtag(parts: readonly {readonly etag: string}[]): string {
	const md5s = Buffer.concat(parts.map(({etag}) => Buffer.from(etag, 'hex')))
	return `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`
}

/** Of how many parts an object with this ETag is; undefined where it is not of parts. */
export function partCount(etag: string): number | undefined {
	const count = /^[0-9a-f]{32}-(\d{1,5})$/.exec(etag)?.[1]
	return count === undefined ? undefined : Number(count)
}

/** Size and number of some parts of an upload. */
type Listed = {readonly number: number; readonly size: number}

/** The size of the parts of an upload that has these, if they can be parts of a file of `size` bytes. */
export function partSizeOf(parts: readonly Listed[], size: number): number | undefined {
	const of = parts.reduce((most, part) => Math.max(most, part.size), 0)
	const fits = (part: Listed) => part.size === Math.min(of, size - (part.number - 1) * of)
	return of > 0 && Math.ceil(size / of) <= MOST && parts.every(fits) ? of : undefined
}

/** Part sizes that other tools have: 8 aws, 5 rclone, 15 s3cmd, 10 s3fs, 50 s5cmd, 16 to 128 mc and others. */
const COMMON = [5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 1024, 5120]

/** The sizes that the parts of an object of `size` bytes may have if they are `count`, the likeliest first. */
export function likelyPartSizes(size: number, count: number): number[] {
	const even = Math.ceil(size / count)
	const evenMib = Math.ceil(even / MIB)
	const sizes = [
		partSize(size),
		...COMMON.map((mib) => mib * MIB),
		...COMMON.map((mb) => mb * 1_000_000),
		evenMib * MIB,
		// twice as large until they are few enough
		2 ** Math.ceil(Math.log2(Math.max(evenMib, 1))) * MIB,
		even,
	]
	return [...new Set(sizes)].filter((part) => part > 0 && Math.max(1, Math.ceil(size / part)) === count)
}

/** The size of the parts of an object with this ETag, where one is far likelier than all others: ours, or the only one in whole MiB. */
export function likeliestPartSize(size: number, etag: string): number | undefined {
	const count = partCount(etag)
	if (count === undefined) return undefined
	const [first, ...others] = likelyPartSizes(size, count).filter((part) => part % MIB === 0)
	return others.length === 0 || first === partSize(size) ? first : undefined
}
