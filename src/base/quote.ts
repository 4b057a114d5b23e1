// C-style quoting of paths for LF-terminated records, as git does with core.quotePath=false:
// a name is quoted only when it would break a line or a terminal.

const NAMED: Record<string, string> = {
	'\u0007': 'a',
	'\b': 'b',
	'\t': 't',
	'\n': 'n',
	'\v': 'v',
	'\f': 'f',
	'\r': 'r',
	'"': '"',
	'\\': '\\',
}
const BYTES: Record<string, string> = Object.fromEntries(Object.entries(NAMED).map(([c, n]) => [n, c]))
const SPECIAL = /[\u0000-\u001f\u007f"\\]/

/** Whether a byte is one for which a name is quoted. */
export const isSpecial = (byte: number): boolean =>
	byte < 0x20 || byte === 0x7f || byte === 0x22 || byte === 0x5c

const octal = (c: string) => c.charCodeAt(0).toString(8).padStart(3, '0')

/** Quotes `name` if it holds a control character, a quote or a backslash; else returns it as it is. */
export function quote(name: string): string {
	if (!SPECIAL.test(name)) return name
	return `"${name.replace(/[\u0000-\u001f\u007f"\\]/g, (c) => `\\${NAMED[c] ?? octal(c)}`)}"`
}

/** The name that `quote` made `text` from, or undefined if `text` is no such quotation. */
export function unquote(text: string): string | undefined {
	if (!text.startsWith('"')) return text
	const inner = /^"((?:[^"\\]|\\(?:[abtnvfr"\\]|[0-3][0-7]{2}))*)"$/s.exec(text)?.[1]
	return inner?.replace(/\\([abtnvfr"\\]|[0-7]{3})/g, (_, e: string) =>
		e.length === 3 ? String.fromCharCode(parseInt(e, 8)) : (BYTES[e] ?? e),
	)
}

/** A path for a message: in single quotes, with nothing that could move a terminal's cursor. */
export const shown = (name: string): string => {
	const quoted = quote(name)
	return quoted === name ? `'${name}'` : `'${quoted.slice(1, -1)}'`
}
