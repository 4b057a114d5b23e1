// What is done to objects for the files of a list, and told to the client: written, changed, linked, kept as a backup.

import {MULTIPART_FROM} from '../../algo/parts.ts'
import {reason} from '../../base/errors.ts'
import {fromUnicode, type Path, ROOT} from '../../base/path.ts'
import {isKind} from '../../store/store.ts'
import {isFinal} from '../../sync/final.ts'
import {type Alternative, Alternatives} from './alternatives.ts'
import {backupPath} from './backup.ts'
import type {Found} from './catalogue.ts'
import {Deleter, directoriesOf} from './deleter.ts'
import {Describer, NO_VALUES, type Values} from './described.ts'
import {remotePath} from './destination.ts'
import type {FileList} from './flist.ts'
import {Followers} from './followers.ts'
import {idMap} from './id-map.ts'
import type {Content} from './in-hand.ts'
import {ITEM} from './item.ts'
import type {Line} from './line.ts'
import {LinkGroups} from './link-groups.ts'
import {MSG} from './messages.ts'
import {told} from './told.ts'
import {namesFor} from './names-for.ts'
import type {Action, Listed, ReceiverOptions} from './receiving.ts'
import {Survey} from './survey.ts'
import {Wanted} from './wanted.ts'
import {Writer} from './writer.ts'

/** Why nothing can be copied. */
const NO_SOURCE = ['precondition', 'not-found', 'archived'] as const

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
	/** Where else files may be. */
	readonly alternatives: Alternatives | undefined
	/** Actions that wait for what the client sends, by number. */
	readonly waiting = new Map<number, Action>()
	/** Files whose content is to be asked for once more. */
	readonly redo: Action[] = []
	readonly #followers = new Followers((action, etag) => this.#link(action, etag))
	readonly #describer: Describer
	/** What is there of first names of files, elsewhere only. */
	readonly #elsewhere = new Map<number, Found>()

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
		this.alternatives = Alternatives.of({line, files, destination, catalogue, wanted: this.wanted, signal})
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

	/** The first name of a file is done: the others are made of it, or of what there is elsewhere. */
	led(row: number, etag: string | undefined, elsewhere?: Found): void {
		if (!this.line.options.hardLinks || !this.files.isLinked(row)) return
		if (elsewhere) this.#elsewhere.set(row, elsewhere)
		this.#followers.led(row, etag)
	}

	async #link(action: Action, etag: string | undefined): Promise<void> {
		const {row, found} = action
		const leader = this.links.leader(row)
		if (etag === undefined)
			return this.fail(this.files.path(row), new Error('the file that it is a name of did not come'))
		await this.writer.start(async () => {
			const elsewhere = this.#elsewhere.get(leader)
			const {local, xattrs} = await this.#describer.asLink(leader, row, elsewhere)
			await this.#guarded(action, async () => {
				if (found) await this.#backUp(found)
				const writing = {path: this.path(row), local, found, xattrs}
				await this.writer.copy(writing, {path: elsewhere?.path ?? this.path(leader), etag})
			})
		})
	}

	/** Asks for all of a file, which did not come as it was or could not be copied, once what came first has come. */
	again({row, ndx, other}: Action, values: Values | undefined): void {
		this.redo.push({row, ndx, found: this.survey.found(row), isNew: true, other, values})
	}

	/** Begins to write what has no content that comes. */
	async start(action: Action, values = NO_VALUES): Promise<void> {
		const {row, found, isNew, isCopy, other} = action
		if (isCopy && other)
			return this.writer.start(() =>
				this.#guarded({...action, values}, () => this.#copy(action, other, values)),
			)
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

	/** Makes a file of one that is there elsewhere. */
	async #copy(action: Action, other: Alternative, values: Values): Promise<void> {
		const {row, found} = action
		if (found) await this.#backUp(found)
		const {local, xattrs} = await this.#describer.asCopy(action, other, values)
		const writing = {path: this.path(row), local, found, xattrs}
		this.led(row, await this.writer.copy(writing, other.found))
	}

	/** Runs the work on one file; what goes wrong with it is told, and where nothing more can be done, thrown. */
	async #guarded(action: Action, work: () => Promise<void>): Promise<void> {
		const {row, ndx, isCopy} = action
		const {options} = this.line
		try {
			await work()
			if (options.removeSourceFiles && !this.files.isDirectory(row)) this.succeed(ndx)
		} catch (error) {
			if (isFinal(error, this.how.signal)) throw error
			// what was to be copied is not what it was: all of it comes
			if (isCopy && NO_SOURCE.some((kind) => isKind(error, kind))) return this.again(action, action.values)
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
		const {row, found, basis} = action
		if (found) await this.#backUp(found)
		const {local, xattrs} = await this.#describer.withContent(action, {size: content.size, md5}, values)
		const writing = {path: this.path(row), local, found, xattrs}
		// what was read of an object of parts, and is all that is to be stored, need not be sent there again
		const isThere = basis !== undefined && basis.etag === found?.etag && found.md5 === md5
		const mayStay = isThere && content.size >= MULTIPART_FROM
		const etag = await (mayStay ? this.writer.change(writing) : this.writer.write({content, ...writing}))
		this.led(row, etag)
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
