// The small texts that metadata is made of, each read strictly: undefined for anything else.

import {isMode} from './mode.ts'

/** What the names of the headers begin with that hold user metadata. */
export const METADATA = 'x-amz-meta-'

const MAX_ID = 0xffff_fffe

/** `text` before and after its first `separator`. */
export function splitAt(text: string, separator: string): [string, string] {
	const at = text.indexOf(separator)
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** A number of decimal digits only. */
export const decimal = (text = ''): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined)

/** A uid or gid; 4294967295 is -1, which is nobody's. */
export function idOf(text: string | undefined): number | undefined {
	const id = decimal(text)
	return id !== undefined && id <= MAX_ID ? id : undefined
}

/** An st_mode written with this radix. */
export function modeOf(text = '', radix: 8 | 10): number | undefined {
	const mode = (radix === 8 ? /^[0-7]{1,8}$/ : /^\d{1,6}$/).test(text) ? parseInt(text, radix) : NaN
	return isMode(mode) ? mode : undefined
}

/** An MD5 in hex. */
export const hexDigest = (text = ''): string | undefined => (/^[0-9a-f]{32}$/.test(text) ? text : undefined)

/** The bytes of their base64, of at least one. */
export const base64 = (text = ''): Buffer | undefined =>
	/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text)
		? Buffer.from(text, 'base64')
		: undefined

/** An MD5 (hex) of its 16 bytes in base64. */
export function base64Digest(text: string | undefined): string | undefined {
	const bytes = base64(text)
	return bytes?.length === 16 ? bytes.toString('hex') : undefined
}

/** The text that was percent-encoded. */
export function decoded(text: string | undefined): string | undefined {
	try {
		return text === undefined ? undefined : decodeURIComponent(text)
	} catch {
		return undefined
	}
}
