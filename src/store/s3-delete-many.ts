// The end of many objects, a thousand a request.

import {createHash} from 'node:crypto'
import {DeleteObjectsCommand} from '@aws-sdk/client-s3'
import type {S3Connection} from './s3-connection.ts'
import {deleteOne} from './s3-delete.ts'
import type {Guards} from './s3-guard.ts'
import {payer} from './s3-params.ts'
import {isKind, StoreError} from './store.ts'

/** Keys of one request (S3's limit). */
const BATCH = 1000

/** The characters that XML 1.0 cannot carry, so that a key with one is deleted by itself. */
const UNSPEAKABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export async function deleteMany(
	at: S3Connection,
	guards: Guards,
	keys: readonly string[],
): Promise<ReadonlyMap<string, StoreError>> {
	const failed = new Map<string, StoreError>()
	const together = keys.filter((key) => !UNSPEAKABLE.test(key))
	for (let from = 0; from < together.length; from += BATCH)
		for (const [key, error] of await deleteBatch(at, together.slice(from, from + BATCH)))
			failed.set(key, error)
	// what failed for a moment only, and what cannot be named in XML
	const alone = [...keys.filter((key) => UNSPEAKABLE.test(key)), ...transient(failed)]
	for (const key of alone) {
		failed.delete(key)
		try {
			await deleteOne(at, guards, key, {})
		} catch (error) {
			if (!(error instanceof StoreError) || isKind(error, 'interrupted') || isKind(error, 'no-bucket'))
				throw error
			failed.set(key, error)
		}
	}
	return failed
}

const transient = (failed: ReadonlyMap<string, StoreError>): string[] =>
	[...failed].filter(([, {code}]) => code === 'InternalError' || code === 'SlowDown').map(([key]) => key)

async function deleteBatch(at: S3Connection, keys: readonly string[]): Promise<[string, StoreError][]> {
	const {Errors = []} = await at.request({}, (client, signal) =>
		client.send(withMd5({Quiet: true, Objects: keys.map((Key) => ({Key}))}, at), signal),
	)
	return Errors.filter(({Code}) => Code !== 'NoSuchKey').map(
		({Key = '', Code = 'InternalError', Message}) => {
			const error = at.explain(
				{Code, message: Message, $metadata: {httpStatusCode: statusOf(Code)}},
				{key: Key},
			)
			// not every store tells at once what holds for all keys
			if (isKind(error, 'no-bucket')) throw error
			return [Key, error]
		},
	)
}

/** The status that S3 would have given one key's error, had it been alone. */
const statusOf = (code: string): number =>
	code === 'AccessDenied' ? 403 : code === 'InternalError' ? 500 : 400

/** Older stores ask for the body's MD5, which the SDK has not sent since it has checksums of its own. */
function withMd5(Delete: {Quiet: boolean; Objects: {Key: string}[]}, at: S3Connection): DeleteObjectsCommand {
	const command = new DeleteObjectsCommand({Bucket: at.bucket, Delete, ...payer(at)})
	command.middlewareStack.add(
		(next) => (args) => {
			const {headers, body} = args.request as {headers: Record<string, string>; body: string | Buffer}
			headers['content-md5'] = createHash('md5').update(body).digest('base64')
			return next(args)
		},
		{step: 'build', name: 'contentMd5'},
	)
	return command
}
