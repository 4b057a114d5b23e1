// Text in XML.

const ESCAPES: Record<string, string> = {'<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;'}

/** Text as XML. Control characters are references, which XML 1.0 forbids and S3 answers nonetheless. */
export function escapeXml(value: string): string {
	if (!/[<>&"\u0000-\u001f]/.test(value)) return value
	return value.replace(
		/[<>&"\u0000-\u001f]/g,
		(char) => ESCAPES[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
	)
}
