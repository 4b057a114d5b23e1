// What is done to objects for the files of a list, and told to the client: written, changed, linked, kept as a backup.

import {reason} from '../../base/errors.ts'
import {fromUnicode, type Path, ROOT} from '../../base/path.ts'
import type {Place} from '../../repo/find.ts'
import type {Store} from '../../store/store.ts'
import type {Stored} from '../../sync/cargo.ts'
import {isFinal} from '../../sync/final.ts'
import {backupPath} from './backup.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {Deleter, directoriesOf} from './deleter.ts'
import {Describer, NO_VALUES, type Values} from './described.ts'
import {type Destination, remotePath} from './destination.ts'
import type {Walk} from './filter.ts'
import type {FileList} from './flist.ts'
import {Followers} from './followers.ts'
import {type Accounts, idMap} from './id-map.ts'
import type {Content} from './in-hand.ts'
import {ITEM} from './item.ts'
import type {Line} from './line.ts'
import {LinkGroups} from './link-groups.ts'
import {MSG} from './messages.ts'
import {told} from './told.ts'
import {namesFor} from './names-for.ts'
import type {Basis} from './patchwork.ts'
import type {Signatures} from './signatures.ts'
import {Survey} from './survey.ts'
import {Wanted} from './wanted.ts'
import {Writer} from './writer.ts'

export type ReceiverOptions = {
	readonly store: Store
	readonly prefix: string
	readonly stored: Stored | undefined
	readonly catalogue: Catalogue
	readonly umask: number
	readonly self: {readonly uid: number; readonly gid: number}
	/** Users and groups of this machine. */
	readonly accounts: {readonly users: Accounts; readonly groups: Accounts}
	readonly scratch: Place
	/** Signatures of what is there, where they are kept. */
	readonly signatures?: Signatures | undefined
	readonly signal?: AbortSignal | undefined
}

/** What a client sent before it is asked for anything. */
export type Listed = {
	readonly files: FileList
	readonly users: ReadonlyMap<number, string>
	readonly groups: ReadonlyMap<number, string>
	readonly destination: Destination
	readonly walk: Walk
}

/** What is to be done for a file once its values or its content have come. */
export type Action = {
	readonly row: number
	readonly ndx: number
	readonly found: Found | undefined
	/** The content comes, or what there is instead of one is written anew; else attributes only. */
	readonly isNew: boolean
	/** The blocks of what is there, of which the client was told. */
	readonly basis?: Basis | undefined
}

export class Committer {
	readonly line: Line
	readonly how: ReceiverOptions
	readonly list: Listed
	readonly files: FileList
	/** The rows by their numbers. */
	readonly order: Uint32Array
	readonly wanted: Wanted
	readonly links: LinkGroups
	readonly writer: Writer
	readonly survey: Survey
	readonly deleter: Deleter
	/** Actions that wait for what the client sends, by number. */
	readonly waiting = new Map<number, Action>()
	readonly #followers = new Followers((action, etag) => this.#link(action, etag))
	readonly #describer: Describer

