// Percent-encoding as S3 signs it: every byte of UTF-8 but the unreserved characters of RFC 3986.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

const PLAIN_KEY = /^[A-Za-z0-9._~/-]*$/
const PLAIN = /^[A-Za-z0-9._~-]*$/
/** What encodeURIComponent leaves, although it is reserved. */
const LEFT = /[!'()*]/g

const escape = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

/** A name or a value of a query. */
const encode = (text: string): string =>
	PLAIN.test(text) ? text : encodeURIComponent(text).replace(LEFT, escape)

/** A key as the path of a request: its slashes stay. */
export const encodeKey = (key: string): string =>
	PLAIN_KEY.test(key) ? key : encodeURIComponent(key).replace(LEFT, escape).replaceAll('%2F', '/')

/** A query as it is signed, and sent: encoded, in the order of its names. */
export const queryOf = (parameters: Readonly<Record<string, string>>): string =>
	Object.entries(parameters)
		.map(([name, value]): [string, string] => [encode(name), encode(value)])
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, value]) => `${name}=${value}`)
		.join('&')
