// s3r gc: remove what killed runs left behind.

import {fromUnicode} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {parseAge} from '../src/cli/age.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, remoteFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {openRemote} from '../src/cli/opening.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'
import {lockIndex} from '../src/repo/index-lock.ts'
import {collectGarbage, type Garbage} from '../src/sync/gc.ts'

const OLD = '7d'

export default command({
	name: 'gc',
	summary: 'remove what killed runs left behind',
	synopsis: ['[-nv] [--side] [--older-than <age>] [<option>...]'],
	flags: {
		'older-than': {
			type: 'string',
			arg: 'age',
			help: `what nobody remembers must be older; ${OLD} by default`,
		},
		side: {type: 'boolean', help: 'look for side objects that nothing refers to, by a HEAD of every object'},
		...dryRunFlags,
		verbose: {type: 'boolean', short: 'v', help: 'print what is removed'},
		...chosenFlags,
		...remoteFlags,
	},
	arity: [0, 0],

	async run(context, flags) {
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const age = parseAge(flags['older-than'] ?? OLD)
		const pretend = flags['dry-run']
		const errors = itemErrors(context)
		const {signal} = context
		const lock = pretend ? undefined : await lockIndex(place, signal)
		const {store} = await openRemote(context, remote, {pretend})
		try {
			for await (const garbage of collectGarbage({
				place,
				store,
				prefix: remote.prefix,
				before: Date.now() - age,
				pretend,
				side: flags.side,
				signal,
				onError: errors.failed,
			}))
				if (flags.verbose) await context.io.record(lineOf(garbage))
		} finally {
			store.close()
			lock?.release()
		}
		return errors.status
	},
})

const lineOf = ({kind, name}: Garbage): string =>
	kind === 'temporary'
		? `removed the temporary file ${shown(name)}`
		: kind === 'upload'
			? `aborted the upload of ${shown(fromUnicode(name))}`
			: `deleted the side object ${shown(fromUnicode(name))}`
