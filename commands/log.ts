// s3r log: tell what was pushed and pulled.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {palette, type Palette} from '../src/cli/color.ts'
import {command} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {numberOf} from '../src/cli/filters.ts'
import {colorFlags, recordFlags} from '../src/cli/flags.ts'
import {humanBytes} from '../src/cli/human.ts'
import {pathsOf} from '../src/cli/scope.ts'
import {isWithin} from '../src/cli/work.ts'
import {formatJson} from '../src/format/json.ts'
import {formatDiff} from '../src/format/record.ts'
import {requirePlace} from '../src/repo/find.ts'
import {readLog, type Run} from '../src/repo/log.ts'

export default command({
	name: 'log',
	summary: 'tell what was pushed and pulled',
	synopsis: ['[-vz] [--max-count <n>] [--json] [--color <when>] [<path>...]'],
	flags: {
		'max-count': {type: 'string', arg: 'n', help: 'this many runs at most'},
		verbose: {type: 'boolean', short: 'v', help: 'print the items of each run, too'},
		null: recordFlags.null,
		json: {type: 'boolean', help: 'print each run as JSON, with its items'},
		...colorFlags,
	},

	async run(context, flags, args) {
		exclusive(flags, 'json', 'verbose')
		const {io, env} = context
		const most = numberOf('max-count', flags['max-count']) ?? Infinity
		const place = requirePlace(context.cwd, env)
		const isAsked = args.length > 0 ? isWithin(pathsOf(context, place, args)) : undefined
		const nul = flags.null ?? false
		const hues = await palette(io, 'stdout', env, flags.color)
		let count = 0
		for (const run of readLog(place)) {
			const items = isAsked ? run.items.filter(({record}) => isAsked(record.path)) : run.items
			if (isAsked && items.length === 0) continue
			if (++count > most) break
			context.signal.throwIfAborted()
			if (flags.json) await io.record(jsonOf({...run, items}), nul)
			else await io.record(lineOf(run, hues), nul)
			if (flags.verbose)
				for (const item of items) await io.record(`${nul ? '' : '    '}${formatDiff(item, nul)}`, nul)
		}
		return EXIT.ok
	},
})

/** `2026-11-25T22:51:12Z push s3://testrsync/: A 3, M 1, 12 bytes, 1 failed (status 23)` */
function lineOf({time, command: name, remote, counts, bytes, failed, status}: Run, hues: Palette): Path {
	const when = hues.yellow(`${time.slice(0, 19)}Z`)
	const items = Object.entries(counts).map(([letter, n]) => `${letter} ${n}`)
	const trouble = [
		...(failed > 0 ? [`${failed} failed`] : []),
		...(status === undefined ? ['not finished'] : status === 0 ? [] : [`status ${status}`]),
	].map((text) => hues.red(text))
	return `${when} ${name} ${remote}: ${[...items, ...(bytes > 0 ? [humanBytes(bytes)] : []), ...trouble].join(', ')}`
}

function jsonOf({items, ...run}: Run): Path {
	const head = fromUnicode(JSON.stringify(run))
	return `${head.slice(0, -1)},"items":[${items.map(formatJson).join(',')}]}`
}
