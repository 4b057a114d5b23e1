// Which files take part: the rules of the command line first, then the ignore files.
//
// rsync asks two questions, and so do we. Which of its files does the sending side show? And which of its
// files may the receiving side lose, if the other does not show them? Most rules answer both alike.

import {existsSync, readFileSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, parentOf, type Path, unsafe} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Filter, type FilterRules, type FilterSide, FilterWalk} from '../format/filter.ts'
import {type IgnoreRule, IgnoreStack, parseIgnore} from '../format/gitignore.ts'
import type {Direction} from './plan.ts'
import type {Select} from './scan.ts'

/** The ignore file of a directory; its semantics are those of .gitignore. */
const IGNORE_FILE = '.s3rignore'

export type SelectOptions = {
	readonly root: Path
	/** The `.s3rsync` of the root, whose info/exclude counts for everything. */
	readonly dir: Path
	readonly rules: FilterRules
	readonly direction?: Direction | undefined
}

export type Selection = {
	/** Whether the sending side shows a path; what lies below one that it does not show is not to be asked about. */
	readonly shows: Select
	/** Whether the receiving side may lose a path that it is not shown; `isInGone`: its directory goes, too. */
	readonly risks: (path: Path, isDirectory: boolean, isInGone: boolean) => boolean
	/** Whether a local file is to be looked at: it is shown, or may be lost. */
	readonly scans: Select
	/** Whether something may be lost although it is there on the sending side, which does not show it. */
	readonly exposes: boolean
	/** Whether an extended attribute of this name takes part; absent where no rule is about such. */
	readonly keepsXattr?: ((name: string) => boolean) | undefined
	/** Names of files with rules in the directories. */
	readonly files: ReadonlySet<string>
	/** The text of such a file as it is here, undefined where there is none. */
	textOf(path: Path): string | undefined
	/** Takes the texts of such files as they are on the remote; undefined where there is none. */
	learn(texts: ReadonlyMap<Path, string | undefined>): void
}

