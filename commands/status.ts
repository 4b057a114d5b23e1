// s3r status: tell how both sides stand to each other, without a request.

import {palette} from '../src/cli/color.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, colorFlags, filterFlags} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filterRules} from '../src/cli/filters.ts'
import {filesOf, scanOf} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {seenFrom} from '../src/cli/relative.ts'
import {standingLines} from '../src/cli/standing.ts'
import {Report} from '../src/cli/transfer.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import {formatDiff} from '../src/format/record.ts'
import {pathBelow} from '../src/repo/find.ts'
import {IndexSession} from '../src/repo/session.ts'
import {type Direction, plan, planLine} from '../src/sync/plan.ts'
import {index} from '../src/sync/push.ts'
import {selection} from '../src/sync/select.ts'
import {standing} from '../src/sync/standing.ts'

export default command({
	name: 'status',
	summary: 'tell what a push would send, and what is newer on the remote',
	synopsis: ['[--porcelain] [-z] [--color <when>] [<filter>...] [<path>...]'],
	flags: {
		porcelain: {type: 'boolean', help: 'print diff lines, for scripts'},
		null: {type: 'boolean', short: 'z', help: 'the same, ended by NUL and with paths not quoted'},
		...colorFlags,
		...filterFlags,
		...chosenFlags,
	},

	async run(context, flags, args, ordered) {
		const {io, cwd, env, signal} = context
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const scope = await scopeFrom(context, place, flags, args)
		const {within} = scope
		const rules = await filterRules(context, place, flags, ordered)
		const chosen = (direction: Direction) => scope.leading(selection({...place, rules, direction}))
		const push = chosen('push')
		const report = new Report(context, 'push', {})
		const session = IndexSession.pretend(place)
		await index(
			{
				session,
				owners,
				files: filesOf(place, {}),
				selection: push,
				events: report.events,
				signal,
			},
			scanOf(place, {'dry-run': true}, scope),
		)
		if (flags.porcelain || flags.null) {
			for (const item of plan(session.index, {
				direction: 'push',
				delete: true,
				select: within,
				selection: push,
			}))
				await io.record(formatDiff(planLine(item, 'push'), flags.null ?? false), flags.null)
		} else {
			const here = pathBelow(place, cwd, '.')
			const hues = await palette(io, 'stdout', env, flags.color)
			for (const line of standingLines(
				standing(session.index, {select: within, push, pull: chosen('pull')}),
				remote,
				hues,
				(p) => seenFrom(here, p),
			))
				await io.record(line)
		}
		return report.finish({}, undefined)
	},
})
