// --usermap and --groupmap (--chown comes as these): other owners than those that are sent.

import {RERR, RsyncError} from './errors.ts'

export type IdMap = (
	id: number,
	name: string | undefined,
) => {readonly id: number; readonly name?: string | undefined}

/** How names are looked up on this side. */
export type Accounts = {
	readonly idOf: (name: string) => number | undefined
	readonly nameOf: (id: number) => string | undefined
}

type Rule = {readonly matches: (id: number, name: string | undefined) => boolean; readonly to: number}

/**
 * Reads `from:to,...`; from is a name with wildcards, an id, a range of ids, `*`, or nothing for those without a
 * name; the first that matches counts. Throws code 1 for what is none of these.
 */
export function idMap(text: string | undefined, option: string, accounts: Accounts): IdMap | undefined {
	if (text === undefined || text === '') return undefined
	const rules = text.split(',').map((rule) => parse(rule, option, accounts))
	return (id, name) => {
		const rule = rules.find(({matches}) => matches(id, name))
		return rule ? {id: rule.to, name: accounts.nameOf(rule.to)} : {id, name}
	}
}

function parse(rule: string, option: string, accounts: Accounts): Rule {
	const colon = rule.indexOf(':')
	const [from, target] = [rule.slice(0, Math.max(colon, 0)), rule.slice(colon + 1)]
	const to = /^\d+$/.test(target) ? Number(target) : accounts.idOf(target)
	if (colon < 0 || to === undefined || target === '')
		throw new RsyncError(
			RERR.syntax,
			`--${option}: '${colon < 0 ? rule : target}' is not known here; use an id`,
		)
	const range = /^(\d+)(?:-(\d+))?$/.exec(from)
	if (range) {
		const [least, most] = [Number(range[1]), Number(range[2] ?? range[1])]
		return {to, matches: (id) => id >= least && id <= most}
	}
	if (from === '') return {to, matches: (_, name) => name === undefined}
	if (from === '*') return {to, matches: () => true}
	const form = new RegExp(
		`^${from
			.replace(/[.+^${}()|\\]/g, '\\$&')
			.replaceAll('*', '.*')
			.replaceAll('?', '.')}$`,
	)
	return {to, matches: (_, name) => name !== undefined && form.test(name)}
}
