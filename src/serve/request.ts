// A request as S3 reads it: which bucket, which key, which subresource.

import {isUtf8} from 'node:buffer'
import type {IncomingMessage} from 'node:http'
import {toBytes} from '../base/path.ts'
import {S3Error} from './errors.ts'
import {percentDecode} from './uri.ts'

/** Headers by lower-case name; a name that came twice has its values joined. */
export type Headers = Readonly<Record<string, string | undefined>>

export type Request = {
	readonly method: string
	/** The decoded path, for the signature. */
	readonly path: string
	/** The decoded parameters, in the order they came. */
	readonly parameters: readonly (readonly [name: string, value: string])[]
	/** The first value of each parameter. */
	readonly query: ReadonlyMap<string, string>
	readonly headers: Headers
	/** '' for the service itself. */
	readonly bucket: string
	/** '' for the bucket itself. */
	readonly key: string
}

const KEY_LIMIT = 1024

function decoded(part: string): string {
	const bytes = percentDecode(part)
	if (bytes === undefined || !isUtf8(toBytes(bytes))) throw new S3Error('InvalidURI')
	return bytes
}

function parameter(pair: string): [string, string] {
	const equals = pair.indexOf('=')
	const spaced = pair.replaceAll('+', ' ')
	if (equals < 0) return [decoded(spaced), '']
	return [decoded(spaced.slice(0, equals)), decoded(spaced.slice(equals + 1))]
}

/** Splits 'bucket/key'; the key is what follows the first '/', as it is. */
export function splitPath(path: string): {bucket: string; key: string} {
	const slash = path.indexOf('/')
	const key = slash < 0 ? '' : path.slice(slash + 1)
	if (key.length > KEY_LIMIT) throw new S3Error('KeyTooLongError')
	return {bucket: slash < 0 ? path : path.slice(0, slash), key}
}

/** Reads the request line and the headers. */
export function parseRequest(message: IncomingMessage): Request {
	const target = (message.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '')
	const mark = target.indexOf('?')
	const path = decoded(mark < 0 ? target : target.slice(0, mark)) || '/'
	const search = mark < 0 ? '' : target.slice(mark + 1)
	const parameters = search.split('&').filter(Boolean).map(parameter)
	return {
		method: message.method ?? 'GET',
		path,
		parameters,
		query: new Map(parameters.toReversed()),
		headers: message.headers as Headers,
		...splitPath(path.slice(1)),
	}
}
