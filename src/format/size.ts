// Sizes as rsync's options take them: `100`, `1.5M`, `2GB`, `1KiB-1`.

const UNITS = 'BKMGTP'

const SIZE = /^(\d+(?:\.\d*)?|\.\d+)(?:([bkmgtp])(b|ib)?)?([-+]1)?$/i

/**
 * The bytes that a text says; undefined if it says none. A unit is 1024 bytes and its powers, with a B behind
 * it 1000 and its powers; `unit` is that of a bare number. `+1` and `-1` add one byte, or take one.
 */
export function parseSize(text: string, unit: 'B' | 'K' = 'B'): number | undefined {
	const [, number, letter = unit, kind = '', more = ''] = SIZE.exec(text) ?? []
	if (number === undefined) return undefined
	const base = kind.toLowerCase() === 'b' ? 1000 : 1024
	const bytes = Math.trunc(Number(number) * base ** UNITS.indexOf(letter.toUpperCase())) + Number(more)
	return bytes >= 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}
