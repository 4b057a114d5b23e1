// Reads the reply to a CopyObject from its bytes, as list-page.ts reads a page.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import {isUtf8} from 'node:buffer'
import {bareEtag} from './s3-params.ts'
import type {Written} from './store.ts'
import {Scanner, tag} from './xml-scanner.ts'

const ROOT = tag('CopyObjectResult')
const ETAG = tag('ETag')
const MODIFIED = tag('LastModified')
const SPACES = /^\s*/

/** What a copy left, or undefined if it cannot be read without doubt. */
export function readCopied(body: Buffer): Pick<Written, 'etag' | 'modified'> | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body.subarray(spacesIn(body)))
	let etag = ''
	let modified: number | undefined
	xml.enter('CopyObjectResult')
	while (!xml.closes(ROOT)) {
		if (xml.opens(ETAG)) etag = bareEtag(xml.text(ETAG))
		else if (xml.opens(MODIFIED)) modified = xml.time(MODIFIED)
		else xml.skip()
	}
	return xml.atEnd() && etag !== '' ? {etag, modified} : undefined
}

/** While a copy or an upload takes long to become an object, S3 keeps the connection alive with white space. */
export const spacesIn = (body: Buffer): number => SPACES.exec(body.toString('latin1'))?.[0].length ?? 0

/** Whether the reply tells of a failure, which is known only after its status was sent; or tells of nothing. */
export const isFailure = (body: Buffer): boolean => /^\s*$|<\/Error>\s*$/.test(body.toString('latin1'))
