// Bytes of one version of an object, from the first to the last that was asked for.

import {fatal} from '../base/errors.ts'
import type {Store} from '../store/store.ts'

/** Bytes of a range: what is asked for at once of an object of which several are under way. */
export const RANGE = 8 * 2 ** 20

export type Range = {readonly first: number; /** Behind its last byte. */ readonly end: number}

export type Ranged = {
	readonly store: Pick<Store, 'get'>
	readonly key: string
	readonly version?: string | undefined
}

/**
 * Calls `take` with the bytes of a range as they come, good until it returns, and with where in the object they begin. Rejects where
 * the object has another ETag by now, the range does not come whole, or `take` throws, which ends it.
 */
export async function fetchRange(
	{store, key, version}: Ranged,
	etag: string,
	{first, end}: Range,
	take: (bytes: Buffer, at: number) => void,
): Promise<void> {
	const range = {first, last: end - 1}
	const {body} = await store.get(key, {range, ifMatch: etag, version, lent: true})
	let at = first
	for await (const bytes of body) {
		take(bytes, at)
		at += bytes.length
	}
	if (at !== end) throw fatal('a range of it came short')
}
