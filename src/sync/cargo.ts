// What is sent for one file: its bytes and what is stored beside them.

import {gzipSync} from 'node:zlib'
import {md5Of} from '../algo/md5.ts'
import {MULTIPART_FROM} from '../algo/parts.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {SpareMemory} from '../base/spare.ts'
import type {Acl} from '../format/acl.ts'
import {type Entry, type Local, TYPE, typeOf, withLocal} from '../format/entry.ts'
import {type HeaderRule, ruled} from '../format/header-rules.ts'
import type {Tags} from '../format/tags.ts'
import {xattrsKey} from '../format/xattrs.ts'
import {type Known, placeMetadata} from '../format/metadata.ts'
import type {Seen} from '../local/read.ts'
import type {Fingerprint, Stat} from '../local/stat.ts'
import type {Properties} from '../store/store.ts'
import {attributesWith, digestAfter, type Owners} from './attributes.ts'
import {contentTypeOf, isPacked} from './content-type.ts'
import type {Files} from './files.ts'
import {localOf} from './local.ts'

export type Cargo = {
	/** The entry, its local side that of the bytes that were read. */
	readonly entry: Entry
	readonly body: Buffer
	readonly md5: Buffer
	readonly properties: Properties
	/** The object that the metadata refers to, where it does: its key below the prefix. */
	readonly side?: Side | undefined
}

export type Side = {readonly key: string; readonly bytes: Buffer}

/** What is stored beside the bytes, of whatever file. */
export type Stored = {
	readonly acl?: Acl | undefined
	readonly storageClass?: string | undefined
	readonly tags?: Tags | undefined
	/** Headers by the names of files. */
	readonly headers?: readonly HeaderRule[] | undefined
	/** What is encrypted with a key that is not the store's has an ETag that is no MD5. */
	readonly opaque?: boolean | undefined
}

export type CargoOptions = {
	readonly files: Files
	readonly owners: Owners
	readonly stored?: Stored | undefined
	readonly compress?: boolean | undefined
	/** Where the bytes of a file are read into, which are good until their memory is given back. */
	readonly memory?: SpareMemory | undefined
}

/** A file that was to be sent in one piece has become too large for that. */
export class Outgrown extends Error {}

const NOTHING = Buffer.alloc(0)
/** How often a file that is being written is read again. */
const ATTEMPTS = 3

/** `local` as a later stat says it is, with this MD5. */
export const refreshed = (local: Local, stat: Stat, md5: string | undefined): Local => ({
	...local,
	mode: stat.mode,
	size: stat.size,
	mtime: stat.mtime,
	ctime: stat.ctime,
	ino: BigInt(stat.ino),
	uid: stat.uid,
	gid: stat.gid,
	md5,
})

/** Reads all that is sent for a file smaller than a part. Throws ENOENT if it is gone, and Outgrown if it is not smaller any more. */
export function cargoOf(planned: Entry, options: CargoOptions, etagIsMd5: boolean): Cargo {
	const {path, local} = planned
	if (!local) throw fatal('it is not in the index')
	const type = typeOf(local.mode)
	if (type === TYPE.file) {
		const {link, xattrs} = local
		const {bytes, stat} = readFile(path, local, options)
		const file = {path, bytes, stat, md5: md5Of(bytes), link, xattrs}
		const {local: now, ...cargo} = fileCargo(file, options, etagIsMd5)
		return {entry: withLocal(planned, now, digestAfter(planned, now, options.owners)), ...cargo}
	}
	const body = type === TYPE.symlink ? options.files.readLink(path) : NOTHING
	const how = {etagIsMd5, original: false}
	return {entry: planned, body, md5: md5Of(body), ...describe(planned, options, how)}
}

/** What is known of a file before it is read: as what it was seen, and what no stat tells of it. */
export type Expected = Fingerprint & Pick<Local, 'link' | 'xattrs'>

/** A regular file that was read: its bytes and the MD5 of them, what it was then, and what no stat tells of it. */
export type ReadFile = Seen &
	Pick<Local, 'link' | 'xattrs'> & {
		readonly path: Path
		readonly md5: Buffer
	}

/** The cargo of a regular file. */
export function fileCargo(
	{path, bytes, stat, md5, link, xattrs}: ReadFile,
	options: CargoOptions,
	etagIsMd5: boolean,
): Omit<Cargo, 'entry'> & {readonly local: Local} {
	const local = localOf(stat, {md5: md5.hexSlice(0, md5.length), link, xattrs})
	const packed = isPacked(path, options) ? gzipSync(bytes) : bytes
	const isSmaller = packed.length < bytes.length
	const body = isSmaller ? packed : bytes
	const {properties, side} = describe({path, local}, options, {etagIsMd5, original: isSmaller})
	return {local, body, md5: isSmaller ? md5Of(body) : md5, properties, side}
}

/** The properties of a file's object. `original`: it is stored as gzip. `kept` are attributes that are not the file's. */
export function describe(
	entry: Entry,
	{files, owners, stored = {}}: CargoOptions,
	how: {
		readonly etagIsMd5: boolean
		readonly original: boolean
		readonly kept?: Pick<Known, 'xattrs' | 'xattrsAt'>
	},
): {readonly properties: Properties; readonly side?: Side | undefined} {
	const {local, path} = entry
	if (!local) throw fatal('it is not in the index')
	const original = how.original
		? {size: local.size, md5: local.md5 ?? '', encoding: 'gzip' as const}
		: undefined
	const attributes = attributesWith(local, owners, {
		md5: how.original ? undefined : local.md5,
		original,
		xattrs: how.kept?.xattrs ?? (local.xattrs === undefined ? undefined : files.readXattrs(path)),
		xattrsAt: how.kept?.xattrsAt,
	})
	const {metadata, side} = placeMetadata(attributes, {etagIsMd5: how.etagIsMd5})
	const {headers: rules = []} = stored
	const said = rules.length > 0 && typeOf(local.mode) === TYPE.file ? ruled(rules, path) : undefined
	const {acl, storageClass, tags} = stored
	return {
		properties: {
			metadata: said ? {...said.metadata, ...metadata} : metadata,
			contentType: said?.contentType ?? contentTypeOf(path, local.mode),
			contentEncoding: how.original ? 'gzip' : said?.contentEncoding,
			headers: said?.headers,
			acl,
			storageClass,
			tags,
		},
		side: side && {key: xattrsKey(side.md5), bytes: side.bytes},
	}
}

/** The bytes of a file that is sent in one piece, and what it was while they were read. Throws as cargoOf. */
export function readFile(path: Path, known: Expected, options: CargoOptions): Seen {
	if (options.files.readSeen && known.size < MULTIPART_FROM) {
		const memory = options.memory?.take(known.size)
		const seen = options.files.readSeen(path, known, memory)
		if (seen) return seen
		if (memory) options.memory?.give(memory)
	}
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const found = readOnce(path, options)
		if (found) return found
	}
	throw fatal('it changes while it is read')
}

/** A file's bytes and stat, or undefined if it changed meanwhile. */
function readOnce(path: Path, {files, memory}: CargoOptions): Seen | undefined {
	const file = files.open(path)
	try {
		if (file.stat.size >= MULTIPART_FROM) throw new Outgrown()
		const bytes = file.read(0, file.stat.size, memory?.take(file.stat.size))
		return bytes.length === file.stat.size && file.unchanged() ? {bytes, stat: file.stat} : undefined
	} finally {
		file.close()
	}
}
