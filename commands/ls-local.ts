// s3r ls-local: list the files of the local side.

import {setImmediate as turn} from 'node:timers/promises'
import {sizeFlags, sizesOf} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {filterFlags, recordFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {FilePrinter} from '../src/cli/print-files.ts'
import {filesOf, selectionOf} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {preserveFlags} from '../src/cli/transfer.ts'
import {requirePlace} from '../src/repo/find.ts'
import {openIndex} from '../src/repo/index-files.ts'
import {listLocal} from '../src/sync/list-local.ts'

export default command({
	name: 'ls-local',
	summary: 'list the files of the local side',
	synopsis: ['[-xz] [--hash] [<option>...] [<path>...]'],
	flags: {
		hash: {type: 'boolean', help: 'read the files whose MD5 the index does not know'},
		'one-file-system': preserveFlags['one-file-system'],
		...recordFlags,
		...filterFlags,
		...sizeFlags,
	},

	async run(context, flags, args, ordered) {
		const printer = new FilePrinter(context.io, flags)
		const place = requirePlace(context.cwd, context.env)
		const errors = itemErrors(context)
		const scope = await scopeFrom(context, place, flags, args)
		const {shows} = await selectionOf(context, place, flags, ordered, scope)
		const {index, close} = openIndex(place)
		const files = listLocal({
			root: place.root,
			index,
			paths: scope.paths?.includes('') ? undefined : scope.paths,
			shallow: scope.shallow,
			sizes: sizesOf(flags),
			select: shows,
			oneFileSystem: flags['one-file-system'],
			contents: flags.hash ? filesOf(place, {}) : undefined,
			onError: errors.failed,
		})
		try {
			for (const file of files) {
				const full = printer.print(file)
				if (full === undefined) continue
				await full
				// a file is written to without a turn of the loop, in which signals come
				await turn()
				context.signal.throwIfAborted()
			}
		} finally {
			close()
		}
		return errors.status
	},
})
