// What crosses between threads is flat: to clone a tuple takes a third of what the same takes as objects.

import type {Local} from '../format/entry.ts'

/** The local side of a regular file. */
export type LocalFields = readonly [
	mode: number,
	size: number,
	mtime: bigint,
	ctime: bigint,
	ino: bigint,
	uid: number,
	gid: number,
	md5: string | undefined,
	link: string | undefined,
	xattrs: string | undefined,
]

export const fieldsOf = ({
	mode,
	size,
	mtime,
	ctime,
	ino,
	uid,
	gid,
	md5,
	link,
	xattrs,
}: Local): LocalFields => [mode, size, mtime, ctime, ino, uid, gid, md5, link, xattrs]

export const localIn = ([
	mode,
	size,
	mtime,
	ctime,
	ino,
	uid,
	gid,
	md5,
	link,
	xattrs,
]: LocalFields): Local => ({
	mode,
	size,
	mtime,
	ctime,
	ino,
	uid,
	gid,
	md5,
	link,
	xattrs,
})
