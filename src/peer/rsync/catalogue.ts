// The remote with the attributes of its files: the listing, and for each object what an index remembers of this
// version of it, or what a HEAD says.

import {fatal} from '../../base/errors.ts'
import {pool} from '../../base/pool.ts'
import {isDirectory, parentOf, type Path} from '../../base/path.ts'
import {type Entry, type Local, TYPE, typeOf} from '../../format/entry.ts'
import {IndexBuilder, mergeIndexes} from '../../format/index-builder.ts'
import type {IndexFile} from '../../format/index-file.ts'
import {keyOf} from '../../format/key.ts'
import {attributesDigest, type Known} from '../../format/metadata.ts'
import {encodeXattrs, type Xattr, xattrsDigest} from '../../format/xattrs.ts'
import {type Head, isKind, type Store} from '../../store/store.ts'
import {arrivalOf, withXattrs} from '../../sync/arrival.ts'
import {attributesOf, digestOf, type Owners} from '../../sync/attributes.ts'
import {type Heard, isSameVersion, listPaths} from '../../sync/fetch.ts'
import type {OwnerNames} from './owner-names.ts'
import {listLevel} from './shallow.ts'

/** One file of the remote. */
export type Found = {
	readonly path: Path
	readonly etag: string
	/** Bytes stored. */
	readonly stored: number
	/** Bytes of the file. */
	readonly size: number
	/** The store's last-modified, in seconds since the epoch. */
	readonly modified: number | undefined
	/** Mode and mtime always; xattrs perhaps only as their digest. */
	readonly attributes: Known
	/** MD5 of the content in hex, where it is known without reading it. */
	readonly md5: string | undefined
}

export type CatalogueOptions = {
	readonly store: Store
	/** The remote's prefix: '' or one that ends in '/'. */
	readonly prefix: string
	readonly umask: number
	/** What is remembered of the remote; the first that knows a version decides. */
	readonly remembered: readonly Remembered[]
	readonly failed: (path: Path, error: unknown) => void
	readonly signal?: AbortSignal | undefined
}

export type Remembered = {
	readonly index: IndexFile
	readonly owners: Pick<OwnerNames, 'userName' | 'groupName'>
}

/** HEADs under way at once. */
const HEADS = 64
/** Bytes of a link's target, as many as a path may have and more. */
const TARGET_LIMIT = 1 << 16
/** Bytes of a file that names files or rules. */
const TEXT_LIMIT = 1 << 26
/** Entries that are kept as values until they are packed. */
const PACK = 1 << 14
/** Who owns an object that does not say it. */
const NOBODY = 0xffffffff

const PRESERVE = {archive: true, hardLinks: true, xattrs: true, acls: true}

export class Catalogue {
	readonly #options: CatalogueOptions
	/** Names of owners as the objects have them, for what is remembered of this run. */
	readonly names: OwnerNames
	#learned = new Map<Path, Entry>()
	readonly #packed: IndexFile[] = []

	constructor(options: CatalogueOptions, names: OwnerNames) {
		this.#options = options
		this.names = names
	}

