// Reads the file attributes that s3r and other tools keep in user metadata. See s3r-metadata(5), READING.
//
// A field is taken from the first convention that has it, in the order of READERS; a value that is not well
// formed or out of range counts as absent.

import {comparePaths, fromUnicode} from '../base/path.ts'
import {remembering} from '../base/remembering.ts'
import {isS3syncDirectory, RCLONE_LINK} from './alias.ts'
import {base64Digest, decimal, decoded, hexDigest, idOf, modeOf, splitAt} from './fields.ts'
import {decodeFields, decodeFileKeys, known, type Known, type Metadata} from './metadata.ts'
import {S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, typeOf} from './mode.ts'
import {parseTime} from './record.ts'
import type {Xattr} from './xattrs.ts'

export type Convention = 's3r' | 'aws' | 'mc' | 's3cmd' | 's3fs' | 'rclone' | 's3sync.rb' | 's4cmd' | 'gcs'

/** What else is known of the object; it tells a directory from a file where the mode does not. */
export type ContentInfo = {
	readonly key: string
	readonly size?: number | undefined
	readonly etag?: string | undefined
	readonly contentType?: string | undefined
}

export type Decoded = {
	readonly attributes: Known
	/** The first convention that said anything, 'none' if no one did. */
	readonly convention: Convention | 'none'
	/** Whether the object stands for a directory, also where its key does not end in '/'. */
	readonly directory: boolean
}

type Reader = (metadata: Metadata, info: ContentInfo) => Known

/** Each with how the names begin without any of which it finds nothing: most objects have those of one. */
const READERS: readonly (readonly [Convention, Reader, names: RegExp])[] = [
	['s3r', (m) => decodeFields(m['s3r']), /^s3r$/],
	['aws', decodeFileKeys, /^file-/],
	['mc', readMc, /^mc-attrs$/],
	['s3cmd', readS3cmd, /^s3cmd-attrs$/],
	['s3fs', readS3fs, /^mode$/],
	['rclone', readRclone, /^(md5chksum|mode|uid|gid)$/],
	['s3sync.rb', readS3sync, /^(permissions|owner|group|symlink)$/],
	['s4cmd', readS4cmd, /^(privilege|md5)$/],
	['gcs', readGcs, /^goog-reserved-/],
]

/** The bit of the name `mtime`: rclone's, and that of s3r's own objects, which tell the time by another name, too. */
const BARE_TIME = 1 << READERS.length

/** Names whose readers are remembered: objects have few different ones, unless somebody else makes them up. */
const NAMES = 1000

/** The readers that a name of metadata is for, a bit each. */
const readersOf = remembering(NAMES, (name) =>
	READERS.reduce(
		(bits, [, , pattern], i) => (pattern.test(name) ? bits | (1 << i) : bits),
		name === 'mtime' ? BARE_TIME : 0,
	),
)

/**
 * What each convention says, those that say something, in the order in which they are believed; unless `all` is asked for,
 * without one that can only repeat a time.
 */
function readings(
	metadata: Metadata,
	info: ContentInfo,
	{all}: {readonly all: boolean},
): (readonly [Convention, Known])[] {
	let readers = 0
	for (const name in metadata) readers |= readersOf(name)
	const isLink = info.key.endsWith(RCLONE_LINK)
	const found: (readonly [Convention, Known])[] = []
	const hasTime = () => found.some(([, {mtime}]) => mtime !== undefined)
	for (let i = 0; i < READERS.length; i++) {
		const [name, read] = READERS[i] as (typeof READERS)[number]
		const isRclones = name === 'rclone' && (isLink || ((readers & BARE_TIME) !== 0 && (all || !hasTime())))
		if ((readers & (1 << i)) === 0 && !isRclones) continue
		const said = read(metadata, info)
		if (Object.keys(said).length > 0) found.push([name, said])
	}
	return found
}