	constructor(line: Line, how: ReceiverOptions, list: Listed) {
		const {options} = line
		const {files, users, groups, destination, walk} = list
		const {catalogue, accounts, umask, self, signal} = how
		this.line = line
		this.how = how
		this.list = list
		this.files = files
		this.order = files.numbered(line.protocol)
		const mapUser = idMap(options.usermap, 'usermap', accounts.users)
		const mapGroup = idMap(options.groupmap, 'groupmap', accounts.groups)
		this.wanted = new Wanted({options, files, umask, self, users, groups, mapUser, mapGroup})
		this.links = new LinkGroups(files, options.hardLinks ? this.order : new Uint32Array(0))
		this.writer = new Writer({...how, owners: namesFor(list, options, how)})
		this.survey = new Survey({
			files,
			destination,
			catalogue,
			wanted: this.wanted,
			kinds: options,
			hardLinks: options.hardLinks,
			deletes: options.deleteMode !== undefined,
			signal,
		})
		this.#describer = new Describer({
			options,
			files,
			wanted: this.wanted,
			survey: this.survey,
			links: this.links,
			catalogue,
			pathOf: (row) => this.path(row),
		})
		const {base} = destination
		const rows = options.deleteMode === undefined ? new Map<Path, boolean>() : directoriesOf(files)
		this.deleter = new Deleter({
			line,
			walk,
			remove: (found) => this.remove(found),
			hasContent: (directory) => rows.get(directory),
			nameOf: (path) => (path === base ? ROOT : path === ROOT ? ROOT : path.slice(base.length)),
		})
	}

	/** Where the file of a row is below the remote's root. */
	path(row: number): Path {
		return remotePath(this.list.destination, this.files.path(row))
	}

	/** Deletes what is there, and keeps it as a backup where that is wanted. */
	async remove(found: Found): Promise<void> {
		if (found.etag === '') return
		await this.#backUp(found)
		await this.writer.delete(found)
		this.#forget(found)
	}

	/** Content that is gone has no next version. */
	#forget({md5, size}: Found): void {
		if (md5 !== undefined) this.how.signatures?.forget({md5, size})
	}

	/** Keeps what is there under another name (--backup). */
	async #backUp(found: Found): Promise<void> {
		const to = backupPath(found, this.list.destination.base, this.line.options)
		if (to !== undefined) await this.writer.duplicate(found, to)
	}

	/** Whether values of attributes are asked for, and come, with an item of these flags. */
	asksXattrs(flags: number): boolean {
		const {options, agreed, protocol} = this.line
		if (!options.xattrs || !(flags & ITEM.xattr) || options.dryRun || protocol < 29) return false
		const isFurther = (flags & ITEM.name) !== 0 && (flags & ITEM.localChange) !== 0
		return !(agreed.xattrOptimization && isFurther)
	}

	linkOf(row: number): string | undefined {
		return this.#describer.linkOf(row)
	}

	/** The first name of a file is done: the others are made of it. */
	led(row: number, etag: string | undefined): void {
		if (!this.line.options.hardLinks || !this.files.isLinked(row)) return
		this.#followers.led(row, etag)
	}

	async #link(action: Action, etag: string | undefined): Promise<void> {
		const {row, found} = action
		const leader = this.links.leader(row)
		if (etag === undefined)
			return this.fail(this.files.path(row), new Error('the file that it is a name of did not come'))
		await this.writer.start(async () => {
			const {local, xattrs} = this.#describer.asLink(leader, row)
			await this.#guarded(action, async () => {
				if (found) await this.#backUp(found)
				const writing = {path: this.path(row), local, found, xattrs}
				await this.writer.copy(writing, {path: this.path(leader), etag})
			})
		})
	}

	/** Begins to write what has no content that comes. */
	async start(action: Action, values = NO_VALUES): Promise<void> {
		const {row, found, isNew} = action
		const {target} = this.files.rare(row)
		await this.writer.start(() =>
			this.#guarded(action, async () => {
				const {local, xattrs} = await this.#describer.withoutContent(action, values)
				const writing = {path: this.path(row), local, found, target, xattrs}
				if (isNew && found) await this.#backUp(found)
				const etag = isNew ? await this.writer.write(writing) : await this.writer.change(writing)
				this.led(row, etag)
			}),
		)
	}

	/** Runs the work on one file; what goes wrong with it is told, and where nothing more can be done, thrown. */
	async #guarded({row, ndx}: Action, work: () => Promise<void>): Promise<void> {
		const {options} = this.line
		try {
			await work()
			if (options.removeSourceFiles && !this.files.isDirectory(row)) this.succeed(ndx)
		} catch (error) {
			if (this.how.signal?.aborted || isFinal(error)) throw error
			this.fail(this.files.path(row), error)
			this.led(row, undefined)
		}
	}

	/** Says that a file was not written: the client's status becomes 23. */
	fail(path: Path, error: unknown): void {
		this.line.fail(`s3r: cannot write ${told(path)}: ${fromUnicode(reason(error))}`)
	}

	/** Tells the client that a file is safe, which it may remove then (--remove-source-files). */
	succeed(ndx: number): void {
		if (!this.line.options.dryRun) this.line.number(MSG.success, ndx)
	}

	/** Writes content that came and was what it should be. */
	commit(action: Action, content: Content, md5: string, values: Values): Promise<void> {
		return this.#guarded(action, () => this.#write(action, content, md5, values))
	}

	async #write(action: Action, content: Content, md5: string, values: Values): Promise<void> {
		const {row, found} = action
		if (found) await this.#backUp(found)
		const {local, xattrs} = this.#describer.withContent(action, {size: content.size, md5}, values)
		this.led(row, await this.writer.write({path: this.path(row), local, found, content, xattrs}))
		if (found && found.md5 !== md5) this.#forget(found)
	}

	/** A further name of a file: made once the first one is done. */
	follow(leader: number, action: Action): Promise<void> {
		return this.#followers.follow(leader, action)
	}

	/** Tells of the names of files that did not come. */
	failOrphans(): void {
		this.#followers.failOrphans()
	}
}
