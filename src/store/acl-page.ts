// Reads an ACL from its bytes, as list-page.ts reads a page.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html

import {isUtf8} from 'node:buffer'
import {type Grant, PERMISSIONS} from '../format/acl.ts'
import type {AclPolicy} from './store.ts'
import {Scanner, tag} from './xml-scanner.ts'

const ROOT = tag('AccessControlPolicy')
const OWNER = tag('Owner')
const LIST = tag('AccessControlList')
const GRANT = tag('Grant')
const GRANTEE = tag('Grantee')
const PERMISSION = tag('Permission')
const ID = tag('ID')
const URI = tag('URI')
const EMAIL = tag('EmailAddress')
const NAME = tag('DisplayName')

/** A grant as S3 names its parts. */
type S3Grant = {
	readonly Permission?: string | undefined
	readonly Grantee?:
		| {
				readonly ID?: string | undefined
				readonly URI?: string | undefined
				readonly EmailAddress?: string | undefined
				readonly DisplayName?: string | undefined
		  }
		| undefined
}

/** A grant as s3r has it; none where S3 names a permission or a grantee that we do not know. */
export function grantsOf({Permission, Grantee}: S3Grant): Grant[] {
	const permission = PERMISSIONS.find((known) => known === Permission)
	if (permission === undefined || Grantee === undefined) return []
	if (Grantee.URI) return [{permission, grantee: {uri: Grantee.URI}}]
	if (Grantee.ID) return [{permission, grantee: {id: Grantee.ID, name: Grantee.DisplayName || undefined}}]
	return Grantee.EmailAddress ? [{permission, grantee: {email: Grantee.EmailAddress}}] : []
}

/** The ACL that is the body of a reply, or undefined if it cannot be read without doubt. */
export function readAcl(body: Buffer): AclPolicy | undefined {
	if (!isUtf8(body)) return undefined
	const xml = new Scanner(body)
	const grants: Grant[] = []
	let owner = ''
	xml.enter('AccessControlPolicy')
	while (!xml.closes(ROOT)) {
		if (xml.opens(OWNER)) owner = readOwner(xml)
		else if (xml.opens(LIST)) while (!xml.closes(LIST)) grants.push(...grantsOf(readGrant(xml)))
		else xml.skip()
	}
	return xml.atEnd() ? {owner, grants} : undefined
}

function readOwner(xml: Scanner): string {
	let id = ''
	while (!xml.closes(OWNER)) {
		if (xml.opens(ID)) id = xml.text(ID)
		else xml.skip()
	}
	return id
}

function readGrant(xml: Scanner): S3Grant {
	let grant: S3Grant = {}
	if (!xml.opens(GRANT)) xml.failed = true
	while (!xml.closes(GRANT)) {
		if (xml.opensWithAttributes(GRANTEE)) grant = {...grant, Grantee: readGrantee(xml)}
		else if (xml.opens(PERMISSION)) grant = {...grant, Permission: xml.text(PERMISSION)}
		else xml.skip()
	}
	return grant
}

function readGrantee(xml: Scanner): S3Grant['Grantee'] {
	let grantee: S3Grant['Grantee'] = {}
	while (!xml.closes(GRANTEE)) {
		if (xml.opens(ID)) grantee = {...grantee, ID: xml.text(ID)}
		else if (xml.opens(URI)) grantee = {...grantee, URI: xml.text(URI)}
		else if (xml.opens(EMAIL)) grantee = {...grantee, EmailAddress: xml.text(EMAIL)}
		else if (xml.opens(NAME)) grantee = {...grantee, DisplayName: xml.text(NAME)}
		else xml.skip()
	}
	return grantee
}
