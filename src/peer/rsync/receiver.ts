// The receiving role: a client uploads. What is to come is asked for in the order of the list, and what comes is
// written meanwhile. See s3r-rsync(5), TRANSFER.

import {createHash} from 'node:crypto'
import {Budget} from '../../base/budget.ts'
import {reason} from '../../base/errors.ts'
import {fromUnicode, isDirectory, parentOf, type Path, ROOT, withoutSlash} from '../../base/path.ts'
import {MULTIPART_FROM} from '../../algo/parts.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {Place} from '../../repo/find.ts'
import type {Store} from '../../store/store.ts'
import type {Stored} from '../../sync/cargo.ts'
import {merged, NO_DIFFERENCE} from './attribute-sets.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {loadChecksum} from './checksum.ts'
import type {Cursor} from './cursor.ts'
import {Deleter} from './deleter.ts'
import {type Destination, destinationOf, hasAny, remotePath} from './destination.ts'
import {RERR, RsyncError} from './errors.ts'
import {filterOf, readFilterList, Walk} from './filter.ts'
import type {FileList} from './flist.ts'
import {SEED} from './handshake.ts'
import {type Accounts, idMap} from './id-map.ts'
import {type Content, InMemory, Spooled} from './in-hand.ts'
import {ITEM, type Item, NO_SUMS, readItem, readSumHead, writeItem, writeSumHead} from './item.ts'
import type {Line} from './line.ts'
import {LinkGroups} from './link-groups.ts'
import {MSG} from './messages.ts'
import {NDX} from './ndx.ts'
import {told} from './offer.ts'
import {OwnerNames} from './owner-names.ts'
import {receiveList} from './receive-list.ts'
import {isUnsafeLink} from './safe-link.ts'
import {sameWithout, Survey} from './survey.ts'
import {TokenReader} from './token.ts'
import {isSameType, Wanted} from './wanted.ts'
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
	readonly signal?: AbortSignal | undefined
}

/** Bytes of small files that have come and are not written yet. */
const MEMORY = 48 * 2 ** 20
const PIECE_LIMIT = 1 << 24

/** The role from the filter list on; resolves to the status. */
export async function receive(line: Line, how: ReceiverOptions): Promise<number> {
	const {options, protocol} = line
	refuse(line)
	const hasRules =
		options.pruneEmptyDirs ||
		(options.deleteMode !== undefined && (!options.deleteExcluded || protocol >= 29))
	const texts = hasRules ? await readFilterList(line.input) : []
	const listChecksum = await loadChecksum(line.agreed.listChecksum, protocol)
	const list = await receiveList(line, listChecksum.length)
	const {deleteExcluded} = options
	const filter = await filterOf(texts, {protocol, side: 'receiver', deleteExcluded})
	const destination = await destinationOf(options.paths[0]?.text ?? '', list.files, how.catalogue)
	const walk = new Walk(filter, (name) => how.catalogue.text(destination.base + name))
	if (list.hadOwn) line.info("s3r: what is in '.s3rsync' is left out: it belongs to this machine")
	const receiver = new Receiver(line, how, {...list, destination, walk})
	return receiver.run()
}

/** Options that would need what objects have not. */
function refuse({options}: Line): void {
	const no = (name: string, instead: string) => {
		throw new RsyncError(
			RERR.unsupported,
			`the rsync option ${name} is not supported for a bucket: ${instead}`,
		)
	}
	if (options.compareDest.length > 0)
		no('--compare-dest', 'send to an empty prefix, or use --ignore-existing')
	if (options.copyDest.length > 0) no('--copy-dest', "use a bucket with versions, see 's3r help config'")
	if (options.linkDest.length > 0) no('--link-dest', "use a bucket with versions, see 's3r help config'")
	if (options.keepDirlinks) no('--keep-dirlinks', 'links in a bucket are not followed')
}

type Listed = {
	readonly files: FileList
	readonly users: ReadonlyMap<number, string>
	readonly groups: ReadonlyMap<number, string>
	readonly destination: Destination
	readonly walk: Walk
}

