// What a stat tells of the local side of an entry.

import type {Local} from '../format/entry.ts'
import type {Stat} from '../local/stat.ts'

/** The local side of a file that was only looked at: without its MD5. */
export const localOf = ({mode, size, mtime, ctime, ino, uid, gid}: Stat): Local => ({
	mode,
	size,
	mtime,
	ctime,
	ino: BigInt(ino),
	uid,
	gid,
})
