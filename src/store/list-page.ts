// Reads a page of ListObjectsV2 from its bytes, in a fortieth of the time of an XML parser. It knows the XML
// that S3 and the stores like it write, with its elements in any order; of anything else it says that it does
// not know it, and never guesses.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import {isUtf8} from 'node:buffer'
import type {Listed} from './store.ts'
import type {Page} from './wire.ts'
import {Scanner, tag, type Tag} from './xml-scanner.ts'

const ROOT = tag('ListBucketResult')
const CONTENTS = tag('Contents')
const KEY = tag('Key')
const SIZE = tag('Size')
const ETAG = tag('ETag')
const MODIFIED = tag('LastModified')
const CLASS = tag('StorageClass')
/** In S3's order. */
const FIELDS = [KEY, MODIFIED, ETAG, SIZE, CLASS]
const STANDARD = Buffer.from('STANDARD')
const ENCODING = tag('EncodingType')
const TRUNCATED = tag('IsTruncated')
const NEXT = tag('NextContinuationToken')
const COMMON = tag('CommonPrefixes')
const PREFIX = tag('Prefix')

export type Found = {-readonly [name in keyof Omit<Listed, 'version'>]: Listed[name]}

/** An object of which nothing is known yet. */
export const nothing = (): Found => ({key: '', etag: '', size: 0, modified: 0, storageClass: undefined})

/**
 * The page that is the body of a reply, or undefined if it cannot be read without doubt: incomplete, not
 * UTF-8, with comments, attributes or whatever else no store is known to send.
 */
export function readPage(body: Buffer): Page | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	const objects: Found[] = []
	/** Those whose keys have to be decoded if the page is encoded, which may be said after them. */
	const escaped: Found[] = []
	const prefixes: Found[] = []
	let [encoding, truncated, next] = ['', false, '']
	xml.enter('ListBucketResult')
	while (!xml.closes(ROOT)) {
		if (xml.opens(CONTENTS)) objects.push(readObject(xml, CONTENTS, nothing(), escaped, nothingElse))
		else if (xml.opens(COMMON)) prefixes.push(readPrefix(xml, escaped))
		else if (xml.opens(TRUNCATED)) truncated = xml.boolean(TRUNCATED)
		else if (xml.opens(NEXT)) next = xml.text(NEXT)
		else if (xml.opens(ENCODING)) encoding = xml.text(ENCODING)
		else xml.skip()
	}
	if (!xml.atEnd() || (truncated && next === '')) return undefined
	if (encoding === 'url' && !escaped.every(decode)) return undefined
	const names = prefixes.length === 0 ? undefined : prefixes.map(({key}) => key)
	return {objects, prefixes: names, next: truncated ? next : undefined}
}

function readPrefix(xml: Scanner, escaped: Found[]): Found {
	const found = nothing()
	while (!xml.closes(COMMON)) {
		if (!xml.opens(PREFIX)) xml.failed = true
		found.key = xml.text(PREFIX)
		if (xml.escaped) escaped.push(found)
	}
	if (found.key === '') xml.failed = true
	return found
}

/**
 * Reads what every listing tells of an object into `found`, to the end of the element `of`. `other` reads what else
 * there is, and says false where it does not know it.
 */
export function readObject<F extends Found>(
	xml: Scanner,
	of: Tag,
	found: F,
	escaped: Found[],
	other: (found: F) => boolean,
): F {
	while (!xml.closes(of)) {
		const field = xml.opensOne(FIELDS)
		if (field === KEY) {
			// two keys are none
			if (found.key !== '') xml.failed = true
			found.key = xml.text(KEY)
			if (xml.escaped) escaped.push(found)
		} else if (field === MODIFIED) found.modified = xml.time(MODIFIED)
		else if (field === ETAG) found.etag = xml.unquoted(ETAG)
		else if (field === SIZE) found.size = xml.integer(SIZE)
		else if (field === CLASS) {
			if (!xml.holds(STANDARD, CLASS)) found.storageClass = xml.text(CLASS) || undefined
		} else if (!other(found)) xml.skip()
	}
	if (found.key === '') xml.failed = true
	return found
}

const nothingElse = (): boolean => false

/** Decodes a key as forms are: a '+' is a space. False if it is not so encoded. */
export function decode(found: {key: string}): boolean {
	try {
		found.key = decodeURIComponent(found.key.includes('+') ? found.key.replaceAll('+', ' ') : found.key)
		return true
	} catch {
		return false
	}
}
