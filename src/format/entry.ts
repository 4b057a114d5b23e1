// What the index knows of one path: its local side, its remote side, and what both held when they
// were last the same. See s3r-index(5).

import type {Path} from '../base/path.ts'

/** The file, as it was when it was last looked at. */
export type Local = {
	/** st_mode with its type bits. */
	readonly mode: number
	readonly size: number
	/** Nanoseconds since the epoch, as all times here. */
	readonly mtime: bigint
	readonly ctime: bigint
	readonly ino: bigint
	readonly uid: number
	readonly gid: number
	/**
	 * MD5 of the content (of the target, for a symlink), 32 hex digits; none for what has no content, and for a file that
	 * nobody has read yet.
	 */
	readonly md5?: string | undefined
	/** Device numbers, `major:minor`. */
	readonly rdev?: string | undefined
	/** The hard-link group: 12 hex digits, the same for all names of one file. */
	readonly link?: string | undefined
	/** MD5 of the extended attributes and POSIX ACLs that are kept, 32 hex digits. */
	readonly xattrs?: string | undefined
}

/** The object, as the store was last heard to hold it. */
export type RemoteSide = {
	readonly etag: string
	/** Bytes stored. */
	readonly size: number
	/** The store's last-modified in seconds since the epoch. */
	readonly modified?: number | undefined
	/** `modified` is not the store's own word but a time not before it: that of the reply to our write. */
	readonly bound?: boolean | undefined
	readonly version?: string | undefined
	/** The path that the key is that of, where it is not the entry's: see alias.ts. */
	readonly alias?: Path | undefined
	/** Somebody else wrote this object after `base`. */
	readonly moved?: boolean | undefined
}

/** What both sides held when they were last known to be the same. */
export type Base = {
	/** S_IFMT of the file, shifted down to 0-15. */
	readonly type: number
	readonly md5?: string | undefined
	/** Digest of the attributes, 16 hex digits: attributesDigest of format/metadata.ts. */
	readonly attrs: string
	/** What the local side was then, kept once it differs: to say what changed. */
	readonly was?: Was | undefined
}

/** The attributes that an itemized change can name, and those that tell whether there is any other. */
export type Was = Pick<Local, 'mode' | 'size' | 'mtime' | 'uid' | 'gid' | 'link' | 'xattrs'>

export const wasOf = ({mode, size, mtime, uid, gid, link, xattrs}: Was): Was => ({
	mode,
	size,
	mtime,
	uid,
	gid,
	link,
	xattrs,
})

export type Entry = {
	readonly path: Path
	readonly local?: Local | undefined
	readonly remote?: RemoteSide | undefined
	readonly base?: Base | undefined
	/** Digest of `local`'s attributes; equal to `base.attrs` when nothing was changed. */
	readonly attrs?: string | undefined
}

/**
 * The entry with this local side. Written out, as all is that is made for each file: what V8 of Node 20 makes of a spread
 * to which a name is added has a class of its own, and every look into it takes a microsecond.
 */
export const withLocal = ({path, remote, base}: Entry, local: Local, attrs: string | undefined): Entry => ({
	path,
	local,
	remote,
	base,
	attrs,
})

/** The object, and whether somebody else wrote it after the base; written out, too. */
export const remoteSide = (
	{etag, size, modified, bound, version, alias}: RemoteSide,
	moved?: true,
): RemoteSide => ({
	etag,
	size,
	modified,
	bound,
	version,
	alias,
	moved,
})

/** A path with a file and an object, and the digest of the file's attributes. */
type Pair = {
	readonly path: Path
	readonly local: Local
	readonly remote: RemoteSide
	readonly attrs: string
}

/** The entry of a pair that was found to hold the same, or made to: that is its base now, of this type and with these attributes. */
export const agreed = (
	{path, local, remote, attrs}: Pair,
	type = typeOf(local.mode),
	attributes = attrs,
): Entry => ({
	path,
	local,
	remote: remoteSide(remote),
	base: {type, md5: local.md5, attrs: attributes, was: undefined},
	attrs,
})

/** The local side with this MD5; written out, too. */
export const withMd5 = (
	{mode, size, mtime, ctime, ino, uid, gid, rdev, link, xattrs}: Local,
	md5: string,
): Local => ({mode, size, mtime, ctime, ino, uid, gid, md5, rdev, link, xattrs})

/** The path whose key the object of an entry has, or would get. */
export const objectPath = ({path, remote}: Entry): Path => remote?.alias ?? path

export const S_IFMT = 0o170000
export const TYPE = {
	fifo: 1,
	charDevice: 2,
	directory: 4,
	blockDevice: 6,
	file: 8,
	symlink: 10,
	socket: 12,
} as const

/** The type bits of a mode, shifted down to 0-15. */
export const typeOf = (mode: number): number => (mode & S_IFMT) >>> 12

/** MD5 of no bytes: what is neither file nor link is an empty object. */
const NOTHING = 'd41d8cd98f00b204e9800998ecf8427e'

/** MD5 of the object that a local side would have, uncompressed; undefined of a file that nobody has read yet. */
export const objectMd5 = ({md5, mode}: Local): string | undefined =>
	md5 ?? (typeOf(mode) === TYPE.file ? undefined : NOTHING)

/** Whether the local side still is what `base` says. */
export const localIsBase = ({local, base, attrs}: Entry): boolean =>
	local !== undefined &&
	base !== undefined &&
	local.md5 === base.md5 &&
	attrs === base.attrs &&
	typeOf(local.mode) === base.type

/**
 * Whether nothing of the file has changed since the base but its group of hard links: that changes whenever another name of the
 * file comes or goes, as in a pull that was ended before it had come to all of them.
 */
export const isRelinked = ({local, base}: Entry): boolean => {
	const was = base?.was
	if (local === undefined || was === undefined || local.link === was.link) return false
	return (
		local.md5 === base?.md5 &&
		local.mode === was.mode &&
		local.size === was.size &&
		local.mtime === was.mtime &&
		local.uid === was.uid &&
		local.gid === was.gid &&
		local.xattrs === was.xattrs
	)
}

/** Whether the remote side still is what `base` says. */
export const remoteIsBase = ({remote, base}: Entry): boolean =>
	remote !== undefined && base !== undefined && remote.moved !== true

/** Whether both sides are known to be the same. */
export const inSync = (entry: Entry): boolean => localIsBase(entry) && remoteIsBase(entry)
