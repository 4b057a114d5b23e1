// The two sides of an entry as the records that are printed of them.

import type {Entry} from './entry.ts'
import type {IndexFile} from './index-file.ts'
import type {Digest, FileRecord} from './record.ts'

const digest = (md5: string | undefined): Digest | undefined => (md5 === undefined ? undefined : `md5:${md5}`)

/** The local side as a record. */
export const localRecord = ({path, local}: Entry): FileRecord => ({
	path,
	mode: local?.mode,
	size: local?.size,
	mtime: local?.mtime,
	digest: digest(local?.md5),
})

/** The same of a row of an index, which is not decoded. */
export const localRecordOf = (index: IndexFile, row: number): FileRecord => ({
	path: index.path(row),
	mode: index.mode(row),
	size: index.size(row),
	mtime: index.mtime(row),
	digest: digest(index.localMd5(row)),
})

/** The remote side as a record: mode and mtime are not known from a listing. */
export const remoteRecord = ({path, remote}: Entry): FileRecord => ({
	path,
	size: remote?.size,
	digest: remote && `etag:${remote.etag}`,
})
