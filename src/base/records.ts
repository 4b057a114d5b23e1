// A stream of bytes, split at LF or NUL into records, as byte strings (one char a byte).

/** Yields the records of `stream`; a last one without its terminator counts too. */
export async function* splitRecords(
	stream: AsyncIterable<Buffer | string>,
	terminator: '\n' | '\0',
): AsyncIterable<string> {
	let rest = ''
	for await (const chunk of stream) {
		const text = rest + (typeof chunk === 'string' ? Buffer.from(chunk) : chunk).toString('latin1')
		let from = 0
		for (let at = text.indexOf(terminator); at >= 0; at = text.indexOf(terminator, from)) {
			yield text.slice(from, at)
			from = at + 1
		}
		rest = text.slice(from)
	}
	if (rest !== '') yield rest
}
