// A remote as a session with an rsync client needs it: opened, with what is remembered of it in the user's cache
// directory and in the index of a local side.

import {createHash} from 'node:crypto'
import {fromUnicode, type Path} from '../base/path.ts'
import type {Remote} from '../format/remote.ts'
import {Memory} from '../peer/rsync/memory.ts'
import type {Target} from '../peer/rsync/session.ts'
import {Signatures} from '../peer/rsync/signatures.ts'
import {findPlace, join} from '../repo/find.ts'
import {chosenRemote, placeOfRemote} from '../repo/remotes.ts'
import {openIndex} from '../repo/index-files.ts'
import type {Context} from './command.ts'
import type {RemoteValues} from './flags.ts'
import {owners} from './owners.ts'
import {storedAs} from './pushing.ts'
import {makeScratch} from './scratch.ts'
import {openRemote} from './opening.ts'
import {lookup} from './work.ts'

/** The directory that holds what is remembered of a remote; undefined where there is no place for it. */
function directoryOf({env}: Context, {endpoint, bucket, prefix}: Remote): Path | undefined {
	const cache = env['XDG_CACHE_HOME'] || (env['HOME'] && `${env['HOME']}/.cache`)
	if (!cache) return undefined
	const name = createHash('md5')
		.update(JSON.stringify([endpoint ?? '', bucket, prefix]))
		.digest('hex')
	return fromUnicode(`${cache}/s3r/rsync/${bucket}-${name.slice(0, 12)}`)
}

/** What is remembered of a remote. */
function rememberedOf(context: Context, flags: RemoteValues, remote: Remote): Memory {
	const place = findPlace(context.cwd, context.env)
	const own = place && chosenRemote({...lookup(context, flags), chosen: undefined})
	const isOwn =
		own?.remote.bucket === remote.bucket &&
		own.remote.prefix === remote.prefix &&
		own.remote.endpoint === remote.endpoint
	const others = place && own && isOwn ? [{...openIndex(placeOfRemote(place, own)), owners}] : []
	return Memory.open(directoryOf(context, remote), others)
}

/** Users and groups of this machine, for --chown and what is sent without its owner. */
const accounts = {
	users: {idOf: (name: string) => owners.userId(name), nameOf: (uid: number) => owners.userName(uid)},
	groups: {idOf: (name: string) => owners.groupId(name), nameOf: (gid: number) => owners.groupName(gid)},
}

/** Opens a remote for one session, with room for so many bytes of signatures. */
export async function openTarget(
	context: Context,
	flags: RemoteValues,
	{remote, signatures = 0}: {readonly remote: Remote; readonly signatures?: number | undefined},
): Promise<Target> {
	const {store} = await openRemote(context, remote)
	const {place, remove} = makeScratch()
	const directory = signatures > 0 ? directoryOf(context, remote) : undefined
	return {
		store,
		memory: rememberedOf(context, flags, remote),
		signatures:
			directory === undefined ? undefined : new Signatures(join(directory, 'signatures'), signatures),
		scratch: place,
		accounts,
		...storedAs(remote),
		close: () => {
			store.close()
			remove()
		},
	}
}
