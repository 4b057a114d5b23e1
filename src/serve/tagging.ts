// Tags of objects.

import {isUtf8} from 'node:buffer'
import {toBytes} from '../base/path.ts'
import {type Call, NO_CONTENT, type Reply, xmlReply} from './call.ts'
import {S3Error} from './errors.ts'
import {findVersion, versionHeader} from './find.ts'
import type {Tag, Version} from './model.ts'
import {percentDecode} from './uri.ts'
import {childrenOf, childOf, textOf} from './xml.ts'

const TAGS_LIMIT = 10
const KEY_LIMIT = 128
const VALUE_LIMIT = 256

/** Refuses too many tags, too long ones, and two of the same key. */
export function checkTags(tags: readonly Tag[]): readonly Tag[] {
	const keys = new Set(tags.map(({Key}) => Key))
	const wellFormed = tags.every(
		({Key, Value}) =>
			Key !== '' &&
			toBytes(Key).toString().length <= KEY_LIMIT &&
			toBytes(Value).toString().length <= VALUE_LIMIT,
	)
	if (tags.length > TAGS_LIMIT || keys.size < tags.length || !wellFormed) throw new S3Error('InvalidTag')
	return tags
}

function decoded(part: string): string {
	const bytes = percentDecode(part.replaceAll('+', ' '))
	if (bytes !== undefined && isUtf8(toBytes(bytes))) return bytes
	throw new S3Error('InvalidArgument', 'The header x-amz-tagging is not valid')
}

/** The tags of 'key=value&key=value', as a query encodes them. */
export function parseTagHeader(header: string): readonly Tag[] {
	return header
		.split('&')
		.filter(Boolean)
		.map((pair) => {
			const [key = '', ...value] = pair.split('=')
			return {Key: decoded(key), Value: decoded(value.join('='))}
		})
}

const versionOf = (call: Call): Version => findVersion(call.bucket, call.key, call.query.get('versionId'))

export function getObjectTagging(call: Call): Reply {
	const version = versionOf(call)
	return xmlReply('Tagging', {TagSet: {Tag: version.tags ?? []}}, versionHeader(call.bucket, version))
}

export async function putObjectTagging(call: Call): Promise<Reply> {
	const tagging = await call.requiredDocument('Tagging')
	const tags = childrenOf(childOf(tagging, 'TagSet'), 'Tag').map((tag): Tag => ({
		Key: textOf(tag, 'Key') ?? '',
		Value: textOf(tag, 'Value') ?? '',
	}))
	const version = versionOf(call)
	await call.bucket.commit({amend: {...version, tags: checkTags(tags)}})
	return {headers: versionHeader(call.bucket, version)}
}

export async function deleteObjectTagging(call: Call): Promise<Reply> {
	const version = versionOf(call)
	await call.bucket.commit({amend: {...version, tags: undefined}})
	return {...NO_CONTENT, headers: versionHeader(call.bucket, version)}
}
