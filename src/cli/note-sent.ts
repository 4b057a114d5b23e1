// What `put` sent may be what a push of the local side would send: then its index takes note of it.

import {join} from '../repo/find.ts'
import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {IndexSession} from '../repo/session.ts'
import type {Context} from './command.ts'
import type {RemoteValues} from './flags.ts'
import {ownRemote, pathBelowRemote} from './objects.ts'
import {ownPlace} from './work.ts'

/**
 * Notes in the index of the local side which entries of `sent`, whose paths are below '/', are now on its remote
 * under the keys that `keyOf` gives: those of files that lie there under the same path.
 */
export async function noteSent(
	context: Context,
	flags: RemoteValues,
	remote: Remote,
	sent: IndexSession,
	keyOf: (path: Path) => string | undefined,
): Promise<void> {
	const place = ownPlace(context, flags)
	const own = ownRemote(context, flags)
	if (!place || !own) return
	const found: Entry[] = []
	for (let row = 0; row < sent.index.count; row++) {
		if (!sent.index.inSync(row)) continue
		const entry = sent.index.entry(row)
		const path = pathBelowRemote(own, remote, keyOf(entry.path) ?? '')
		if (path !== undefined && join(place.root, path) === `/${entry.path}`) found.push({...entry, path})
	}
	if (found.length === 0) return
	const session = await IndexSession.open(place, {signal: context.signal})
	try {
		for (const entry of found) session.put(entry)
	} finally {
		session.end()
	}
}
