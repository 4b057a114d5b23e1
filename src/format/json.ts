// An item as one JSON object a line. See s3r-records(5), JSON.

import {fromUnicode, type Path, toUnicode} from '../base/path.ts'
import {idOf} from './fields.ts'
import {parseTime} from './record.ts'
import {FIELDS, type Item} from './template.ts'

/** Sequences of UTF-8 (RFC 3629, section 4), and single bytes that are part of none. */
const PIECES =
	/(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[\x80-\xff]/g

/**
 * A path in Unicode, with a lone surrogate U+DC80 to U+DCFF for each byte that is not UTF-8: Python's
 * surrogateescape, which its os.fsencode() turns back into the bytes.
 */
export const surrogateEscaped = (path: Path): string =>
	path.replace(PIECES, (piece) => toUnicode(piece) ?? String.fromCharCode(0xdc00 + piece.charCodeAt(0)))

/** The item as JSON in UTF-8 (a byte string), without a line end; what is not known of it is left out. */
export function formatJson(item: Item): Path {
	const {digest: _, ...fields} = FIELDS
	const known = Object.entries(fields).map(([name, show]) => [name, show(item)])
	const path = surrogateEscaped(item.record.path)
	return fromUnicode(JSON.stringify({path, ...Object.fromEntries(known)}))
}

/** The path that `surrogateEscaped` made this text of; undefined where no path is it. */
export function fromSurrogateEscaped(text: string): Path | undefined {
	const path = text.replace(
		/[\udc80-\udcff]|(?:[^\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])+/g,
		(piece) =>
			/^[\udc80-\udcff]$/.test(piece)
				? String.fromCharCode(piece.charCodeAt(0) - 0xdc00)
				: fromUnicode(piece),
	)
	const isBytes = /^[\u0000-\u00ff]*$/.test(path)
	return isBytes && surrogateEscaped(path) === text ? path : undefined
}

/** What a JSON object of an item says of a file. */
export type JsonItem = Pick<Item, 'uid' | 'gid' | 'uname' | 'gname'> & {
	readonly path: Path
	readonly mode?: number | undefined
	readonly mtime?: bigint | undefined
}

/** Reads a line of formatJson; undefined where it is none. Fields that are not well formed count as absent. */
export function parseJson(line: Path): JsonItem | undefined {
	const fields = objectIn(toUnicode(line) ?? '')
	const path = fields && fromSurrogateEscaped(textOf(fields['path']) ?? '')
	if (!path) return undefined
	const mode = /^[0-7]{1,7}$/.exec(textOf(fields['mode']) ?? '')?.[0]
	return {
		path,
		mode: mode === undefined ? undefined : parseInt(mode, 8),
		mtime: parseTime(textOf(fields['mtime']) ?? ''),
		uid: idOf(String(fields['uid'])),
		gid: idOf(String(fields['gid'])),
		uname: textOf(fields['uname']),
		gname: textOf(fields['gname']),
	}
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		const value: unknown = JSON.parse(text)
		return typeof value === 'object' && value !== null
			? (value as Readonly<Record<string, unknown>>)
			: undefined
	} catch {
		return undefined
	}
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
