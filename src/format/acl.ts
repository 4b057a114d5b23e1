// ACLs: canned names, grants, and the lines that cat-acl prints and put-acl reads.
//
//	<permission> TAB <grantee> LF        READ	http://acs.amazonaws.com/groups/global/AllUsers

import {usage} from '../base/errors.ts'

/** S3's canned ACLs. */
export const CANNED = [
	'private',
	'public-read',
	'public-read-write',
	'authenticated-read',
	'aws-exec-read',
	'bucket-owner-read',
	'bucket-owner-full-control',
] as const
export type Canned = (typeof CANNED)[number]

export const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const
export type Permission = (typeof PERMISSIONS)[number]

/** Who is granted: an account by its canonical id, a predefined group by its URI, or an e-mail address. */
export type Grantee =
	| {readonly id: string; readonly name?: string | undefined}
	| {readonly uri: string}
	| {readonly email: string}

export type Grant = {readonly permission: Permission; readonly grantee: Grantee}

/** A canned name, or the owner and every grant. */
export type Acl = Canned | {readonly owner?: string | undefined; readonly grants: readonly Grant[]}

export const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
export const AUTHENTICATED_USERS = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'

/** The canned ACL of this name; a usage error names all of them if it is none. */
export function parseCanned(name: string): Canned {
	const found = CANNED.find((c) => c === name)
	if (found === undefined) throw usage(`'${name}' is not a canned ACL`, `one of ${CANNED.join(', ')}`)
	return found
}

/** Whether an ACL lets in anybody but its owner's account. */
export const isPublic = (acl: Acl): boolean =>
	typeof acl === 'string'
		? acl.startsWith('public-') || acl === 'authenticated-read'
		: acl.grants.some(
				(g) => 'uri' in g.grantee && (g.grantee.uri === ALL_USERS || g.grantee.uri === AUTHENTICATED_USERS),
			)

/** One grant as cat-acl prints it, without its terminator. */
export function formatGrant({permission, grantee}: Grant): string {
	const who =
		'uri' in grantee ? grantee.uri : 'email' in grantee ? `email=${grantee.email}` : `id=${grantee.id}`
	return `${permission}\t${who}`
}

/** Whether an ACL grants nothing to anybody but the owner. */
export const isPrivate = (acl: Acl): boolean =>
	typeof acl === 'string'
		? acl === 'private'
		: acl.grants.every((g) => 'id' in g.grantee && (acl.owner === undefined || g.grantee.id === acl.owner))
