// What a stat tells of the local side of an entry.

import type {Local} from '../format/entry.ts'
import type {Stat} from '../local/stat.ts'

/** What no stat tells of a file. */
export type Kept = Pick<Local, 'md5' | 'link' | 'xattrs'>

/** The local side of a file, of what a stat tells of it and what else is known. */
export const localOf = (
	{mode, size, mtime, ctime, ino, uid, gid}: Stat,
	{md5, link, xattrs}: Kept = {},
): Local => ({
	mode,
	size,
	mtime,
	ctime,
	ino: BigInt(ino),
	uid,
	gid,
	md5,
	link,
	xattrs,
})
