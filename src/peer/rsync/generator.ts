// Which files a client is asked for, and what is done for those without content: the list, gone through by its numbers.
// See s3r-rsync(5), ITEMS.

import {type Path, ROOT, withoutSlash} from '../../base/path.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Alternative} from './alternatives.ts'
import {Announcer} from './announcer.ts'
import {NO_DIFFERENCE} from './attribute-sets.ts'
import {Bases} from './bases.ts'
import type {Found} from './catalogue.ts'
import {Choice} from './choice.ts'
import type {Committer} from './committer.ts'
import type {Action, Listed, ReceiverOptions} from './receiving.ts'
import {hasAny} from './destination.ts'
import {Elsewhere} from './elsewhere.ts'
import type {FileList} from './flist.ts'
import {ITEM, NO_SUMS, writeSums} from './item.ts'
import type {Line} from './line.ts'
import type {LinkGroups} from './link-groups.ts'
import {told} from './told.ts'
import {sameWithout, type Survey} from './survey.ts'
import {isSameType, type Wanted} from './wanted.ts'

export class Generator {
	readonly #commits: Committer
	readonly #line: Line
	readonly #how: ReceiverOptions
	readonly #list: Listed
	readonly #files: FileList
	readonly #order: Uint32Array
	readonly #wanted: Wanted
	readonly #links: LinkGroups
	readonly #survey: Survey
	readonly #choice: Choice
	readonly #items: Announcer
	readonly #elsewhere: Elsewhere
	readonly #bases: Bases

	constructor(commits: Committer) {
		this.#commits = commits
		this.#line = commits.line
		this.#how = commits.how
		this.#list = commits.list
		this.#files = commits.files
		this.#order = commits.order
		this.#wanted = commits.wanted
		this.#links = commits.links
		this.#survey = commits.survey
		this.#items = new Announcer(commits)
		this.#elsewhere = new Elsewhere(commits, this.#items)
		this.#choice = new Choice(commits.line, commits.files, commits.wanted)
		this.#bases = new Bases(commits.line, commits.how.signatures)
	}

