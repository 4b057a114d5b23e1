// The head of a request: RFC 9112, sections 3 and 5.

import type {Request} from './http.ts'

/** What a header's value may not hold: RFC 9110, section 5.5. */
const NO_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** The head as it is sent, in latin1. Throws where a value would end its line. */
export function headOf({method, path, headers, body}: Request): string {
	let head = `${method} ${path} HTTP/1.1\r\n`
	for (const [name, value] of headers) {
		if (NO_VALUE.test(value))
			throw Object.assign(new TypeError(`the value of '${name}' cannot be sent in a header`), {
				code: 'ERR_INVALID_CHAR',
			})
		head += `${name}: ${value}\r\n`
	}
	// S3 wants to know it of an empty body, too
	if (method === 'PUT' && (body === undefined || Buffer.isBuffer(body)))
		head += `content-length: ${body?.length ?? 0}\r\n`
	return `${head}\r\n`
}