	/** What is below a directory ('' for the root), in the order of the keys. */
	async *list(directory: Path): AsyncIterable<readonly Found[]> {
		const {store, prefix, failed} = this.#options
		const finders = this.#options.remembered.map((memory) => new Finder(memory))
		const narrow = directory === '' ? '' : keyOf(directory)
		for await (const page of listPaths(store, prefix, failed, narrow)) {
			const files = page.filter(({path}) => !isSide(path))
			yield (await this.#attributes(files, finders)).filter((found) => found !== undefined)
		}
	}

	/** What lies directly in a directory; directories without an object of their own are made up. */
	async *listOne(directory: Path): AsyncIterable<readonly Found[]> {
		const {store, prefix, failed} = this.#options
		const finders = this.#options.remembered.map((memory) => new Finder(memory))
		const seen = new Set<Path>()
		for await (const {files, directories} of listLevel(store, prefix, directory, failed)) {
			const found = (await this.#attributes(files, finders)).filter((one) => one !== undefined)
			for (const {path} of found) seen.add(path)
			const implied = directories.filter(({path}) => !seen.has(path))
			yield [...found, ...implied.map(({path, modified}) => this.implied(path, modified))]
		}
	}

	/** A directory that has no object: what is known of it is that something lies in it. */
	implied(path: Path, modified: number | undefined): Found {
		return {
			path,
			etag: '',
			stored: 0,
			size: 0,
			modified,
			md5: undefined,
			attributes: {
				mode: (TYPE.directory << 12) | (0o777 & ~this.#options.umask),
				mtime: BigInt(modified ?? 0) * 1_000_000_000n,
			},
		}
	}

	/** The target of a symlink, a byte string. */
	async target({path, etag}: Found): Promise<string> {
		const target = await this.text(path, TARGET_LIMIT, etag)
		if (!target || target.includes('\0')) throw fatal('it is a link without a target')
		return target
	}

	/** The content of a small file as a byte string, undefined where there is none. */
	async text(path: Path, limit = TEXT_LIMIT, etag?: string): Promise<string | undefined> {
		const {store, prefix} = this.#options
		try {
			const {head, body} = await store.get(prefix + keyOf(path), {ifMatch: etag})
			const pieces: Buffer[] = []
			if (head.size > limit) {
				await body[Symbol.asyncIterator]().return?.()
				throw fatal(`it has ${head.size} bytes, which are too many`)
			}
			for await (const piece of body) pieces.push(piece)
			return Buffer.concat(pieces).toString('latin1')
		} catch (error) {
			if (isKind(error, 'not-found')) return undefined
			throw error
		}
	}

	/** The extended attributes of a file. */
	async xattrs({path, attributes}: Found): Promise<readonly Xattr[]> {
		if (attributes.xattrs) return attributes.xattrs
		if (attributes.xattrsAt === undefined) return []
		const {store, prefix, umask} = this.#options
		const key = keyOf(path)
		const head = await store.head(prefix + key)
		if (!head) throw fatal('it is gone')
		const arrival = arrivalOf(path, key, head, PRESERVE, umask)
		let missing: unknown
		for (const directory of ['', ...directoriesTo(path)])
			try {
				const place = prefix + keyOf(directory)
				return (await withXattrs(arrival, store, place, PRESERVE)).attributes.xattrs ?? []
			} catch (error) {
				if (!isKind(error, 'not-found')) throw error
				missing = error
			}
		throw missing
	}

	/** The file of exactly this path. */
	async find(path: Path): Promise<Found | undefined> {
		const head = await this.#options.store.head(this.#options.prefix + keyOf(path))
		return head && this.#found(path, head)
	}

	async #attributes(page: readonly Heard[], finders: readonly Finder[]): Promise<(Found | undefined)[]> {
		const {store, prefix, failed, signal} = this.#options
		const all: (Found | undefined)[] = page.map((heard) => {
			for (const finder of finders) {
				const found = finder.find(heard)
				if (found) return found
			}
			return undefined
		})
		const unknown = page.flatMap((heard, i) => (all[i] ? [] : [{heard, i}]))
		await pool(unknown, {width: HEADS, signal}, async ({heard: {path}, i}) => {
			try {
				const head = await store.head(prefix + keyOf(path))
				if (head) all[i] = this.#found(path, head)
			} catch (error) {
				if (signal?.aborted) throw error
				failed(path, error)
			}
		})
		return all
	}

	#found(path: Path, head: Head): Found {
		const {attributes} = arrivalOf(path, keyOf(path), head, PRESERVE, this.#options.umask)
		const {original, md5} = attributes
		const own = head.etagIsMd5 !== false && /^[0-9a-f]{32}$/.test(head.etag) ? head.etag : undefined
		const found = {
			path,
			etag: head.etag,
			stored: head.size,
			size: isDirectory(path) ? 0 : (original?.size ?? head.size),
			modified: Math.floor(head.modified / 1000),
			attributes,
			md5: original?.md5 ?? md5 ?? own,
		}
		this.learn(found)
		return found
	}

	/** What was learned of a file in this session or is remembered of it, and was not written since it was listed. */
	recall(path: Path): Found | undefined {
		const fresh = this.#learned.get(path)
		if (fresh) return foundOf(fresh, this.names)
		for (const index of this.#packed.toReversed()) {
			const row = index.find(path)
			if (row >= 0) return foundOf(index.entry(row), this.names)
		}
		for (const {index, owners} of this.#options.remembered) {
			const row = index.find(path)
			if (row >= 0 && index.inSync(row)) return foundOf(index.entry(row), owners)
		}
		return undefined
	}

	/** Remembers a file for the next run. */
	learn(found: Found): void {
		const entry = entryOf(found, this.names)
		if (!entry) return
		this.#learned.set(found.path, entry)
		this.#pack()
	}

	/** Remembers what was written. */
	wrote(entry: Entry, owners: Owners): void {
		const {path, local, attrs} = entry
		if (!local) return
		this.names.user(local.uid, owners.userName(local.uid))
		this.names.group(local.gid, owners.groupName(local.gid))
		// an index keeps no names: where they are others than usual, the object is asked next time
		if (digestOf(local, this.names) === attrs) this.#learned.set(path, entry)
		else this.#learned.set(path, {path})
		this.#pack()
	}

	/** Remembers that there is no such file. */
	forget(path: Path): void {
		this.#learned.set(path, {path})
		this.#pack()
	}

	#pack(): void {
		if (this.#learned.size >= PACK) this.#packAll()
	}

	#packAll(): void {
		const builder = new IndexBuilder()
		for (const path of [...this.#learned.keys()].toSorted()) builder.add(this.#learned.get(path) ?? {path})
		this.#packed.push(builder.finish({scanned: 0n, device: 0n}))
		this.#learned = new Map()
	}

	get hasLearned(): boolean {
		return this.#learned.size > 0 || this.#packed.length > 0
	}

	/** `index` with what was learned; undefined where nothing was. */
	remember(index: IndexFile): IndexFile | undefined {
		if (this.#learned.size > 0) this.#packAll()
		if (this.#packed.length === 0) return undefined
		let pieces = this.#packed.splice(0)
		// neighbours, so that what was learned later stays later
		while (pieces.length > 1)
			pieces = pieces.flatMap((piece, i) => {
				const next = pieces[i + 1]
				return i % 2 ? [] : [next ? mergeIndexes(piece, next) : piece]
			})
		return pieces[0] && mergeIndexes(index, pieces[0])
	}
}

/** Finds rows of an index for paths that come in its order, mostly. */
class Finder {
	readonly #memory: Remembered
	#next = 0

	constructor(memory: Remembered) {
		this.#memory = memory
	}

	find(heard: Heard): Found | undefined {
		const {index, owners} = this.#memory
		const isNext = this.#next < index.count && index.path(this.#next) === heard.path
		const row = isNext ? this.#next : index.find(heard.path)
		if (row < 0) return undefined
		this.#next = row + 1
		if (!index.inSync(row)) return undefined
		const entry = index.entry(row)
		if (!entry.remote || !isSameVersion(entry.remote, heard)) return undefined
		return foundOf(entry, owners, heard.modified)
	}
}

/** A file as an index has it. */
function foundOf(
	{path, local, remote}: Entry,
	owners: Owners,
	modified = remote?.modified,
): Found | undefined {
	if (!local || !remote) return undefined
	const {uid, gid, ...known} = attributesOf(local, owners)
	return {
		path,
		etag: remote.etag,
		stored: remote.size,
		size: isDirectory(path) ? 0 : local.size,
		modified,
		attributes: {...known, ...(uid === NOBODY ? {} : {uid}), ...(gid === NOBODY ? {} : {gid})},
		md5: local.md5,
	}
}

/** What an index keeps of a file; undefined where it cannot keep it all. */
function entryOf(found: Found, names: OwnerNames): Entry | undefined {
	const {path, etag, stored, size, modified, attributes, md5} = found
	const {mode, mtime, uid, gid, uname, gname, rdev, link, xattrs, xattrsAt} = attributes
	if (mode === undefined || mtime === undefined) return undefined
	if (uid !== undefined) names.user(uid, uname)
	if (gid !== undefined) names.group(gid, gname)
	const local: Local = {
		mode,
		size,
		mtime,
		ctime: 0n,
		ino: 0n,
		uid: uid ?? NOBODY,
		gid: gid ?? NOBODY,
		md5,
		rdev: rdev && `${rdev.major}:${rdev.minor}`,
		link,
		xattrs: xattrsAt ?? (xattrs?.length ? xattrsDigest(encodeXattrs(xattrs)) : undefined),
	}
	const attrs = digestOf(local, names)
	const said = attributesDigest({...attributes, uid: uid ?? NOBODY, gid: gid ?? NOBODY}).toString('hex')
	if (attrs !== said) return undefined
	return {
		path,
		local,
		attrs,
		base: {type: typeOf(mode), md5, attrs},
		remote: {etag, size: stored, modified},
	}
}

/**
 * What a remote that begins deeper in this one keeps for itself: no files. Named exactly, since a directory '.s3r' may
 * be somebody's own.
 */
const isSide = (path: Path): boolean => /\/\.s3r\/(?:root|xattrs\/[0-9a-f]{32})$/.test(path)

/** The directories that lead to a path: remotes may begin there, and each keeps attributes beside it. */
function directoriesTo(path: Path): Path[] {
	const directories: Path[] = []
	for (let above = parentOf(path); above !== ''; above = parentOf(above)) directories.push(above)
	return directories
}
