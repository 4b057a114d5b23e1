// s3r fetch-objects: execute the plan of a pull, line by line.

import {bwlimitOf, rateFlags} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {numberOf} from '../src/cli/filters.ts'
import {Execution, executeFlags, lineFlags} from '../src/cli/executing.ts'
import {diskOf, takeFlags, takenAs} from '../src/cli/pulling.ts'
import {owners} from '../src/cli/owners.ts'
import {openSession} from '../src/cli/pushing.ts'
import {preserveFlags} from '../src/cli/transfer.ts'
import {openRemote} from '../src/cli/opening.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import {estimating} from '../src/sync/estimate.ts'
import {receive} from '../src/sync/receive.ts'

const {archive, 'hard-links': hardLinks, acls, xattrs} = preserveFlags

export default command({
	name: 'fetch-objects',
	summary: 'execute the plan of a pull, line by line',
	synopsis: ['--stdin [-AHPSXabnqz] [<option>...]'],
	flags: {
		...lineFlags,
		archive,
		'hard-links': hardLinks,
		acls,
		xattrs,
		...takeFlags,
		...rateFlags,
		...executeFlags,
	},
	arity: [0, 0],

	async run(context, flags) {
		const execution = new Execution(context, 'pull', flags)
		const maxRequests = numberOf('max-requests', flags['max-requests'])
		const bwlimit = bwlimitOf(flags)
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const disk = diskOf(place, flags)
		const session = await openSession(context, place, flags['dry-run'])
		execution.report.keepLog(place, 'fetch-objects', remote)
		const pretend = flags['dry-run']
		const opened = await openRemote(context, remote, {pretend, maxRequests, bwlimit})
		const {store, counts} = opened
		try {
			await receive(execution.items(session), {
				store,
				session,
				disk,
				owners,
				umask: context.umask,
				prefix: remote.prefix,
				events: pretend ? estimating(execution.events, counts) : execution.events,
				...takenAs(place, flags),
				force: flags.force,
				signal: execution.report.signal,
			})
			return await execution.report.finish({}, opened)
		} finally {
			disk.close()
			store.close()
			execution.report.endLog()
			session.end()
		}
	},
})
