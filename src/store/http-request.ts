// The head of a request: RFC 9112, section 3.

import type {Request} from './http.ts'

/** The head as it is sent, in latin1. */
export function headOf({method, path, lines, body}: Request): string {
	// S3 wants to know it of an empty body, too
	const isTold = (method === 'PUT' || method === 'POST') && (body === undefined || Buffer.isBuffer(body))
	const length = isTold ? `content-length: ${body?.length ?? 0}\r\n` : ''
	return `${method} ${path} HTTP/1.1\r\n${lines}${length}\r\n`
}
