// Quantities for people. Records print plain numbers; these are for status, du and progress.

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** `17 bytes`, `1.5 MiB`, `2.0 GiB`. */
export function humanBytes(bytes: number): string {
	const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
	return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

/** `0:09`, `12:34`, `1:02:03`, of seconds. */
export function humanDuration(seconds: number): string {
	const whole = Math.round(seconds)
	const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
	return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const two = (n: number) => String(n).padStart(2, '0')

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** `██████▍    `: a share of so many cells, to the eighth of one; something is never nothing. In Unicode. */
export function bar(share: number, cells: number): string {
	const eighths = Math.min(cells * 8, Math.max(share > 0 ? 1 : 0, Math.round(share * cells * 8)))
	return `${'█'.repeat(eighths >> 3)}${EIGHTHS[eighths & 7] ?? ''}`.padEnd(cells)
}
