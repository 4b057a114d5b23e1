// Names of buckets and objects as arguments give them.
//
//	s3://bucket[/key][?endpoint=https://host:port&region=name]		bucket[/key]

import {usage} from '../base/errors.ts'

export type Target = {
	readonly bucket: string
	/** '' for the bucket itself; a final '/' is kept, for it makes a prefix of the key. */
	readonly key: string
	readonly endpoint?: string | undefined
	readonly region?: string | undefined
	readonly profile?: string | undefined
}

type Rules = readonly (readonly [RegExp, string])[]

/** S3's rules for the name of a bucket, and what to say to one that breaks them. */
const SHAPE: Rules = [
	[/^.{3,63}$/, 'it must be 3 to 63 characters long'],
	[/^[^A-Z]*$/, 'upper-case letters are not allowed'],
	[/^[a-z0-9.-]*$/, "only lower-case letters, digits, '-' and '.' are allowed"],
	[/^[a-z0-9].*[a-z0-9]$/, 'it must begin and end with a letter or a digit'],
	[/^(?!.*\.\.)/, "two '.' must not follow each other"],
	[/^(?!\d+\.\d+\.\d+\.\d+$)/, 'it must not look like an IP address'],
]

/** Names that exist, but that S3 gives to buckets and access points of its own. */
const RESERVED: Rules = [
	[/^(?!xn--|sthree-|amzn-s3-demo-)/, "the prefixes 'xn--', 'sthree-' and 'amzn-s3-demo-' are reserved"],
	[
		/(?<!-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/,
		"the suffixes '-s3alias', '--ol-s3', '.mrap', '--x-s3' and '--table-s3' are reserved",
	],
]

/** The name of a new bucket, checked by S3's rules: a usage error says which one it breaks. */
export const checkNewBucket = (name: string): string => check(name, [...SHAPE, ...RESERVED])

/** The name of a bucket that may exist: a usage error says why none can be called so. */
const checkBucket = (name: string): string => check(name, SHAPE)

function check(name: string, rules: Rules): string {
	const broken = rules.find(([rule]) => !rule.test(name))
	if (broken) throw usage(`'${name}' is not a bucket name: ${broken[1]}`)
	return name
}

/** What follows a '?', each part in one way only: a part that could be split in two would take exponential time. */
const URL_FORM =
	/^s3:\/\/([^]*?)(?:\?((?:endpoint|region|profile)=[^&?]*(?:&(?:endpoint|region|profile)=[^&?]*)*&?))?$/

/**
 * Reads `s3://bucket/key` or `bucket/key`; a usage error if the bucket's name cannot be one. Only of a URL the
 * end from a '?' on is a query, and only if all its names are known: a key may hold a '?' too.
 */
export function parseTarget(text: string): Target {
	const url = URL_FORM.exec(text)
	const path = url?.[1] ?? text
	const slash = path.indexOf('/')
	const bucket = slash < 0 ? path : path.slice(0, slash)
	if (bucket === '')
		throw usage(`'${text}' does not name a bucket`, 'a remote is s3://<bucket>/<key> or <bucket>/<key>')
	const query = new URLSearchParams(url?.[2] ?? '')
	return {
		bucket: checkBucket(bucket),
		key: slash < 0 ? '' : path.slice(slash + 1),
		endpoint: query.get('endpoint') ?? undefined,
		region: query.get('region') ?? undefined,
		profile: query.get('profile') ?? undefined,
	}
}
