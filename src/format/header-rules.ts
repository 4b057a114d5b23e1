// Headers that objects get by the names of their files. See s3r-config(5).
//
//	[header "*.html"]                      --header '*.html: cache-control=max-age=60'
//		cache-control = max-age=60

import {usage} from '../base/errors.ts'
import {fromUnicode, type Path} from '../base/path.ts'
import {METADATA} from './fields.ts'
import {wildcardSource} from './pattern.ts'

/** What readers get back as it was stored, beside the type and the encoding. */
export const CONTENT_HEADERS = [
	'cache-control',
	'content-disposition',
	'content-language',
	'expires',
	'x-amz-website-redirect-location',
] as const
export type ContentHeaders = {readonly [name in (typeof CONTENT_HEADERS)[number]]?: string}

/** A name in lower case and its value, for every file whose path matches. */
export type HeaderRule = {readonly pattern: string; readonly name: string; readonly value: string}

/** What the rules say of one file. */
export type Ruled = {
	readonly contentType?: string | undefined
	readonly contentEncoding?: string | undefined
	readonly headers: ContentHeaders
	readonly metadata: Readonly<Record<string, string>>
}

/** The metadata that s3r writes itself. */
const OURS = /^(?:file-.*|mtime|md5chksum|s3r)$/
const NAMES = ['content-type', 'content-encoding', ...CONTENT_HEADERS]

/** A rule, checked: a usage error says what is wrong with it. */
export function headerRule(pattern: string, name: string, value: string): HeaderRule {
	const lower = name.toLowerCase()
	const meta = lower.startsWith(METADATA) ? lower.slice(METADATA.length) : undefined
	if (meta === undefined ? !NAMES.includes(lower) : !/^[a-z0-9_.-]+$/.test(meta))
		throw usage(`'${name}' is not a header that can be set`, `one of ${NAMES.join(', ')}, ${METADATA}<name>`)
	if (meta !== undefined && OURS.test(meta)) throw usage(`'${name}' is what s3r itself writes`)
	if (!/^[\t\u0020-\u007e]+$/.test(value) || value !== value.trim())
		throw usage(`'${value}' cannot be the value of '${name}'`)
	if (lower === 'expires' && Number.isNaN(Date.parse(value)))
		throw usage(`'${value}' is not a date for '${name}'`, 'such as Wed, 25 Nov 2026 10:00:00 GMT')
	if (wildcardSource(fromUnicode(pattern), 'git') === undefined) throw usage(`'${pattern}' is not a pattern`)
	return {pattern, name: lower, value}
}

/** Reads `pattern: name=value`; without a pattern it is that of every file. */
export function parseHeaderRule(text: string): HeaderRule {
	const [, pattern = '*', name, value] =
		/^()([A-Za-z][\w-]*)=(.*)$/s.exec(text)?.map((part) => part || undefined) ??
		/^(.+?):\s*([A-Za-z][\w.-]*)\s*=\s*(.*)$/s.exec(text) ??
		[]
	if (name === undefined || value === undefined)
		throw usage(`'${text}' is not a header rule`, "such as '*.html: cache-control=max-age=60'")
	return headerRule(pattern, name, value)
}

const compiled = new Map<string, RegExp>()

/** A pattern with a '/' is that of a whole path, one without that of a name. */
function expressionOf(pattern: string): RegExp {
	const known = compiled.get(pattern)
	if (known) return known
	const isWhole = pattern.includes('/')
	const source = wildcardSource(fromUnicode(pattern.replace(/^\//, '')), 'git') ?? '[]'
	const expression = new RegExp(isWhole ? `^${source}$` : `^(?:[^]*/)?${source}$`)
	compiled.set(pattern, expression)
	return expression
}

/** What the rules say of a file; of two that say the same name, the later counts. */
export function ruled(rules: readonly HeaderRule[], path: Path): Ruled {
	const said: Record<string, string> = {}
	for (const {pattern, name, value} of rules) if (expressionOf(pattern).test(path)) said[name] = value
	const entries = Object.entries(said)
	return {
		contentType: said['content-type'],
		contentEncoding: said['content-encoding'],
		headers: Object.fromEntries(entries.filter(([name]) => CONTENT_HEADERS.some((known) => known === name))),
		metadata: Object.fromEntries(
			entries.flatMap(([name, value]) =>
				name.startsWith(METADATA) ? [[name.slice(METADATA.length), value]] : [],
			),
		),
	}
}
