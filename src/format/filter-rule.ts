// One filter rule of rsync's: how it is written, and what it says. See s3r-filter(7), and FILTER RULES in rsync(1).
//
// A rule is read in a setting: that of the option it stands in, or of the file that holds it, whose own rule
// may give it a kind, a side and modifiers (the "template").

import {usage} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'

/** On which side a rule counts: that which sends (hide, show), that which receives (protect, risk), or either. */
export type Side = 'sender' | 'receiver' | 'both'

/** What the modifiers say that a merge rule hands down to the rules of its file. */
export type Inherited = {
	/** `/`: matched against the absolute path. */
	readonly absolute?: boolean
	/** `!`: what does not match is meant. */
	readonly negated?: boolean
	/** `p`: does not keep a directory that is deleted from being deleted. */
	readonly perishable?: boolean
	/** It ends in '/': only directories match. */
	readonly directoryOnly?: boolean
	readonly side?: Side | undefined
}

/** How the file of a merge rule is read. */
export type Merge = {
	/** `-`, `+`, `C`: its lines are patterns of this kind, without prefixes. */
	readonly plain?: 'include' | 'exclude' | undefined
	/** `w`, `C`: its words are the rules, and there are no comments. */
	readonly words?: boolean
	/** `n`, `C`: what it says does not count in the directories below. */
	readonly alone?: boolean
	/** `C`: the word '!' forgets those before it. */
	readonly cvs?: boolean
	/** `e`: the file itself is excluded. */
	readonly itself?: boolean
}

/**
 * `merge` reads a file where it stands, `dir-merge` one in each directory; `cvs` stands for what CVS
 * ignores; `clear` forgets the rules before it.
 */
export type RuleKind = 'include' | 'exclude' | 'merge' | 'dir-merge' | 'cvs' | 'clear'

export type Rule = Inherited & {
	readonly kind: RuleKind
	/** Without the '/' at the end that `directoryOnly` stands for. */
	readonly pattern: Path
	/** `x`: it is about the names of extended attributes. */
	readonly xattr?: boolean
	readonly merge?: Merge | undefined
	/** The rule as it is written. */
	readonly text: string
	/** Where the rule comes from: an option, or `file:line`. */
	readonly source: string
}

/** How a rule is read: all prefixes and modifiers; `+ ` and `- ` alone (--exclude and the like). */
export type Style = 'rules' | 'patterns'

export type Setting = {
	readonly style: Style
	/** The kind of a pattern without a prefix. */
	readonly kind?: 'include' | 'exclude'
	/** The rule whose file is read. */
	readonly of?: Rule | undefined
	/** Rules that name no side count where files are sent only (--delete-excluded). */
	readonly deleteExcluded?: boolean | undefined
}

type Mutable<T> = {-readonly [K in keyof T]: T[K]}
type Begun = Mutable<Omit<Rule, 'text' | 'source' | 'merge'>> & {merge?: Mutable<Merge> | undefined}

const LONG: Readonly<Record<string, string>> = {
	clear: '!',
	'dir-merge': ':',
	exclude: '-',
	hide: 'H',
	include: '+',
	merge: '.',
	protect: 'P',
	risk: 'R',
	show: 'S',
}

const KINDS: Readonly<Record<string, {readonly kind: RuleKind; readonly side?: Side}>> = {
	'+': {kind: 'include'},
	'-': {kind: 'exclude'},
	'.': {kind: 'merge'},
	':': {kind: 'dir-merge'},
	H: {kind: 'exclude', side: 'sender'},
	S: {kind: 'include', side: 'sender'},
	P: {kind: 'exclude', side: 'receiver'},
	R: {kind: 'include', side: 'receiver'},
	'!': {kind: 'clear'},
}

/** A name, its modifiers after a comma or none, a blank or '_', and what it is about. */
const RULE =
	/^(?:(clear|dir-merge|exclude|hide|include|merge|protect|risk|show)(?=[ \t\n\v\f\r_,]|$)|([-+.:HSPR!]))(,?)([^ _]*)[ _]?([^]*)$/

