// The end of one object.

import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import {head} from './s3-head.ts'
import {type DeleteOptions, isKind} from './store.ts'

export async function deleteOne(
	at: S3Connection,
	guards: Guards,
	key: string,
	{ifMatch, version}: DeleteOptions,
): Promise<void> {
	try {
		await guards.write(key, {ifMatch}, 'delete', (guard) =>
			at.ask({key}, (wire) => wire.delete(key, {guard, version})),
		)
	} catch (error) {
		if (isKind(error, 'not-found')) return
		if (isKind(error, 'precondition') && (await head(at, key)) === undefined) return
		throw error
	}
}

/** Deletes an object of s3r's own, whatever it holds. */
export const remove = (at: S3Connection, key: string, version?: string): Promise<void> =>
	at.ask({key}, (wire) => wire.delete(key, {guard: {}, version}))
