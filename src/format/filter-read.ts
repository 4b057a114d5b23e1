// Texts to lists of filter rules: options, the files that they name, and those that rules merge.
//
// Nothing is opened here: what is to be read is yielded by its absolute path, and its text (as bytes, or
// undefined where there is no such file) comes back. So whoever keeps files elsewhere than on a disk can
// use it, and may wait for them: see `answer` and `answerLater`.

import {fatal, usage} from '../base/errors.ts'
import {absolute, nameOf, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {CVS_DEFAULT} from './filter-cvs.ts'
import {parseRule, type Rule, type Setting, type Style} from './filter-rule.ts'

/** Work that asks for the texts of files, by their absolute paths ('-' is the standard input). */
export type Reading<T> = Generator<Path, T, string | undefined>

/** Does the work with files that can be read at once. */
export function answer<T>(reading: Reading<T>, read: (path: Path) => string | undefined): T {
	let step = reading.next()
	while (!step.done) step = reading.next(read(step.value))
	return step.value
}

/** Does the work with files that have to be waited for. */
export async function answerLater<T>(
	reading: Reading<T>,
	read: (path: Path) => Promise<string | undefined>,
): Promise<T> {
	let step = reading.next()
	while (!step.done) step = reading.next(await read(step.value))
	return step.value
}

/** One option about filters, in the order of the command line. */
export type FilterOption =
	| {readonly option: 'filter' | 'include' | 'exclude'; readonly value: string}
	| {readonly option: 'include-from' | 'exclude-from'; readonly value: Path}
	/** -C: what CVS ignores, and `.cvsignore` files. */
	| {readonly option: 'cvs-exclude'}

export type FilterSettings = {
	/** The root of the files, absolute and without a final '/': '' for '/'. */
	readonly root: Path
	/** What relative names of files are seen from; the root, by default. */
	readonly cwd?: Path | undefined
	/** Rules end in NUL in files, not in a newline (--from0). */
	readonly nul?: boolean | undefined
	/** Rules that name no side count where files are sent only (--delete-excluded). */
	readonly deleteExcluded?: boolean | undefined
	/** Where the user's own `.cvsignore` is, and what is ignored besides ($CVSIGNORE). */
	readonly cvs?: {readonly home?: Path | undefined; readonly more?: string | undefined} | undefined
}

/** Rules of one place, before those that it inherits. */
export class RuleList {
	own: Rule[] = []
	inherited: readonly Rule[]

	constructor(inherited: readonly Rule[] = []) {
		this.inherited = inherited
	}

	get rules(): readonly Rule[] {
		return [...this.own, ...this.inherited]
	}
}

/** Where the rules that are read stand. */
export type Where = {
	/** The directory, absolute and with its final '/', that names with a '/' are seen from. */
	readonly directory: Path
	/** The same for names without; where it is absent, `directory`. */
	readonly cwd?: Path | undefined
	/** The directory whose own file it is: its rules count below it, and those of the other side not at all. */
	readonly below?: {readonly side: 'sender' | 'receiver'} | undefined
	/** The file lies above the root. */
	readonly isAbove?: boolean
}

/** What is done with the merge rules of directories. */
export type MergeRules = {
	/** False if the rule's file is read already. */
	begin(rule: Rule): boolean
	end(rules: readonly Rule[]): void
}

/** How many files rules may merge where they stand, one within the other, and in all. */
const DEPTH = 32
const FILES = 1000

const SPACE = /[ \t\n\v\f\r]+/

export class RuleReader {
	readonly settings: FilterSettings
	/** What a rule `-C` stands for; read when there is one. */
	cvs: readonly Rule[] | undefined
	#depth = 0
	#files = 0

	constructor(settings: FilterSettings) {
		this.settings = settings
	}

	/** Adds the rules that the options give to a list. */
	*options(options: readonly FilterOption[], list: RuleList, merges: MergeRules): Reading<void> {
		const cwd = `${this.settings.cwd ?? this.settings.root}/`.replace('//', '/')
		const where = {directory: cwd, cwd}
		for (const given of options) {
			const {option} = given
			const source = `--${option}`
			if (option === 'cvs-exclude')
				for (const text of [':C', '-C'])
					yield* this.#text(text, source, {style: 'rules'}, list, where, merges)
			else if (option === 'filter')
				yield* this.#text(given.value, source, {style: 'rules'}, list, where, merges)
			else if (option === 'include' || option === 'exclude')
				yield* this.#text(given.value, source, {style: 'patterns', kind: option}, list, where, merges)
			else {
				const kind = option === 'include-from' ? 'include' : 'exclude'
				const path = given.value === '-' ? '-' : absolute(cwd, given.value)
				const file = {path, name: given.value, must: true}
				yield* this.file(file, {style: 'patterns', kind}, list, where, merges)
			}
		}
	}

	/** Adds the rules of a file; one that is not there has none, unless it `must` be. */
	*file(
		{path, name, must}: {readonly path: Path; readonly name: string; readonly must?: boolean},
		setting: {readonly style: Style; readonly kind?: 'include' | 'exclude'; readonly of?: Rule},
		list: RuleList,
		where: Where,
		merges: MergeRules,
	): Reading<void> {
		if (this.#depth === 0) this.#files = 0
		if (this.#depth >= DEPTH || ++this.#files > FILES)
			throw usage(`${shown(name)}: too many files of rules merge each other`)
		const text = yield path
		if (text === undefined && must) throw fatal(`cannot read ${shown(name)}: no such file or directory`)
		if (text === undefined) return
		this.#depth++
		try {
			if (setting.of?.merge?.words) {
				for (const word of text.split(SPACE)) yield* this.#text(word, name, setting, list, where, merges)
				return
			}
			const lines = text.split(this.settings.nul ? '\0' : /\r\n|[\r\n]/)
			for (const [i, line] of lines.entries())
				if (!/^[#;]/.test(line)) yield* this.#text(line, `${name}:${i + 1}`, setting, list, where, merges)
		} finally {
			this.#depth--
		}
	}

	*#text(
		text: string,
		source: string,
		setting: Omit<Setting, 'deleteExcluded'>,
		list: RuleList,
		where: Where,
		merges: MergeRules,
	): Reading<void> {
		const rule = parseRule(text, source, {...setting, deleteExcluded: this.settings.deleteExcluded})
		if (rule === undefined) return
		if (rule.kind === 'clear') {
			merges.end(list.own)
			list.own = []
			list.inherited = []
		} else if (rule.kind === 'merge' || rule.kind === 'dir-merge')
			yield* this.#merge(rule, list, where, merges)
		else {
			if (isOfOtherSide(rule, where)) return
			list.own.push(this.#placed(rule, where))
			if (rule.kind === 'cvs') this.cvs ??= yield* this.#cvs(rule, where, merges)
		}
	}

	/** A rule of a directory's file that begins with '/' is tied to that directory. */
	#placed(rule: Rule, {below, directory}: Where): Rule {
		if (!below || rule.absolute || !rule.pattern.startsWith('/')) return rule
		const root = `${this.settings.root}/`
		if (directory.startsWith(root))
			return {...rule, pattern: directory.slice(root.length - 1, -1) + rule.pattern}
		return {...rule, absolute: true, pattern: directory.slice(0, -1) + rule.pattern}
	}

	*#merge(rule: Rule, list: RuleList, where: Where, merges: MergeRules): Reading<void> {
		const name = rule.pattern === '' ? '.cvsignore' : rule.pattern
		if (rule.merge?.itself) list.own.push(this.#itself(rule, name, where))
		const isBare = !name.includes('/') && !where.isAbove
		if (rule.kind === 'merge') {
			const path =
				isBare && name === '-'
					? '-'
					: absolute(isBare ? (where.cwd ?? where.directory) : where.directory, name)
			const inner = {...where, below: undefined}
			yield* this.file({path, name, must: true}, {style: 'rules', of: rule}, list, inner, merges)
			return
		}
		if (isOfOtherSide(rule, where)) return
		const placed = {...rule, pattern: isBare ? name : where.isAbove ? absolute(where.directory, name) : name}
		if (merges.begin(placed)) list.own.push(placed)
	}

	/** Excludes the file of a merge rule, by its name. */
	#itself({text, source}: Rule, name: Path, {below}: Where): Rule {
		const isOneSided = this.settings.deleteExcluded && !below
		return {kind: 'exclude', pattern: nameOf(name), text, source, ...(isOneSided && {side: 'sender'})}
	}

	/** What CVS ignores: its own list, the user's file, the environment. */
	*#cvs(rule: Rule, where: Where, merges: MergeRules): Reading<readonly Rule[]> {
		const list = new RuleList()
		const {home, more = ''} = this.settings.cvs ?? {}
		const add = (text: string, source: string, of: Rule) =>
			this.#text(text, source, {style: 'rules', of}, list, {...where, below: undefined}, merges)
		for (const word of CVS_DEFAULT.split(' ')) yield* add(word, 'cvs', {...rule, perishable: true})
		if (home !== undefined)
			yield* this.file({path: home, name: home}, {style: 'rules', of: rule}, list, where, merges)
		for (const word of more.split(SPACE)) yield* add(word, '$CVSIGNORE', rule)
		return list.rules
	}
}

const isOfOtherSide = ({side}: Rule, {below}: Where): boolean =>
	below !== undefined && side !== undefined && side !== 'both' && side !== below.side

/** The names of the files that a text of rules has read in the directories. */
export const dirMergeNames = (text: string): string[] =>
	[...text.matchAll(/(?:^|[\0\n\r])(?:dir-merge|:)[^ _\n\r]*(?:[ _]([^\0\n\r]*))?/g)].map(
		([, name = '']) => nameOf(name) || '.cvsignore',
	)
