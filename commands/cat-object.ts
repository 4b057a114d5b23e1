// s3r cat-object: print the content of objects.

import {EXIT, fatal, S3rError, usage} from '../src/base/errors.ts'
import {quote, shown} from '../src/base/quote.ts'
import {objectsOfLines} from '../src/cli/asked-objects.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {bytesOf, contentIn, named, type Source} from '../src/cli/content.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {atFlags, chosenFlags, recordFlags, remoteFlags, versionFlags} from '../src/cli/flags.ts'
import {parseAsked} from '../src/cli/input.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {objectItem} from '../src/cli/object-item.ts'
import {Stores} from '../src/cli/objects.ts'
import {parseRange} from '../src/cli/range.ts'
import {momentOf} from '../src/cli/opening.ts'
import {objectOf} from '../src/cli/work.ts'
import {formatRecord} from '../src/format/record.ts'
import {noSuchObject} from '../src/store/errors.ts'
import {type Got, type Head, isKind} from '../src/store/store.ts'
import {isFinal} from '../src/sync/final.ts'

const flagsOfCat = {
	range: {type: 'string', arg: 'first-last', help: 'only these bytes, counted from 0'},
	raw: {type: 'boolean', help: 'do not unpack what s3r stored as gzip'},
	batch: {type: 'boolean', help: 'print the record and the content of each object on stdin'},
	'batch-command': {type: 'boolean', help: "the same, for lines 'contents <key>' and 'info <key>'"},
	null: recordFlags.null,
	...atFlags,
	...versionFlags,
	...chosenFlags,
	...remoteFlags,
} as const
type CatValues = Values<typeof flagsOfCat>

export default command({
	name: 'cat-object',
	summary: 'print the content of objects',
	synopsis: [
		'[--raw] [--range <first-last>] [<option>...] <key>...',
		'--batch [-z] [--raw] [<option>...]',
		'--batch-command [-z] [--raw] [<option>...]',
	],
	flags: flagsOfCat,

	async run(context, flags, args) {
		exclusive(flags, 'at', 'version')
		for (const name of ['range', 'version', 'batch-command']) exclusive(flags, 'batch', name)
		for (const name of ['range', 'version']) exclusive(flags, 'batch-command', name)
		const isBatch = flags.batch ?? flags['batch-command'] ?? false
		if (isBatch && args.length > 0) throw usage("'--batch' and a key exclude each other")
		if (!isBatch && args.length === 0) throw usage("a key or '--batch' is missing")
		if (!isBatch && flags.null) throw usage("'--null' is of '--batch' and '--batch-command'")
		if (flags.version !== undefined && args.length > 1)
			throw usage("'--version' is of one object, not of several")
		const stores = new Stores(context, {at: momentOf(flags)})
		try {
			if (isBatch) return await answerAll(context, flags, stores)
			const range = flags.range === undefined ? undefined : parseRange(flags.range)
			for (const arg of args) {
				const {remote, key} = objectOf(context, flags, arg)
				if (key === '' || key.endsWith('/')) throw fatal(`${shown(arg)} is a directory`)
				const {raw = false, version} = flags
				const source = {key, version, umask: context.umask, store: await stores.of(remote), raw}
				for await (const piece of bytesOf(source, range)) await context.io.write(piece)
			}
		} finally {
			await stores.close()
		}
		return EXIT.ok
	},
})

/** Answers the lines on stdin one after the other; whoever waits for an answer gets it. */
async function answerAll(context: Context, flags: CatValues, stores: Stores): Promise<number> {
	const {io, umask} = context
	const {null: nul = false, raw = false} = flags
	const objectAt = objectsOfLines(context, flags)
	const errors = itemErrors(context)
	for await (const line of io.stdinRecords(nul)) {
		const {isInfo, rest} = flags['batch-command'] ? parseCommand(line) : {isInfo: false, rest: line}
		const {path, key, remote} = objectAt(parseAsked(rest, nul))
		const source = {key, umask, raw, store: await stores.of(remote)}
		try {
			const {head, body} = await (isInfo ? headOf(source) : source.store.get(key))
			const {record} = objectItem(path, key, head)
			await io.record(formatRecord(raw ? {...record, size: head.size} : record, nul), nul)
			if (body) await printContent(context, source, {head, body})
		} catch (error) {
			if (isFinal(error) || error instanceof Torn) throw error
			await io.record(`missing\t${nul ? path : quote(path)}`, nul)
			if (!isKind(error, 'not-found')) errors.failed(path, error)
		}
		await io.flush()
	}
	return errors.status
}

function parseCommand(line: string): {readonly isInfo: boolean; readonly rest: string} {
	const [, what, rest] = /^(contents|info) (.+)$/s.exec(line) ?? []
	if (rest === undefined)
		throw fatal(`not a command: ${shown(line)}`, "one is 'contents <key>' or 'info <key>'")
	return {isInfo: what === 'info', rest}
}

async function headOf({store, key}: Source): Promise<{readonly head: Head; readonly body?: undefined}> {
	const head = await store.head(key)
	if (!head) throw noSuchObject(store.bucket, key)
	return {head}
}

/** An answer was begun and cannot be ended: nobody could tell an error from the bytes that were promised. */
class Torn extends S3rError {}

/** As many bytes as the record says, and a line end. */
async function printContent({io}: Context, source: Source, got: Got): Promise<void> {
	try {
		for await (const piece of contentIn(source, got)) await io.write(piece)
	} catch (error) {
		const {message, status, hint} = named(error, source.key) as S3rError
		throw new Torn(message, {status, hint, cause: error})
	}
	await io.record('', false)
}
