// s3r set-attrs: give files the modes, times and owners of records.

import {fatal} from '../src/base/errors.ts'
import {isDirectory, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {requireStdin} from '../src/cli/executing.ts'
import {dryRunFlags, recordFlags, stdinFlags, verboseFlags} from '../src/cli/flags.ts'
import {parseAsked} from '../src/cli/input.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {diskOf, takeFlags} from '../src/cli/pulling.ts'
import {Report} from '../src/cli/transfer.ts'
import {TYPE, typeOf} from '../src/format/entry.ts'
import {type JsonItem, parseJson} from '../src/format/json.ts'
import {known} from '../src/format/metadata.ts'
import {requirePlace} from '../src/repo/find.ts'
import type {Disk} from '../src/sync/disk.ts'
import type {Events} from '../src/sync/events.ts'

const flagsOfSet = {
	...stdinFlags,
	null: recordFlags.null,
	json: {type: 'boolean', help: 'the lines are JSON, which has owners, too'},
	'numeric-ids': takeFlags['numeric-ids'],
	...dryRunFlags,
	quiet: verboseFlags.quiet,
} as const

export default command({
	name: 'set-attrs',
	summary: 'give files the modes, times and owners of records',
	synopsis: ['--stdin [-nqz] [--json] [--numeric-ids]'],
	flags: flagsOfSet,
	arity: [0, 0],

	async run(context, flags) {
		requireStdin(flags)
		const printer = new RecordPrinter(context.io, {null: flags.null ?? false})
		const report = new Report(context, 'pull', {quiet: flags.quiet ?? false})
		const disk = diskOf(requirePlace(context.cwd, context.env), flags)
		try {
			for await (const wanted of wishes(context, flags)) {
				context.signal.throwIfAborted()
				try {
					setAttributes(disk, wanted, report.events)
					const {path, mode, mtime} = wanted
					await printer.diff({status: 'P', record: {path, mode, mtime}})
				} catch (error) {
					report.events.failed(wanted.path, error)
				}
			}
		} finally {
			disk.close()
		}
		return report.finish({}, undefined)
	},
})

async function* wishes({io}: Context, flags: Values<typeof flagsOfSet>): AsyncIterable<JsonItem> {
	const nul = flags.null ?? false
	for await (const line of io.stdinRecords(nul)) {
		if (flags.json) yield parseJson(line) ?? refused(line)
		else {
			const {path, record} = parseAsked(line, nul)
			if (record === undefined) refused(line)
			yield {path, mode: record?.mode, mtime: record?.mtime}
		}
	}
}

function refused(line: Path): never {
	throw fatal(`not a record: ${shown(line.slice(0, 200))}`, "'s3r ls-local' and 's3r stat-object' print them")
}

/** Gives what is there its attributes, as far as they are known and of a file of this type. */
function setAttributes(disk: Disk, wanted: JsonItem, {warn}: Events): void {
	const {path, mode, mtime, uid, gid, uname, gname} = wanted
	const stat = disk.stat(path)
	if (!stat) throw fatal('it is not there')
	if (isDirectory(path) !== (typeOf(stat.mode) === TYPE.directory)) throw fatal('it is of another type')
	if (mode !== undefined && typeOf(mode) !== 0 && typeOf(mode) !== typeOf(stat.mode))
		throw fatal('it is of another type')
	for (const [kind, why] of disk.apply(path, known({mode, mtime, uid, gid, uname, gname}))) warn(kind, why)
}
