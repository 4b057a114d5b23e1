// s3r rm: delete objects of the remote. The files stay.

import {fatal} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {chosenFlags, dryRunFlags, remoteFlags, verboseFlags} from '../src/cli/flags.ts'
import {objectsBelow, ownRemote, pathBelowRemote, Stores} from '../src/cli/objects.ts'
import {openSession} from '../src/cli/pushing.ts'
import {Report} from '../src/cli/transfer.ts'
import {objectOf, ownPlace} from '../src/cli/work.ts'
import {Remover} from '../src/sync/remove.ts'
import {purge} from '../src/sync/purge.ts'
import {undelete} from '../src/sync/undelete.ts'

export default command({
	name: 'rm',
	summary: 'delete objects of the remote',
	synopsis: [
		'[-nqrv] [--force] [<option>...] <path>...',
		'[-nqrv] [--force] [<option>...] <bucket>/<key>...',
		'--undo | --versions [-nqrv] [<option>...] <path>...',
	],
	flags: {
		recursive: {type: 'boolean', short: 'r', help: 'delete all that is below a key'},
		undo: {type: 'boolean', help: 'bring back what was deleted, where the bucket keeps versions'},
		versions: {type: 'boolean', help: 'delete every version for good'},
		force: {type: 'boolean', help: 'delete what somebody else changed, or a whole bucket'},
		...dryRunFlags,
		...verboseFlags,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [1, Infinity],

	async run(context, flags, args) {
		exclusive(flags, 'undo', 'force')
		exclusive(flags, 'undo', 'versions')
		const {signal} = context
		const sources = args.map((arg) => objectOf(context, flags, arg))
		const place = ownPlace(context, flags)
		const own = ownRemote(context, flags)
		const report = new Report(context, 'push', flags)
		const stores = new Stores(context, {pretend: flags['dry-run']})
		const session = place && (await openSession(context, place, flags['dry-run']))
		if (place && own) report.keepLog(place, 'rm', own)
		try {
			for (const {key, remote} of sources) {
				if (key === '' && !flags.force && !flags.undo)
					throw fatal(`this would delete everything in bucket '${remote.bucket}'`, '--force does it')
				const pathOf = (found: string) => pathBelowRemote(own, remote, found)
				const store = await stores.of(remote)
				const {events} = report
				const below = flags.recursive ?? false
				const byVersion = flags.undo ? undelete : flags.versions ? purge : undefined
				if (byVersion) {
					await byVersion(store, key, {events, session, below, pathOf, signal})
					continue
				}
				const remover = new Remover({store, events, session, force: flags.force, pathOf, signal})
				if (below) await remover.removeListed(key, objectsBelow(store, key))
				else await remover.remove(key)
			}
			return await report.finish({}, undefined)
		} finally {
			report.endLog()
			session?.end()
			await stores.close()
		}
	},
})
