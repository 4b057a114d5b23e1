// rsync's include and exclude rules: the first rule that matches a path decides. See s3r-filter(7); the
// semantics are those of rsync(1), PATTERN MATCHING RULES, and of rule_matches() in rsync's exclude.c.
//
// Paths and patterns are byte strings.

import {usage} from '../base/errors.ts'
import {nameOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {wildcardSource} from './pattern.ts'

/** 'clear' forgets all rules before it. */
export type RuleKind = 'include' | 'exclude' | 'clear'

export type Rule = {
	readonly kind: RuleKind
	readonly pattern: string
	/** Where the rule comes from: an option, or `file:line`. */
	readonly source?: string | undefined
}

type Matcher = (path: Path, name: Path, isDirectory: boolean) => boolean
type Compiled = {readonly rule: Rule; readonly directoryOnly: boolean; readonly matches: Matcher}

/** An ordered list of rules, compiled. */
export class FilterRules {
	readonly #compiled: readonly Compiled[]

	constructor(rules: readonly Rule[]) {
		const clear = rules.findLastIndex((rule) => rule.kind === 'clear')
		this.#compiled = rules.slice(clear + 1).map(compile)
	}

	/**
	 * The rule that decides about a path, or undefined: then the path is included. What lies below an
	 * excluded directory is not to be asked about: it is excluded with it.
	 */
	decide(path: Path, isDirectory: boolean): Rule | undefined {
		if (path === ROOT) return undefined
		const bare = withoutSlash(path)
		const name = nameOf(bare)
		for (const {rule, directoryOnly, matches} of this.#compiled) {
			if (directoryOnly && !isDirectory) continue
			if (matches(bare, name, isDirectory)) return rule
		}
		return undefined
	}
}

/**
 * The rule that one --include or --exclude, or one line of a file of such, stands for: the text after
 * `+ ` or `- ` if it begins so, the end of all rules before it if it is `!`, else a pattern of kind `kind`;
 * the empty text for none.
 */
export function parseRule(text: string, kind: 'include' | 'exclude', source?: string): Rule | undefined {
	if (text === '') return undefined
	const prefixed = text.startsWith('+ ') || text.startsWith('- ')
	const pattern = prefixed ? text.slice(2) : text
	if (pattern === '') throw usage(`empty pattern${source === undefined ? '' : ` in ${source}`}`)
	if (pattern === '!') return {kind: 'clear', pattern, source}
	return {kind: prefixed ? (text.startsWith('+') ? 'include' : 'exclude') : kind, pattern, source}
}

/**
 * The rules in a file of --include-from or --exclude-from: one a line, ended by LF or CR (by NUL with `nul`);
 * empty lines and those that begin with '#' or ';' are none. `name` is the file's, for messages.
 */
export function parseRules(text: string, kind: 'include' | 'exclude', name: string, nul = false): Rule[] {
	return text
		.split(nul ? '\0' : /\r\n|[\r\n]/)
		.map((line, i) => (/^[#;]/.test(line) ? undefined : parseRule(line, kind, `${name}:${i + 1}`)))
		.filter((rule) => rule !== undefined)
}

function compile(rule: Rule): Compiled {
	const directoryOnly = rule.pattern.length > 1 && rule.pattern.endsWith('/')
	const pattern = directoryOnly ? rule.pattern.slice(0, -1) : rule.pattern
	return {rule, directoryOnly, matches: /[*?[]/.test(pattern) ? wildcard(pattern) : literal(pattern)}
}

/** Without a wildcard nothing is an escape, and no regular expression is needed. */
function literal(pattern: string): Matcher {
	if (pattern.startsWith('/')) {
		const whole = pattern.slice(1)
		return (path) => path === whole
	}
	if (!pattern.includes('/')) return (_, name) => name === pattern
	const tail = `/${pattern}`
	return (path) => path === pattern || path.endsWith(tail)
}

function wildcard(pattern: string): Matcher {
	const suffix = /^\*([^*?[\\/]+)$/.exec(pattern)?.[1]
	if (suffix !== undefined) return (_, name) => name.endsWith(suffix)

	const anchored = pattern.startsWith('/')
	const source = wildcardSource(anchored ? pattern.slice(1) : pattern, 'rsync')
	if (source === undefined) return () => false
	if (!pattern.includes('/') && !pattern.includes('**')) {
		const regexp = new RegExp(`^${source}$`)
		return (_, name) => regexp.test(name)
	}
	// A leading `**` + `/` matches at the root too, and a final `/***` the directory itself.
	const before = pattern.startsWith('**') ? '/' : ''
	const after = pattern.endsWith('***') ? '/' : ''
	const regexp = new RegExp(`${anchored || before ? '^' : '(?:^|/)'}${source}$`)
	return (path, _, isDirectory) => regexp.test(before + path + (isDirectory ? after : ''))
}
