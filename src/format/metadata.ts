// File attributes <-> the user metadata of an object, in s3r's own convention. See s3r-metadata(5);
// foreign.ts reads what other tools write.

import {hash} from 'node:crypto'
import {base64, decimal, decoded, hexDigest, idOf, METADATA, modeOf, splitAt} from './fields.ts'
import {formatTime} from './record.ts'
import {decodeXattrs, encodeXattrs, xattrsDigest, type Xattr} from './xattrs.ts'

export type Attributes = {
	/** st_mode with its type bits. */
	readonly mode: number
	/** Nanoseconds since the epoch. */
	readonly mtime: bigint
	readonly uid: number
	readonly gid: number
	/** Names of owner and group, in Unicode. */
	readonly uname?: string | undefined
	readonly gname?: string | undefined
	/** Of a character or block device. */
	readonly rdev?: {readonly major: number; readonly minor: number} | undefined
	/** Group of hard links that the file is one of: 12 hex digits. */
	readonly link?: string | undefined
	readonly xattrs?: readonly Xattr[] | undefined
	/** MD5 (hex) of the side object that holds the xattrs. */
	readonly xattrsAt?: string | undefined
	/** What the file was before it was compressed: its bytes and their MD5 (hex). */
	readonly original?: {readonly size: number; readonly md5: string; readonly encoding: 'gzip'} | undefined
	/** MD5 (hex) of the bytes stored. */
	readonly md5?: string | undefined
}

/** What is known of a file's attributes. */
export type Known = {readonly [K in keyof Attributes]?: Attributes[K] | undefined}

/** User metadata: names in lower case without `x-amz-meta-`. */
export type Metadata = Readonly<Record<string, string>>

/** Whether the ETag that the store will give the object is its MD5: then md5chksum would say nothing new. */
export type EncodeOptions = {readonly etagIsMd5: boolean}

/** S3 allows 2,048 bytes of user metadata; some stores count a little more than the names and values. */
const LIMIT = 2000
const MAX_NS = 10n ** 21n

/** Bytes of user metadata, header prefixes included as the strictest stores count them. */
export const metadataSize = (metadata: Metadata): number =>
	Object.entries(metadata).reduce(
		(sum, [name, value]) => sum + METADATA.length + name.length + value.length,
		0,
	)

/** The user metadata of a file with these attributes; xattrs inline, unless `xattrsAt` says where they are. */
export function encodeMetadata(a: Attributes, {etagIsMd5}: EncodeOptions): Record<string, string> {
	const metadata: Record<string, string> = {
		'file-group': String(a.gid),
		'file-mtime': `${a.mtime}ns`,
		'file-owner': String(a.uid),
		'file-permissions': a.mode.toString(8).padStart(7, '0'),
		mtime: formatTime(a.mtime),
		s3r: encodeFields(a),
	}
	if (a.md5 !== undefined && !etagIsMd5) metadata['md5chksum'] = Buffer.from(a.md5, 'hex').toString('base64')
	return metadata
}

/**
 * The user metadata of a file with these attributes, and the side object that it needs when its xattrs do
 * not fit: `bytes`, to be stored at `xattrsKey(md5)` before the object itself.
 */
export function placeMetadata(
	a: Attributes,
	options: EncodeOptions,
): {metadata: Record<string, string>; side?: {readonly md5: string; readonly bytes: Buffer}} {
	const metadata = encodeMetadata(a, options)
	if (a.xattrs === undefined || metadataSize(metadata) <= LIMIT) return {metadata}
	const bytes = encodeXattrs(a.xattrs)
	const md5 = xattrsDigest(bytes)
	return {metadata: encodeMetadata({...a, xattrsAt: md5}, options), side: {md5, bytes}}
}

/** The fields of the compact key `s3r`. */
function encodeFields(a: Attributes): string {
	let fields = 'v=1'
	if (a.uname !== undefined) fields += `;uname=${encodeURIComponent(a.uname)}`
	if (a.gname !== undefined) fields += `;gname=${encodeURIComponent(a.gname)}`
	if (a.link !== undefined) fields += `;hl=${a.link}`
	if (a.rdev !== undefined) fields += `;rdev=${a.rdev.major}:${a.rdev.minor}`
	if (a.original !== undefined)
		fields += `;z=${a.original.encoding};size=${a.original.size};md5=${a.original.md5}`
	if (a.xattrsAt !== undefined) fields += `;x=@${a.xattrsAt}`
	else if (a.xattrs?.length) fields += `;x=${encodeXattrs(a.xattrs).toString('base64')}`
	return fields
}

