// Deletions taken back: where a bucket keeps versions, what was deleted is hidden by a marker only, and the
// object is there again when that one goes.

import {versionsOf} from './versions-of.ts'
import {fatal} from '../base/errors.ts'
import {fromUnicode, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import type {IndexSession} from '../repo/session.ts'
import {noSuchObject} from '../store/errors.ts'
import type {Store, Version} from '../store/store.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'

export type UndeleteOptions = {
	readonly events: Events
	/** That of the local side, which takes note of what is there again. */
	readonly session?: IndexSession | undefined
	/** All that is below the key, too. */
	readonly below: boolean
	/** The path in the local side that a key is of. */
	readonly pathOf: (key: string) => Path | undefined
	readonly signal?: AbortSignal | undefined
}

/** What is deleted: the markers of its deletions, and the version that they hide. */
type Deleted = {readonly markers: readonly Version[]; readonly hidden: Version}

const WIDTH = 16

/** Brings back the object of `key`, or all below it that is deleted; each is told as new. */
export async function undelete(store: Store, key: string, options: UndeleteOptions): Promise<void> {
	const {events, below, session, pathOf, signal} = options
	let found = 0
	await pool(deletedOf(store, key, below), {width: WIDTH, signal}, async ({markers, hidden}) => {
		found++
		const path = pathOf(hidden.key)
		try {
			for (const {version} of markers.toReversed()) await store.delete(hidden.key, {version})
			const {etag, size, modified, version} = hidden
			const remote = {etag, size, version, modified: Math.floor(modified / 1000)}
			if (path !== undefined) session?.put({...(session.get(path) ?? {path}), remote})
			const shown = path ?? fromUnicode(hidden.key)
			const record = {path: shown, size, digest: `etag:${etag}`} as const
			events.done({line: {status: 'A', record}, entry: {path: shown, remote}})
		} catch (error) {
			if (isFinal(error, signal)) throw error
			events.failed(fromUnicode(hidden.key), error)
		}
	})
	if (found === 0) events.failed(fromUnicode(key), await whyNot(store, key))
}

/** What is deleted now and can be brought back. */
async function* deletedOf(store: Store, key: string, below: boolean): AsyncIterable<Deleted> {
	for await (const versions of versionsOf(store, key, below)) {
		const at = versions.findIndex(({deleted}) => !deleted)
		const hidden = versions[at]
		if (hidden && at > 0) yield {markers: versions.slice(0, at), hidden}
	}
}

/** Why nothing of this key could be brought back. */
async function whyNot(store: Store, key: string): Promise<Error> {
	for await (const [first] of store.listVersions(key))
		if (first?.key === key && !first.deleted) return fatal('it is not deleted')
		else return noSuchObject(store.bucket, key)
	return noSuchObject(store.bucket, key)
}
