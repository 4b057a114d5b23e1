// Percent-encoding of byte strings.

const hex = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** Encodes every byte but SigV4's unreserved ones; '/' too, unless `keepSlash`. */
export function percentEncode(bytes: string, keepSlash = false): string {
	return bytes.replace(keepSlash ? /[^A-Za-z0-9\-._~/]/g : /[^A-Za-z0-9\-._~]/g, hex)
}

/** The bytes that `text` encodes, or undefined if a '%' does not begin an encoded byte. */
export function percentDecode(text: string): string | undefined {
	if (!text.includes('%')) return text
	if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
	return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}