function readIfThere(file: Path): string | undefined {
	// a key may name what is no path below the root
	if (file.includes('/../')) return undefined
	// most directories have none, and an error costs ten times the question
	if (!existsSync(forFs(file))) return undefined
	try {
		return readFileSync(forFs(file), 'latin1')
	} catch (error) {
		const code = errnoOf(error)
		if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
		throw fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/**
 * The selection of a local side, of which `direction` says whether it sends. An include rule of the command
 * line brings back what an ignore file names.
 */
export function selection({root, dir, rules, direction = 'push'}: SelectOptions): Selection {
	const base = root === '/' ? '' : root
	let remote: ReadonlyMap<Path, string | undefined> = new Map()
	/** A file as the remote has it, or has it by then. */
	const readRemote = (file: Path): string | undefined => {
		const path = file.slice(base.length + 1)
		return file.startsWith(`${base}/`) && remote.has(path) ? remote.get(path) : readIfThere(file)
	}
	const isPush = direction === 'push'
	const ignores = new Ignores(root, dir)
	const sender = new Asked(rules.on('sender'), ignores, isPush ? readIfThere : readRemote)
	const receiver = new Asked(rules.on('receiver'), ignores, isPush ? readRemote : readIfThere)
	// of a pull, the remote is not known yet when the files are looked at
	const here = isPush ? sender : new Asked(rules.on('sender'), ignores, readIfThere)
	const {deleteExcluded = false} = rules.reader.settings
	const shows = sender.select()
	const risks: Selection['risks'] = (path, isDirectory, isInGone) =>
		receiver.takes(path, isDirectory, {ignorePerishable: isInGone, isIgnored: !deleteExcluded})
	return {
		shows,
		risks,
		scans: isPush
			? shows
			: withPlain(
					(path, isDirectory) => here.takes(path, isDirectory) || risks(path, isDirectory, false),
					(directory) => here.takesPlain(directory),
				),
		exposes: deleteExcluded || rules.rules.some(({kind, side}) => kind === 'dir-merge' || side !== undefined),
		keepsXattr: rules.on('sender').keepsXattr,
		files: rules.fileNames,
		textOf: (path) => readIfThere(`${base}/${path}`),
		learn(texts) {
			remote = texts
		},
	}
}

/** Whether the rules take what is sent from a directory, absolute and without a final '/'. */
export function senderSelect(rules: FilterRules, root: Path): Select {
	const walk = new FilterWalk(rules.at(root).on('sender'), readIfThere)
	return (path, isDirectory) => walk.decide(path, isDirectory)?.kind !== 'exclude'
}

/** What decided about a path, and whether it is left out by that. */
export type Decision = {readonly source: string; readonly text: string; readonly isOut: boolean}

/** Says what decides about a path on one side, also where that is a directory that it lies in. */
export function explainer(
	{root, dir, rules}: SelectOptions,
	side: FilterSide,
): (path: Path, isDirectory: boolean) => Decision | undefined {
	const asked = new Asked(rules.on(side), new Ignores(root, dir), readIfThere)
	const decide = (path: Path, isDirectory: boolean): Decision | undefined => {
		const directory = parentOf(path)
		const above = directory === '' ? undefined : decide(directory, true)
		return above?.isOut ? above : asked.why(path, isDirectory)
	}
	return decide
}

const withPlain = (select: Select, takesPlain: (directory: Path) => boolean): Select =>
	Object.assign(select, {takesPlain})

/** What one side takes. */
class Asked {
	readonly #walk: FilterWalk
	readonly #ignores: Ignores

	constructor(filter: Filter, ignores: Ignores, read: (file: Path) => string | undefined) {
		this.#walk = new FilterWalk(filter, read)
		this.#ignores = ignores
	}

	takes(
		path: Path,
		isDirectory: boolean,
		{ignorePerishable = false, isIgnored = true}: {ignorePerishable?: boolean; isIgnored?: boolean} = {},
	): boolean {
		const rule = this.#walk.decide(path, isDirectory, {ignorePerishable})
		if (rule !== undefined) return rule.kind === 'include'
		return !isIgnored || this.#ignores.decide(path, isDirectory)?.negated !== false
	}

	/** Whether no rule speaks of what lies in a directory. */
	takesPlain(directory: Path): boolean {
		return this.#walk.standing(directory).compiled.length === 0 && this.#ignores.isEmptyIn(directory)
	}

	select(): Select {
		return withPlain(
			(path, isDirectory) => this.takes(path, isDirectory),
			(directory) => this.takesPlain(directory),
		)
	}

	why(path: Path, isDirectory: boolean): Decision | undefined {
		const rule = this.#walk.decide(path, isDirectory)
		if (rule) return {source: rule.source, text: rule.text, isOut: rule.kind === 'exclude'}
		const ignored = this.#ignores.decide(path, isDirectory)
		return ignored && {source: ignored.source, text: ignored.pattern, isOut: !ignored.negated}
	}
}

/** The ignore files on the way to the path that was last asked for. */
class Ignores {
	readonly #root: Path
	readonly #stack = new IgnoreStack()
	/** The directories that the stack was built for, each with whether it has an ignore file that says anything. */
	readonly #directories: {readonly path: Path; readonly has: boolean}[] = []
	/** The one that was last asked for: paths come by their directories. */
	#entered: Path | undefined

	constructor(root: Path, dir: Path) {
		this.#root = root === '/' ? '' : root
		this.#push(`${dir}/info/exclude`, '', '.s3rsync/info/exclude')
	}

	/** Adds what a file says, if anything. */
	#push(file: Path, base: Path, source: string): boolean {
		const text = readIfThere(file)
		const ignore = text === undefined ? undefined : parseIgnore(text, base, source)
		if (ignore === undefined || ignore.rules.length === 0) return false
		this.#stack.push(ignore)
		return true
	}

	decide(path: Path, isDirectory: boolean): IgnoreRule | undefined {
		this.#enter(parentOf(path))
		return this.#stack.decide(path, isDirectory)
	}

	/** Whether no file on the way to a directory has a rule. */
	isEmptyIn(directory: Path): boolean {
		this.#enter(directory)
		return this.#stack.isEmptyIn(directory)
	}

	/** Makes the stack hold what counts in a directory; files of deeper ones do no harm, and may be asked for again. */
	#enter(directory: Path): void {
		if (directory === this.#entered) return
		this.#entered = directory
		this.#fit(directory)
	}

	#fit(directory: Path): void {
		for (
			let top = this.#directories.at(-1);
			top && !isOneWay(top.path, directory);
			top = this.#directories.at(-1)
		) {
			this.#directories.pop()
			if (top.has) this.#stack.pop()
		}
		if (this.#directories.at(-1)?.path.startsWith(directory)) return
		if (directory !== '') this.#fit(parentOf(directory))
		// a key may name what is no path below the root
		if (directory !== '' && unsafe(directory) !== undefined) return
		const has = this.#push(`${this.#root}/${directory}${IGNORE_FILE}`, directory, directory + IGNORE_FILE)
		this.#directories.push({path: directory, has})
	}
}

/** Whether one of two directories leads to the other. */
const isOneWay = (a: Path, b: Path): boolean => a.startsWith(b) || b.startsWith(a)
