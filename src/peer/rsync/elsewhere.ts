// What is done with a file of the list that another directory of the remote has: the client is told of it as a genuine
// rsync tells of what it links, copies or leaves out.

import {TYPE, typeOf} from '../../format/entry.ts'
import type {Alternative} from './alternatives.ts'
import type {Announcer} from './announcer.ts'
import type {Found} from './catalogue.ts'
import type {Committer} from './committer.ts'
import {ITEM} from './item.ts'

/** A file of the list: what is at its destination, and whether that is of its type. */
export type Visited = {
	readonly ndx: number
	readonly row: number
	readonly found: Found | undefined
	readonly isThere: boolean
}

export class Elsewhere {
	readonly #commits: Committer
	readonly #items: Announcer

	constructor(commits: Committer, items: Announcer) {
		this.#commits = commits
		this.#items = items
	}

	/** Does what is to be done; false where the file is treated as if it were nowhere else. */
	async take(visited: Visited, other: Alternative): Promise<boolean> {
		const {files} = this.#commits
		const {row, isThere} = visited
		if (typeOf(files.mode(row)) === TYPE.file) {
			const serves = isThere ? other.isExact && other.kind !== 'copy' : other.isSame
			if (serves) await this.#file(visited, other)
			return serves
		}
		if (!isThere) await this.#withoutContent(visited, other)
		return !isThere
	}

	/** How a file differs from what is elsewhere, as bits of an item. */
	differences(row: number, {found, attributes}: Alternative, transfer = false): number {
		return this.#commits.wanted.differences(row, found, transfer, true) | attributes.flags
	}

	async #file(visited: Visited, other: Alternative): Promise<void> {
		const {survey, line} = this.#commits
		const {ndx, row, found} = visited
		const action = {row, ndx, found, isNew: true, other, isCopy: true}
		if (!other.isExact || other.kind === 'copy')
			return this.#items.changed(ndx, action, ITEM.localChange | this.differences(row, other))
		if (other.kind === 'compare') return this.#leaveOut(visited, other)
		if (this.#items.itemizesAll) this.#tell(ndx, ITEM.localChange, true)
		if (survey.isSame(row)) this.#left(ndx, row, found)
		else if (!line.options.dryRun) await this.#commits.start(action)
	}

	/** It is where it is compared with: here is nothing, also of what was. */
	async #leaveOut({ndx, row, isThere}: Visited, other: Alternative): Promise<void> {
		const {options} = this.#commits.line
		const there = isThere ? await this.#there(row) : undefined
		if (there && !options.dryRun) await this.#commits.remove(there)
		if (this.#items.tellsAll) this.#tell(ndx, 0)
		this.#left(ndx, row, other.found)
	}

	/** What is at the destination, also where the survey did not keep it. */
	async #there(row: number): Promise<Found | undefined> {
		const {survey, how} = this.#commits
		const path = this.#commits.path(row)
		return survey.found(row) ?? how.catalogue.learned.recall(path) ?? (await how.catalogue.find(path))
	}

	/** It needs nothing: neither it nor its other names. */
	#left(ndx: number, row: number, found: Found | undefined): void {
		const {options} = this.#commits.line
		if (found) this.#commits.led(row, found.etag, found)
		if (options.removeSourceFiles) this.#commits.succeed(ndx)
	}

	/** A directory, a link, a device. */
	async #withoutContent({ndx, row, found}: Visited, other: Alternative): Promise<void> {
		const {files, line} = this.#commits
		const action = {row, ndx, found, isNew: true, other}
		const isDirectory = files.isDirectory(row)
		if (!other.isExact) {
			const report = isDirectory ? 0 : ITEM.change
			return this.#items.changed(ndx, action, ITEM.localChange | report | this.differences(row, other))
		}
		const isMade = isDirectory || other.kind !== 'compare'
		if (this.#items.itemizesAll)
			this.#tell(ndx, isMade ? ITEM.localChange : 0, other.kind === 'link' && !isDirectory)
		if (isMade && !line.options.dryRun) await this.#commits.start(action)
	}

	#tell(ndx: number, flags: number, isLink = false): void {
		if (this.#commits.line.protocol >= 29) this.#items.announce(ndx, flags, isLink ? '' : undefined)
	}
}
