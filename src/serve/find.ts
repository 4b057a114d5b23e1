// Finding the version that a request names.

import type {Bucket} from './bucket.ts'
import {S3Error} from './errors.ts'
import type {Version} from './model.ts'

/** The version with this id, or the newest; delete markers are refused as S3 refuses them. */
export function findVersion(bucket: Bucket, key: string, id: string | undefined): Version {
	const versions = bucket.versions(key)
	const version = id === undefined ? versions[0] : versions.find((v) => v.id === id)
	if (version === undefined) throw new S3Error(id === undefined ? 'NoSuchKey' : 'NoSuchVersion')
	if (version.marker === true)
		throw new S3Error(id === undefined ? 'NoSuchKey' : 'MethodNotAllowed', undefined, {
			'x-amz-delete-marker': 'true',
			'x-amz-version-id': version.id,
		})
	return version
}

/** The header that names a version, in a bucket that has or had versioning. */
export function versionHeader(bucket: Bucket, version: Version): Record<string, string> {
	return bucket.info.versioning === undefined ? {} : {'x-amz-version-id': version.id}
}
