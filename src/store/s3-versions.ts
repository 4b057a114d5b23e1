// Every version of what is in a bucket.

import {type ListObjectVersionsCommandOutput, ListObjectVersionsCommand} from '@aws-sdk/client-s3'
import {fromUnicode} from '../base/path.ts'
import type {S3Connection} from './s3-connection.ts'
import {bareEtag, decodeKey, payer, storageClassOf} from './s3-params.ts'
import type {Version} from './store.ts'

type Markers = {readonly KeyMarker?: string; readonly VersionIdMarker?: string}

export async function* listVersions(at: S3Connection, prefix: string): AsyncIterable<readonly Version[]> {
	let next: Markers | undefined = {}
	while (next !== undefined) {
		const markers: Markers = next
		const page = await at.request({}, (client, signal) =>
			client.send(
				new ListObjectVersionsCommand({
					Bucket: at.bucket,
					Prefix: prefix,
					EncodingType: 'url',
					...markers,
					...payer(at),
				}),
				signal,
			),
		)
		at.bucketSeen = true
		yield versionsIn(page)
		next = page.IsTruncated === true ? markersIn(page) : undefined
	}
}

const markersIn = (page: ListObjectVersionsCommandOutput): Markers => ({
	KeyMarker: decodeKey(page.NextKeyMarker ?? '', page.EncodingType),
	...(page.NextVersionIdMarker ? {VersionIdMarker: page.NextVersionIdMarker} : {}),
})

/** The versions of a page in the order of their keys and times; the SDK tells them apart from the markers. */
function versionsIn({Versions = [], DeleteMarkers = [], EncodingType}: ListObjectVersionsCommandOutput) {
	const common = ({Key, VersionId, IsLatest, LastModified}: (typeof DeleteMarkers)[number]) => ({
		key: decodeKey(Key ?? '', EncodingType),
		version: VersionId || 'null',
		latest: IsLatest ?? false,
		modified: LastModified?.getTime() ?? 0,
	})
	const versions: Version[] = Versions.map((version) => ({
		...common(version),
		etag: bareEtag(version.ETag),
		size: version.Size ?? 0,
		storageClass: storageClassOf(version.StorageClass),
	}))
	const markers: Version[] = DeleteMarkers.map((marker) => ({
		...common(marker),
		etag: '',
		size: 0,
		deleted: true,
	}))
	return markers.length === 0 ? versions : [...versions, ...markers].toSorted(inOrder)
}

/** Of one key the newest first, and what it shows now before all others: times may be whole seconds only. */
function inOrder(a: Version, b: Version): number {
	const [one, other] = [fromUnicode(a.key), fromUnicode(b.key)]
	if (one !== other) return one < other ? -1 : 1
	return Number(b.latest) - Number(a.latest) || b.modified - a.modified
}
