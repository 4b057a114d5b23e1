// The head of a reply: RFC 9112, sections 4 to 6 and 9. What is not as it says there is refused: who guesses where a
// body ends takes a part of it for the next reply.

import {remembering} from '../base/remembering.ts'
import {Chunked, type Framing, OfLength, ToTheEnd} from './http-framing.ts'
import {notHttp} from './plane-errors.ts'

export type ReplyHead = {
	readonly status: number
	/** By their names in lower case, decoded as latin1; the values of one name in one, between commas. */
	readonly headers: ReadonlyMap<string, string>
	/** The bytes of the body, where they are told. */
	readonly length: number | undefined
	readonly framing: Framing
	/** Whether the connection may carry another request. */
	readonly isKept: boolean
}

const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const LENGTH = /^\d{1,15}$/

/**
 * Reads a head without the empty line behind it; `method` is that of the request. Undefined for an informational one,
 * which comes before the real one. Throws where it is not HTTP.
 */
export function readHead(text: string, method: string): ReplyHead | undefined {
	const end = text.indexOf('\r\n')
	const [, minor, code] = STATUS.exec(end < 0 ? text : text.slice(0, end)) ?? []
	const status = Number(code ?? 101)
	if (status === 101) throw notHttp('a reply begins with no status')
	if (status < 200) return undefined
	const headers = end < 0 ? new Map<string, string>() : readHeaders(text, end + 2)
	const length = lengthIn(headers)
	const options = headers
		.get('connection')
		?.toLowerCase()
		.split(/[\t ]*,[\t ]*/)
	const persists =
		minor === '1' ? options?.includes('close') !== true : options?.includes('keep-alive') === true
	const isEmpty = method === 'HEAD' || status === 204 || status === 304
	const framing = isEmpty ? new OfLength(0) : framingIn(headers, length)
	return {status, headers, length, framing, isKept: persists && !framing.isWhole}
}

function readHeaders(text: string, from: number): Map<string, string> {
	const headers = new Map<string, string>()
	for (let at = from, end; at < text.length; at = end + 2) {
		end = text.indexOf('\r\n', at)
		if (end < 0) end = text.length
		const colon = text.indexOf(':', at)
		if (colon < 0 || colon > end) throw notHttp('a line of a reply is no header')
		const name = nameOf(text.slice(at, colon))
		const value = valueIn(text, colon + 1, end)
		const before = headers.get(name)
		headers.set(name, before === undefined ? value : `${before}, ${value}`)
	}
	return headers
}

const NAMES = 256

/** A name that came, in lower case: those of one server are few, and to look at each again takes longer than all else. */
const nameOf = remembering(NAMES, (said) => {
	if (!TOKEN.test(said)) throw notHttp('a line of a reply is no header')
	return said.toLowerCase()
})

/** What is between two places, without the blanks around it; other white space is a part of it. */
function valueIn(text: string, from: number, to: number): string {
	let start = from
	let end = to
	while (start < end && isBlank(text.charCodeAt(start))) start++
	while (start < end && isBlank(text.charCodeAt(end - 1))) end--
	return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

function lengthIn(headers: ReadonlyMap<string, string>): number | undefined {
	const length = headers.get('content-length')
	if (length === undefined) return undefined
	if (!LENGTH.test(length) || headers.has('transfer-encoding'))
		throw notHttp('a reply has no length that is one')
	return Number(length)
}

function framingIn(headers: ReadonlyMap<string, string>, length: number | undefined): Framing {
	if (length !== undefined) return new OfLength(length)
	const encoding = headers.get('transfer-encoding')
	if (encoding === undefined) return new ToTheEnd()
	if (encoding.toLowerCase() !== 'chunked')
		throw notHttp('a reply comes in an encoding that nobody asked for')
	return new Chunked()
}
