// The head of a reply: RFC 9112, sections 4 to 6 and 9. What is not as it says there is refused: who guesses where a
// body ends takes a part of it for the next reply.

import {rememberingLast} from '../base/remembering.ts'
import {Chunked, type Framing, OfLength, ToTheEnd} from './http-framing.ts'
import {type ReplyHeaders, readHeaders} from './http-headers.ts'
import {notHttp} from './plane-errors.ts'

export type ReplyHead = {
	readonly status: number
	readonly headers: ReplyHeaders
	/** The bytes of the body, where they are told. */
	readonly length: number | undefined
	readonly framing: Framing
	/** Whether the connection may carry another request. */
	readonly isKept: boolean
}

const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/
const LENGTH = /^\d{1,15}$/

/**
 * Reads the head that begins at a place in `text` and ends at another, before the end of its last line; `method` is that of the
 * request. Undefined for an informational one, which comes before the real one. Throws where it is not HTTP.
 */
export function readHead(text: string, from: number, to: number, method: string): ReplyHead | undefined {
	const end = text.indexOf('\r\n', from)
	const {status, minor} = statusIn(text.slice(from, end))
	if (status < 200) return undefined
	const headers = readHeaders(text, end + 2, to)
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

const statusIn = rememberingLast((line: string) => {
	const [, minor, code] = STATUS.exec(line) ?? []
	const status = Number(code ?? 101)
	if (status === 101) throw notHttp('a reply begins with no status')
	return {status, minor}
})

function lengthIn(headers: ReplyHeaders): number | undefined {
	const length = headers.get('content-length')
	if (length === undefined) return undefined
	if (!LENGTH.test(length) || headers.has('transfer-encoding'))
		throw notHttp('a reply has no length that is one')
	return Number(length)
}

function framingIn(headers: ReplyHeaders, length: number | undefined): Framing {
	if (length !== undefined) return new OfLength(length)
	const encoding = headers.get('transfer-encoding')
	if (encoding === undefined) return new ToTheEnd()
	if (encoding.toLowerCase() !== 'chunked')
		throw notHttp('a reply comes in an encoding that nobody asked for')
	return new Chunked()
}
