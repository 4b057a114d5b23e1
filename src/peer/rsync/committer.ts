// What is done to objects for the files of a list, and told to the client: written, changed, linked, kept as a backup.

import {createHash} from 'node:crypto'
import {reason} from '../../base/errors.ts'
import {fromUnicode, type Path, ROOT} from '../../base/path.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {Place} from '../../repo/find.ts'
import type {Store} from '../../store/store.ts'
import type {Stored} from '../../sync/cargo.ts'
import {isFinal} from '../../sync/final.ts'
import {merged, NO_DIFFERENCE} from './attribute-sets.ts'
import {backupPath} from './backup.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {Deleter} from './deleter.ts'
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
import {OwnerNames} from './owner-names.ts'
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

export const NO_VALUES: ReadonlyMap<number, Buffer> = new Map()

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
	/** Of leaders whose content came: what it was. */
	readonly #md5s = new Map<number, string>()
	readonly #sizes = new Map<number, number>()
	readonly #leaderXattrs = new Map<number, readonly Xattr[] | undefined>()

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
		this.writer = new Writer({...how, owners: this.#owners()})
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

	/** Names of owners: those that the client sent, those of the objects, and our own. */
	#owners() {
		const {options} = this.line
		const {users, groups} = this.list
		const {accounts, catalogue} = this.how
		const sent = OwnerNames.ofWire(users, groups)
		const own = (has: boolean) => !options.numericIds && !has
		return {
			userName: (uid: number) =>
				sent.userName(uid) ??
				(options.usermap !== undefined || own(options.owner) ? accounts.users.nameOf(uid) : undefined) ??
				(options.owner ? undefined : catalogue.names.userName(uid)),
			groupName: (gid: number) =>
				sent.groupName(gid) ??
				(options.groupmap !== undefined || own(options.group) ? accounts.groups.nameOf(gid) : undefined) ??
				(options.group ? undefined : catalogue.names.groupName(gid)),
		}
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
		return this.links.id(
			row,
			(one) => this.survey.found(one)?.attributes.link,
			(one) => this.path(one),
		)
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
			const led = this.survey.found(leader)
			const xattrs = this.#leaderXattrs.get(leader) ?? this.#xattrs(leader, led, NO_VALUES)
			const local = this.wanted.local(leader, led, {
				isNew: this.#md5s.has(leader),
				size: this.#sizes.get(leader) ?? led?.size,
				md5: this.#md5s.get(leader) ?? led?.md5,
				link: this.linkOf(row),
				xattrs,
			})
			await this.#guarded(action, async () => {
				if (found) await this.#backUp(found)
				const writing = {path: this.path(row), local, found, xattrs}
				await this.writer.copy(writing, {path: this.path(leader), etag})
			})
		})
	}

	#xattrs(
		row: number,
		found: Found | undefined,
		values: ReadonlyMap<number, Buffer>,
	): readonly Xattr[] | undefined {
		const {options} = this.line
		if (!options.xattrs && !options.acls) return undefined
		const differs = found ? (this.survey.attributes.get(row) ?? NO_DIFFERENCE) : NO_DIFFERENCE
		return merged(this.files.rare(row).xattrs ?? [], differs, values, options)
	}

	/** Attributes that nobody speaks of stay with a file whose content does. */
	async #kept({found, isNew}: Action): Promise<readonly Xattr[] | undefined> {
		return isNew || !found ? undefined : this.how.catalogue.xattrs(found)
	}

	/** Begins to write what has no content that comes. */
	async start(action: Action, values = NO_VALUES): Promise<void> {
		const {row, found, isNew} = action
		const {target} = this.files.rare(row)
		const type = typeOf(this.files.mode(row))
		const isFile = type === TYPE.file
		await this.writer.start(() =>
			this.#guarded(action, async () => {
				const xattrs = this.#xattrs(row, found, values) ?? (await this.#kept(action))
				const local = this.wanted.local(row, found, {
					isNew,
					size: isFile ? found?.size : type === TYPE.symlink ? (target?.length ?? 0) : 0,
					md5: isFile ? found?.md5 : type === TYPE.symlink ? md5Of(target ?? '') : undefined,
					link: this.line.options.hardLinks ? this.linkOf(row) : isNew ? undefined : found?.attributes.link,
					xattrs,
				})
				if (local.link !== undefined) this.#leaderXattrs.set(row, xattrs)
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
	commit(action: Action, content: Content, md5: string, values: ReadonlyMap<number, Buffer>): Promise<void> {
		return this.#guarded(action, () => this.#write(action, content, md5, values))
	}

	async #write(
		{row, found}: Action,
		content: Content,
		md5: string,
		values: ReadonlyMap<number, Buffer>,
	): Promise<void> {
		if (found) await this.#backUp(found)
		const xattrs = this.#xattrs(row, found, values)
		const link = this.line.options.hardLinks ? this.linkOf(row) : undefined
		const local = this.wanted.local(row, found, {isNew: true, size: content.size, md5, link, xattrs})
		if (link !== undefined) {
			this.#md5s.set(row, md5)
			this.#sizes.set(row, content.size)
			this.#leaderXattrs.set(row, xattrs)
		}
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

const md5Of = (target: string): string => createHash('md5').update(target, 'latin1').digest('hex')

/** Whether the content of each directory of a list is in it. */
function directoriesOf(files: FileList): Map<Path, boolean> {
	const rows = new Map<Path, boolean>()
	for (let row = 0; row < files.count; row++)
		if (files.isDirectory(row))
			rows.set(files.path(row), files.hasContent(row) || rows.get(files.path(row)) === true)
	return rows
}
