// The filter rules that a client sends along. See s3r-rsync(5), FILTER LIST; patterns are those of s3r-filter(7).

import {isDirectory, parentOf, type Path, ROOT} from '../../base/path.ts'
import {shown} from '../../base/quote.ts'
import {FilterRules} from '../../format/filter.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import type {Input} from './input.ts'

type Rule = {
	readonly include: boolean
	/** Matches what the pattern does not. */
	readonly negated: boolean
	/** Without a side, a rule is for both. */
	readonly sender: boolean
	readonly receiver: boolean
	/** Does not keep a directory that is to be deleted. */
	readonly perishable: boolean
	readonly pattern: FilterRules
}

const RULE_LIMIT = 1 << 16
const LIST_LIMIT = 1 << 20

/** What rsync leaves out with -C. */
const CVS = (
	'RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$ *.old *.bak ' +
	'*.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core .svn/ .git/ .hg/ .bzr/'
).split(' ')

export type Side = 'sender' | 'receiver'

/** Reads the texts of a list, which an empty one ends. */
export async function readFilterList(input: Input): Promise<string[]> {
	const texts: string[] = []
	for (;;) {
		const text = await input.read(readText)
		if (text === '') return texts
		texts.push(text)
		if (texts.length > LIST_LIMIT) throw new RsyncError(RERR.stream, 'too many filter rules')
	}
}

function readText(cursor: Cursor): string {
	const length = cursor.int()
	if (length < 0 || length > RULE_LIMIT) throw new RsyncError(RERR.stream, `a filter rule of ${length} bytes`)
	return cursor.text(length)
}

export class Filter {
	readonly #rules: readonly Rule[]
	/** What is known of directories. */
	readonly #excluded = new Map<Path, boolean>([['', false]])
	readonly #side: Side

	constructor(texts: readonly string[], {side, cvs = false}: {readonly side: Side; readonly cvs?: boolean}) {
		const clear = texts.findLastIndex((text) => /^!\s*$/.test(text))
		const rules = texts.slice(clear + 1).flatMap(parse)
		const builtIn = cvs ? CVS.map((pattern) => exclude(pattern)) : []
		this.#rules = [...rules, ...builtIn]
		this.#side = side
	}

	get isEmpty(): boolean {
		return this.#rules.length === 0
	}

	/** Whether a path, or a directory that it lies in, is excluded on our side. */
	excludes(path: Path): boolean {
		if (path === ROOT || this.isEmpty) return false
		if (this.#excludesDirectory(parentOf(path))) return true
		return isDirectory(path) ? this.#excludesDirectory(path) : this.#decides(path, false)
	}

	/**
	 * Whether a path is kept from being deleted; in a directory that is itself to be deleted perishable rules
	 * do not count.
	 */
	protects(path: Path, inDeleted: boolean): boolean {
		return this.#decides(path, inDeleted)
	}

	#excludesDirectory(path: Path): boolean {
		let known = this.#excluded.get(path)
		if (known === undefined) {
			known = this.#excludesDirectory(parentOf(path)) || this.#decides(path, false)
			this.#excluded.set(path, known)
		}
		return known
	}

	/** Whether the first rule that matches is an exclusion. */
	#decides(path: Path, withoutPerishable: boolean): boolean {
		for (const rule of this.#rules) {
			if (!rule[this.#side] || (withoutPerishable && rule.perishable)) continue
			const matches = rule.pattern.decide(path, isDirectory(path)) !== undefined
			if (matches !== rule.negated) return !rule.include
		}
		return false
	}
}

const exclude = (pattern: string): Rule => ({
	include: false,
	negated: false,
	sender: true,
	receiver: true,
	perishable: false,
	pattern: new FilterRules([{kind: 'exclude', pattern}]),
})

const FORM = /^([-+PRSH])([!/Csrpxe]*)[ _](.+)$/s
/** Kinds that say the side by themselves. */
const SIDED: Readonly<Record<string, {readonly include: boolean; readonly side: Side}>> = {
	P: {include: false, side: 'receiver'},
	R: {include: true, side: 'receiver'},
	H: {include: false, side: 'sender'},
	S: {include: true, side: 'sender'},
}

function parse(text: string): Rule[] {
	if (/^[.:]/.test(text))
		throw new RsyncError(
			RERR.unsupported,
			`the filter rule ${shown(text)} reads rules from files in the bucket, which is not done: ` +
				'use --exclude, --exclude-from or --filter="merge FILE"',
		)
	if (/^-[!/srp]*C/.test(text)) return CVS.map((pattern) => exclude(pattern))
	const form = FORM.exec(text)
	// protocol 28 and older: a pattern alone
	const [, kind = '-', modifiers = '', pattern = text] = form ?? []
	if (modifiers.includes('x')) return []
	const sided = SIDED[kind]
	const both = !modifiers.includes('s') && !modifiers.includes('r')
	return [
		{
			include: sided?.include ?? kind === '+',
			negated: modifiers.includes('!'),
			sender: sided ? sided.side === 'sender' : both || modifiers.includes('s'),
			receiver: sided ? sided.side === 'receiver' : both || modifiers.includes('r'),
			perishable: modifiers.includes('p'),
			pattern: new FilterRules([{kind: 'exclude', pattern}]),
		},
	]
}