/** The attributes that an object's user metadata tells, whoever wrote it. */
export function decodeMetadata(metadata: Metadata, info: ContentInfo): Decoded {
	const found = readings(metadata, info, {all: false})
	const attributes: Known & {mode?: number} = {}
	// those that are believed first come last, over the others
	for (let i = found.length - 1; i >= 0; i--) Object.assign(attributes, found[i]?.[1])
	const directory = standsForDirectory(info, attributes.mode)
	if (attributes.mode !== undefined) attributes.mode = withType(attributes.mode, info.key, directory)
	return {attributes, convention: found[0]?.[0] ?? 'none', directory}
}

/** What one convention says of one field, and whether it is believed: the first one that speaks of it is. */
export type Saying = {
	readonly field: keyof Known
	readonly convention: Convention
	readonly won: boolean
	readonly attributes: Known
}

/** All that an object's user metadata tells, field by field in the order in which the conventions are believed. */
export function explainMetadata(metadata: Metadata, info: ContentInfo): Saying[] {
	const told = new Set<keyof Known>()
	return readings(metadata, info, {all: true}).flatMap(([convention, attributes]) =>
		(Object.keys(attributes) as (keyof Known)[]).map((field) => {
			const won = !told.has(field)
			told.add(field)
			return {field, convention, won, attributes}
		}),
	)
}

const standsForDirectory = ({key, size, etag, contentType}: ContentInfo, mode = 0): boolean =>
	key.endsWith('/') ||
	typeOf(mode) === 'directory' ||
	isS3syncDirectory({size, etag}) ||
	(size === 0 && /^(application\/x-directory|httpd\/unix-directory)\b/.test(contentType ?? ''))

/** The mode with type bits: those of a directory where the key says so, else its own, else those of a file. */
function withType(mode: number, key: string, directory: boolean): number {
	if (!key.endsWith('/') && (mode & S_IFMT) !== 0) return mode
	return (mode & ~S_IFMT) | (directory ? S_IFDIR : S_IFREG)
}

/** The fields of `k:v/k:v/…`. */
const attrs = (text = ''): ReadonlyMap<string, string> =>
	new Map(text.split('/').map((field) => splitAt(field, ':')))

/** MinIO's mc: `mc-attrs` with a decimal mode and times as `seconds#nanoseconds`. */
function readMc(metadata: Metadata): Known {
	const fields = attrs(metadata['mc-attrs'])
	const [seconds, ns] = splitAt(fields.get('mtime') ?? '', '#')
	const [whole, rest] = [parseTime(seconds), decimal(ns)]
	return known({
		mode: modeOf(fields.get('mode'), 10),
		uid: idOf(fields.get('uid')),
		gid: idOf(fields.get('gid')),
		uname: fields.get('uname'),
		gname: fields.get('gname'),
		mtime: whole === undefined || (rest ?? 0) > 999_999_999 ? undefined : whole + BigInt(rest ?? 0),
	})
}

/** s3cmd: `s3cmd-attrs` with a decimal mode, whole seconds and percent-encoded names. */
function readS3cmd(metadata: Metadata): Known {
	const fields = attrs(metadata['s3cmd-attrs'])
	return known({
		mode: modeOf(fields.get('mode'), 10),
		uid: idOf(fields.get('uid')),
		gid: idOf(fields.get('gid')),
		uname: decoded(fields.get('uname')),
		gname: decoded(fields.get('gname')),
		mtime: parseTime(fields.get('mtime') ?? ''),
		md5: hexDigest(fields.get('md5')),
	})
}

/**
 * s3fs writes a bare `mode` in decimal and rclone in octal. A decimal mode of a type that exists is s3fs's;
 * its links are always 0120777, where other such numbers are rclone's directories.
 */
function bareMode(text = ''): {s3fs?: number; rclone?: number} {
	const mode = text.startsWith('0') ? undefined : modeOf(text, 10)
	const type = mode === undefined ? undefined : typeOf(mode)
	if (mode !== undefined && type !== undefined && (type !== 'link' || mode === (S_IFLNK | 0o777)))
		return {s3fs: mode}
	const octal = modeOf(text, 8)
	return octal === undefined || typeOf(octal) === undefined ? {} : {rclone: octal}
}