/** The compact key that was read last: the files of one owner have the same, one after the other. */
let last: {readonly text: string | undefined; readonly fields: Known} = {text: undefined, fields: {}}

/** The attributes that the compact key `s3r` holds; a field that is unknown or not well formed counts as absent. */
export function decodeFields(text: string | undefined): Known {
	if (text !== last.text) last = {text, fields: readFields(text)}
	return last.fields
}

function readFields(text: string | undefined): Known {
	const fields = new Map((text ?? '').split(';').map((field) => splitAt(field, '=')))
	if (fields.get('v') !== '1') return {}
	const rdev = /^(\d{1,10}):(\d{1,10})$/.exec(fields.get('rdev') ?? '')
	const x = fields.get('x')
	const [size, md5] = [decimal(fields.get('size')), hexDigest(fields.get('md5'))]
	return known({
		uname: decoded(fields.get('uname')),
		gname: decoded(fields.get('gname')),
		link: /^[0-9a-f]{12}$/.exec(fields.get('hl') ?? '')?.[0],
		rdev: rdev ? {major: Number(rdev[1]), minor: Number(rdev[2])} : undefined,
		original:
			fields.get('z') === 'gzip' && size !== undefined && md5 !== undefined
				? {size, md5, encoding: 'gzip'}
				: undefined,
		xattrsAt: x?.startsWith('@') ? hexDigest(x.slice(1)) : undefined,
		xattrs: x?.startsWith('@') === false ? inlineXattrs(x) : undefined,
	})
}

function inlineXattrs(text: string): Xattr[] | undefined {
	const bytes = base64(text)
	return bytes === undefined ? undefined : decodeXattrs(bytes)
}

/** The attributes that the `file-*` keys hold, which AWS's file services write too. */
export function decodeFileKeys(metadata: Metadata): Known {
	return known({
		mode: modeOf(metadata['file-permissions'], 8),
		uid: idOf(metadata['file-owner']),
		gid: idOf(metadata['file-group']),
		mtime: fileTime(metadata['file-mtime']),
	})
}

/** Nanoseconds of `<n>ns`; without the unit the number is of milliseconds. */
function fileTime(text = ''): bigint | undefined {
	const m = /^(-?\d{1,22})(ns)?$/.exec(text)
	if (!m) return undefined
	const ns = BigInt(m[1] ?? 0) * (m[2] === undefined ? 1_000_000n : 1n)
	return ns < MAX_NS && ns > -MAX_NS ? ns : undefined
}

const nameOrId = (name: string | undefined, id: number | undefined): string | undefined =>
	name !== undefined ? encodeURIComponent(name) : id !== undefined ? `#${id}` : undefined

/**
 * Sixteen hex digits that change when an attribute does that s3r preserves; an attribute that is not known is not
 * counted. The canonical text that they are of is in s3r-metadata(5), ATTRIBUTES DIGEST.
 */
export function attributesDigest(a: Known): string {
	const xattrs = a.xattrsAt ?? (a.xattrs?.length ? xattrsDigest(encodeXattrs(a.xattrs)) : undefined)
	// written out, since every file has one: a table of fields that is gone through takes four times as long
	const text =
		line('mode', a.mode?.toString(8)) +
		line('owner', nameOrId(a.uname, a.uid)) +
		line('group', nameOrId(a.gname, a.gid)) +
		line('mtime', a.mtime) +
		line('rdev', a.rdev && `${a.rdev.major}:${a.rdev.minor}`) +
		line('link', a.link) +
		line('xattrs', xattrs)
	return hash('md5', text).slice(0, 16)
}

const line = (name: string, value: string | bigint | undefined): string =>
	value === undefined ? '' : `${name} ${value}\n`

/** What of these attributes is known: the properties that are not undefined. */
export function known(some: Known): Known {
	const found: Record<string, unknown> = {}
	for (const name in some) {
		const value = some[name as keyof Attributes]
		if (value !== undefined) found[name] = value
	}
	return found
}
