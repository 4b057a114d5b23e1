// s3r index: look at the files and note in the index what changed.

import {sizeFlags, sizesOf} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, filterFlags, verboseFlags} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, openSession, scanOf, selectionOf} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {preserveFlags, Report} from '../src/cli/transfer.ts'
import {placeOf} from '../src/cli/work.ts'
import {localRecord} from '../src/format/sides.ts'
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
		...sizeFlags,
		...chosenFlags,
	},

	async run(context, flags, args, ordered) {
		const place = placeOf(context, flags)
		const scope = await scopeFrom(context, place, flags, args)
		const selection = await selectionOf(context, place, flags, ordered, scope)
		const report = new Report(context, 'push', flags)
		const session = await openSession(context, place, flags['dry-run'])
		try {
			await index(
				{
					session,
					owners,
					files: filesOf(place, flags, selection),
					selection,
					events: report.events,
					signal: context.signal,
				},
				{
					...scanOf(place, flags, scope),
					sizes: sizesOf(flags),
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
