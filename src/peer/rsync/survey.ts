// The list beside the remote: which files are there as they shall be, which are not, and what is there besides.

import {createHash} from 'node:crypto'
import {comparePaths, type Path, ROOT} from '../../base/path.ts'
import {pool} from '../../base/pool.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import {difference, type Difference, type Kinds, NO_DIFFERENCE, sameByDigest} from './attribute-sets.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {Settles} from './finder.ts'
import {type Destination, remotePath} from './destination.ts'
import type {FileList} from './flist.ts'
import {RowFinder} from './row-finder.ts'
import {isSameType, type Wanted} from './wanted.ts'

/** Objects that are asked for one by one, at once. */
const HEADS = 64
/** Pages that are listed for a list of few files before it is asked for these one by one; and more for longer lists. */
const PAGES = 4
const ROWS_A_PAGE = 250

export type SurveyOptions = {
	readonly files: FileList
	readonly destination: Destination
	readonly catalogue: Catalogue
	readonly wanted: Wanted
	readonly kinds: Kinds
	/** Links of files are kept: what is there of files with several names is needed. */
	readonly hardLinks: boolean
	/** What is not in the list is wanted too, to be deleted. */
	readonly deletes: boolean
	readonly signal?: AbortSignal | undefined
}

export class Survey {
	readonly #options: SurveyOptions
	readonly #rows: RowFinder
	readonly #seen: Uint8Array
	/** The path that was listed last. */
	#last: Path = ''
	/** What differs, by rows, where the catalogue cannot recall it; of what is as it shall be only what has links. */
	readonly #found = new Map<number, Found>()
	/** How attributes differ that take a request to compare. */
	readonly attributes = new Map<number, Difference>()
	/** What the list has not, in the order of the paths; their names in the list. */
	readonly extraneous: Found[] = []
	/** What stands where the list has something of another type: below a directory's path in place of a file. */
	readonly inTheWay = new Map<number, Found[]>()
	/** Anything is there. */
	isThere = false

	constructor(options: SurveyOptions) {
		this.#options = options
		this.#rows = new RowFinder(options.files)
		this.#seen = new Uint8Array(options.files.count)
	}

	/** Whether a row's file is there. */
	has(row: number): boolean {
		return this.#seen[row] !== 0
	}

	/** What is there of a row that differs, or that has links. */
	found(row: number): Found | undefined {
		const held = this.#found.get(row)
		if (held || !this.has(row)) return held
		const {catalogue, destination, files, hardLinks} = this.#options
		if (this.isSame(row) && !(hardLinks && files.isLinked(row))) return undefined
		return catalogue.learned.recall(remotePath(destination, files.path(row)))
	}

	/** Whether it is there and as it shall be, as far as the options look. */
	isSame(row: number): boolean {
		return this.#seen[row] === SAME
	}

	async run(): Promise<void> {
		try {
			await this.#run()
		} finally {
			this.#rows.release()
		}
	}

