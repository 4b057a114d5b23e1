// What is remembered of a remote for rsync: in the user's cache directory, and in the index of a local side.

import {createHash} from 'node:crypto'
import {fromUnicode, type Path} from '../base/path.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import {Memory} from '../peer/rsync/memory.ts'
import {findPlace} from '../repo/find.ts'
import {chosenRemote, placeOfRemote} from '../repo/remotes.ts'
import {readIndex} from '../repo/session.ts'
import type {Context} from './command.ts'
import type {RemoteValues} from './flags.ts'
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

/** Opens what is remembered of a remote. */
export function rememberedOf(context: Context, flags: RemoteValues, remote: Remote): Memory {
	const place = findPlace(context.cwd, context.env)
	const own = place && chosenRemote({...lookup(context, flags), chosen: undefined})
	const isOwn =
		own?.remote.bucket === remote.bucket &&
		own.remote.prefix === remote.prefix &&
		own.remote.endpoint === remote.endpoint
	const others =
		place && own && isOwn ? [{index: readIndex(placeOfRemote(place, own)), owners: new Owners()}] : []
	return Memory.open(directoryOf(context, remote), others)
}
