// The remote with the attributes of its files: the listing, and for each object what an index remembers of this
// version of it, or what a HEAD says.

import {fatal} from '../../base/errors.ts'
import {pool} from '../../base/pool.ts'
import {isDirectory, parentOf, type Path} from '../../base/path.ts'
import {TYPE} from '../../format/entry.ts'
import {keyOf} from '../../format/key.ts'
import type {Known} from '../../format/metadata.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {Place} from '../../repo/find.ts'
import {type Head, isKind, type Store} from '../../store/store.ts'
import {arrivalOf, withXattrs} from '../../sync/arrival.ts'
import {type Heard, listPaths} from '../../sync/fetch.ts'
import {isFinal} from '../../sync/final.ts'
import {Finder, type Remembered, type Settles} from './finder.ts'
import {Learned} from './learned.ts'
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
	/** Where what is learned in a session is kept until its end. */
	readonly scratch: Place
	readonly failed: (path: Path, error: unknown) => void
	readonly signal?: AbortSignal | undefined
}

/** HEADs under way at once. */
const HEADS = 64
/** Bytes of a link's target, as many as a path may have and more. */
const TARGET_LIMIT = 1 << 16
/** Bytes of a file that names files or rules. */
const TEXT_LIMIT = 1 << 26
const PRESERVE = {archive: true, hardLinks: true, xattrs: true, acls: true}

export class Catalogue {
	readonly #options: CatalogueOptions
	/** Names of owners as the objects have them, for what is remembered of this run. */
	readonly names: OwnerNames
	/** What is remembered of this run. */
	readonly learned: Learned

	constructor(options: CatalogueOptions, names: OwnerNames) {
		this.#options = options
		this.names = names
		this.learned = new Learned(options.remembered, names, options.scratch)
	}

	/**
	 * What is below a directory ('' for the root), in the order of the keys. Left out is what `settles` knows all about by
	 * the row of an index: it is called with each file of which the listed version is remembered.
	 */
	async *list(directory: Path, settles?: Settles): AsyncIterable<readonly Found[]> {
		const {store, prefix, failed} = this.#options
		const finders = this.#options.remembered.map((memory) => new Finder(memory))
		const narrow = directory === '' ? '' : keyOf(directory)
		for await (const page of listPaths(store, prefix, failed, narrow)) {
			const files = page.filter(({path}) => !isSide(path))
			yield await this.#attributes(files, finders, settles)
		}
	}

	/** What lies directly in a directory; directories without an object of their own are made up. */
	async *listOne(directory: Path): AsyncIterable<readonly Found[]> {
		const {store, prefix, failed} = this.#options
		const finders = this.#options.remembered.map((memory) => new Finder(memory))
		const seen = new Set<Path>()
		for await (const {files, directories} of listLevel(store, prefix, directory, failed)) {
			const found = await this.#attributes(files, finders)
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

	async #attributes(
		page: readonly Heard[],
		finders: readonly Finder[],
		settles?: Settles,
	): Promise<readonly Found[]> {
		const {store, prefix, failed, signal} = this.#options
		const all: (Found | undefined)[] = []
		const unknown: {readonly path: Path; readonly i: number}[] = []
		for (const heard of page) {
			const finder = finders.find((one) => one.knows(heard))
			if (finder?.isSettled(heard.path, settles)) continue
			const i = all.push(finder?.found(heard)) - 1
			if (!all[i]) unknown.push({path: heard.path, i})
		}
		await pool(unknown, {width: HEADS, signal}, async ({path, i}) => {
			try {
				const head = await store.head(prefix + keyOf(path))
				if (head) all[i] = this.#found(path, head)
			} catch (error) {
				if (isFinal(error, signal)) throw error
				failed(path, error)
			}
		})
		return all.filter((found) => found !== undefined)
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
		this.learned.learn(found)
		return found
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