	/** Goes through the list by its numbers. */
	async walk(): Promise<void> {
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

	/** Asks for all of a file whose content did not come as it was, or could not be copied. */
	askAgain(action: Action): void {
		this.#commits.waiting.set(action.ndx, action)
		this.#items.announce(action.ndx, ITEM.transfer)
		writeSums(this.#line.output, NO_SUMS)
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
		if (!this.#choice.isWanted(row, type)) return true
		if (
			type !== TYPE.directory &&
			this.#choice.isLeftAlone(row, type, found, survey.has(row) || obstacles !== undefined)
		)
			return true
		if (obstacles && !(await this.#clear(row, obstacles))) return false
		const {alternatives} = this.#commits
		const other = alternatives && !this.#isImplied(row) ? await alternatives.best(row) : undefined
		const isFurther = options.hardLinks && files.isLinked(row) && this.#links.leader(row) !== row
		const isTaken = isFurther ? other?.isExact === true && other.kind === 'compare' : other !== undefined
		if (other && isTaken && (await this.#elsewhere.take({ndx, row, found, isThere}, other))) return true
		if (isFurther) await this.#follow(ndx, row, isThere ? found : undefined, other)
		else if (survey.isSame(row)) await this.#leave(ndx, row, found)
		else if (type === TYPE.file) await this.#file(ndx, row, isThere ? found : undefined, found, other)
		else await this.#other(ndx, row, isThere ? found : undefined, found)
		return true
	}

	/** Removes what stands in the place of a file. */
	async #clear(row: number, obstacles: readonly Found[]): Promise<boolean> {
		const {options} = this.#line
		if (options.ignoreExisting) {
			this.#line.fail(`s3r: ${told(this.#commits.path(row))} exists, and is no directory`)
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
			if (!options.dryRun) await this.#commits.remove(found)
			if (withoutSlash(found.path) !== withoutSlash(this.#commits.path(row)))
				this.#commits.deleter.tell(found)
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
		if (this.#items.tellsAll && protocol >= 29) this.#items.announce(ndx, 0)
		if (options.hardLinks && this.#files.isLinked(row) && found) {
			if (this.#commits.linkOf(row) !== found.attributes.link)
				await this.#commits.start({row, ndx, found, isNew: false})
			else this.#commits.led(row, found.etag)
		}
		if (options.removeSourceFiles && !this.#files.isDirectory(row)) this.#commits.succeed(ndx)
	}

	/** A regular file that is missing or differs. */
	async #file(
		ndx: number,
		row: number,
		same: Found | undefined,
		found: Found | undefined,
		other: Alternative | undefined,
	): Promise<void> {
		const {output, options} = this.#line
		const attributes = this.#survey.attributes.get(row) ?? NO_DIFFERENCE
		if (same && this.#wanted.sameContent(row, same)) {
			const flags = this.#wanted.differences(row, same, false, false) | attributes.flags
			return this.#items.changed(ndx, {row, ndx, found: same, isNew: false}, flags)
		}
		const flags = same
			? this.#wanted.differences(row, same, true, true) | attributes.flags
			: this.#newness(row, other)
		const change = options.checksum && (same ?? other) ? ITEM.change : 0
		const {basis, sums = NO_SUMS} = (options.dryRun ? undefined : this.#bases.of(same ?? other?.found)) ?? {}
		const action = {row, ndx, found: same ?? found, isNew: true, other: same ? undefined : other, basis}
		if (!options.dryRun) this.#commits.waiting.set(ndx, action)
		const numbers = this.#items.numbersWanted({...action, found: same})
		this.#items.announce(ndx, flags | change | ITEM.transfer, undefined, numbers)
		if (!options.dryRun) writeSums(output, sums)
	}

	/** Whether it is a root that has no object, and is there nevertheless: unless nothing is below it. */
	#isImplied(row: number): boolean {
		if (this.#files.path(row) !== ROOT || this.#survey.has(row)) return false
		return !this.#list.destination.mayBeNew || this.#survey.isThere
	}

	/** Bits of a file that is not there, but perhaps elsewhere. */
	#newness(row: number, other: Alternative | undefined): number {
		return other ? this.#elsewhere.differences(row, other, true) : ITEM.isNew | this.#items.newXattrs(row)
	}

	/** A directory, a link, a device: nothing comes but what the list has. */
	async #other(ndx: number, row: number, same: Found | undefined, found: Found | undefined): Promise<void> {
		const attributes = this.#survey.attributes.get(row) ?? NO_DIFFERENCE
		const isDir = this.#files.isDirectory(row)
		const there =
			same ?? (this.#isImplied(row) ? this.#how.catalogue.implied(this.#commits.path(row), 0) : undefined)
		if (there) {
			const content = isDir || sameWithout(this.#files, row, there)
			const flags =
				this.#wanted.differences(row, there, false, !content) |
				attributes.flags |
				(content ? 0 : ITEM.localChange | ITEM.change)
			return this.#items.changed(ndx, {row, ndx, found: same, isNew: !content || !same}, flags)
		}
		const report = isDir ? 0 : ITEM.change
		const flags = ITEM.isNew | ITEM.localChange | report | this.#items.newXattrs(row)
		await this.#items.changed(ndx, {row, ndx, found, isNew: true}, flags)
	}

	/** A further name of a file. */
	async #follow(
		ndx: number,
		row: number,
		same: Found | undefined,
		other: Alternative | undefined,
	): Promise<void> {
		const leader = this.#links.leader(row)
		const isLinked =
			same !== undefined &&
			same.attributes.link !== undefined &&
			same.attributes.link === this.#commits.linkOf(row)
		if (isLinked && this.#survey.isSame(row) && this.#survey.isSame(leader))
			return this.#leave(ndx, row, same)
		const flags = same ? this.#wanted.differences(row, same, false, false) : this.#newness(row, other)
		const action = {row, ndx, found: same ?? this.#survey.found(row), isNew: true}
		const name = withoutSlash(this.#files.path(leader))
		if (this.#line.protocol >= 29) this.#items.announce(ndx, flags | ITEM.localChange, name, [])
		if (this.#line.options.dryRun) return
		await this.#commits.follow(leader, action)
	}
}
