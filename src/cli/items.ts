// What listers print: a record with all else that is known of the file or object.

import type {Entry} from '../format/entry.ts'
import type {FileRecord} from '../format/record.ts'
import type {Item} from '../format/template.ts'
import type {Heard} from '../sync/fetch.ts'
import type {Listed} from '../sync/list-local.ts'
import {localRecord} from '../format/sides.ts'
import {owners} from './owners.ts'

/** An item with its owner, whose names are looked up only where they are printed. */
class OwnedItem implements Item {
	readonly record: FileRecord
	readonly uid: number
	readonly gid: number
	readonly etag: string | undefined
	readonly version: string | undefined
	readonly modified: number | undefined

	constructor(
		{record, etag, version, modified}: Item,
		{uid, gid}: {readonly uid: number; readonly gid: number},
	) {
		this.record = record
		this.uid = uid
		this.gid = gid
		this.etag = etag
		this.version = version
		this.modified = modified
	}

	get uname(): string | undefined {
		return owners.userName(this.uid)
	}

	get gname(): string | undefined {
		return owners.groupName(this.gid)
	}
}

/** A file of the local side. */
export const localItem = ({path, mode, size, mtime, md5, uid, gid}: Listed): Item =>
	new OwnedItem(
		{record: {path, mode, size, mtime, digest: md5 === undefined ? undefined : `md5:${md5}`}},
		{uid, gid},
	)

/** The local side of an entry, and what else the index knows. */
export function indexItem(entry: Entry): Item {
	const {etag, version, modified} = entry.remote ?? {}
	const item = {
		record: localRecord(entry),
		etag,
		version,
		modified: modified === undefined ? undefined : modified * 1000,
	}
	return entry.local ? new OwnedItem(item, entry.local) : item
}

/** An object as a listing tells of it: neither its mode nor its mtime. */
export function heardItem({path, etag, size, modified, storageClass, version}: Heard): Item {
	const record: FileRecord = {path, size, digest: `etag:${etag}`}
	return {record, modified: modified === undefined ? undefined : modified * 1000, storageClass, version}
}
