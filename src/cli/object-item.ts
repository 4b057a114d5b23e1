// An object as its head tells of it: what a listing does not know.

import type {Path} from '../base/path.ts'
import {decodeMetadata} from '../format/foreign.ts'
import type {Item} from '../format/template.ts'
import type {Head} from '../store/store.ts'

/** The file that an object is, by its metadata; its size and MD5 before it was stored as gzip. */
export function objectItem(path: Path, key: string, head: Head): Item {
	const {attributes} = decodeMetadata(head.metadata, {key, ...head})
	const {mode, mtime, uid, gid, uname, gname, original, md5} = attributes
	const {etag, version, modified, storageClass} = head
	return {
		record: {path, mode, size: original?.size ?? head.size, mtime, digest: `etag:${etag}`},
		md5: original?.md5 ?? md5,
		version,
		modified,
		storageClass,
		uid,
		gid,
		uname,
		gname,
	}
}
