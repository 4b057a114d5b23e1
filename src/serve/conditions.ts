// If-Match and its kin.

import type {Bucket} from './bucket.ts'
import {S3Error} from './errors.ts'
import type {Version} from './model.ts'
import type {Headers} from './request.ts'

/** Whether a list of ETags (quoted or not, or '*') has this one. */
const lists = (list: string, etag: string): boolean =>
	list.split(',').some((item) =>
		['*', etag].includes(
			item
				.trim()
				.replace(/^W\//, '')
				.replace(/^"(.*)"$/, '$1'),
		),
	)

/** Times in headers are whole seconds. A date that is none is ignored. */
const isAfter = (modified: number, date: string): boolean =>
	Math.floor(modified / 1000) * 1000 > Date.parse(date)

/** Whether a reader's conditions hold, and if not, whether it is that nothing has changed. */
function verdict(headers: Headers, prefix: string, {etag, modified}: Version): 'ok' | 'failed' | 'unchanged' {
	const match = headers[`${prefix}if-match`]
	const noneMatch = headers[`${prefix}if-none-match`]
	const unmodified = headers[`${prefix}if-unmodified-since`]
	const modifiedSince = headers[`${prefix}if-modified-since`]
	if (match !== undefined) {
		if (!lists(match, etag)) return 'failed'
	} else if (unmodified !== undefined && isAfter(modified, unmodified)) return 'failed'
	if (noneMatch !== undefined) return lists(noneMatch, etag) ? 'unchanged' : 'ok'
	if (modifiedSince === undefined || Number.isNaN(Date.parse(modifiedSince))) return 'ok'
	return isAfter(modified, modifiedSince) ? 'ok' : 'unchanged'
}

/** Refuses a GET or HEAD whose conditions do not hold. */
export function checkReadConditions(headers: Headers, version: Version): void {
	const found = verdict(headers, '', version)
	if (found === 'failed') throw new S3Error('PreconditionFailed')
	if (found === 'unchanged') throw new S3Error('NotModified', undefined, {etag: `"${version.etag}"`})
}

/** Refuses a copy whose conditions on the source do not hold. */
export function checkCopyConditions(headers: Headers, source: Version): void {
	if (verdict(headers, 'x-amz-copy-source-', source) !== 'ok') throw new S3Error('PreconditionFailed')
}

/** Refuses a write whose conditions do not hold for what is there. */
export function checkWriteConditions(headers: Headers, bucket: Bucket, key: string): void {
	const match = headers['if-match']
	const noneMatch = headers['if-none-match']
	if (match === undefined && noneMatch === undefined) return
	const current = bucket.current(key)
	if (noneMatch !== undefined && noneMatch !== '*') throw new S3Error('NotImplemented')
	if (noneMatch !== undefined && current !== undefined) throw new S3Error('PreconditionFailed')
	if (match === undefined) return
	if (current === undefined) throw new S3Error('NoSuchKey')
	if (!lists(match, current.etag)) throw new S3Error('PreconditionFailed')
}

/** Refuses to delete what has another ETag. That there is nothing to delete is no failure. */
export function checkDeleteCondition(match: string | undefined, version: Version | undefined): void {
	if (match !== undefined && version !== undefined && !lists(match, version.etag))
		throw new S3Error('PreconditionFailed')
}
