// What an object says of the file that it is, as far as it is to be restored.

import {isDirectory, type Path} from '../base/path.ts'
import {TYPE, typeOf} from '../format/entry.ts'
import {decodeMetadata} from '../format/foreign.ts'
import type {Known} from '../format/metadata.ts'
import {decodeXattrs, type Xattr, xattrsDigest, xattrsKey} from '../format/xattrs.ts'
import type {Head, Store} from '../store/store.ts'
import {Damaged, rereading} from './content.ts'

export type Preserve = {
	/** Owners, setuid bits, devices and specials come back too (-a). */
	readonly archive?: boolean | undefined
	/** Names of one file become hard links again (-H). */
	readonly hardLinks?: boolean | undefined
	/** Extended attributes (-X). */
	readonly xattrs?: boolean | undefined
	/** POSIX ACLs (-A). */
	readonly acls?: boolean | undefined
	/** Whether a rule lets an extended attribute through; all by default. */
	readonly keepsXattr?: ((name: string) => boolean) | undefined
}

export type Arrival = {
	readonly head: Head
	/** The type of the file, as in entry.ts. */
	readonly type: number
	/** The attributes that the file shall have. */
	readonly attributes: Known
}

/** The attributes that a file of this object gets; `umask` stands in where the object has no mode. */
export function arrivalOf(path: Path, key: string, head: Head, preserve: Preserve, umask: number): Arrival {
	const found = toldOf(path, key, head)
	const type = isDirectory(path) ? TYPE.directory : fileType(found.mode)
	const bits =
		found.mode === undefined ? (type === TYPE.directory ? 0o777 : 0o666) & ~umask : found.mode & 0o7777
	const kept = preserve.archive ? bits : bits & 0o777
	const {link, rdev, original, md5} = found
	const owner = preserve.archive ? found : NOTHING
	const extended = preserve.xattrs || preserve.acls ? found : NOTHING
	// written out, since every file has one: to take the fields apart by spreads takes twice as long
	const attributes: Known = {
		mode: (type << 12) | kept,
		// the best that is known of an object whose writer kept no mtime
		mtime: found.mtime ?? BigInt(Math.trunc(head.modified)) * 1_000_000n,
		uid: owner.uid,
		gid: owner.gid,
		uname: owner.uname,
		gname: owner.gname,
		xattrs: extended.xattrs,
		xattrsAt: extended.xattrsAt,
		link,
		rdev,
		original,
		md5,
	}
	return {head, type, attributes}
}

const NOTHING: Known = {}

/** What an object tells of its file: not the mode of a file, where it is the mark of a directory. */
export function toldOf(path: Path, key: string, head: Head): Known {
	const {metadata, size, etag, contentType} = head
	const {attributes} = decodeMetadata(metadata, {key, size, etag, contentType})
	const {mode} = attributes
	if (mode === undefined || !isDirectory(path) || typeOf(mode) === TYPE.directory) return attributes
	const {mode: _, ...rest} = attributes
	return rest
}

/** A mode may be absent, or be a directory's although the key is not. */
function fileType(mode: number | undefined): number {
	const type = mode === undefined ? 0 : typeOf(mode)
	return type === 0 || type === TYPE.directory ? TYPE.file : type
}

const isAcl = (name: string): boolean => name.startsWith('system.posix_acl_')

/** Whether there are extended attributes, which withXattrs is to complete. */
export const hasXattrs = ({attributes: {xattrs, xattrsAt}}: Arrival): boolean =>
	xattrs !== undefined || xattrsAt !== undefined

/** The arrival with its extended attributes: those that were too big for the metadata are fetched. */
export async function withXattrs(
	arrival: Arrival,
	store: Store,
	prefix: string,
	preserve: Preserve,
): Promise<Arrival> {
	const {xattrs, xattrsAt, ...rest} = arrival.attributes
	const all = xattrs ?? (await rereading(() => fetchXattrs(store, prefix, xattrsAt ?? '')))
	const wanted = all.filter(([name]) =>
		isAcl(name) ? preserve.acls : preserve.xattrs && preserve.keepsXattr?.(name) !== false,
	)
	return {...arrival, attributes: {...rest, xattrs: wanted}}
}

/** More than any file system keeps for one file. */
const XATTRS_LIMIT = 16 * 2 ** 20

async function fetchXattrs(store: Store, prefix: string, md5: string): Promise<readonly Xattr[]> {
	const {head, body} = await store.get(prefix + xattrsKey(md5))
	const pieces: Buffer[] = []
	if (head.size <= XATTRS_LIMIT) for await (const piece of body) pieces.push(piece)
	else await body[Symbol.asyncIterator]().return?.()
	const bytes = Buffer.concat(pieces)
	const xattrs = xattrsDigest(bytes) === md5 ? decodeXattrs(bytes) : undefined
	if (xattrs === undefined) throw new Damaged('its extended attributes are damaged')
	return xattrs
}
