// Reads a page of ListBuckets from its bytes, as list-page.ts reads the other list.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import {isUtf8} from 'node:buffer'
import type {Bucket} from './store.ts'
import type {BucketPage} from './wire.ts'
import {Scanner, tag} from './xml-scanner.ts'

const ROOT = tag('ListAllMyBucketsResult')
const BUCKETS = tag('Buckets')
const BUCKET = tag('Bucket')
const NAME = tag('Name')
const CREATED = tag('CreationDate')
const NEXT = tag('ContinuationToken')

/** The page that is the body of a reply, or undefined if it cannot be read without doubt. */
export function readBuckets(body: Buffer): BucketPage | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	const buckets: Bucket[] = []
	let next = ''
	xml.enter('ListAllMyBucketsResult')
	while (!xml.closes(ROOT)) {
		if (xml.opens(BUCKETS)) while (!xml.closes(BUCKETS)) buckets.push(readBucket(xml))
		else if (xml.opens(NEXT)) next = xml.text(NEXT)
		else xml.skip()
	}
	return xml.atEnd() ? {buckets, next: next || undefined} : undefined
}

function readBucket(xml: Scanner): Bucket {
	let name = ''
	let created: number | undefined
	if (!xml.opens(BUCKET)) xml.failed = true
	while (!xml.closes(BUCKET)) {
		if (xml.opens(NAME)) name = xml.text(NAME)
		else if (xml.opens(CREATED)) created = xml.time(CREATED)
		else xml.skip()
	}
	if (name === '') xml.failed = true
	return {name, created}
}
