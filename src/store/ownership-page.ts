// Reads who owns the objects of a bucket from the bytes of a reply, as list-page.ts reads a page.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html

import {isUtf8} from 'node:buffer'
import {Scanner, tag} from './xml-scanner.ts'

const ROOT = tag('OwnershipControls')
const RULE = tag('Rule')
const OWNERSHIP = tag('ObjectOwnership')

/** S3's name of the rule, '' where there is none, or undefined if the body cannot be read without doubt. */
export function readOwnership(body: Buffer): string | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	let ownership = ''
	xml.enter('OwnershipControls')
	while (!xml.closes(ROOT)) {
		if (!xml.opens(RULE)) xml.skip()
		else
			while (!xml.closes(RULE))
				if (xml.opens(OWNERSHIP)) ownership = xml.text(OWNERSHIP)
				else xml.skip()
	}
	return xml.atEnd() ? ownership : undefined
}
