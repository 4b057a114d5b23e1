// File paths <-> object keys below a remote's prefix. See s3r-metadata(5), KEYS.
//
// A key is the path in UTF-8. Bytes that are not UTF-8 are each written as U+FFFD and two hex
// digits; so are the bytes of a U+FFFD in a name, and the first byte of a top-level '.s3r', which
// s3r keeps for itself. The root directory is '.s3r/root'.

import {fatal, type S3rError} from '../base/errors.ts'
import {fromUnicode, type Path, ROOT, toBytes, toUnicode} from '../base/path.ts'
import {shown} from '../base/quote.ts'

/** The folder below the prefix that holds what is not a file of the user's. */
export const SIDE = '.s3r/'

const ROOT_KEY = `${SIDE}root`
/** How the keys begin of objects that show whether a store obeys guards. */
export const PROBE = `${SIDE}probe-`
const MARK = '\u{FFFD}'
const hex = (byte: number) => MARK + byte.toString(16).toUpperCase().padStart(2, '0')

/** Keys longer than this many bytes of UTF-8 are refused by S3. */
export const KEY_LIMIT = 1024

/** The key of a path, without the remote's prefix. */
export function keyOf(path: Path): string {
	if (path === ROOT) return ROOT_KEY
	const plain = toUnicode(path)
	const text = plain === undefined || plain.includes(MARK) ? escape(path) : plain
	return text === '.s3r' || text.startsWith(SIDE) ? hex(0x2e) + text.slice(1) : text
}

/** The path that a key (without the prefix) names, or undefined for a side object or a key not of this form. */
export function pathOf(key: string): Path | undefined {
	if (key === ROOT_KEY) return ROOT
	if (key.startsWith(SIDE)) return undefined
	// other keys stand for these two paths
	if (key === ROOT || key === '.s3r') return undefined
	if (!key.includes(MARK)) return fromUnicode(key)
	const path = key
		.split(/(\u{FFFD}[0-9A-F]{2})/u)
		.map((piece, i) => (i % 2 ? String.fromCharCode(parseInt(piece.slice(1), 16)) : fromUnicode(piece)))
		.join('')
	return keyOf(path) === key ? path : undefined
}

/** What is wrong with a key that names no path. */
export const notAFile = (key: string): S3rError =>
	fatal(`the key ${shown(fromUnicode(key))} is not the name of a file`)

/** Whether a key is the one that was named, or lies below it; everything is below '' and what ends in '/'. */
export const isKeyWithin = (key: string, named: string): boolean =>
	key === named || key.startsWith(named === '' || named.endsWith('/') ? named : `${named}/`)

/** The bytes as UTF-8, with a mark and hex for each that is not part of a valid sequence or that is part of a mark. */
function escape(path: Path): string {
	let text = ''
	for (let at = 0; at < path.length;) {
		const sequence = path.slice(at, at + sequenceLength(path, at))
		const char = toUnicode(sequence)
		const taken = char === undefined ? path.charAt(at) : sequence
		text += char === undefined || char === MARK ? Array.from(toBytes(taken), hex).join('') : char
		at += taken.length
	}
	return text
}

/** How long the UTF-8 sequence is that the byte at `at` would begin. */
function sequenceLength(path: Path, at: number): number {
	const byte = path.charCodeAt(at)
	return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
}