/** What is to be done for a file once its values or its content have come. */
type Action = {
	readonly row: number
	readonly ndx: number
	readonly found: Found | undefined
	/** The content comes, or what there is instead of one is written anew; else attributes only. */
	readonly isNew: boolean
}

class Receiver {
	readonly #line: Line
	readonly #how: ReceiverOptions
	readonly #list: Listed
	readonly #files: FileList
	readonly #order: Uint32Array
	readonly #wanted: Wanted
	readonly #links: LinkGroups
	readonly #writer: Writer
	readonly #tokens: TokenReader
	readonly #survey: Survey
	readonly #deleter: Deleter
	readonly #memory = new Budget(MEMORY)
	/** Actions that wait for what the client sends, by number. */
	readonly #waiting = new Map<number, Action>()
	/** Files whose content did not come as it was: to be asked for once more. */
	readonly #redo: number[] = []
	#phase = 0
	/** Leaders that are done, with the ETag that their objects have; undefined for those that failed. */
	readonly #leaders = new Map<number, string | undefined>()
	/** Names of files whose leader is not done. */
	readonly #followers = new Map<number, Action[]>()

	constructor(line: Line, how: ReceiverOptions, list: Listed) {
		this.#line = line
		this.#how = how
		this.#list = list
		const {options} = line
		const {files, users, groups, destination, walk} = list
		const {catalogue, accounts, umask, self, signal} = how
		this.#files = files
		if (options.pruneEmptyDirs) prune(files)
		this.#order = files.numbered(line.protocol)
		const mapUser = idMap(options.usermap, 'usermap', accounts.users)
		const mapGroup = idMap(options.groupmap, 'groupmap', accounts.groups)
		this.#wanted = new Wanted({options, files, umask, self, users, groups, mapUser, mapGroup})
		this.#links = new LinkGroups(files, options.hardLinks ? this.#order : new Uint32Array(0))
		this.#writer = new Writer({...how, owners: this.#owners()})
		this.#tokens = new TokenReader(line.input, line.agreed.compression)
		this.#survey = new Survey({
			files,
			destination,
			catalogue,
			wanted: this.#wanted,
			kinds: options,
			hardLinks: options.hardLinks,
			deletes: options.deleteMode !== undefined,
			signal,
		})
		const {base} = destination
		const rows = options.deleteMode === undefined ? new Map<Path, boolean>() : directoriesOf(files)
		this.#deleter = new Deleter({
			line,
			walk,
			remove: (found) => this.#remove(found),
			hasContent: (directory) => rows.get(directory),
			nameOf: (path) => (path === base ? ROOT : path === ROOT ? ROOT : path.slice(base.length)),
		})
	}

	/** Names of owners: those that the client sent, those of the objects, and our own. */
	#owners() {
		const {options} = this.#line
		const {users, groups} = this.#list
		const {accounts, catalogue} = this.#how
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

	async run(): Promise<number> {
		const {options} = this.#line
		try {
			await this.#survey.run()
			const early = options.deleteMode === 'before' || options.deleteMode === 'during'
			if (early) await this.#delete()
			const reading = this.#readAll()
			// what ends the reading ends the asking, and the other way round
			await Promise.all([reading, this.#askAll(early)])
			return this.#line.status
		} finally {
			await this.#writer.abandon()
			this.#tokens.close()
		}
	}

	#path(row: number): Path {
		return remotePath(this.#list.destination, this.#files.path(row))
	}

	async #delete(): Promise<void> {
		if (this.#line.options.deleteMode !== undefined) await this.#deleter.run(this.#survey.sortedExtraneous())
	}

	async #remove(found: Found): Promise<void> {
		if (found.etag === '') return
		await this.#backUp(found)
		await this.#writer.delete(found)
	}

	/** Keeps what is there under another name (--backup). */
	async #backUp(found: Found): Promise<void> {
		const {backup, backupDir, suffix = '~', dryRun} = this.#line.options
		if (!backup || dryRun || found.etag === '' || isDirectory(found.path)) return
		const {base} = this.#list.destination
		const name = found.path.slice(base.length)
		const to = backupDir === undefined ? found.path + suffix : `${below(base, backupDir)}${name}${suffix}`
		await this.#writer.duplicate(found, to)
	}

	/** Asks for all that is to come, and waits for it: the order of the numbers, then what must be asked for again. */
	async #askAll(hasDeleted: boolean): Promise<void> {
		const {output, options, protocol} = this.#line
		await this.#walk()
		await this.#endPhase(1)
		for (let ndx = this.#redo.shift(); ndx !== undefined; ndx = this.#redo.shift()) {
			const row = this.#order[ndx] ?? 0
			this.#waiting.set(ndx, {row, ndx, found: this.#survey.found(row), isNew: true})
			this.#announce(ndx, ITEM.transfer)
			writeSumHead(output, NO_SUMS)
		}
		await this.#endPhase(2)
		if (protocol >= 29) await this.#endPhase(3)
		if (!hasDeleted) await this.#delete()
		if (protocol >= 31) {
			if (options.deleteMode !== undefined || options.force) {
				this.#line.writeNdx(NDX.delStats)
				for (const count of this.#deleter.counts) output.varint(count)
			}
			await this.#endPhase(4)
		}
		this.#line.writeNdx(NDX.done)
		await output.flush()
	}

	#ended: (() => void) | undefined

	/** Says that nothing more is asked for in this phase, and waits until all of it has come and is written. */
	async #endPhase(phase: number): Promise<void> {
		const ended = new Promise<void>((resolve) => {
			this.#ended = resolve
		})
		if (this.#phase < phase) {
			this.#line.writeNdx(NDX.done)
			await this.#line.output.flush()
			await ended
		}
		await this.#writer.settled()
		if (phase <= 2) this.#failOrphans(phase)
	}

	/** Goes through the list by its numbers. */
	async #walk(): Promise<void> {
		const {output, options} = this.#line
		const {destination} = this.#list
		const mayBeNew = destination.mayBeNew && !this.#survey.isThere
		const isTold = options.verbose > 0 || options.logFormat !== undefined
		if (mayBeNew && isTold && !(await hasAny(this.#how.catalogue, destination.base)))
			this.#line.info(`created directory ${destination.text.replace(/\/+$/, '')}`)
		let skipped: Path | undefined
		for (let ndx = 0; ndx < this.#order.length; ndx++) {
			const row = this.#order[ndx] ?? 0
			if (this.#files.isDropped(row)) continue
			if (skipped !== undefined && this.#files.path(row).startsWith(skipped)) continue
			skipped = undefined
			if (!(await this.#visit(ndx, row)) && this.#files.isDirectory(row)) skipped = this.#files.path(row)
			const waiting = output.ready()
			if (waiting) await waiting
		}
	}

	/** Decides about one file; false where nothing below it is to be looked at. */
	async #visit(ndx: number, row: number): Promise<boolean> {
		const files = this.#files
		const survey = this.#survey
		const {options} = this.#line
		const type = typeOf(files.mode(row))
		const found = survey.found(row)
		const isThere = survey.has(row) && (found === undefined || isSameType(files, row, found))
		const obstacles = survey.inTheWay.get(row)
		if (!survey.has(row) && !obstacles && options.existing) return false
		if (!this.#isWanted(row, type)) return true
		if (
			type !== TYPE.directory &&
			this.#isLeftAlone(row, type, found, survey.has(row) || obstacles !== undefined)
		)
			return true
		if (obstacles && !(await this.#clear(row, obstacles))) return false
		if (options.hardLinks && files.isLinked(row) && this.#links.leader(row) !== row)
			await this.#follow(ndx, row, isThere ? found : undefined)
		else if (survey.isSame(row)) await this.#leave(ndx, row, found)
		else if (type === TYPE.file) await this.#file(ndx, row, isThere ? found : undefined, found)
		else await this.#other(ndx, row, isThere ? found : undefined, found)
		return true
	}

	/** Whether a file of this type is received at all. */
	#isWanted(row: number, type: number): boolean {
		const {options} = this.#line
		const isDevice = type === TYPE.charDevice || type === TYPE.blockDevice
		const isSpecial = type === TYPE.fifo || type === TYPE.socket
		if (
			(type === TYPE.symlink && !options.links) ||
			(isDevice && !options.devices) ||
			(isSpecial && !options.specials)
		) {
			this.#line.info(`skipping non-regular file "${withoutSlash(this.#files.path(row))}"`)
			return false
		}
		if (type === TYPE.symlink && options.safeLinks) {
			const target = this.#files.rare(row).target ?? ''
			if (isUnsafeLink(target, this.#files.path(row))) {
				if (options.verbose > 0)
					this.#line.info(`ignoring unsafe symlink "${this.#files.path(row)}" -> "${target}"`)
				return false
			}
		}
		return true
	}

	/** What the options say is not touched, whatever the client has. */
	#isLeftAlone(row: number, type: number, found: Found | undefined, isThere: boolean): boolean {
		const {options} = this.#line
		const size = type === TYPE.file ? this.#files.size(row) : undefined
		const path = this.#files.path(row)
		const skip = (why: string): boolean => {
			if (options.verbose > 1) this.#line.info(`${path} ${why}`)
			return true
		}
		if (size !== undefined && options.maxSize !== undefined && size > options.maxSize)
			return skip('is over max-size')
		if (size !== undefined && options.minSize !== undefined && size < options.minSize)
			return skip('is under min-size')
		if (isThere && options.ignoreExisting) return skip('exists')
		if (found && options.update && this.#wanted.isOlder(row, found)) return skip('is newer')
		return found !== undefined && size !== undefined && options.append > 0 && found.size >= size
	}

	/** Removes what stands in the place of a file. */
	async #clear(row: number, obstacles: readonly Found[]): Promise<boolean> {
		const {options} = this.#line
		if (options.ignoreExisting) {
			this.#line.fail(`s3r: ${told(this.#path(row))} exists, and is no directory`)
			return false
		}
		const isEmpty = obstacles.length === 1
		if (!isEmpty && options.deleteMode === undefined && !options.force) {
			const path = withoutSlash(this.#files.path(row))
			this.#line.info(`cannot delete non-empty directory: ${path}`)
			this.#line.fail(`could not make way for new ${this.#kind(row)}: ${path}`)
			return false
		}
		for (const found of obstacles) {
			if (!options.dryRun) await this.#remove(found)
			if (withoutSlash(found.path) !== withoutSlash(this.#path(row))) this.#deleter.tell(found)
		}
		return true
	}

	/** What a file is called in a message. */
	#kind(row: number): string {
		const type = typeOf(this.#files.mode(row))
		if (type === TYPE.file) return 'regular file'
		if (type === TYPE.symlink) return 'symlink'
		return type === TYPE.directory ? 'directory' : 'device file'
	}

	/** A file that is as it shall be. */
	async #leave(ndx: number, row: number, found: Found | undefined): Promise<void> {
		const {options, protocol} = this.#line
		if (options.verbose > 1 || options.logFormat?.includes('%I')) {
			if (protocol >= 29) this.#announce(ndx, 0)
		}
		if (options.hardLinks && this.#files.isLinked(row) && found) {
			if (this.#linkOf(row) !== found.attributes.link) await this.#start({row, ndx, found, isNew: false})
			else this.#led(row, found.etag)
		}
		if (options.removeSourceFiles && !this.#files.isDirectory(row)) this.#succeed(ndx)
	}

	/** A regular file that is missing or differs. */
	async #file(ndx: number, row: number, same: Found | undefined, found: Found | undefined): Promise<void> {
		const {output, options} = this.#line
		const attributes = this.#survey.attributes.get(row) ?? NO_DIFFERENCE
		if (same && this.#wanted.sameContent(row, same)) {
			const flags = this.#wanted.differences(row, same, false, false) | attributes.flags
			return this.#changed(ndx, {row, ndx, found: same, isNew: false}, flags)
		}
		const flags = same
			? this.#wanted.differences(row, same, true, true) |
				attributes.flags |
				(options.checksum ? ITEM.change : 0)
			: ITEM.isNew | this.#newXattrs(row)
		const action = {row, ndx, found: same ?? found, isNew: true}
		if (!options.dryRun) this.#waiting.set(ndx, action)
		this.#announce(ndx, flags | ITEM.transfer, undefined, this.#numbersWanted(row, same))
		if (!options.dryRun) writeSumHead(output, NO_SUMS)
	}

	/** A directory, a link, a device: nothing comes but what the list has. */
	async #other(ndx: number, row: number, same: Found | undefined, found: Found | undefined): Promise<void> {
		const attributes = this.#survey.attributes.get(row) ?? NO_DIFFERENCE
		const isDir = this.#files.isDirectory(row)
		const isRoot = this.#files.path(row) === ROOT
		const {destination} = this.#list
		// a root that has no object is there nevertheless, unless nothing is below it
		const implied = isRoot && !same && !(destination.mayBeNew && !this.#survey.isThere)
		const there = same ?? (implied ? this.#how.catalogue.implied(this.#path(row), 0) : undefined)
		if (there) {
			const content = isDir || sameWithout(this.#files, row, there)
			const flags =
				this.#wanted.differences(row, there, false, !content) |
				attributes.flags |
				(content ? 0 : ITEM.localChange | ITEM.change)
			return this.#changed(ndx, {row, ndx, found: same, isNew: !content || !same}, flags)
		}
		const report = isDir ? 0 : ITEM.change
		const flags = ITEM.isNew | ITEM.localChange | report | this.#newXattrs(row)
		await this.#changed(ndx, {row, ndx, found, isNew: true}, flags)
	}

	#newXattrs(row: number): number {
		const {options} = this.#line
		const wire = this.#files.rare(row).xattrs ?? []
		return options.xattrs && wire.some(([name]) => !name.startsWith('system.')) ? ITEM.xattr : 0
	}

	/** The numbers of the attributes whose values are to be sent. */
	#numbersWanted(row: number, found: Found | undefined): readonly number[] {
		if (!this.#line.options.xattrs) return []
		const differs = this.#survey.attributes.get(row)
		if (differs && found) return differs.wanted
		const wire = (this.#files.rare(row).xattrs ?? []).filter(([name]) => !name.startsWith('system.'))
		return wire.flatMap(([, , isDigest], i) => (isDigest ? [i + 1] : []))
	}

	/** Announces what is done without content, and does it: at once, or when the values of attributes have come. */
	async #changed(ndx: number, action: Action, flags: number, name?: Path): Promise<void> {
		const {options, protocol} = this.#line
		const numbers = this.#numbersWanted(action.row, action.found)
		const significant = flags & ~(ITEM.basis | ITEM.name | ITEM.localChange)
		const isSaid =
			significant !== 0 || name !== undefined || options.verbose > 1 || options.logFormat?.includes('%I')
		const asks = this.#asksXattrs(flags) && numbers.length > 0
		if (asks && !options.dryRun) this.#waiting.set(ndx, action)
		if (isSaid && protocol >= 29) this.#announce(ndx, flags, name, numbers)
		if (!asks && !options.dryRun) await this.#start(action)
	}

	/** Whether values of attributes are asked for, and come, with an item of these flags. */
	#asksXattrs(flags: number): boolean {
		const {options, agreed, protocol} = this.#line
		if (!options.xattrs || !(flags & ITEM.xattr) || options.dryRun || protocol < 29) return false
		const isFurther = (flags & ITEM.name) !== 0 && (flags & ITEM.localChange) !== 0
		return !(agreed.xattrOptimization && isFurther)
	}

	#announce(ndx: number, flags: number, name?: Path, numbers: readonly number[] = []): void {
		const {output, protocol} = this.#line
		const all = flags | (name === undefined ? 0 : ITEM.name)
		this.#line.writeNdx(ndx)
		writeItem(output, {flags: all, basis: 0, name}, protocol)
		if (!this.#asksXattrs(all)) return
		let before = 0
		for (const number of numbers) {
			output.varint(number - before)
			before = number
		}
		output.byte(0)
	}

	/** A further name of a file. */
	async #follow(ndx: number, row: number, same: Found | undefined): Promise<void> {
		const leader = this.#links.leader(row)
		const isLinked =
			same !== undefined && same.attributes.link !== undefined && same.attributes.link === this.#linkOf(row)
		if (isLinked && this.#survey.isSame(row) && this.#survey.isSame(leader))
			return this.#leave(ndx, row, same)
		const flags = same ? this.#wanted.differences(row, same, false, false) : ITEM.isNew | this.#newXattrs(row)
		const action = {row, ndx, found: same ?? this.#survey.found(row), isNew: true}
		const name = withoutSlash(this.#files.path(leader))
		if (this.#line.protocol >= 29) this.#announce(ndx, flags | ITEM.localChange, name, [])
		if (this.#line.options.dryRun) return
		if (this.#leaders.has(leader)) return this.#link(action, this.#leaders.get(leader))
		const others = this.#followers.get(leader)
		if (others) others.push(action)
		else this.#followers.set(leader, [action])
	}

	#linkOf(row: number): string | undefined {
		return this.#links.id(
			row,
			(one) => this.#survey.found(one)?.attributes.link,
			(one) => this.#path(one),
		)
	}

	/** The first name of a file is done: the others are made of it. */
	#led(row: number, etag: string | undefined): void {
		if (!this.#line.options.hardLinks || !this.#files.isLinked(row)) return
		this.#leaders.set(row, etag)
		for (const action of this.#followers.get(row) ?? []) void this.#link(action, etag)
		this.#followers.delete(row)
	}

	async #link(action: Action, etag: string | undefined): Promise<void> {
		const {row, found} = action
		const leader = this.#links.leader(row)
		if (etag === undefined)
			return this.#fail(this.#files.path(row), new Error('the file that it is a name of did not come'))
		await this.#writer.start(async () => {
			const led = this.#survey.found(leader)
			const xattrs = this.#leaderXattrs.get(leader) ?? this.#xattrs(leader, led, NO_VALUES)
			const local = this.#wanted.local(leader, led, {
				isNew: this.#md5s.has(leader),
				size: this.#sizes.get(leader) ?? led?.size,
				md5: this.#md5s.get(leader) ?? led?.md5,
				link: this.#linkOf(row),
				xattrs,
			})
			await this.#guarded(action, async () => {
				if (found) await this.#backUp(found)
				const writing = {path: this.#path(row), local, found, xattrs}
				await this.#writer.copy(writing, {path: this.#path(leader), etag})
			})
		})
	}

	/** Of leaders whose content came: what it was. */
	readonly #md5s = new Map<number, string>()
	readonly #sizes = new Map<number, number>()
	readonly #leaderXattrs = new Map<number, readonly Xattr[] | undefined>()

	/** At the end of a phase: names of files that did not come. */
	#failOrphans(phase: number): void {
		if (phase < 2 && this.#redo.length > 0) return
		for (const [leader, actions] of this.#followers)
			if (!this.#leaders.has(leader)) for (const action of actions) void this.#link(action, undefined)
		this.#followers.clear()
	}

	#xattrs(
		row: number,
		found: Found | undefined,
		values: ReadonlyMap<number, Buffer>,
	): readonly Xattr[] | undefined {
		const {options} = this.#line
		if (!options.xattrs && !options.acls) return undefined
		const differs = found ? (this.#survey.attributes.get(row) ?? NO_DIFFERENCE) : NO_DIFFERENCE
		return merged(this.#files.rare(row).xattrs ?? [], differs, values, options)
	}

	/** Attributes that nobody speaks of stay with a file whose content does. */
	async #kept({found, isNew}: Action): Promise<readonly Xattr[] | undefined> {
		return isNew || !found ? undefined : this.#how.catalogue.xattrs(found)
	}

	/** Begins to write what has no content that comes. */
	async #start(action: Action, values = NO_VALUES): Promise<void> {
		const {row, found, isNew} = action
		const {target} = this.#files.rare(row)
		const type = typeOf(this.#files.mode(row))
		const isFile = type === TYPE.file
		await this.#writer.start(() =>
			this.#guarded(action, async () => {
				const xattrs = this.#xattrs(row, found, values) ?? (await this.#kept(action))
				const local = this.#wanted.local(row, found, {
					isNew,
					size: isFile ? found?.size : type === TYPE.symlink ? (target?.length ?? 0) : 0,
					md5: isFile ? found?.md5 : type === TYPE.symlink ? md5Of(target ?? '') : undefined,
					link: this.#line.options.hardLinks ? this.#linkOf(row) : isNew ? undefined : found?.attributes.link,
					xattrs,
				})
				if (local.link !== undefined) this.#leaderXattrs.set(row, xattrs)
				const writing = {path: this.#path(row), local, found, target, xattrs}
				if (isNew && found) await this.#backUp(found)
				const etag = isNew ? await this.#writer.write(writing) : await this.#writer.change(writing)
				this.#led(row, etag)
			}),
		)
	}

	/** Runs the work on one file; what goes wrong with it is told, and where nothing more can be done, thrown. */
	async #guarded({row, ndx}: Action, work: () => Promise<void>): Promise<void> {
		const {options} = this.#line
		try {
			await work()
			if (options.removeSourceFiles && !this.#files.isDirectory(row)) this.#succeed(ndx)
		} catch (error) {
			if (this.#how.signal?.aborted) throw error
			this.#fail(this.#files.path(row), error)
			this.#led(row, undefined)
		}
	}

	#fail(path: Path, error: unknown): void {
		this.#line.fail(`s3r: cannot write ${told(path)}: ${fromUnicode(reason(error))}`)
	}

	#succeed(ndx: number): void {
		if (!this.#line.options.dryRun) this.#line.number(MSG.success, ndx)
	}

	/** Reads what the client answers, until its last word. */
	async #readAll(): Promise<void> {
		const {input, numbersIn, protocol, options} = this.#line
		const phases = protocol >= 31 ? 4 : protocol >= 29 ? 3 : 2
		while (this.#phase < phases) {
			const ndx = await input.read((cursor) => numbersIn.read(cursor))
			if (ndx === NDX.done) {
				this.#phase++
				this.#ended?.()
				continue
			}
			const row = this.#order[ndx]
			if (row === undefined || ndx < 0)
				throw new RsyncError(RERR.protocol, `file ${ndx} came, the list has none`)
			const item = await input.read((cursor) => readItem(cursor, protocol))
			const values = this.#asksXattrs(item.flags) ? await this.#readValues() : NO_VALUES
			const action = this.#waiting.get(ndx)
			this.#waiting.delete(ndx)
			if (!(item.flags & ITEM.transfer)) {
				if (action) await this.#start(action, values)
			} else if (!options.dryRun) await this.#receive(ndx, row, action, item, values)
		}
	}

	/** The values of attributes that were asked for. */
	async #readValues(): Promise<ReadonlyMap<number, Buffer>> {
		const {input} = this.#line
		const values = new Map<number, Buffer>()
		for (let number = 0; ;) {
			const difference = await input.read((cursor) => cursor.varint())
			if (difference === 0) return values
			number += difference
			const length = await input.read((cursor) => cursor.varint())
			if (difference < 0 || length < 0 || length > PIECE_LIMIT)
				throw new RsyncError(RERR.protocol, `a value of ${length} bytes for attribute ${number}`)
			values.set(number, await input.take(length))
		}
	}

	/** Receives the content of a file, and begins to write it if it is what the client says that it sent. */
	async #receive(
		ndx: number,
		row: number,
		action: Action | undefined,
		_item: Item,
		values: ReadonlyMap<number, Buffer>,
	): Promise<void> {
		const {input, protocol, checksum} = this.#line
		if (!action)
			throw new RsyncError(RERR.protocol, `the content of file ${ndx} came, which was not asked for`)
		await input.read((cursor: Cursor) => readSumHead(cursor, protocol, checksum.length))
		const size = this.#files.size(row)
		const free = await this.#room(size < MULTIPART_FROM ? size : 0)
		const {content, md5, sum} = await this.#readContent(size)
		const sent = await input.take(checksum.length)
		if (!sum.equals(sent)) {
			content.drop()
			free()
			return this.#mismatch(ndx, row)
		}
		await this.#writer.start(async () => {
			try {
				await this.#guarded(action, () => this.#commit(action, content, md5, values))
			} finally {
				free()
			}
		})
	}

	/** Takes memory for content that comes; to be called when it is not needed any more. */
	#room(bytes: number): Promise<() => void> {
		return new Promise((resolve, reject) => {
			this.#memory.hold(bytes, () => new Promise<void>((free) => resolve(free))).catch(reject)
		})
	}

	async #readContent(size: number): Promise<{content: Content; md5: string; sum: Buffer}> {
		const {checksum} = this.#line
		const hash = createHash('md5')
		const other = checksum.name === 'md5' ? undefined : await checksum.whole(SEED)
		let content: InMemory | Spooled = size < MULTIPART_FROM ? new InMemory() : new Spooled(this.#how.scratch)
		for (let token = await this.#tokens.next(); token; token = await this.#tokens.next()) {
			if (!('literal' in token)) throw new RsyncError(RERR.protocol, `block ${token.block} of a file of none`)
			hash.update(token.literal)
			other?.update(token.literal)
			if (content instanceof InMemory && content.size + token.literal.length > MULTIPART_FROM) {
				const spooled = new Spooled(this.#how.scratch)
				spooled.write(content.read(0, content.size))
				content = spooled
			}
			content.write(token.literal)
		}
		const md5 = hash.digest()
		return {content, md5: md5.toString('hex'), sum: other?.digest() ?? md5}
	}

	/** What came is not what was sent: once more, and then no more. */
	#mismatch(ndx: number, row: number): void {
		const path = this.#files.path(row)
		if (this.#phase > 0) {
			this.#line.fail(`ERROR: ${path} failed verification -- update discarded.`)
			this.#led(row, undefined)
			return
		}
		this.#line.warn(`WARNING: ${path} failed verification -- update discarded (will try again).`)
		this.#redo.push(ndx)
	}

	async #commit(
		{row, found}: Action,
		content: Content,
		md5: string,
		values: ReadonlyMap<number, Buffer>,
	): Promise<void> {
		if (found) await this.#backUp(found)
		const xattrs = this.#xattrs(row, found, values)
		const link = this.#line.options.hardLinks ? this.#linkOf(row) : undefined
		const local = this.#wanted.local(row, found, {isNew: true, size: content.size, md5, link, xattrs})
		if (link !== undefined) {
			this.#md5s.set(row, md5)
			this.#sizes.set(row, content.size)
			this.#leaderXattrs.set(row, xattrs)
		}
		this.#led(row, await this.#writer.write({path: this.#path(row), local, found, content, xattrs}))
	}
}

