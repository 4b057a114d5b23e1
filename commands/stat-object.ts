// s3r stat-object: print what objects say of their files, by their heads.

import {inOrder} from '../src/base/in-order.ts'
import {fromUnicode} from '../src/base/path.ts'
import {quote} from '../src/base/quote.ts'
import {type AskedObject, askedObjects} from '../src/cli/asked-objects.ts'
import {command} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {chosenFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {explained} from '../src/cli/explained.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {objectItem} from '../src/cli/object-item.ts'
import {Stores} from '../src/cli/objects.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {surrogateEscaped} from '../src/format/json.ts'
import {noSuchObject} from '../src/store/errors.ts'
import type {Head} from '../src/store/store.ts'
import {isFinal} from '../src/sync/final.ts'

/** Objects that are asked for at once. */
const WIDTH = 32

export default command({
	name: 'stat-object',
	summary: 'print what objects say of their files',
	synopsis: ['[-z] [<option>...] <key>...', '--stdin [-z] [<option>...]', '--batch [-z] [<option>...]'],
	flags: {
		...stdinFlags,
		batch: {type: 'boolean', help: 'the same, with an answer to each line, also where there is no object'},
		explain: {type: 'boolean', help: 'print which convention says what, and which is believed'},
		...recordFlags,
		...chosenFlags,
		...remoteFlags,
	},

	async run(context, flags, args) {
		exclusive(flags, 'stdin', 'batch')
		for (const name of ['format', 'name-only']) exclusive(flags, 'explain', name)
		const {io, signal} = context
		const {null: nul = false, json = false, batch, explain} = flags
		const printer = new RecordPrinter(io, flags)
		const asked = askedObjects(context, {...flags, stdin: (flags.stdin ?? false) || (batch ?? false)}, args)
		const errors = itemErrors(context)
		const stores = new Stores(context)
		try {
			for await (const {object, head, error} of inOrder(asked, {width: WIDTH, signal}, (one) =>
				look(one, stores),
			)) {
				const {path, key, remote} = object
				if (head && explain)
					for (const line of explained(path, key, head, {nul, json})) await io.record(line, nul)
				else if (head) await printer.print(objectItem(path, key, head))
				else if (batch) await io.record(missing(object, {nul, json}), nul)
				if (error !== undefined || (!head && !batch))
					errors.failed(path, error ?? noSuchObject(remote.bucket, key))
			}
		} finally {
			await stores.close()
		}
		return errors.status
	},
})

type Answer = {readonly object: AskedObject; readonly head?: Head | undefined; readonly error?: unknown}

async function look(object: AskedObject, stores: Stores): Promise<Answer> {
	try {
		return {object, head: await (await stores.of(object.remote)).head(object.key)}
	} catch (error) {
		if (isFinal(error)) throw error
		return {object, error}
	}
}

/** The answer where there is no object, or none that can be looked at. */
function missing(
	{path}: AskedObject,
	{nul, json}: {readonly nul: boolean; readonly json: boolean | undefined},
) {
	if (json) return fromUnicode(JSON.stringify({path: surrogateEscaped(path), missing: true}))
	return `missing\t${nul ? path : quote(path)}`
}
