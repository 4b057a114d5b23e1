// Wildcard patterns compiled to regular expressions, on byte strings. The wildcards are those of rsync and
// git, which share one ancestor (wildmatch): `*` and `?` never match a '/', nor does a class; a backslash
// makes the next character literal.

const SLASH = 0x2f

/** What `**` means. rsync: any bytes, wherever it stands. git: that only as a whole component, else `*`. */
export type Dialect = 'rsync' | 'git'

const CLASSES: Readonly<Record<string, RegExp>> = {
	alnum: /[A-Za-z0-9]/,
	alpha: /[A-Za-z]/,
	blank: /[ \t]/,
	cntrl: /[\x00-\x1f\x7f]/,
	digit: /[0-9]/,
	graph: /[\x21-\x7e]/,
	lower: /[a-z]/,
	print: /[\x20-\x7e]/,
	punct: /[!-/:-@[-`{-~]/,
	space: /[ \t\n\v\f\r]/,
	upper: /[A-Z]/,
	xdigit: /[0-9A-Fa-f]/,
}

/** A piece of a pattern, as the source of a regular expression: one byte, or a star that crosses '/' or not. */
type Piece = {readonly source: string; readonly star?: 'shallow' | 'deep'}

const STAR: Piece = {source: '[^/]*?', star: 'shallow'}
const STAR_STAR: Piece = {source: '[^]*?', star: 'deep'}
/** Git's `**` with the '/' after it: any number of whole components, also none. */
const COMPONENTS: Piece = {source: '(?:[^]*?/)??', star: 'deep'}

/** The source of a regular expression that matches what these bytes do. */
const escapeRegExp = (text: string): string =>
	text.replace(/[^A-Za-z0-9_]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/**
 * The source of a regular expression, to be anchored by the caller, for a whole pattern; undefined if the
 * pattern is malformed (a class without its end, a final backslash) and so matches nothing.
 */
export function wildcardSource(pattern: string, dialect: Dialect): string | undefined {
	const pieces: Piece[] = []
	for (let at = 0; at < pattern.length;) {
		const c = pattern.charAt(at)
		if (c === '*') {
			const star = readStar(pattern, at, dialect)
			pieces.push(star.piece)
			at = star.end
		} else if (c === '[') {
			const set = readClass(pattern, at)
			if (set === undefined) return undefined
			pieces.push({source: set.source})
			at = set.end
		} else if (c === '?') {
			pieces.push({source: '[^/]'})
			at += 1
		} else {
			if (c === '\\') at += 1
			if (at === pattern.length) return undefined
			pieces.push({source: escapeRegExp(pattern.charAt(at))})
			at += 1
		}
	}
	return join(pieces)
}

/** The run of stars at `start`, and where it ends. */
function readStar(pattern: string, start: number, dialect: Dialect): {piece: Piece; end: number} {
	let end = start
	while (pattern.charAt(end) === '*') end += 1
	if (end - start === 1) return {piece: STAR, end}
	if (dialect === 'rsync') return {piece: STAR_STAR, end}
	const begins = start === 0 || pattern.charAt(start - 1) === '/'
	if (begins && pattern.charAt(end) === '/') return {piece: COMPONENTS, end: end + 1}
	return {piece: begins && end === pattern.length ? STAR_STAR : STAR, end}
}

/**
 * The pieces as one source. What stands before a star is matched where it first can be and never again, as
 * an atomic group: to match it later could gain nothing, since that star takes what lies between. So a
 * hostile pattern (`*a*a*a*a*b`) costs a power of the text's length that does not grow with the pattern.
 * Only before a `*` that follows a `**` this does not hold: there the `**` may have to take more.
 */
function join(pieces: readonly Piece[]): string {
	let groups = 0
	const atomic = (source: string) => `(?=(?<a${(groups += 1)}>${source}))\\k<a${groups}>`
	const segments = splitBefore(pieces, (piece) => piece.star === 'deep')
	return segments
		.map((segment, i) => {
			const chunks = splitBefore(segment, (piece) => piece.star !== undefined).map((chunk) =>
				chunk.map((piece) => piece.source).join(''),
			)
			const movable = segment[0]?.star === 'deep' ? 1 : 0
			const source = chunks
				.map((chunk, j) => (j >= movable && j < chunks.length - 1 ? atomic(chunk) : chunk))
				.join('')
			return i < segments.length - 1 && segment.some((piece) => piece.star) ? atomic(source) : source
		})
		.join('')
}

/** The items in groups; an item that `begins` one is the first of its group. */
function splitBefore<T>(items: readonly T[], begins: (item: T) => boolean): T[][] {
	const groups: T[][] = [[]]
	for (const item of items) {
		if (begins(item) && groups.at(-1)?.length !== 0) groups.push([])
		groups.at(-1)?.push(item)
	}
	return groups
}

/**
 * The bracket expression at `start`, as a class that lists its bytes, and where it ends; undefined if it
 * does not end or names a class that does not exist.
 */
function readClass(pattern: string, start: number): {source: string; end: number} | undefined {
	const bytes = new Set<number>()
	const negated = /[!^]/.test(pattern.charAt(start + 1))
	const first = start + (negated ? 2 : 1)
	let previous: number | undefined
	let at = first
	for (; at === first || pattern.charAt(at) !== ']'; at += 1) {
		const named = /^\[:([^\]]*):\]/.exec(pattern.slice(at))
		if (named) {
			const members = CLASSES[named[1] ?? '']
			if (members === undefined) return undefined
			for (let byte = 0; byte < 256; byte += 1) if (members.test(String.fromCharCode(byte))) bytes.add(byte)
			at += named[0].length - 1
			previous = undefined
			continue
		}
		const range = pattern.charAt(at) === '-' && previous !== undefined && /[^\]]/.test(pattern.charAt(at + 1))
		if (range) at += 1
		if (pattern.charAt(at) === '\\') at += 1
		if (at >= pattern.length) return undefined
		const byte = pattern.charCodeAt(at)
		for (let b = range ? (previous ?? byte) : byte; b <= byte; b += 1) bytes.add(b)
		previous = range ? undefined : byte
	}
	bytes.delete(SLASH)
	const listed = Array.from(bytes, (byte) => escapeRegExp(String.fromCharCode(byte))).join('')
	return {source: negated ? `[^/${listed}]` : `[${listed}]`, end: at + 1}
}
