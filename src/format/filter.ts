// rsync's filter rules at work: the first rule that matches a path decides. See s3r-filter(7); the semantics
// are those of rsync 3.2 (exclude.c), bugs and all, since its clients check what they are sent.
//
// What lies below an excluded directory is not to be asked about: it is excluded with it.
//
// Paths and patterns are byte strings. Nothing is opened here: see filter-read.ts.

import {absolute, nameOf, parentOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {compilePattern, type Matcher} from './filter-match.ts'
import {
	answer,
	type FilterOption,
	type FilterSettings,
	type MergeRules,
	type Reading,
	RuleList,
	RuleReader,
} from './filter-read.ts'
import type {Rule, Side} from './filter-rule.ts'

/** Who asks: the side that sends files, or the one that receives them and deletes what it has besides. */
export type FilterSide = Exclude<Side, 'both'>

type Compiled = {readonly rule: Rule; readonly matches: Matcher; readonly isPerishable: boolean}

/** A dir-merge rule in force in a directory. */
type Merged = {
	/** The name of its file in each directory. */
	readonly file: Path
	/** Whether the directories above the root have been looked at, where the rule names such. */
	readonly isReady: boolean
	readonly rules: readonly Rule[]
}

/** What counts in one directory. */
export type Standing = {
	readonly compiled: readonly Compiled[]
	/** About the names of extended attributes. */
	readonly xattrs: readonly Compiled[]
	/** The dir-merge rules in the order in which they came into force. */
	readonly merges: ReadonlyMap<Rule, Merged>
}

/** The rules of a command line, before it is said for which side. */
export class FilterRules {
	readonly reader: RuleReader
	readonly rules: readonly Rule[]
	readonly merges: ReadonlyMap<Rule, Merged>

	private constructor(reader: RuleReader, rules: readonly Rule[], merges: ReadonlyMap<Rule, Merged>) {
		this.reader = reader
		this.rules = rules
		this.merges = merges
	}

	/** Reads the options, and the files that they name. Usage errors for what is no rule. */
	static *read(options: readonly FilterOption[], settings: FilterSettings): Reading<FilterRules> {
		const reader = new RuleReader(settings)
		const list = new RuleList()
		const merges = new Map<Rule, Merged>()
		yield* reader.options(options, list, mergesIn(merges))
		return new FilterRules(reader, list.rules, merges)
	}

	/** The names of the files that count in their directories. */
	get fileNames(): ReadonlySet<string> {
		return new Set([...this.merges.keys()].map(({pattern}) => nameOf(pattern)))
	}

	/** The same rules for another root, absolute and without a final '/'. */
	at(root: Path): FilterRules {
		const reader = new RuleReader({...this.reader.settings, root})
		reader.cvs = this.reader.cvs
		return new FilterRules(reader, this.rules, this.merges)
	}

	/** The rules as far as they count on one side. */
	on(side: FilterSide): Filter {
		return new Filter(this, side)
	}
}

/** The rules of one side. */
export class Filter {
	readonly side: FilterSide
	/** What counts before any directory was entered. */
	readonly top: Standing
	readonly #reader: RuleReader
	readonly #rules: readonly Rule[]
	readonly #known = new Map<Rule, Matcher>()

	constructor({reader, rules, merges}: FilterRules, side: FilterSide) {
		this.side = side
		this.#reader = reader
		this.#rules = rules
		this.top = this.#standing(merges)
	}

	/**
	 * What counts in a directory ('' for the root, else with its final '/'), as that which it lies in
	 * is left. Asks for the files of dir-merge rules by their absolute paths.
	 */
	*enter(directory: Path, above: Standing): Reading<Standing> {
		if (above.merges.size === 0) return above
		const merges = new Map(above.merges)
		const here = `${this.#reader.settings.root}/${directory}`
		// rules that are found meanwhile come last, and have their files read too
		for (const [rule, state] of merges) {
			const ready = state.isReady ? state : yield* this.#prepare(rule, state, here, merges)
			const list = new RuleList(rule.merge?.alone ? [] : ready.rules)
			yield* this.#file(rule, ready.file, here, list, merges)
			if (merges.has(rule)) merges.set(rule, {...ready, rules: list.rules})
		}
		return isSame(merges, above.merges) ? above : this.#standing(merges)
	}

	/** The rule that decides about a path, or undefined: then it is included. */
	decide(
		{compiled}: Standing,
		path: Path,
		isDirectory: boolean,
		{ignorePerishable = false}: {readonly ignorePerishable?: boolean} = {},
	): Rule | undefined {
		if (path === ROOT || compiled.length === 0) return undefined
		return decision(compiled, withoutSlash(path), isDirectory, ignorePerishable)
	}

	/** Whether an extended attribute of this name is kept, by the rules of the options; undefined where they say nothing. */
	get keepsXattr(): ((name: string) => boolean) | undefined {
		const {xattrs} = this.top
		return xattrs.length === 0
			? undefined
			: (name) => decision(xattrs, name, false, false)?.kind !== 'exclude'
	}

	/** Reads a rule's file in one directory. */
	*#file(
		rule: Rule,
		file: Path,
		directory: Path,
		list: RuleList,
		merges: Map<Rule, Merged>,
		isAbove = false,
	) {
		const {root} = this.#reader.settings
		const path = directory + file
		const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
		const where = {directory, cwd: `${root}/`, below: {side: this.side}, isAbove}
		yield* this.#reader.file({path, name}, {style: 'rules', of: rule}, list, where, mergesIn(merges))
	}

	/**
	 * A rule whose name has a '/' looks into the directories above the one where it came into force, from that
	 * which it names.
	 */
	*#prepare(rule: Rule, {file, rules}: Merged, here: Path, merges: Map<Rule, Merged>): Reading<Merged> {
		if (!file.includes('/')) return {file, rules, isReady: true}
		const whole = absolute(here, file)
		const bare = nameOf(whole)
		const from = whole.slice(0, -bare.length)
		let found = rules
		for (
			let at = from;
			here.startsWith(from) && at !== here;
			at = here.slice(0, here.indexOf('/', at.length) + 1)
		) {
			const list = new RuleList(found)
			yield* this.#file(rule, bare, at, list, merges, true)
			found = rule.merge?.alone ? [] : list.rules
		}
		return {file: bare, rules: found, isReady: true}
	}

	#standing(merges: ReadonlyMap<Rule, Merged>): Standing {
		const all = [...this.#flat(this.#rules, merges, {isTop: true, isPerishable: false})]
		return {
			compiled: all.filter(({rule}) => !rule.xattr),
			xattrs: all.filter(({rule}) => rule.xattr),
			merges,
		}
	}

	/** The rules in their order, with those that merge rules stand for in their places. */
	*#flat(
		rules: readonly Rule[],
		merges: ReadonlyMap<Rule, Merged>,
		within: {readonly isTop: boolean; readonly isPerishable: boolean},
	): Generator<Compiled> {
		for (const rule of rules) {
			if (within.isTop && rule.side !== undefined && rule.side !== 'both' && rule.side !== this.side) continue
			const isPerishable = within.isPerishable || rule.perishable === true
			if (rule.kind === 'cvs') yield* this.#flat(this.#reader.cvs ?? [], merges, {...within, isPerishable})
			else if (rule.kind === 'dir-merge')
				yield* this.#flat(merges.get(rule)?.rules ?? [], merges, {isTop: false, isPerishable})
			else yield {rule, matches: this.#compile(rule), isPerishable}
		}
	}

	#compile(rule: Rule): Matcher {
		const known = this.#known.get(rule)
		if (known) return known
		const matches = compilePattern(rule, this.#reader.settings.root)
		this.#known.set(rule, matches)
		return matches
	}
}

