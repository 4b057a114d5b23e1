// How a large file is cut into the parts of a multipart upload.
//
// S3: 10,000 parts at most, 5 MiB to 5 GiB each but the last, 48.8 TiB in all.

const MIB = 2 ** 20

/** Files of this size or more are sent in parts. */
export const MULTIPART_FROM = 16 * MIB
const SMALLEST = 8 * MIB
const MOST = 10_000

/** The most bytes that an object can have. */
export const OBJECT_LIMIT = MOST * 5 * 2 ** 30

/** The size of the parts of a file of `size` bytes: 8 MiB, or as many whole MiB as 10,000 parts need. */
export const partSize = (size: number): number => Math.max(SMALLEST, Math.ceil(size / MOST / MIB) * MIB)
