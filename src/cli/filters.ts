// The rules of the command line, in its order.

import {readFileSync} from 'node:fs'
import {fatal, reason, usage} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {parseRule, parseRules, type Rule} from '../format/filter.ts'
import {absolute} from '../repo/find.ts'
import type {Ordered} from './command.ts'

/** The filter rules that the options give, in their order. A file of rules may be '-' for none: it must be a file. */
export function filterRules(cwd: Path, ordered: readonly Ordered[]): Rule[] {
	return ordered.flatMap(({name, value}) => {
		if (name === 'exclude' || name === 'include') return one(parseRule(value, name, `--${name}`))
		if (name === 'exclude-from') return parseRules(read(cwd, value), 'exclude', value)
		if (name === 'include-from') return parseRules(read(cwd, value), 'include', value)
		if (name === 'filter') return filterRule(cwd, value, '--filter')
		return []
	})
}

/** What one --filter says, or one line of a file that is merged: rsync's rules, without their modifiers. */
function filterRule(cwd: Path, text: string, source: string): Rule[] {
	if (/^(?:!|clear)\s*$/.test(text)) return [{kind: 'clear', pattern: '!', source}]
	const [, rule, , pattern = ''] = /^([-+.]|include|exclude|merge)( |_)(.+)$/s.exec(text) ?? []
	if (rule === '+' || rule === 'include') return [{kind: 'include', pattern, source}]
	if (rule === '-' || rule === 'exclude') return [{kind: 'exclude', pattern, source}]
	if (rule === undefined)
		throw usage(
			`${shown(text)} in ${source} is not a filter rule`,
			"one of '+ <pattern>', '- <pattern>', '. <file>', '!'",
		)
	if (source !== '--filter') throw usage(`${shown(text)} in ${source}: a file of rules cannot merge another`)
	return read(cwd, pattern)
		.split(/\r\n|[\r\n]/)
		.flatMap((line, i) => (/^(?:[#;]|$)/.test(line) ? [] : filterRule(cwd, line, `${pattern}:${i + 1}`)))
}

const one = (rule: Rule | undefined): Rule[] => (rule === undefined ? [] : [rule])

function read(cwd: Path, file: Path): string {
	try {
		return readFileSync(forFs(absolute(cwd, file)), 'latin1')
	} catch (error) {
		throw fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/** A number that an option was given; a usage error if it is none. */
export function numberOf(name: string, value: string | undefined): number | undefined {
	if (value === undefined) return undefined
	if (!/^\d{1,15}$/.test(value)) throw usage(`--${name} takes a whole number, not ${shown(value)}`)
	return Number(value)
}