function decision(
	rules: readonly Compiled[],
	name: Path,
	isDirectory: boolean,
	ignorePerishable: boolean,
): Rule | undefined {
	for (const {rule, matches, isPerishable} of rules) {
		if (ignorePerishable && isPerishable) continue
		const isMatch = (isDirectory || !rule.directoryOnly) && matches(name, isDirectory)
		if (isMatch !== (rule.negated ?? false)) return rule
	}
	return undefined
}

const mergesIn = (merges: Map<Rule, Merged>): MergeRules => ({
	begin(rule) {
		const name = nameOf(rule.pattern)
		for (const {file} of merges.values()) if (nameOf(file) === name) return false
		merges.set(rule, {file: rule.pattern, isReady: false, rules: []})
		return true
	},
	end(rules) {
		for (const rule of rules) merges.delete(rule)
	},
})

/** Whether nothing came to or went from the rules of directories. */
const isSame = (a: ReadonlyMap<Rule, Merged>, b: ReadonlyMap<Rule, Merged>): boolean =>
	a.size === b.size &&
	[...a].every(([rule, {rules}]) => {
		const before = b.get(rule)
		return before?.isReady === true && sameItems(rules, before.rules)
	})

const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
	a.length === b.length && a.every((item, i) => item === b[i])

/** A filter beside a walk: it knows what counts in the directory of the path that was last asked for. */
export class FilterWalk {
	readonly #filter: Filter
	readonly #read: (path: Path) => string | undefined
	/** The directories on the way to that one, from the root on. */
	readonly #stack: {readonly directory: Path; readonly standing: Standing}[] = []

	/** `read` gives the text of a file by its absolute path, undefined where there is none. */
	constructor(filter: Filter, read: (path: Path) => string | undefined) {
		this.#filter = filter
		this.#read = read
	}

	/** The rule that decides about a path, by those of the directory that it lies in. */
	decide(path: Path, isDirectory: boolean, how?: {readonly ignorePerishable?: boolean}): Rule | undefined {
		const {top} = this.#filter
		const standing = top.merges.size === 0 ? top : this.standing(parentOf(path))
		return this.#filter.decide(standing, path, isDirectory, how)
	}

	/** What counts in a directory: '' for the root, else with its final '/'. */
	standing(directory: Path): Standing {
		for (
			let last = this.#stack.at(-1);
			last && !directory.startsWith(last.directory);
			last = this.#stack.at(-1)
		)
			this.#stack.pop()
		let {directory: at, standing} = this.#stack.at(-1) ?? this.#enter('', this.#filter.top)
		while (at !== directory) {
			const next = directory.slice(0, directory.indexOf('/', at.length) + 1)
			;({directory: at, standing} = this.#enter(next, standing))
		}
		return standing
	}

	#enter(directory: Path, above: Standing) {
		const entered = {directory, standing: answer(this.#filter.enter(directory, above), this.#read)}
		this.#stack.push(entered)
		return entered
	}
}
