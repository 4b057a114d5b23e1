// s3r status: tell how both sides stand to each other, without a request.

import {palette} from '../src/cli/color.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, colorFlags} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, selectionOf} from '../src/cli/pushing.ts'
import {pathsOf} from '../src/cli/scope.ts'
import {seenFrom} from '../src/cli/relative.ts'
import {standingLines} from '../src/cli/standing.ts'
import {Report} from '../src/cli/transfer.ts'
import {isWithin, placeOf, remoteOf} from '../src/cli/work.ts'
import {formatDiff} from '../src/format/record.ts'
import {pathBelow} from '../src/repo/find.ts'
import {IndexSession} from '../src/repo/session.ts'
import {plan, planLine} from '../src/sync/plan.ts'
import {index} from '../src/sync/push.ts'
import {standing} from '../src/sync/standing.ts'

export default command({
	name: 'status',
	summary: 'tell what a push would send, and what is newer on the remote',
	synopsis: ['[--porcelain] [-z] [--color <when>] [<path>...]'],
	flags: {
		porcelain: {type: 'boolean', help: 'print diff lines, for scripts'},
		null: {type: 'boolean', short: 'z', help: 'the same, ended by NUL and with paths not quoted'},
		...colorFlags,
		...chosenFlags,
	},

	async run(context, flags, args) {
		const {io, cwd, env, signal} = context
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const paths = args.length > 0 ? pathsOf(context, place, args) : undefined
		const within = paths && isWithin(paths)
		const report = new Report(context, 'push', {})
		const session = IndexSession.pretend(place)
		await index(
			{
				session,
				owners,
				files: filesOf(place, {}),
				selection: await selectionOf(context, place, {}, []),
				events: report.events,
				signal,
			},
			{root: place.root, paths},
		)
		if (flags.porcelain || flags.null) {
			for (const item of plan(session.index, {direction: 'push', delete: true, select: within}))
				await io.record(formatDiff(planLine(item, 'push'), flags.null ?? false), flags.null)
		} else {
			const here = pathBelow(place, cwd, '.')
			const hues = await palette(io, 'stdout', env, flags.color)
			for (const line of standingLines(standing(session.index, within), remote, hues, (p) =>
				seenFrom(here, p),
			))
				await io.record(line)
		}
		return report.finish({}, undefined)
	},
})
