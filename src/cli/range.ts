// Ranges of bytes, as --range takes them.

import {fatal, usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'

/** First and last byte, both included; `last` absent: to the end. */
export type Range = {readonly first: number; readonly last?: number | undefined}

/** Reads `first-last` or `first-`. */
export function parseRange(text: string): Range {
	const match = /^(\d{1,15})-(\d{1,15})?$/.exec(text)
	const first = Number(match?.[1])
	const last = match?.[2] === undefined ? undefined : Number(match[2])
	if (!match || (last !== undefined && last < first))
		throw usage(`${shown(text)} is not a range of bytes`, "one is '<first>-<last>' or '<first>-'")
	return {first, last}
}

/** The bytes of a content of this size that a range names. Fatal if it has none of them. */
export function pickRange({first, last}: Range, size: number): {first: number; last: number} {
	if (first >= size) throw fatal(`it has ${size} bytes, and none from ${first} on`)
	return {first, last: Math.min(last ?? Infinity, size - 1)}
}