/** s3fs: a decimal `mode`, and with it `uid`, `gid`, `mtime` and `xattr`. */
function readS3fs(metadata: Metadata): Known {
	const {s3fs: mode} = bareMode(metadata['mode'])
	return mode === undefined ? {} : known({...readBare(metadata), mode, xattrs: s3fsXattrs(metadata['xattr'])})
}

/** rclone: `mtime` and `md5chksum`, and with its -M an octal `mode`, `uid`, `gid` and the xattrs; a link by its key. */
function readRclone(metadata: Metadata, {key}: ContentInfo): Known {
	const mode = bareMode(metadata['mode']).rclone
	return known({
		...readBare(metadata),
		mode: key.endsWith(RCLONE_LINK) ? S_IFLNK | 0o777 : mode,
		md5: base64Digest(metadata['md5chksum']),
		xattrs: mode === undefined ? undefined : rcloneXattrs(metadata),
	})
}

/** What rclone does not take for an xattr, and the keys of others. */
const NO_XATTR =
	/^((a|b|m)time|mode|[ug]id|rdev|md5chksum|md5|content-(type|encoding|language|disposition)|cache-control|tier|owner|group|permissions|symlink|privilege|s3r|xattr|(file|mc|s3cmd|goog-reserved|s3sync)[-_].*)$/

/** rclone writes each xattr `user.Name` as a key `name`, as far as a key can hold it. */
function rcloneXattrs(metadata: Metadata): Xattr[] | undefined {
	const xattrs = Object.entries(metadata)
		.filter(([name]) => !NO_XATTR.test(name))
		.map(([name, value]): Xattr => [fromUnicode(`user.${name}`), Buffer.from(value)])
	return xattrs.length === 0 ? undefined : xattrs.toSorted(([a], [b]) => comparePaths(a, b))
}

function readBare(metadata: Metadata): Known {
	return known({
		uid: idOf(metadata['uid']),
		gid: idOf(metadata['gid']),
		mtime: parseTime(metadata['mtime'] ?? ''),
	})
}

/** s3fs keeps xattrs as percent-encoded JSON, `{"name": "<base64>"}`. */
function s3fsXattrs(text: string | undefined): Xattr[] | undefined {
	try {
		const object: unknown = JSON.parse(decoded(text) ?? '')
		if (typeof object !== 'object' || object === null) return undefined
		return Object.entries(object).map(([name, value]) => [
			fromUnicode(name),
			Buffer.from(String(value), 'base64'),
		])
	} catch {
		return undefined
	}
}

/** s3sync.rb: a decimal mode as `permissions`, `owner`, `group`, and `symlink` for a link. */
function readS3sync(metadata: Metadata): Known {
	const mode = modeOf(metadata['permissions'], 10)
	const link = metadata['symlink'] === 'true'
	return known({
		mode: link ? S_IFLNK | ((mode ?? 0o777) & 0o7777) : mode,
		uid: idOf(metadata['owner']),
		gid: idOf(metadata['group']),
	})
}

/** s4cmd: the last three octal digits of the mode as `privilege`, and `md5`. */
function readS4cmd(metadata: Metadata): Known {
	return known({mode: modeOf(metadata['privilege'], 8), md5: hexDigest(metadata['md5'])})
}

/** gsutil and Google's storage transfers: `goog-reserved-*`. */
function readGcs(metadata: Metadata): Known {
	return known({
		mode: modeOf(metadata['goog-reserved-posix-mode'], 8),
		uid: idOf(metadata['goog-reserved-posix-uid']),
		gid: idOf(metadata['goog-reserved-posix-gid']),
		mtime: parseTime(metadata['goog-reserved-file-mtime'] ?? ''),
	})
}
