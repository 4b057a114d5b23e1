// What a client may download: the files that its arguments name, as the list that it gets.

import {fromUnicode, isDirectory, parentOf, type Path, ROOT} from '../../base/path.ts'
import {pool} from '../../base/pool.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import {type Argument, argumentOf} from './argument.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {Filter} from '../../format/filter.ts'
import {expand} from './expand.ts'
import {Walk} from './filter.ts'
import {FileList} from './flist.ts'
import type {FlistEntry} from './flist-entry.ts'
import {IO_ERROR} from './messages.ts'
import type {ServerOptions} from './server-options.ts'
import {Origins} from './origins.ts'
import type {Word} from './words.ts'

const BILLION = 1_000_000_000n
/** Objects that are read at once: links, attributes. */
const READS = 32
/** What stands for the size of a directory, as file systems have it. */
const DIRECTORY_SIZE = 4096

export type OfferOptions = {
	readonly catalogue: Catalogue
	readonly options: ServerOptions
	readonly filter: Filter
	/** Who owns what says nothing of it. */
	readonly self: {readonly uid: number; readonly gid: number}
	/** The checksum of a file's content for the list (-c), where that is wanted. */
	readonly sumOf?: ((found: Found) => Promise<Buffer>) | undefined
	/** Called with each entry as it gets its row. */
	readonly write: (entry: FlistEntry, row: number) => void | Promise<void>
	/** Says that an item failed; the client's status becomes 23. */
	readonly failed: (path: Path, error: unknown) => void
	/** Says a line to the client's user. */
	readonly info: (text: string) => void
}

/** What is known of few files. */
type Extras = Pick<FlistEntry, 'target' | 'xattrs' | 'sum'>

export class Offer {
	readonly files = new FileList()
	readonly #options: OfferOptions
	readonly #origins = new Origins()
	/** Rows of the first names of files with several. */
	readonly #links = new Map<string, number>()
	readonly users = new Map<number, string>()
	readonly groups = new Map<number, string>()
	/** Directories in the list. */
	readonly #directories = new Set<Path>()
	readonly #walks = new Map<Path, Walk>()
	ioError = 0
	totalSize = 0

	constructor(options: OfferOptions) {
		this.#options = options
	}

	/** Where the file of a row is below the remote's root. */
	remotePath(row: number): Path {
		const base = this.#origins.base(row)
		const path = this.files.path(row)
		return path === ROOT ? base || ROOT : base + path
	}

	/** The version that was listed. */
	etag(row: number): string {
		return this.#origins.etag(row)
	}

	/** Adds all that an argument names. */
	async add(word: Word): Promise<void> {
		for (const path of word.pattern === undefined ? [word.text] : await expand(this.#options.catalogue, word))
			await this.#addPath(path)
	}

	/** Adds what `name` below the one argument is (--files-from). */
	async addBelow(directory: Path, name: Path): Promise<void> {
		const argument = this.#argument(name)
		if (!argument) return
		const base = directory === '' || directory.endsWith('/') ? directory : `${directory}/`
		await this.#addArgument({...argument, path: base + argument.path, base: base + argument.base})
	}

	async #addPath(text: Path): Promise<void> {
		const argument = this.#argument(text)
		if (argument) await this.#addArgument(argument)
	}

	#argument(text: Path): Argument | undefined {
		const argument = argumentOf(text, this.#options.options.relative)
		if (typeof argument !== 'string') return argument
		this.#fail(text, new Error(argument))
		return undefined
	}

	async #addArgument(argument: Argument): Promise<void> {
		const {catalogue, options, info} = this.#options
		const {path, content, base} = argument
		const file = content ? undefined : await catalogue.find(path)
		if (file) {
			await this.#addParents(base, path)
			return this.#addAll([file], base, true)
		}
		if (!options.recurse && !options.dirs) {
			info(`skipping directory ${path || '.'}`)
			return
		}
		const directory = path === '' ? '' : `${path}/`
		if (options.relative && path !== '') await this.#addParents(base, path)
		const isOne = !options.recurse && !content
		const pages = options.recurse ? catalogue.list(directory) : catalogue.listOne(directory)
		let isThere = directory === ''
		const own = directory || ROOT
		let modified: number | undefined
		for await (const page of pages) {
			isThere ||= page.length > 0
			modified ??= page[0]?.modified
			await this.#addAll(isOne ? page.filter((found) => found.path === own) : page, base, false, own)
		}
		if (!isThere) {
			if (!options.ignoreMissingArgs) this.#fail(path, new Error('no such file or directory'))
			return
		}
		if (!this.#directories.has(nameIn(base, own)))
			await this.#addAll([catalogue.implied(own, modified)], base, true, own)
	}

	/** With -R: the directories that lead to a path. */
	async #addParents(base: Path, path: Path): Promise<void> {
		const {catalogue, options} = this.#options
		if (!options.relative || !options.impliedDirs) return
		for (let at = path.indexOf('/', base.length); at >= 0; at = path.indexOf('/', at + 1)) {
			const directory = path.slice(0, at + 1)
			if (this.#directories.has(nameIn(base, directory))) continue
			const found = (await catalogue.find(directory)) ?? catalogue.implied(directory, undefined)
			await this.#enter(found, base, {top: true, content: false})
		}
	}

	/** Adds a page of what was found, directories that have no object before what is in them. */
	async #addAll(page: readonly Found[], base: Path, top: boolean, own?: Path): Promise<void> {
		const {catalogue, options} = this.#options
		const walk = this.#walk(base)
		const chosen: Found[] = []
		const planned = new Set<Path>()
		const isPlanned = (path: Path) => planned.has(path) || this.#directories.has(nameIn(base, path))
		const choose = (found: Found) => {
			if (isDirectory(found.path)) {
				if (isPlanned(found.path)) return
				planned.add(found.path)
			}
			chosen.push(found)
		}
		for (const found of page) {
			const name = nameIn(base, found.path)
			const excluded = walk.excludes(name)
			if (typeof excluded === 'boolean' ? excluded : await excluded) continue
			const missing: Path[] = []
			for (
				let path = parentOf(found.path);
				path.length > base.length && !isPlanned(path);
				path = parentOf(path)
			)
				missing.push(path)
			for (const path of missing.toReversed()) choose(catalogue.implied(path, found.modified))
			choose(found)
		}
		const extras = new Map<Found, Extras>()
		const failed = new Set<Found>()
		const asked = chosen.filter((found) => this.#hasExtras(found))
		await pool(asked, {width: READS}, async (found) => {
			try {
				extras.set(found, await this.#extras(found))
			} catch (error) {
				this.#fail(found.path, error)
				failed.add(found)
			}
		})
		for (const found of chosen) {
			if (failed.has(found)) continue
			const isOwn = found.path === own
			const how = {top: top || isOwn, content: options.recurse || isOwn}
			const entering = this.#enter(found, base, how, extras.get(found))
			if (entering) await entering
		}
	}

	/** The filter, for names that lack `base`. */
	#walk(base: Path): Walk {
		const {catalogue, filter} = this.#options
		const known = this.#walks.get(base)
		if (known) return known
		const walk = new Walk(filter, (name) => catalogue.text(base + name))
		this.#walks.set(base, walk)
		return walk
	}

	/** Whether more is to be known of a file than what is found of each. */
	#hasExtras({attributes}: Found): boolean {
		const {options, sumOf} = this.#options
		const type = typeOf(attributes.mode ?? 0)
		const hasXattrs = attributes.xattrs !== undefined || attributes.xattrsAt !== undefined
		return (
			(options.links && type === TYPE.symlink) ||
			((options.xattrs || options.acls) && hasXattrs) ||
			(sumOf !== undefined && type === TYPE.file)
		)
	}

