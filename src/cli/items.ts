// What listers print: a record with all else that is known of the file or object.

import type {Entry} from '../format/entry.ts'
import type {IndexFile} from '../format/index-file.ts'
import type {FileRecord} from '../format/record.ts'
import type {Item} from '../format/template.ts'
import type {Heard} from '../sync/fetch.ts'
import type {Listed} from '../sync/list-local.ts'
import {localRecordOf} from '../format/sides.ts'
import {owners} from './owners.ts'

/** A file of the local side; the names of its owners are looked up only where they are printed. */
export class LocalItem implements Item {
	readonly record: FileRecord
	readonly uid: number
	readonly gid: number

	constructor({path, mode, size, mtime, md5, uid, gid}: Listed) {
		this.record = {path, mode, size, mtime, digest: md5 === undefined ? undefined : `md5:${md5}`}
		this.uid = uid
		this.gid = gid
	}

	get uname(): string | undefined {
		return owners.userName(this.uid)
	}

	get gname(): string | undefined {
		return owners.groupName(this.gid)
	}
}

/** The local side of a row of an index; what else that knows is decoded where it is printed. */
export class IndexItem implements Item {
	readonly record: FileRecord
	readonly #index: IndexFile
	readonly #row: number
	#decoded: Entry | undefined

	constructor(index: IndexFile, row: number) {
		this.#index = index
		this.#row = row
		this.record = localRecordOf(index, row)
	}

	get #entry(): Entry {
		return (this.#decoded ??= this.#index.entry(this.#row))
	}

	get etag(): string | undefined {
		return this.#entry.remote?.etag
	}

	get version(): string | undefined {
		return this.#entry.remote?.version
	}

	get modified(): number | undefined {
		const {modified} = this.#entry.remote ?? {}
		return modified === undefined ? undefined : modified * 1000
	}

	get uid(): number {
		return this.#index.uid(this.#row)
	}

	get gid(): number {
		return this.#index.gid(this.#row)
	}

	get uname(): string | undefined {
		return owners.userName(this.uid)
	}

	get gname(): string | undefined {
		return owners.groupName(this.gid)
	}
}

/** An object as a listing tells of it: neither its mode nor its mtime. */
export function heardItem({path, etag, size, modified, storageClass, version}: Heard): Item {
	const record: FileRecord = {path, size, digest: `etag:${etag}`}
	return {record, modified: modified === undefined ? undefined : modified * 1000, storageClass, version}
}
