// What vouches for the bytes of an object that is a file now: MD5s of its parts, or that of the whole.

import {likeliestPartSize} from '../algo/parts.ts'
import type {Arrival} from './arrival.ts'
import {sumOf, type Summed} from './file-sum.ts'

/** Larger parts are not hashed eight at once: the first may have left the system's cache before the last one is there. */
const TOGETHER = 128 * 2 ** 20

/**
 * The size of the parts of which the MD5s may vouch for an object. They take a third of the time that the MD5 of the whole takes,
 * which is the one that its writer stored, if the bytes are those that the store has.
 */
export function vouchingPart({head, attributes}: Arrival): number | undefined {
	if (attributes.md5 === undefined || head.etagIsMd5 === false) return undefined
	const part = likeliestPartSize(head.size, head.etag)
	return part !== undefined && part <= TOGETHER ? part : undefined
}

/** The MD5 of a file with this sum. */
export function md5By({head, attributes}: Arrival, sum: string, file: Summed): string {
	if (file.part === undefined) return sum
	// parts of another size, or a store that makes its ETags otherwise: what is damaged is found by the MD5 of the whole
	return sum === head.etag && attributes.md5 !== undefined
		? attributes.md5
		: sumOf({...file, part: undefined})
}
