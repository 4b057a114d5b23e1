// Multipart uploads: those that are under way, their begin and their end.

import {joinedEtag} from '../algo/parts.ts'
import {invalid, shownObject} from './errors.ts'
import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {type Condition, isKind, type Part, type Properties, type Upload, type Written} from './store.ts'
import type {UploadPlace} from './wire.ts'

export async function createUpload(at: S3Connection, key: string, properties: Properties): Promise<string> {
	const id = await at.ask({key}, (wire) => wire.createUpload(key, properties))
	if (id === '')
		throw invalid('InvalidResponse', `the store gave no id for the upload of ${shownObject(at.bucket, key)}`)
	return id
}

export async function completeUpload(
	at: S3Connection,
	guards: Guards,
	key: string,
	id: string,
	parts: readonly Part[],
	condition: Condition,
): Promise<Written> {
	let tries = 0
	try {
		const written = await guards.write(key, condition, 'complete', (guard) =>
			at.ask({key, condition}, (wire) => {
				tries++
				return wire.completeUpload(key, id, parts, guard)
			}),
		)
		// Ceph 16 answers without an ETag
		return written.etag === '' ? await found(at, key) : written
	} catch (error) {
		// the answer to an earlier try was lost: the upload is gone because it is the object by now
		if (tries < 2 || !(isKind(error, 'not-found') || isKind(error, 'precondition'))) throw error
		const there = await head(at, key)
		if (there?.etag !== joinedEtag(parts)) throw error
		return {etag: there.etag, version: there.version, modified: there.modified}
	}
}

async function found(at: S3Connection, key: string): Promise<Written> {
	const {etag = '', version, modified} = (await head(at, key)) ?? {}
	return {etag, version, modified}
}

export async function* listUploads(at: S3Connection, prefix: string): AsyncIterable<Upload> {
	let after: UploadPlace | undefined
	do {
		const place = after
		const page = await at.ask({}, (wire) => wire.listUploads(prefix, place))
		yield* page.uploads
		after = page.next
	} while (after !== undefined)
}
