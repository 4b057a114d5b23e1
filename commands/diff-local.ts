// s3r diff-local: compare the files with the index.

import {EXIT} from '../src/base/errors.ts'
import {sizeFlags, sizesOf} from '../src/cli/choices.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, exitCodeFlags, filterFlags, recordFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, selectionOf} from '../src/cli/pushing.ts'
import {scopeFrom} from '../src/cli/scope.ts'
import {preserveFlags} from '../src/cli/transfer.ts'
import {placeOf} from '../src/cli/work.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {localRecord} from '../src/format/sides.ts'
import {changes} from '../src/sync/scan.ts'

const {acls, xattrs, checksum, 'one-file-system': oneFileSystem} = preserveFlags

export default command({
	name: 'diff-local',
	summary: 'compare the files with the index',
	synopsis: ['[-AXcxz] [--exit-code] [<option>...] [<path>...]'],
	flags: {
		...exitCodeFlags,
		acls,
		xattrs,
		checksum,
		'one-file-system': oneFileSystem,
		...recordFlags,
		...filterFlags,
		...sizeFlags,
		...chosenFlags,
	},

	async run(context, flags, args, ordered) {
		const printer = new RecordPrinter(context.io, flags)
		const place = placeOf(context, flags)
		const errors = itemErrors(context)
		const scope = await scopeFrom(context, place, flags, args)
		const selection = await selectionOf(context, place, flags, ordered, scope)
		let differs = false
		const found = changes({
			root: place.root,
			index: readIndex(place),
			contents: filesOf(place, flags, selection),
			owners,
			paths: scope.paths?.includes('') ? undefined : scope.paths,
			shallow: scope.shallow,
			sizes: sizesOf(flags),
			select: selection.shows,
			oneFileSystem: flags['one-file-system'],
			checksum: flags.checksum,
			signal: context.signal,
			onError: errors.failed,
		})
		for await (const some of found)
			for (const {status, entry} of some) {
				differs = true
				await printer.diff({status, record: localRecord(entry)})
			}
		return flags['exit-code'] && differs && errors.status === EXIT.ok ? EXIT.no : errors.status
	},
})
