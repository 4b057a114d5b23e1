// s3r index: look at the files and note in the index what changed.

import {command} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, filterFlags, verboseFlags} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, openSession, scanOf, selectionOf} from '../src/cli/pushing.ts'
import {pathsOf} from '../src/cli/scope.ts'
import {preserveFlags, Report} from '../src/cli/transfer.ts'
import {placeOf} from '../src/cli/work.ts'
import {localRecord} from '../src/sync/plan.ts'
import {index} from '../src/sync/push.ts'

const {acls, xattrs, checksum, 'one-file-system': oneFileSystem} = preserveFlags

export default command({
	name: 'index',
	summary: 'look at the files and note in the index what changed',
	synopsis: ['[-AXcnqvx] [<filter>...] [<path>...]'],
	flags: {
		acls,
		xattrs,
		checksum,
		...dryRunFlags,
		...verboseFlags,
		'one-file-system': oneFileSystem,
		...filterFlags,
		...chosenFlags,
	},

	async run(context, flags, args, ordered) {
		const place = placeOf(context, flags)
		const paths = args.length > 0 ? pathsOf(context, place, args) : undefined
		const report = new Report(context, 'push', flags)
		const session = await openSession(context, place, flags['dry-run'])
		try {
			await index(
				{
					session,
					owners,
					files: filesOf(place, flags),
					selection: await selectionOf(context, place, flags, ordered),
					events: report.events,
					signal: context.signal,
				},
				{
					...scanOf(place, flags, paths),
					onChange: (status, entry) =>
						report.events.done({line: {status, record: localRecord(entry)}, entry, was: entry.base?.was}),
				},
			)
			return await report.finish({}, undefined)
		} finally {
			session.end()
		}
	},
})
