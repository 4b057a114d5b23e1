// What the client is told of the files of its list, item by item, and what it is asked for with that. See s3r-rsync(5),
// ITEMS.

import type {Path} from '../../base/path.ts'
import type {Committer} from './committer.ts'
import type {Action} from './receiving.ts'
import {ITEM, writeItem} from './item.ts'
import type {Line} from './line.ts'

export class Announcer {
	readonly #commits: Committer
	readonly #line: Line

	constructor(commits: Committer) {
		this.#commits = commits
		this.#line = commits.line
	}

	/** The client wants to know of what did not change, too. */
	get tellsAll(): boolean {
		const {options} = this.#line
		return options.verbose > 1 || options.logFormat?.includes('%I') === true
	}

	/** And it prints items. */
	get itemizesAll(): boolean {
		return this.tellsAll && this.#line.options.logFormat?.includes('%i') === true
	}

	/** That a file which is new has attributes. */
	newXattrs(row: number): number {
		const {options} = this.#line
		const wire = this.#commits.files.rare(row).xattrs ?? []
		return options.xattrs && wire.some(([name]) => !name.startsWith('system.')) ? ITEM.xattr : 0
	}

	/** The numbers of the attributes whose values are to be sent. */
	numbersWanted({row, found, other}: Action): readonly number[] {
		if (!this.#line.options.xattrs) return []
		if (other) return other.attributes.wanted
		const differs = this.#commits.survey.attributes.get(row)
		if (differs && found) return differs.wanted
		const wire = (this.#commits.files.rare(row).xattrs ?? []).filter(([name]) => !name.startsWith('system.'))
		return wire.flatMap(([, , isDigest], i) => (isDigest ? [i + 1] : []))
	}

	/** Announces what is done without content, and does it: at once, or when the values of attributes have come. */
	async changed(ndx: number, action: Action, flags: number, name?: Path): Promise<void> {
		const {options, protocol} = this.#line
		const numbers = this.numbersWanted(action)
		const significant = flags & ~(ITEM.basis | ITEM.name | ITEM.localChange)
		const isSaid = significant !== 0 || name !== undefined || this.tellsAll
		const asks = this.#commits.asksXattrs(flags) && numbers.length > 0
		if (asks && !options.dryRun) this.#commits.waiting.set(ndx, action)
		if (isSaid && protocol >= 29) this.announce(ndx, flags, name, numbers)
		if (!asks && !options.dryRun) await this.#commits.start(action)
	}

	/** Says what is done with a file, and asks for the values of attributes by their numbers. */
	announce(ndx: number, flags: number, name?: Path, numbers: readonly number[] = []): void {
		const {output, protocol} = this.#line
		const all = flags | (name === undefined ? 0 : ITEM.name)
		this.#line.writeNdx(ndx)
		writeItem(output, {flags: all, basis: 0, name}, protocol)
		if (!this.#commits.asksXattrs(all)) return
		let before = 0
		for (const number of numbers) {
			output.varint(number - before)
			before = number
		}
		output.byte(0)
	}
}
