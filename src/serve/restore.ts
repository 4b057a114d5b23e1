// RestoreObject: a readable copy of what is archived, for some days. Nothing is archived here, but it cannot be read
// as if it were.

import {storageClassOf} from './attributes.ts'
import type {Call, Reply} from './call.ts'
import {S3Error} from './errors.ts'
import {findVersion} from './find.ts'
import type {Version} from './model.ts'
import {childOf, textOf} from './xml.ts'

const DAY = 86_400_000
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE']
const TIERS = ['Standard', 'Bulk', 'Expedited']

const isArchived = (version: Version): boolean => ARCHIVES.includes(storageClassOf(version))

/** Whether a version can be read now. */
export const isReadable = (version: Version, now: number = Date.now()): boolean =>
	!isArchived(version) ||
	(version.restore !== undefined && version.restore.ready <= now && now < version.restore.expires)

/** The header that tells of a copy, if one was asked for and is not over. */
export function restoreHeader({restore}: Version, now: number = Date.now()): Record<string, string> {
	if (restore === undefined || restore.expires <= now) return {}
	return {
		'x-amz-restore':
			now < restore.ready
				? 'ongoing-request="true"'
				: `ongoing-request="false", expiry-date="${new Date(restore.expires).toUTCString()}"`,
	}
}

export async function restoreObject(call: Call): Promise<Reply> {
	const {bucket, key} = call
	const document = await call.requiredDocument('RestoreRequest')
	const days = Number(textOf(document, 'Days') ?? '')
	const tier = textOf(childOf(document, 'GlacierJobParameters'), 'Tier') ?? 'Standard'
	if (!Number.isInteger(days) || days < 1 || !TIERS.includes(tier)) throw new S3Error('MalformedXML')
	const version = findVersion(bucket, key, call.query.get('versionId'))
	if (!isArchived(version))
		throw new S3Error('InvalidObjectState', 'Restore is not allowed for this storage class')
	const now = Date.now()
	if (version.restore !== undefined && now < version.restore.ready)
		throw new S3Error('RestoreAlreadyInProgress')
	const isThere = isReadable(version, now)
	const ready = isThere ? now : now + call.service.restoreTime
	await bucket.commit({amend: {...version, restore: {ready, expires: ready + days * DAY}}})
	return {status: isThere ? 200 : 202}
}
