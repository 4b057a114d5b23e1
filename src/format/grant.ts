// Grants as arguments and lines give them: `READ=<grantee>`, and what formatGrant of acl.ts prints.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import {ALL_USERS, AUTHENTICATED_USERS, type Grant, type Grantee, PERMISSIONS} from './acl.ts'

const GROUPS: Readonly<Record<string, string>> = {
	everyone: ALL_USERS,
	authenticated: AUTHENTICATED_USERS,
}

/** Reads several grants, with commas between them. */
export const parseGrants = (text: string): readonly Grant[] =>
	text.split(',').map((one) => parseGrant(one.trim()))

/** Reads `<permission>=<grantee>`, or with TAB for the '='; a usage error says what is wrong with it. */
export function parseGrant(text: string): Grant {
	const [, name = '', who = ''] = /^([^=\t]*)[=\t](.+)$/s.exec(text) ?? []
	const wanted = name.toUpperCase().replaceAll('-', '_')
	const permission = PERMISSIONS.find((known) => known === wanted)
	if (permission === undefined)
		throw usage(
			`${shown(text)} is not a grant`,
			`<permission>=<grantee>, with one of ${PERMISSIONS.join(', ')}`,
		)
	return {permission, grantee: parseGrantee(who)}
}

function parseGrantee(text: string): Grantee {
	const group = Object.hasOwn(GROUPS, text) ? GROUPS[text] : /^(?:uri=)?(https?:\/\/\S+)$/.exec(text)?.[1]
	if (group !== undefined) return {uri: group}
	const [, kind, value = ''] = /^(id|email)=(\S+)$/.exec(text) ?? []
	if (kind === 'id') return {id: value}
	if (kind === 'email') return {email: value}
	throw usage(
		`${shown(text)} is not a grantee`,
		`id=<id>, email=<address>, a group's URI, everyone or authenticated`,
	)
}
