// Reads a page of ListObjectVersions from its bytes, as list-page.ts does one of ListObjectsV2.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

import {isUtf8} from 'node:buffer'
import {fromUnicode} from '../base/path.ts'
import {decode, type Found as Listed, nothing, readObject} from './list-page.ts'
import type {Version} from './store.ts'
import type {VersionPage} from './wire.ts'
import {Scanner, tag, type Tag} from './xml-scanner.ts'

const ROOT = tag('ListVersionsResult')
const VERSION = tag('Version')
const MARKER = tag('DeleteMarker')
const ID = tag('VersionId')
const LATEST = tag('IsLatest')
const ENCODING = tag('EncodingType')
const TRUNCATED = tag('IsTruncated')
const NEXT_KEY = tag('NextKeyMarker')
const NEXT_ID = tag('NextVersionIdMarker')

type Found = Listed & {version: string; latest: boolean; deleted?: true}

/** The page that is the body of a reply, or undefined if it cannot be read without doubt. */
export function readVersions(body: Buffer): VersionPage | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	const versions: Found[] = []
	const escaped: Listed[] = []
	let [encoding, truncated, id] = ['', false, '']
	const next = {key: ''}
	xml.enter('ListVersionsResult')
	while (!xml.closes(ROOT)) {
		if (xml.opens(VERSION)) versions.push(readVersion(xml, VERSION, escaped))
		else if (xml.opens(MARKER))
			versions.push(Object.assign(readVersion(xml, MARKER, escaped), {deleted: true} as const))
		else if (xml.opens(TRUNCATED)) truncated = xml.boolean(TRUNCATED)
		else if (xml.opens(NEXT_KEY)) next.key = xml.text(NEXT_KEY)
		else if (xml.opens(NEXT_ID)) id = xml.text(NEXT_ID)
		else if (xml.opens(ENCODING)) encoding = xml.text(ENCODING)
		else xml.skip()
	}
	if (!xml.atEnd() || (truncated && next.key === '')) return undefined
	if (encoding === 'url' && ![...escaped, next].every(decode)) return undefined
	return {
		versions: inOrder(versions),
		next: truncated ? {key: next.key, version: id || undefined} : undefined,
	}
}

function readVersion(xml: Scanner, of: Tag, escaped: Listed[]): Found {
	const empty: Found = {...nothing(), version: 'null', latest: false}
	return readObject(xml, of, empty, escaped, (found) => {
		if (xml.opens(ID)) found.version = xml.text(ID) || 'null'
		else if (xml.opens(LATEST)) found.latest = xml.boolean(LATEST)
		else return false
		return true
	})
}

/**
 * In the order of their keys, of one key the newest first, and what it shows now before all others: times may be whole
 * seconds only. Some stores put the markers behind all versions of the page.
 */
export function inOrder(versions: readonly Version[]): readonly Version[] {
	const isMixed = versions.some(({deleted}) => deleted)
	return isMixed ? versions.toSorted(compare) : versions
}

function compare(a: Version, b: Version): number {
	if (a.key !== b.key) return fromUnicode(a.key) < fromUnicode(b.key) ? -1 : 1
	return Number(b.latest) - Number(a.latest) || b.modified - a.modified
}
