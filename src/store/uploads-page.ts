// What is said of multipart uploads: read from the bytes of replies, as list-page.ts reads a page, and written.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html, and those of CreateMultipartUpload
// and CompleteMultipartUpload

import {isUtf8} from 'node:buffer'
import {escapeXml} from '../base/xml.ts'
import {spacesIn} from './copied.ts'
import {decode} from './list-page.ts'
import {bareEtag, quoteEtag} from './s3-params.ts'
import type {Part, Upload} from './store.ts'
import type {UploadPage} from './wire.ts'
import {Scanner, tag, type Tag} from './xml-scanner.ts'

const LISTED = tag('ListMultipartUploadsResult')
const ID = tag('UploadId')
const ETAG = tag('ETag')
const UPLOAD = tag('Upload')
const KEY = tag('Key')
const INITIATED = tag('Initiated')
const ENCODING = tag('EncodingType')
const TRUNCATED = tag('IsTruncated')
const NEXT_KEY = tag('NextKeyMarker')
const NEXT_ID = tag('NextUploadIdMarker')

/** The id of an upload that was begun, or undefined if it cannot be read without doubt. */
export const readCreated = (body: Buffer): string | undefined =>
	readOne(body, 'InitiateMultipartUploadResult', ID)

/** The ETag of the object that an upload became; '' where it is not told, or cannot be read without doubt. */
export const readCompleted = (body: Buffer): string =>
	bareEtag(readOne(body, 'CompleteMultipartUploadResult', ETAG, spacesIn(body)))

/** The text of an element in the document called `name`, which begins at `from`. */
function readOne(body: Buffer, name: string, of: Tag, from = 0): string | undefined {
	if (!isUtf8(body)) return undefined
	const root = tag(name)
	const xml = new Scanner(body.subarray(from))
	let text = ''
	xml.enter(name)
	while (!xml.closes(root))
		if (xml.opens(of)) text = xml.text(of)
		else xml.skip()
	return xml.atEnd() && text !== '' ? text : undefined
}

/** What a CompleteMultipartUpload says: the parts, in their order. */
export const completionOf = (parts: readonly Part[]): Buffer =>
	Buffer.from(
		`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.map(partOf).join('')}</CompleteMultipartUpload>`,
	)

const partOf = ({number, etag}: Part): string =>
	`<Part><ETag>${escapeXml(quoteEtag(etag))}</ETag><PartNumber>${number}</PartNumber></Part>`

type Found = {-readonly [name in keyof Upload]: Upload[name]}

/** The page that is the body of a reply, or undefined if it cannot be read without doubt. */
export function readUploads(body: Buffer): UploadPage | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	const uploads: Found[] = []
	let [encoding, truncated, id] = ['', false, '']
	const next = {key: ''}
	xml.enter('ListMultipartUploadsResult')
	while (!xml.closes(LISTED)) {
		if (xml.opens(UPLOAD)) uploads.push(readUpload(xml))
		else if (xml.opens(TRUNCATED)) truncated = xml.boolean(TRUNCATED)
		else if (xml.opens(NEXT_KEY)) next.key = xml.text(NEXT_KEY)
		else if (xml.opens(NEXT_ID)) id = xml.text(NEXT_ID)
		else if (xml.opens(ENCODING)) encoding = xml.text(ENCODING)
		else xml.skip()
	}
	if (!xml.atEnd() || (truncated && next.key === '')) return undefined
	if (encoding === 'url' && ![...uploads, next].every(decode)) return undefined
	return {uploads, next: truncated ? {key: next.key, id} : undefined}
}

function readUpload(xml: Scanner): Found {
	const found: Found = {key: '', id: '', initiated: 0}
	while (!xml.closes(UPLOAD)) {
		if (xml.opens(KEY)) found.key = xml.text(KEY)
		else if (xml.opens(ID)) found.id = xml.text(ID)
		else if (xml.opens(INITIATED)) found.initiated = xml.time(INITIATED) ?? 0
		else xml.skip()
	}
	if (found.key === '' || found.id === '') xml.failed = true
	return found
}