/** The rule that a text stands for; undefined for the empty text. A usage error if it is none. */
export function parseRule(text: string, source: string, setting: Setting): Rule | undefined {
	if (text === '') return undefined
	const refuse = (why: string) => usage(`${shown(text)} in ${source}: ${why}`)
	const rule = setting.of?.merge?.plain
		? plainRule(text, setting.of.merge)
		: setting.style === 'patterns'
			? optionRule(text, setting.kind ?? 'exclude')
			: prefixedRule(text, refuse)
	const from = setting.of
	for (const name of ['absolute', 'negated', 'perishable', 'directoryOnly'] as const)
		if (from?.[name]) rule[name] = true
	if (from?.side !== undefined) {
		if (rule.side !== undefined) throw refuse('its file is merged for one side, and so it can name none')
		rule.side = from.side
	}
	if (rule.pattern === '' && rule.kind !== 'clear' && rule.kind !== 'cvs' && !rule.merge?.cvs)
		throw refuse('it has no pattern')
	const isMerge = rule.kind === 'merge' || rule.kind === 'dir-merge'
	if (setting.deleteExcluded && rule.side === undefined && !isMerge) rule.side = 'sender'
	if (rule.pattern.length > 1 && rule.pattern.endsWith('/') && rule.kind !== 'merge') {
		rule.pattern = rule.pattern.slice(0, -1)
		rule.directoryOnly = true
	}
	return {...rule, text, source}
}

/** A line of a file whose lines are patterns. */
function plainRule(text: string, {plain = 'exclude', cvs}: Merge): Begun {
	return cvs && text === '!' ? {kind: 'clear', pattern: ''} : {kind: plain, pattern: text}
}

/** The value of --include or --exclude, or a line of a file of such. */
function optionRule(text: string, kind: 'include' | 'exclude'): Begun {
	if (text === '!') return {kind: 'clear', pattern: ''}
	if (text.startsWith('+ ')) return {kind: 'include', pattern: text.slice(2)}
	if (text.startsWith('- ')) return {kind: 'exclude', pattern: text.slice(2)}
	return {kind, pattern: text}
}

function prefixedRule(text: string, refuse: (why: string) => Error): Begun {
	const [, long, short, comma, modifiers = '', pattern = ''] = RULE.exec(text) ?? []
	const letter = long === undefined ? short : LONG[long]
	const begun = letter === undefined ? undefined : KINDS[letter]
	if (letter === undefined || begun === undefined)
		throw usage(
			refuse('it is no filter rule').message,
			"'+ <pattern>', '- <pattern>', ': <name>' and others, see s3r-filter(7)",
		)
	if (letter === '!') {
		if (text !== `${long ?? short}${comma}`) throw refuse('nothing may follow it')
		return {kind: 'clear', pattern: ''}
	}
	if (long !== undefined && comma === '' && modifiers !== '')
		throw refuse('it has no blank before its pattern')
	const rule: Begun = {...begun, pattern}
	if (rule.kind === 'merge' || rule.kind === 'dir-merge') rule.merge = {}
	for (const modifier of modifiers)
		if (!modify(rule, modifier, begun.side !== undefined))
			throw refuse(`${shown(modifier)} is no modifier of such a rule`)
	return rule
}

const CVS = {words: true, alone: true, cvs: true} satisfies Merge

/** Applies one modifier; false if such a rule cannot have it. */
function modify(rule: Begun, modifier: string, isOneSided: boolean): boolean {
	const {merge} = rule
	switch (modifier) {
		case '/':
			rule.absolute = true
			return true
		case 'p':
			rule.perishable = true
			return true
		case 'x':
			rule.xattr = true
			return true
		case '!':
			if (merge) return false
			rule.negated = true
			return true
		case 'r':
		case 's': {
			if (isOneSided) return false
			const side = modifier === 's' ? 'sender' : 'receiver'
			rule.side = rule.side === undefined || rule.side === side ? side : 'both'
			return true
		}
		case 'C':
			if (merge?.plain || isOneSided) return false
			rule.merge = {...merge, ...CVS, plain: rule.kind === 'include' ? 'include' : 'exclude'}
			if (!merge) rule.kind = 'cvs'
			return true
	}
	return merge !== undefined && rule.kind !== 'cvs' && modifyMerge(merge, modifier)
}

function modifyMerge(merge: Mutable<Merge>, modifier: string): boolean {
	switch (modifier) {
		case '+':
		case '-':
			if (merge.plain) return false
			merge.plain = modifier === '+' ? 'include' : 'exclude'
			return true
		case 'e':
			merge.itself = true
			return true
		case 'n':
			merge.alone = true
			return true
		case 'w':
			merge.words = true
			return true
	}
	return false
}
