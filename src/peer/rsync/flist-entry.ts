// One entry of the list of files. See s3r-rsync(5), FILE LIST.

import type {Path} from '../../base/path.ts'
import type {Xattr} from '../../format/xattrs.ts'

/** One entry, as it is on the wire. */
export type FlistEntry = {
	/** As everywhere in s3r: below the root of the transfer, a directory's with its '/', the root itself './'. */
	readonly path: Path
	readonly mode: number
	readonly size: number
	/** Seconds since the epoch, and nanoseconds. */
	readonly mtime: number
	readonly nsec: number
	readonly uid: number
	readonly gid: number
	/** Seconds since the epoch (-U). */
	readonly atime?: number | undefined
	/** Was named by the user. */
	readonly top?: boolean | undefined
	/** A directory whose content is in the list too. */
	readonly content?: boolean | undefined
	/** Has other names. */
	readonly linked?: boolean | undefined
	/** The row of the first name of this file, where this is another one. */
	readonly first?: number | undefined
	readonly rdev?: {readonly major: number; readonly minor: number} | undefined
	/** A symlink's target, a byte string. */
	readonly target?: string | undefined
	/** The checksum of the content (-c). */
	readonly sum?: Buffer | undefined
	/** Extended attributes, and ACLs in the kernel's form. */
	readonly xattrs?: readonly WireXattr[] | undefined
}

/** An extended attribute; where its value is long only the MD5 of that is in the list. */
export type WireXattr = readonly [name: Xattr[0], value: Buffer, isDigest?: boolean]
