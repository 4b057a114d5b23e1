// s3r ls-versions: list the versions of objects, and what was deleted.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {Stores} from '../src/cli/objects.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {objectOf, placeOf} from '../src/cli/work.ts'
import {isKeyWithin, pathOf, SIDE} from '../src/format/key.ts'
import type {Item} from '../src/format/template.ts'
import {noSuchObject} from '../src/store/errors.ts'
import type {Version} from '../src/store/store.ts'

export default command({
	name: 'ls-versions',
	summary: 'list the versions of objects, and what was deleted',
	synopsis: [
		'[-z] [--exit-code] [<option>...] [<path>...]',
		'[-z] [--exit-code] [<option>...] <bucket>[/<key>]...',
	],
	flags: {
		'exit-code': {type: 'boolean', help: 'exit with 1 if there is nothing'},
		...recordFlags,
		...chosenFlags,
		...remoteFlags,
	},

	async run(context, flags, args) {
		const printer = new RecordPrinter(context.io, flags, ({version}) => `${version} `)
		if (args.length === 0) placeOf(context, flags)
		const sources = (args.length > 0 ? args : ['.']).map((arg) => objectOf(context, flags, arg))
		const errors = itemErrors(context)
		const stores = new Stores(context)
		let count = 0
		try {
			for (const {remote, key} of sources) {
				const store = await stores.of(remote)
				const before = count
				for await (const page of store.listVersions(key))
					for (const version of page) {
						const item = isKeyWithin(version.key, key) ? itemOf(version, remote.prefix) : undefined
						if (item === undefined) continue
						count++
						await printer.print(item)
					}
				if (count === before && key !== remote.prefix && !flags['exit-code'])
					errors.failed(fromUnicode(key), noSuchObject(store.bucket, key))
			}
		} finally {
			await stores.close()
		}
		return flags['exit-code'] && count === 0 && errors.status === EXIT.ok ? EXIT.no : errors.status
	},
})

/** A version as a listing tells of it; a marker has neither size nor digest. What s3r keeps for itself is none. */
function itemOf(
	{key, etag, size, modified, version, storageClass, latest, deleted}: Version,
	prefix: string,
): Item | undefined {
	const rest = key.slice(prefix.length)
	const path = pathOf(rest) ?? fromUnicode(rest)
	if (rest === '' || (path.startsWith(SIDE) && pathOf(rest) === undefined)) return undefined
	const common = {modified, version: fromUnicode(version), latest, deleted}
	return deleted
		? {record: {path}, ...common}
		: {record: {path, size, digest: `etag:${etag}`}, storageClass, ...common}
}
