// Every version of an object deleted for good, and the markers of its deletions with them.

import {fromUnicode} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {noSuchObject} from '../store/errors.ts'
import type {Store, Version} from '../store/store.ts'
import {isFinal} from './final.ts'
import type {UndeleteOptions} from './undelete.ts'
import {versionsOf} from './versions-of.ts'

const WIDTH = 16

/** Deletes all versions of `key`, or of all below it, the oldest first of each; each version is told. */
export async function purge(store: Store, key: string, options: UndeleteOptions): Promise<void> {
	const {events, below, signal} = options
	let found = 0
	await pool(versionsOf(store, key, below), {width: WIDTH, signal}, async (versions) => {
		found++
		try {
			for (const version of versions.toReversed()) await purgeOne(store, version, options)
			forget(versions[0]?.key ?? '', options)
		} catch (error) {
			if (isFinal(error, signal)) throw error
			events.failed(fromUnicode(versions[0]?.key ?? ''), error)
		}
	})
	if (found === 0) events.failed(fromUnicode(key), noSuchObject(store.bucket, key))
}

async function purgeOne(store: Store, version: Version, {events, pathOf}: UndeleteOptions): Promise<void> {
	const {key, size, etag, deleted} = version
	await store.delete(key, {version: version.version})
	const path = pathOf(key) ?? fromUnicode(key)
	const record = deleted ? {path} : ({path, size, digest: `etag:${etag}`} as const)
	events.done({line: {status: 'D', record}, entry: {path}})
}

/** The index knows nothing of the object any more; a file that is there is a new one then. */
function forget(key: string, {session, pathOf}: UndeleteOptions): void {
	const path = pathOf(key)
	const known = path === undefined ? undefined : session?.get(path)
	if (known) session?.put({path: known.path, local: known.local, attrs: known.attrs})
}