	async #run(): Promise<void> {
		const {destination, files} = this.#options
		if (destination.single !== undefined) return this.#ask([0])
		const tops = this.#tops()
		if (tops === undefined) await this.#list(destination.base)
		else {
			await this.#ask(tops.filter((row) => !files.isDirectory(row)))
			for (const row of tops)
				if (files.isDirectory(row)) {
					this.#rows.rewind()
					await this.#list(remotePath(destination, files.path(row)))
				}
		}
	}

	/** The rows at the top of the list, where it has no root and so all that counts is below these. */
	#tops(): number[] | undefined {
		const {files} = this.#options
		const top = files.directoryNumber('')
		const tops: number[] = []
		for (const row of this.#rows.order) {
			const directory = files.directoryOf(row)
			if (directory === top) tops.push(row)
			if (directory === undefined || tops.length > TOPS) return undefined
		}
		const listed = new Set(tops.map((row) => files.path(row)))
		// with --no-implied-dirs a list has files in directories that it has not
		const isListed = (directory: Path): boolean => listed.has(directory.slice(0, directory.indexOf('/') + 1))
		return files.directories.every((directory) => directory === '' || isListed(directory)) ? tops : undefined
	}

	async #list(directory: Path): Promise<void> {
		const {catalogue, deletes, files} = this.#options
		const most = PAGES + files.count / ROWS_A_PAGE
		let pages = 0
		for await (const page of catalogue.list(directory, this.#settles)) {
			await this.#page(page)
			// a small list for a large bucket: what has not been met yet is asked for
			if (!deletes && ++pages > most) return this.#ask(this.#unseenBehind(this.#last))
		}
	}

	/** Notes a plain file that is as it shall be by its row of an index, without decoding that. */
	readonly #settles: Settles = (path, index, at) => {
		const {hardLinks, files, wanted} = this.#options
		this.#last = path
		if (!index.isPlain(at) || typeOf(index.mode(at)) !== TYPE.file) return false
		const row = this.#rows.find(this.#nameOf(path))
		if (row === undefined || (hardLinks && files.isLinked(row)) || files.rare(row).xattrs) return false
		if (!wanted.isSettled(row, index, at)) return false
		this.isThere = true
		this.#seen[row] = SAME
		return true
	}

	#unseenBehind(path: Path): Uint32Array {
		const {files, destination} = this.#options
		return this.#rows.order.filter(
			(row) => remotePath(destination, files.path(row)) > path && !this.#seen[row],
		)
	}

	async #ask(rows: Iterable<number>): Promise<void> {
		const {catalogue, files, destination, signal} = this.#options
		await pool(rows, {width: HEADS, signal}, async (row) => {
			const found = await catalogue.find(remotePath(destination, files.path(row)))
			if (found) await this.#match(row, found)
		})
	}

	async #page(page: readonly Found[]): Promise<void> {
		const later: Promise<void>[] = []
		for (const found of page) {
			this.isThere = true
			this.#last = found.path
			const name = this.#nameOf(found.path)
			const row = this.#rows.find(name)
			if (row === undefined) this.#extra(name, found)
			else {
				const matching = this.#match(row, found)
				if (matching) later.push(matching)
			}
			if (later.length >= HEADS) await Promise.all(later.splice(0))
		}
		await Promise.all(later)
	}

	/** What the list would call a path of the remote. */
	#nameOf(path: Path): Path {
		const {base} = this.#options.destination
		if (path === base) return ROOT
		return path === ROOT ? (base === '' ? ROOT : path) : path.slice(base.length)
	}

	/** Compares a file of the list with what is there. */
	#match(row: number, found: Found): Promise<void> | undefined {
		const {files, kinds} = this.#options
		const wire = files.rare(row).xattrs ?? []
		if ((!kinds.acls && !kinds.xattrs) || sameByDigest(wire, found, kinds)) {
			this.#note(row, found, NO_DIFFERENCE)
			return undefined
		}
		return difference(wire, found, this.#options.catalogue, kinds).then((differs) =>
			this.#note(row, found, differs),
		)
	}

	#note(row: number, found: Found, attributes: Difference): void {
		const {hardLinks, files} = this.#options
		const isSame = attributes.flags === 0 && this.#isSame(row, found)
		this.#seen[row] = isSame ? SAME : THERE
		if (attributes !== NO_DIFFERENCE) this.attributes.set(row, attributes)
		if (isSame && !(hardLinks && files.isLinked(row))) return
		if (this.#found.size < HELD || !this.#options.catalogue.learned.recall(found.path))
			this.#found.set(row, found)
	}

	#isSame(row: number, found: Found): boolean {
		const {files, wanted} = this.#options
		if (found.etag === '' || !isSameType(files, row, found)) return false
		if (!sameWithout(files, row, found)) return false
		if (typeOf(files.mode(row)) === TYPE.file && !wanted.sameContent(row, found)) return false
		return wanted.differences(row, found, false, false) === 0
	}

	#extra(name: Path, found: Found): void {
		const {deletes} = this.#options
		const stands = this.#rows.inTheWayOf(name)
		if (stands !== undefined) {
			const others = this.inTheWay.get(stands)
			if (others) others.push(found)
			else this.inTheWay.set(stands, [found])
		} else if (deletes) this.extraneous.push(found)
	}

	/** What is there below the destination and is not in the list, in the order in which it is deleted. */
	sortedExtraneous(): readonly Found[] {
		return this.extraneous.toSorted((a, b) => comparePaths(b.path, a.path))
	}
}

/** What is held of so many files, and is recalled of further ones. */
const HELD = 1 << 12
const THERE = 1
const SAME = 2
/** Directories and files at the top of a list that are listed and asked for by themselves. */
const TOPS = 100

/** Whether what has no content, or a link, is the same but for its attributes. */
export function sameWithout(files: FileList, row: number, {attributes, md5}: Found): boolean {
	const type = typeOf(files.mode(row))
	const {target, rdev} = files.rare(row)
	if (type === TYPE.symlink)
		return target !== undefined && md5 === createHash('md5').update(target, 'latin1').digest('hex')
	if (type !== TYPE.charDevice && type !== TYPE.blockDevice) return true
	return attributes.rdev?.major === rdev?.major && attributes.rdev?.minor === rdev?.minor
}
