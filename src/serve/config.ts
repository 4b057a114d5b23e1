// A bucket's configuration: what this server acts upon, and what it only keeps.

import {type Call, type Handler, NO_CONTENT, type Reply, xmlReply} from './call.ts'
import {type Code, S3Error} from './errors.ts'
import {BLOCKS, type BucketInfo, OWNERSHIPS, type PublicAccessBlock} from './model.ts'
import {isPublicPolicy, parsePolicy} from './policy.ts'
import {childOf, parseXml, textOf} from './xml.ts'

const POLICY_LIMIT = 20 << 10
const DOCUMENT_LIMIT = 256 << 10

const update = (call: Call, change: Partial<BucketInfo>): Promise<void> =>
	call.bucket.commit({bucket: {...call.bucket.info, ...change}})

export function getVersioning(call: Call): Reply {
	return xmlReply('VersioningConfiguration', {Status: call.bucket.info.versioning})
}

export async function putVersioning(call: Call): Promise<Reply> {
	const versioning = textOf(await call.requiredDocument('VersioningConfiguration'), 'Status')
	if (versioning !== 'Enabled' && versioning !== 'Suspended') throw new S3Error('MalformedXML')
	if (call.bucket.info.objectLock === true && versioning !== 'Enabled')
		throw new S3Error('InvalidBucketState', 'An Object Lock configuration is present on this bucket')
	await update(call, {versioning})
	return {}
}

export function getOwnership(call: Call): Reply {
	const {ownership} = call.bucket.info
	if (ownership === undefined) throw new S3Error('OwnershipControlsNotFoundError')
	return xmlReply('OwnershipControls', {Rule: {ObjectOwnership: ownership}})
}

export async function putOwnership(call: Call): Promise<Reply> {
	const rule = childOf(await call.requiredDocument('OwnershipControls'), 'Rule')
	const ownership = OWNERSHIPS.find((o) => o === textOf(rule, 'ObjectOwnership'))
	if (ownership === undefined) throw new S3Error('MalformedXML')
	const {acl} = call.bucket.info
	if (ownership === 'BucketOwnerEnforced' && acl.grants?.some(({to}) => to !== acl.owner) === true)
		throw new S3Error('InvalidBucketAclWithObjectOwnership')
	await update(call, {ownership})
	return {}
}

export async function deleteOwnership(call: Call): Promise<Reply> {
	await update(call, {ownership: undefined})
	return NO_CONTENT
}

export function getPublicAccessBlock(call: Call): Reply {
	const {publicAccessBlock} = call.bucket.info
	if (publicAccessBlock === undefined) throw new S3Error('NoSuchPublicAccessBlockConfiguration')
	return xmlReply('PublicAccessBlockConfiguration', publicAccessBlock)
}

export async function putPublicAccessBlock(call: Call): Promise<Reply> {
	const document = await call.requiredDocument('PublicAccessBlockConfiguration')
	const flags = BLOCKS.map((name) => [name, textOf(document, name)?.toLowerCase() === 'true'])
	await update(call, {publicAccessBlock: Object.fromEntries(flags) as PublicAccessBlock})
	return {}
}

export async function deletePublicAccessBlock(call: Call): Promise<Reply> {
	await update(call, {publicAccessBlock: undefined})
	return NO_CONTENT
}

const documentsWith = (call: Call, name: string, document: string | undefined): BucketInfo['documents'] => {
	const {[name]: _, ...others} = call.bucket.info.documents ?? {}
	return document === undefined ? others : {...others, [name]: document}
}

export function getPolicy(call: Call): Reply {
	const policy = call.bucket.info.documents?.['policy']
	if (policy === undefined) throw new S3Error('NoSuchBucketPolicy')
	return {headers: {'content-type': 'application/json'}, body: policy}
}

export async function putPolicy(call: Call): Promise<Reply> {
	const policy = await call.payload.text(POLICY_LIMIT)
	parsePolicy(policy, call.bucket.name)
	if (
		call.bucket.info.publicAccessBlock?.BlockPublicPolicy === true &&
		isPublicPolicy(policy, call.bucket.name)
	)
		throw new S3Error('AccessDenied')
	await update(call, {documents: documentsWith(call, 'policy', policy)})
	return NO_CONTENT
}

export async function deletePolicy(call: Call): Promise<Reply> {
	await update(call, {documents: documentsWith(call, 'policy', undefined)})
	return NO_CONTENT
}

/** The handlers of a document that is kept as it came, and has no effect here. */
export function keptDocument(
	name: string,
	root: string,
	absent: Code,
): Record<'get' | 'put' | 'remove', Handler> {
	return {
		get: (call) => {
			const document = call.bucket.info.documents?.[name]
			if (document === undefined) throw new S3Error(absent)
			return {headers: {'content-type': 'application/xml'}, body: document}
		},
		put: async (call) => {
			const document = await call.payload.text(DOCUMENT_LIMIT)
			parseXml(document, root)
			await update(call, {documents: documentsWith(call, name, document)})
			return {}
		},
		remove: async (call) => {
			await update(call, {documents: documentsWith(call, name, undefined)})
			return NO_CONTENT
		},
	}
}
