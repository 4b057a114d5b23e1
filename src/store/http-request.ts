// The head of a request: RFC 9112, sections 3 and 5.

import type {Request} from './http.ts'

/** What a header's value may not hold: RFC 9110, section 5.5. */
const NO_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** The head as it is sent, in latin1. Throws where a value would end its line. */
export function headOf({method, path, headers, body}: Request): string {
	let head = `${method} ${path} HTTP/1.1\r\n`
	let values = ''
	for (const [name, value] of headers) {
		values += value
		head += `${name}: ${value}\r\n`
	}
	// one look at all of them takes a tenth of one at each
	if (NO_VALUE.test(values)) throw unsendable(headers)
	// S3 wants to know it of an empty body, too
	if (method === 'PUT' && (body === undefined || Buffer.isBuffer(body)))
		head += `content-length: ${body?.length ?? 0}\r\n`
	return `${head}\r\n`
}

function unsendable(headers: Request['headers']): Error {
	const [name] = headers.find(([, value]) => NO_VALUE.test(value)) ?? ['']
	return Object.assign(new TypeError(`the value of '${name}' cannot be sent in a header`), {
		code: 'ERR_INVALID_CHAR',
	})
}
