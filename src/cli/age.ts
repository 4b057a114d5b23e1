// Ages, as --older-than takes them.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'

const UNITS: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600, d: 86_400, w: 604_800}

/** Milliseconds of `90s`, `15m`, `12h`, `7d` or `2w`; a usage error if it is none of them. */
export function parseAge(text: string): number {
	const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
	if (count === undefined || unit === undefined)
		throw usage(`${shown(text)} is not an age`, 'one is a number and s, m, h, d or w: 12h, 7d')
	return Number(count) * (UNITS[unit] ?? 0) * 1000
}
