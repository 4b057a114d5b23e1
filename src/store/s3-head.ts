// The head of an object, or of a bucket. The answer to a HEAD has no body, so what its status leaves open is asked for.

import type {S3Connection, Subject} from './s3-connection.ts'
import {type Head, isKind, StoreError} from './store.ts'

export async function head(at: S3Connection, key: string, version?: string): Promise<Head | undefined> {
	try {
		return await at.ask({key}, (wire) => wire.head(key, version))
	} catch (error) {
		if (error instanceof StoreError && error.code === '400') throw await refusal(at, error, key, version)
		if (!isKind(error, 'not-found')) throw await withReason(at, error, {key})
		await needBucket(at)
		return undefined
	}
}

/** The reason behind a HEAD's 400: what a GET of one byte is told; `error` itself where that goes well. */
async function refusal(at: S3Connection, error: StoreError, key: string, version?: string): Promise<unknown> {
	try {
		const {body} = await at.ask({key}, (wire) => wire.get(key, {range: 'bytes=0-0', version}))
		if (!Buffer.isBuffer(body)) await body[Symbol.asyncIterator]().return?.()
		return error
	} catch (reason) {
		return reason instanceof StoreError && reason.code !== 'InvalidRange' ? reason : error
	}
}

/** Whether the bucket exists; rejects with 'denied' if it is not ours to use. */
export async function bucketExists(at: S3Connection): Promise<boolean> {
	try {
		await seeBucket(at)
		return true
	} catch (error) {
		if (isKind(error, 'no-bucket')) return false
		throw await withReason(at, error, {})
	}
}

async function seeBucket(at: S3Connection): Promise<void> {
	await at.ask({}, (wire) => wire.headBucket())
	at.bucketSeen = true
}

/** Rejects if it was not the key but the bucket that is missing; asks once a connection. */
async function needBucket(at: S3Connection): Promise<void> {
	if (at.bucketSeen) return
	try {
		await seeBucket(at)
	} catch (error) {
		// who may read a key need not be allowed to ask for its bucket
		if (!isKind(error, 'denied')) throw error
	}
}

/**
 * The reason behind a HEAD's 403, asked for with the smallest request whose answer has a body:
 * `error` itself where that one knows no better.
 */
async function withReason(at: S3Connection, error: unknown, subject: Subject): Promise<unknown> {
	if (!isKind(error, 'denied') || error.code !== 'AccessDenied') return error
	try {
		await at.ask(subject, (wire) => wire.list({prefix: '', limit: 1}))
		return error
	} catch (reason) {
		return isKind(reason, 'denied') && reason.code === 'AccessDenied' ? error : reason
	}
}
