// What requests and bytes cost: the [price] section of the config. See s3r-config(5).

import {fatal} from '../base/errors.ts'

/** Dollars for 1,000 requests of a kind, and for a gigabyte (10^9 bytes) in each direction. */
export type Prices = Readonly<Record<(typeof PRICED)[number], number>>

const PRICED = [
	'put',
	'copy',
	'part',
	'list',
	'get',
	'head',
	'delete',
	'restore',
	'other',
	'sent',
	'received',
] as const

/**
 * Amazon's for the class STANDARD in us-east-1, with bytes that go to the internet.
 * https://aws.amazon.com/s3/pricing/
 */
export const AMAZON: Prices = {
	put: 0.005,
	copy: 0.005,
	part: 0.005,
	list: 0.005,
	get: 0.0004,
	head: 0.0004,
	delete: 0,
	restore: 0.005,
	other: 0.0004,
	sent: 0,
	received: 0.09,
}

const SECTION = 'price.'

/**
 * The prices that settings say, over `given`; undefined where neither says any. Throws status 128 for what is none.
 */
export function pricesIn(
	values: readonly (readonly [key: string, value: string])[],
	given: Prices | undefined,
): Prices | undefined {
	const said: Partial<Record<string, number>> = {}
	for (const [key, value] of values) {
		const name = key.startsWith(SECTION) ? key.slice(SECTION.length) : undefined
		if (name === undefined) continue
		if (!PRICED.some((kind) => kind === name))
			throw fatal(`'${key}' is the price of nothing`, `one of ${PRICED.join(', ')}`)
		if (!/^\d{1,9}(?:\.\d{1,12})?$/.test(value)) throw fatal(`bad value '${value}' for '${key}'`)
		said[name] = Number(value)
	}
	if (given === undefined && Object.keys(said).length === 0) return undefined
	const none = Object.fromEntries(PRICED.map((kind) => [kind, 0])) as Prices
	return {...none, ...given, ...said}
}

/** Dollars for this many of each. */
export const costOf = (counts: Readonly<Record<keyof Prices, number>>, prices: Prices): number =>
	PRICED.reduce(
		(sum, kind) =>
			sum + (counts[kind] * prices[kind]) / (kind === 'sent' || kind === 'received' ? 1e9 : 1000),
		0,
	)

/** `$1.23`; of less than a cent the first two digits that are not zero. */
export function formatDollars(dollars: number): string {
	if (dollars === 0 || dollars >= 0.01) return `$${dollars.toFixed(2)}`
	return `$${dollars.toFixed(Math.min(12, 1 - Math.floor(Math.log10(dollars))))}`
}
