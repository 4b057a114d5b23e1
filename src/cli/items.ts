// What listers print: a record with all else that is known of the file or object.

import type {Entry} from '../format/entry.ts'
import type {FileRecord} from '../format/record.ts'
import type {Item} from '../format/template.ts'
import type {Heard} from '../sync/fetch.ts'
import type {Listed} from '../sync/list-local.ts'
import {localRecord} from '../sync/plan.ts'
import {owners} from './pushing.ts'

const names = ({uid, gid}: {readonly uid: number; readonly gid: number}) => ({
	uid,
	gid,
	uname: owners.userName(uid),
	gname: owners.groupName(gid),
})

/** A file of the local side. */
export const localItem = ({path, mode, size, mtime, md5, ...ids}: Listed): Item => ({
	record: {path, mode, size, mtime, digest: md5 === undefined ? undefined : `md5:${md5}`},
	...names(ids),
})

/** The local side of an entry, and what else the index knows. */
export const indexItem = (entry: Entry): Item => ({
	record: localRecord(entry),
	etag: entry.remote?.etag,
	version: entry.remote?.version,
	modified: entry.remote?.modified === undefined ? undefined : entry.remote.modified * 1000,
	...(entry.local ? names(entry.local) : {}),
})

/** An object as a listing tells of it: neither its mode nor its mtime. */
export function heardItem({path, etag, size, modified, storageClass, version}: Heard): Item {
	const record: FileRecord = {path, size, digest: `etag:${etag}`}
	return {record, modified: modified === undefined ? undefined : modified * 1000, storageClass, version}
}
