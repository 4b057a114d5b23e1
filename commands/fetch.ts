// s3r fetch: list the remote, and note in the index what it holds.

import {command} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, remoteFlags, verboseFlags} from '../src/cli/flags.ts'
import {openSession} from '../src/cli/pushing.ts'
import {Report} from '../src/cli/transfer.ts'
import {openRemote} from '../src/cli/opening.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import type {IndexRows} from '../src/format/index-file.ts'
import {formatDiff} from '../src/format/record.ts'
import {agree} from '../src/sync/agree.ts'
import {fetch, listPaths} from '../src/sync/fetch.ts'
import {plan, type PlanItem, planLine} from '../src/sync/plan.ts'

export default command({
	name: 'fetch',
	summary: 'list the remote, and note in the index what it holds',
	synopsis: ['[-nqv] [<option>...]'],
	flags: {...dryRunFlags, ...verboseFlags, ...chosenFlags, ...remoteFlags},
	arity: [0, 0],

	async run(context, flags) {
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const report = new Report(context, 'pull', flags)
		const session = await openSession(context, place, flags['dry-run'])
		const opened = await openRemote(context, remote)
		const {store} = opened
		try {
			const known = flags.verbose ? new Set(pending(session.index).map(asText)) : undefined
			const listing = listPaths(store, remote.prefix, report.events.failed)
			const fetched = await fetch(session.index, listing, context.signal, session.building)
			if (fetched.changed) session.adopt(fetched.index)
			const {prefix} = remote
			await agree({store, session, prefix, signal: context.signal, onError: report.events.failed})
			for (const item of known ? pending(session.index) : [])
				if (!known?.has(asText(item))) await context.io.record(formatDiff(planLine(item, 'pull'), false))
			return await report.finish({}, opened)
		} finally {
			store.close()
			session.end()
		}
	},
})

/** What a pull with --delete would do. */
const pending = (index: IndexRows): PlanItem[] => [...plan(index, {direction: 'pull', delete: true})]

/** An item and the version of its object. */
const asText = ({status, entry: {path, remote}}: PlanItem): string =>
	[status, remote?.etag, remote?.modified, path].join(' ')