const NO_VALUES: ReadonlyMap<number, Buffer> = new Map()

const md5Of = (target: string): string => createHash('md5').update(target, 'latin1').digest('hex')

/** A directory of the remote, with its '/', that the client names as seen from the destination. */
function below(base: Path, directory: Path): Path {
	const parts = (directory.startsWith('/') ? directory : base + directory).split('/')
	const clean = parts.filter((part) => part !== '' && part !== '.')
	if (clean.includes('..'))
		throw new RsyncError(RERR.syntax, `--backup-dir=${directory} leads out of the bucket`)
	return clean.length === 0 ? '' : `${clean.join('/')}/`
}

/** Whether the content of each directory of a list is in it. */
function directoriesOf(files: FileList): Map<Path, boolean> {
	const rows = new Map<Path, boolean>()
	for (let row = 0; row < files.count; row++)
		if (files.isDirectory(row))
			rows.set(files.path(row), files.hasContent(row) || rows.get(files.path(row)) === true)
	return rows
}

/** Drops directories that nothing but directories is in (-m). */
function prune(files: FileList): void {
	const needed = new Set<Path>([ROOT])
	for (let row = 0; row < files.count; row++)
		if (!files.isDirectory(row))
			for (let path = parentOf(files.path(row)); path !== '' && !needed.has(path); path = parentOf(path))
				needed.add(path)
	for (let row = 0; row < files.count; row++)
		if (files.isDirectory(row) && !needed.has(files.path(row))) files.drop(row)
}
