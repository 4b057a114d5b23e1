// s3r send-objects: execute the plan of a push, line by line.

import {backupFlags, backupOf, bwlimitOf, rateFlags} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {numberOf} from '../src/cli/filters.ts'
import {Execution, executeFlags, lineFlags} from '../src/cli/executing.ts'
import {headerFlags, storedFlags} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, openSession, storedAs} from '../src/cli/pushing.ts'
import {openRemote} from '../src/cli/opening.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import {send} from '../src/sync/send.ts'

export default command({
	name: 'send-objects',
	summary: 'execute the plan of a push, line by line',
	synopsis: ['--stdin [-Pnqz] [<option>...]'],
	flags: {
		...lineFlags,
		compress: {type: 'boolean', help: 'store as gzip what becomes smaller by it'},
		...backupFlags,
		...rateFlags,
		...executeFlags,
		...storedFlags,
		...headerFlags,
	},
	arity: [0, 0],

	async run(context, flags) {
		const execution = new Execution(context, 'push', flags)
		const maxRequests = numberOf('max-requests', flags['max-requests'])
		const bwlimit = bwlimitOf(flags)
		const backup = backupOf(flags)
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const pretend = flags['dry-run']
		const session = await openSession(context, place, pretend)
		execution.report.keepLog(place, 'send-objects', remote)
		const opened = await openRemote(context, remote, {pretend, maxRequests, bwlimit})
		const {store} = opened
		try {
			await send(execution.items(session), {
				store,
				pretend,
				session,
				files: filesOf(place, {}),
				owners,
				...storedAs(remote),
				events: execution.events,
				compress: flags.compress,
				force: flags.force,
				backup,
				signal: execution.report.signal,
			})
			return await execution.report.finish({}, opened)
		} finally {
			store.close()
			execution.report.endLog()
			session.end()
		}
	},
})
