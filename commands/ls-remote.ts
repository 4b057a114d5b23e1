// s3r ls-remote: list the objects of a remote as files.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {command} from '../src/cli/command.ts'
import {atFlags, recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {heardItem} from '../src/cli/items.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {momentOf, openRemote} from '../src/cli/opening.ts'
import {remoteOf} from '../src/cli/work.ts'
import {keyOf} from '../src/format/key.ts'
import {remoteUrl} from '../src/format/remote.ts'
import {listPaths} from '../src/sync/fetch.ts'

export default command({
	name: 'ls-remote',
	summary: 'list the objects of a remote as files',
	synopsis: ['[-vz] [--exit-code] [<option>...] [<remote> [<prefix>]]'],
	flags: {
		'exit-code': {type: 'boolean', help: 'exit with 1 if there is nothing'},
		verbose: {type: 'boolean', short: 'v', help: 'print the URL of the remote to stderr first'},
		...atFlags,
		...recordFlags,
		...remoteFlags,
	},
	arity: [0, 2],

	async run(context, flags, [name, prefix = '']) {
		const printer = new RecordPrinter(context.io, flags)
		const remote = remoteOf(context, flags, name)
		const errors = itemErrors(context)
		const {store} = await openRemote(context, remote, {at: momentOf(flags)})
		if (flags.verbose) context.io.say(`From ${fromUnicode(remoteUrl(remote))}`)
		let isEmpty = true
		try {
			for await (const page of listPaths(store, remote.prefix, errors.failed, keyOf(prefix)))
				for (const heard of page) {
					isEmpty = false
					const full = printer.print(heardItem(heard))
					if (full) await full
				}
		} finally {
			store.close()
		}
		return flags['exit-code'] && isEmpty && errors.status === EXIT.ok ? EXIT.no : errors.status
	},
})
