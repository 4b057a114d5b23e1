// s3r push: send what changed here to the remote.

import {backupOf, bwlimitOf, deletesOf, narrowOf, prefixesOf} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {headerFlags, storedFlags} from '../src/cli/flags.ts'
import {keepMemorySmall} from '../src/cli/v8.ts'
import {numberOf} from '../src/cli/filters.ts'
import {owners} from '../src/cli/owners.ts'
import {
	adaptiveJobs,
	crewOf,
	filesOf,
	openSession,
	scanOf,
	selectionOf,
	storedAs,
} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {Report, transferFlags} from '../src/cli/transfer.ts'
import {openRemote, type Opened} from '../src/cli/opening.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import {addTo, type Counts} from '../src/store/counted.ts'
import {push} from '../src/sync/push.ts'

export default command({
	name: 'push',
	summary: 'send what changed here to the remote',
	synopsis: ['-a [<option>...]', '[<option>...] <path>...', '[<option>...]'],
	flags: {
		...transferFlags,
		compress: {type: 'boolean', short: 'z', help: 'store as gzip what becomes smaller by it'},
		partial: {type: 'boolean', help: 'accepted as rsync does: uploads go on where they stopped'},
		...storedFlags,
		...headerFlags,
	},

	async run(context, flags, args, ordered) {
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const pretend = flags['dry-run']
		const maxRequests = numberOf('max-requests', flags['max-requests'])
		const maxDelete = numberOf('max-delete', flags['max-delete'])
		const bwlimit = bwlimitOf(flags)
		const narrow = narrowOf(flags)
		const scope = await scopeFrom(context, place, flags, args)
		const selection = await selectionOf(context, place, flags, ordered, scope)
		const report = new Report(context, 'push', flags)
		const session = await openSession(context, place, pretend)
		report.keepLog(place, 'push', remote)
		const jobs = adaptiveJobs()
		const onSlowDown = () => jobs.slowDown()
		let opened: Opened | undefined
		const findSite = async () => opened?.store.findSite?.()
		const onCounts = (counts: Counts) => opened && addTo(opened.counts, counts)
		try {
			const outcome = await push({
				open: async () => {
					// by now the files are known
					keepMemorySmall(session.index.count)
					opened = await openRemote(context, remote, {pretend, onSlowDown, maxRequests, bwlimit})
					return opened.store
				},
				jobs,
				pretend,
				// threads do not share a count of requests, or a rate, and know no rules
				crew:
					maxRequests === undefined && bwlimit === undefined && !selection.keepsXattr
						? crewOf(
								context,
								{
									kind: 'send',
									remote,
									root: place.root,
									compress: flags.compress,
									stored: storedAs(remote).stored,
								},
								{pretend, findSite, onSlowDown, onCounts, signal: report.signal},
							)
						: undefined,
				session,
				files: filesOf(place, flags, selection),
				owners,
				...storedAs(remote),
				events: report.events,
				onExpected: report.onExpected,
				compress: flags.compress,
				force: flags.force,
				...deletesOf(flags),
				narrow,
				compare: prefixesOf(remote, flags),
				backup: backupOf(flags),
				maxDelete,
				same: (flags.verbose ?? 0) > 1,
				scan:
					scope.paths || flags.archive ? {...scanOf(place, flags, scope), sizes: narrow.sizes} : undefined,
				selection,
				within: scope.within,
				signal: report.signal,
			})
			return await report.finish(outcome, opened, maxDelete)
		} finally {
			opened?.store.close()
			report.endLog()
			session.end()
		}
	},
})
