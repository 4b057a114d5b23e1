// Tags of objects: `key=value`, several in one setting with commas between them, which no tag can hold.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html

import {usage} from '../base/errors.ts'

export type Tags = Readonly<Record<string, string>>

const LIMIT = 10
/** Made when it is called for: the classes of Unicode take 0.3 ms, which no start of a command is to wait for. */
const tagPattern = () => /^(?!aws:)([\p{L}\p{Z}\p{N}_.:/+\-@]{1,128})=([\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256})$/u

/** Reads `key=value,key=value`; a usage error says what S3 would refuse. */
export function parseTags(text: string): Tags {
	const tags = new Map<string, string>()
	const tag = tagPattern()
	for (const part of text.split(',').map((one) => one.trim())) {
		const [, key, value = ''] = tag.exec(part) ?? []
		if (key === undefined)
			throw usage(
				`'${part}' is not a tag`,
				'a tag is key=value, of at most 128 and 256 letters, digits, blanks and _.:/=+-@',
			)
		if (tags.has(key)) throw usage(`there are two tags '${key}'`)
		tags.set(key, value)
	}
	if (tags.size > LIMIT) throw usage(`${tags.size} tags are more than the ${LIMIT} that an object can have`)
	return Object.fromEntries(tags)
}

/** The tags as the x-amz-tagging header has them. */
export const taggingHeader = (tags: Tags): string =>
	Object.entries(tags)
		.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
		.join('&')
