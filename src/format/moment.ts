// A moment of the past as people say it: how long ago, or a date.
//
//	3h   90m   2d   1w        2026-11-25   2026-11-25T10:30   "2026-11-25 10:30:15Z"   @1795600000   yesterday

import {usage} from '../base/errors.ts'

const MILLISECONDS: Readonly<Record<string, number>> = {
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
}
const SPAN = /^(\d{1,9})([smhdw])$/
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/
/** As `date -R` and HTTP write it. */
const MAIL = /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)?(?: (?:GMT|[+-]\d{4}))?$/

/** Milliseconds of `90m`, `2d` or the like; undefined if it is no span of time. */
export function spanOf(text: string): number | undefined {
	const [, count, unit = ''] = SPAN.exec(text) ?? []
	return count === undefined ? undefined : Number(count) * (MILLISECONDS[unit] ?? 0)
}

/**
 * The date that a text is, in milliseconds since the epoch; undefined if it is none. Without a zone it is local
 * time, and a day alone is its beginning.
 */
export function dateOf(text: string): number | undefined {
	const [, seconds] = /^@(\d{1,11}(?:\.\d{1,3})?)$/.exec(text) ?? []
	if (seconds !== undefined) return Math.round(Number(seconds) * 1000)
	const iso = DATE.test(text) ? (text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : undefined
	const time = Date.parse(iso ?? (MAIL.test(text) ? text : ''))
	if (Number.isNaN(time)) return undefined
	// the 31st of February is not the 3rd of March
	const day = iso === undefined ? undefined : iso.slice(0, 10)
	return day === undefined || new Date(day).toISOString().startsWith(day) ? time : undefined
}

/** The moment that the value of `option` means, seen from `now`; a usage error if it is none, or not past. */
export function parseMoment(option: string, text: string, now: number): number {
	const span = text === 'yesterday' ? spanOf('1d') : spanOf(text)
	const time = span === undefined ? dateOf(text) : now - span
	if (time === undefined)
		throw usage(
			`--${option}: '${text}' is not a time`,
			'3h, 2d, 1w, yesterday, 2026-11-25, 2026-11-25T10:30 or @<seconds>',
		)
	if (time > now) throw usage(`--${option}: '${text}' is still to come`)
	return time
}
