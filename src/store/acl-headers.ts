// The headers of a write that give a new object its ACL.

import type {Acl, Grantee, Permission} from '../format/acl.ts'
import {invalid} from './errors.ts'

const GRANTS = {
	FULL_CONTROL: 'x-amz-grant-full-control',
	READ: 'x-amz-grant-read',
	READ_ACP: 'x-amz-grant-read-acp',
	WRITE_ACP: 'x-amz-grant-write-acp',
} as const

export type AclHeaders = {readonly [name in 'x-amz-acl' | (typeof GRANTS)[keyof typeof GRANTS]]?: string}

/** None for 'private', which needs none, and where ACLs are disabled would be refused. */
export function aclHeaders(acl: Acl | undefined): AclHeaders {
	if (acl === undefined || acl === 'private') return {}
	if (typeof acl === 'string') return {'x-amz-acl': acl}
	const list = (permission: Permission) =>
		acl.grants
			.filter((grant) => grant.permission === permission)
			.map(({grantee}) => granteeIn(grantee))
			.join(', ')
	if (list('WRITE') !== '') throw invalid('InvalidArgument', 'WRITE cannot be granted on an object')
	const granted = Object.entries(GRANTS).map(([permission, name]) => [name, list(permission as Permission)])
	return Object.fromEntries(granted.filter(([, grantees]) => grantees !== ''))
}

const granteeIn = (grantee: Grantee): string =>
	'uri' in grantee
		? `uri="${grantee.uri}"`
		: 'email' in grantee
			? `emailAddress="${grantee.email}"`
			: `id="${grantee.id}"`
