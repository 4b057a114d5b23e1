// What S3 refuses, checked before anything is sent: not every store enforces it, and AWS does so
// only after the whole body has arrived.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html, .../qfacts.html

import {shown} from '../base/quote.ts'
import {remembering} from '../base/remembering.ts'
import {invalid, shownObject} from './errors.ts'
import type {Properties, StoreError} from './store.ts'

/** The bytes of user metadata an object can have: names and values together. */
const METADATA_LIMIT = 2048
/** The bytes of UTF-8 a key can have. */
const KEY_LIMIT = 1024
/** Parts of an upload, counted from 1. */
export const PART_LIMIT = 10_000
/** The least bytes of a part that is not the last. */
export const PART_LEAST = 5 * 2 ** 20

/** Half of a surrogate pair, which UTF-8 cannot express. */
const UNPAIRED = /\p{Cs}/u
const NAME = /^[a-z0-9!#$&'*+.^_`|~-]+$/
const VALUE = /^[\t\u0020-\u007e]*$/
/** What few values have, and some may not. */
const NOT_PLAIN = /[^\u0021-\u007e]/

/** Rejects a key that no store can hold, with 'invalid'. */
export function checkKey(bucket: string, key: string): void {
	if (key === '') throw invalid('InvalidArgument', 'the key of an object cannot be empty')
	const bytes = Buffer.byteLength(key)
	if (bytes > key.length && UNPAIRED.test(key))
		throw invalid('InvalidURI', `the key of ${shownObject(bucket, key)} is not valid Unicode`)
	if (bytes > KEY_LIMIT)
		throw invalid(
			'KeyTooLongError',
			`the key of ${shownObject(bucket, key)} is longer than ${KEY_LIMIT} bytes`,
		)
}

const NAMES = 256

/** Whether a header can have a name of metadata: those of all objects are few. */
const isName = remembering(NAMES, (name) => NAME.test(name))

/** Rejects user metadata that no header can carry, or that is above METADATA_LIMIT, with 'invalid'. */
export function checkProperties(bucket: string, key: string, {metadata = {}}: Properties): void {
	let bytes = 0
	let values = ''
	for (const name in metadata) {
		if (!isName(name)) throw unsendable(bucket, key, name)
		const value = metadata[name] ?? ''
		values += value
		bytes += name.length + value.length
	}
	// one look at all of them takes a third of one at each
	if (NOT_PLAIN.test(values))
		for (const [name, value] of Object.entries(metadata))
			if (!VALUE.test(value) || value !== value.trim()) throw unsendable(bucket, key, name)
	if (bytes > METADATA_LIMIT)
		throw invalid(
			'MetadataTooLarge',
			`the metadata of ${shownObject(bucket, key)} has ${bytes} bytes, S3 takes ${METADATA_LIMIT}`,
		)
}

const IP = /^\d+\.\d+\.\d+\.\d+$/
const RESERVED = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$/

/**
 * Rejects a name that a new bucket cannot have, with 'invalid'.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function checkBucketName(name: string): void {
	const why =
		name.length < 3 || name.length > 63
			? 'it must have 3 to 63 characters'
			: !/^[a-z0-9.-]+$/.test(name)
				? 'only lower-case letters, digits, dots and hyphens are allowed'
				: !/^[a-z0-9].*[a-z0-9]$/.test(name)
					? 'it must begin and end with a letter or a digit'
					: name.includes('..')
						? 'two dots cannot stand together'
						: IP.test(name)
							? 'it looks like an IP address'
							: RESERVED.test(name)
								? 'its prefix or suffix is reserved'
								: undefined
	if (why !== undefined)
		throw invalid('InvalidBucketName', `bucket name ${shown(name)} is not allowed: ${why}`)
}

const unsendable = (bucket: string, key: string, name: string): StoreError =>
	invalid('InvalidArgument', `metadata '${name}' of ${shownObject(bucket, key)} cannot be sent in a header`)
