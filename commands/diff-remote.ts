// s3r diff-remote: compare the two sides of the index: the plan of a push or a pull.

import {EXIT} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, exitCodeFlags, filterFlags, recordFlags} from '../src/cli/flags.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {selectionOf} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {deleteFlags, leftOutOf, planFlags} from '../src/cli/choices.ts'
import {placeOf} from '../src/cli/work.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {narrowed} from '../src/sync/narrow.ts'
import {plan, planLine} from '../src/sync/plan.ts'

export default command({
	name: 'diff-remote',
	summary: 'compare the two sides of the index: the plan of a push or pull',
	synopsis: ['[-Rvz] [--delete] [--force] [--exit-code] [<option>...] [<path>...]'],
	flags: {
		reverse: {type: 'boolean', short: 'R', help: 'the plan of a pull, not of a push'},
		delete: deleteFlags.delete,
		'delete-excluded': deleteFlags['delete-excluded'],
		force: deleteFlags.force,
		...exitCodeFlags,
		verbose: {type: 'boolean', short: 'v', help: 'print what is the same, too'},
		...recordFlags,
		...filterFlags,
		...planFlags,
		...chosenFlags,
	},

	async run(context, flags, args, ordered) {
		const printer = new RecordPrinter(context.io, flags)
		const place = placeOf(context, flags)
		const scope = await scopeFrom(context, place, flags, args)
		const direction = flags.reverse ? 'pull' : 'push'
		let differs = false
		const items = plan(readIndex(place), {
			direction,
			delete: flags.delete || flags['delete-excluded'],
			force: flags.force,
			same: flags.verbose,
			select: scope.within,
			selection: await selectionOf(context, place, flags, ordered, {...scope, direction}),
		})
		for (const item of narrowed(items, direction, leftOutOf(flags))) {
			context.signal.throwIfAborted()
			differs ||= item.status !== '='
			await printer.diff(planLine(item, direction))
		}
		return flags['exit-code'] && differs ? EXIT.no : EXIT.ok
	},
})