	/** What is asked for of few files, and takes a request. */
	async #extras(found: Found): Promise<Extras> {
		const {catalogue, options, sumOf} = this.#options
		const type = typeOf(found.attributes.mode ?? 0)
		const target = options.links && type === TYPE.symlink ? await catalogue.target(found) : undefined
		const xattrs = options.xattrs || options.acls ? await catalogue.xattrs(found) : undefined
		const sum = sumOf && type === TYPE.file ? await sumOf(found) : undefined
		return {target, xattrs, sum}
	}

	#enter(
		found: Found,
		base: Path,
		{top, content}: {readonly top: boolean; readonly content: boolean},
		extras?: Extras,
	): void | Promise<void> {
		const {options, self, write} = this.#options
		const {attributes, etag, size} = found
		const {mode = 0, mtime = 0n, uid = self.uid, gid = self.gid, uname, gname, rdev, link} = attributes
		const path = nameIn(base, found.path)
		const nsec = ((mtime % BILLION) + BILLION) % BILLION
		const type = typeOf(mode)
		const first = link === undefined || !options.hardLinks ? undefined : this.#links.get(link)
		const entry: FlistEntry = {
			path,
			mode,
			size: type === TYPE.directory ? DIRECTORY_SIZE : type === TYPE.symlink || type === TYPE.file ? size : 0,
			mtime: Number((mtime - nsec) / BILLION),
			nsec: Number(nsec),
			uid,
			gid,
			top,
			content,
			linked: options.hardLinks && link !== undefined,
			first,
			rdev,
			target: extras?.target,
			xattrs: extras?.xattrs,
		}
		if (type === TYPE.directory) this.#directories.add(path)
		const row = this.files.add(entry)
		if (options.hardLinks && link !== undefined && first === undefined) this.#links.set(link, row)
		this.#origins.note(row, base, etag)
		if (uname !== undefined && !this.users.has(uid)) this.users.set(uid, fromUnicode(uname))
		if (gname !== undefined && !this.groups.has(gid)) this.groups.set(gid, fromUnicode(gname))
		if (type === TYPE.file || type === TYPE.symlink) this.totalSize += size
		// a sum is sent, and needed no more
		return write(extras?.sum ? {...entry, sum: extras.sum} : entry, row)
	}

	#fail(path: Path, error: unknown): void {
		this.ioError |= IO_ERROR.general
		this.#options.failed(path, error)
	}
}

/** The name in the list of what is at `path`. */
const nameIn = (base: Path, path: Path): Path =>
	path === base || path === ROOT ? ROOT : path.slice(base.length)
