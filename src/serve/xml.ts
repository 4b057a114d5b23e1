// XML as S3 speaks it: documents in, documents out, strings as byte strings.

import {XMLParser} from 'fast-xml-parser'
import {fromUnicode} from '../base/path.ts'
import {escapeXml} from '../base/xml.ts'
import {S3Error} from './errors.ts'

const NAMED: Record<string, string> = {lt: '<', gt: '>', amp: '&', quot: '"', apos: "'"}

/** Resolves the five named entities and character references; there are no others without a DTD. */
function unescape(text: string): string {
	return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (reference, hex, decimal, name) => {
		if (name !== undefined) return NAMED[String(name)] ?? reference
		return fromUnicode(String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16)))
	})
}

const parser = new XMLParser({
	ignoreAttributes: false,
	attributeNamePrefix: '@',
	removeNSPrefix: true,
	parseTagValue: false,
	parseAttributeValue: false,
	trimValues: false,
	processEntities: false,
	tagValueProcessor: (_, value) => unescape(value),
	attributeValueProcessor: (_, value) => unescape(value),
})

/** An element of a parsed document: text, or children by name (attributes as '@name'). */
export type Element = string | {readonly [name: string]: Element | readonly Element[]}

/** Parses a document whose root is `root`. Declarations of entities and doctypes are refused. */
export function parseXml(text: string, root: string): Element {
	if (/<!(?!\[CDATA\[|--)/.test(text)) throw new S3Error('MalformedXML')
	let document: Record<string, Element | undefined>
	try {
		document = parser.parse(text, true) as Record<string, Element | undefined>
	} catch {
		throw new S3Error('MalformedXML')
	}
	const element = document[root]
	if (element === undefined || Array.isArray(element)) throw new S3Error('MalformedXML')
	return element
}

/** The children of this name. */
export function childrenOf(parent: Element | undefined, name: string): readonly Element[] {
	const found = typeof parent === 'object' && Object.hasOwn(parent, name) ? parent[name] : undefined
	if (found === undefined) return []
	return Array.isArray(found) ? (found as readonly Element[]) : [found as Element]
}

/** The only child of this name, or undefined. */
export function childOf(parent: Element | undefined, name: string): Element | undefined {
	const found = childrenOf(parent, name)
	if (found.length > 1) throw new S3Error('MalformedXML')
	return found[0]
}

/** The text of the only child of this name, or undefined. */
export function textOf(parent: Element | undefined, name: string): string | undefined {
	const found = childOf(parent, name)
	if (typeof found === 'object') {
		if (Object.keys(found).every((key) => key.startsWith('@') || key === '#text'))
			return textOf(found, '#text') ?? ''
		throw new S3Error('MalformedXML')
	}
	return found
}

/** What `renderXml` makes a document of: an array repeats its element, undefined leaves it out. */
export type Tree = string | number | boolean | undefined | readonly Tree[] | {readonly [name: string]: Tree}

/** Attributes and text are never objects. */
const leaf = (value: Tree): string =>
	typeof value === 'string' ? escapeXml(value) : typeof value === 'object' ? '' : String(value ?? '')

function render(name: string, value: Tree): string {
	if (value === undefined) return ''
	if (Array.isArray(value)) return (value as readonly Tree[]).map((item) => render(name, item)).join('')
	if (typeof value !== 'object') return `<${name}>${leaf(value)}</${name}>`
	let attributes = ''
	let children = ''
	for (const key of Object.keys(value)) {
		const child = (value as Readonly<Record<string, Tree>>)[key]
		if (key.startsWith('@')) attributes += ` ${key.slice(1)}="${leaf(child)}"`
		else children += key === '#text' ? leaf(child) : render(key, child)
	}
	return `<${name}${attributes}>${children}</${name}>`
}

export const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A whole document. */
export function renderXml(root: string, children: {readonly [name: string]: Tree}): string {
	return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root, children)}`
}
