// ListObjectVersions and ListMultipartUploads: listings of which a key can have several items.

import {storageClassOf} from './attributes.ts'
import {type Call, isoTime, quoted, type Reply, xmlReply} from './call.ts'
import {SortedKeys} from './keys.ts'
import type {Upload, Version} from './model.ts'
import {listParameters, walk} from './page.ts'

const PAGE = 1000

/** The items of a key; of the marker's key, only those after the marker. */
function following<Item extends {readonly id: string}>(
	items: readonly Item[],
	isMarkers: boolean,
	marker: string,
): readonly Item[] {
	return isMarkers ? items.slice(items.findIndex(({id}) => id === marker) + 1) : items
}

export function listVersions(call: Call): Reply {
	const {bucket, query} = call
	const {prefix, delimiter, encode, encoding} = listParameters(call)
	const limit = call.number('max-keys', PAGE)
	const after = query.get('key-marker') ?? ''
	const marker = query.get('version-id-marker')
	const page = walk<Version>(bucket.keys, {
		prefix,
		delimiter,
		after,
		inclusive: marker !== undefined,
		limit,
		expand: (key) => following(bucket.versions(key), key === after, marker ?? ''),
	})
	const tree = (version: Version) => ({
		Key: encode(version.key),
		VersionId: version.id,
		IsLatest: bucket.versions(version.key)[0] === version,
		LastModified: isoTime(version.modified),
		Owner: {ID: version.acl.owner},
	})
	const last = page.items.at(-1)
	return xmlReply('ListVersionsResult', {
		Name: bucket.name,
		Prefix: encode(prefix),
		KeyMarker: encode(after),
		VersionIdMarker: marker ?? '',
		MaxKeys: limit,
		Delimiter: delimiter === '' ? undefined : encode(delimiter),
		EncodingType: encoding,
		IsTruncated: page.truncated,
		NextKeyMarker: page.truncated ? encode(page.last) : undefined,
		NextVersionIdMarker: page.truncated && last?.key === page.last ? last.id : undefined,
		Version: page.items
			.filter((version) => version.marker === undefined)
			.map((version) => ({
				...tree(version),
				ETag: quoted(version.etag),
				Size: version.size,
				StorageClass: storageClassOf(version),
			})),
		DeleteMarker: page.items.filter((version) => version.marker === true).map(tree),
		CommonPrefixes: page.prefixes.map((common) => ({Prefix: encode(common)})),
	})
}

export function listUploads(call: Call): Reply {
	const {bucket, query} = call
	const {prefix, delimiter, encode, encoding} = listParameters(call)
	const limit = call.number('max-uploads', PAGE)
	const after = query.get('key-marker') ?? ''
	const marker = query.get('upload-id-marker')
	const keys = new SortedKeys()
	const uploads = new Map<string, Upload[]>()
	for (const {upload} of bucket.uploads.values()) {
		keys.add(upload.key)
		uploads.set(upload.key, [...(uploads.get(upload.key) ?? []), upload])
	}
	const page = walk<Upload>(keys, {
		prefix,
		delimiter,
		after,
		inclusive: marker !== undefined,
		limit,
		expand: (key) => following(uploads.get(key) ?? [], key === after, marker ?? ''),
	})
	const last = page.items.at(-1)
	return xmlReply('ListMultipartUploadsResult', {
		Bucket: bucket.name,
		KeyMarker: encode(after),
		UploadIdMarker: marker ?? '',
		NextKeyMarker: page.truncated ? encode(page.last) : undefined,
		NextUploadIdMarker: page.truncated && last?.key === page.last ? last.id : undefined,
		Prefix: encode(prefix),
		Delimiter: delimiter === '' ? undefined : encode(delimiter),
		EncodingType: encoding,
		MaxUploads: limit,
		IsTruncated: page.truncated,
		Upload: page.items.map((upload) => ({
			Key: encode(upload.key),
			UploadId: upload.id,
			Initiator: {ID: upload.initiator},
			Owner: {ID: upload.acl.owner},
			StorageClass: storageClassOf(upload),
			Initiated: isoTime(upload.started),
			...(upload.checksum && {
				ChecksumAlgorithm: upload.checksum.algorithm,
				ChecksumType: upload.checksum.type,
			}),
		})),
		CommonPrefixes: page.prefixes.map((common) => ({Prefix: encode(common)})),
	})
}
