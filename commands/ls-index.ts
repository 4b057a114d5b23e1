// s3r ls-index: list what the index knows of the files.

import {EXIT} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, recordFlags} from '../src/cli/flags.ts'
import {IndexItem} from '../src/cli/items.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {scopeOf} from '../src/cli/scope.ts'
import {isWithin, placeOf} from '../src/cli/work.ts'
import {readIndex} from '../src/repo/read-index.ts'

export default command({
	name: 'ls-index',
	summary: 'list what the index knows of the files',
	synopsis: ['[-z] [<option>...] [<path>...]'],
	flags: {...recordFlags, ...chosenFlags},

	async run(context, flags, args) {
		const printer = new RecordPrinter(context.io, flags)
		const place = placeOf(context, flags)
		const isAsked = isWithin(scopeOf(context, place, args) ?? [''])
		const index = readIndex(place)
		for (let row = 0; row < index.count; row++) {
			if (!index.hasLocal(row) || !isAsked(index.path(row))) continue
			const full = printer.print(new IndexItem(index, row))
			if (!full) continue
			await full
			context.signal.throwIfAborted()
		}
		return EXIT.ok
	},
})
