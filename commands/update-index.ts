// s3r update-index: note in the index what files, or a listing of the remote, are now.

import {EXIT, fatal} from '../src/base/errors.ts'
import type {Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {requireStdin} from '../src/cli/executing.ts'
import {recordFlags, stdinFlags} from '../src/cli/flags.ts'
import {type Asked, askedLines} from '../src/cli/input.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, type PreserveValues} from '../src/cli/pushing.ts'
import {preserveFlags} from '../src/cli/transfer.ts'
import {placeOf} from '../src/cli/work.ts'
import type {IndexRows} from '../src/format/index-file.ts'
import {IndexSession} from '../src/repo/session.ts'
import {fetch, type Heard} from '../src/sync/fetch.ts'
import {scan} from '../src/sync/scan.ts'

/** Lines that are taken note of at once. */
const PAGE = 1000
const NS = 1_000_000_000n

export default command({
	name: 'update-index',
	summary: 'note in the index what files or objects are now',
	synopsis: ['--stdin [-AXcz]', '--stdin --remote [-z]'],
	flags: {
		...stdinFlags,
		null: recordFlags.null,
		remote: {type: 'boolean', help: 'the records are a whole listing of the remote'},
		acls: preserveFlags.acls,
		xattrs: preserveFlags.xattrs,
		checksum: preserveFlags.checksum,
	},
	arity: [0, 0],

	async run(context, flags) {
		requireStdin(flags)
		for (const name of ['acls', 'xattrs', 'checksum']) exclusive(flags, 'remote', name)
		const lines = askedLines(context.io, flags.null ?? false)
		return flags.remote ? noteListing(context, lines) : noteFiles(context, flags, lines)
	},
})

async function noteFiles(
	context: Context,
	flags: PreserveValues,
	lines: AsyncIterable<Asked>,
): Promise<number> {
	const place = placeOf(context)
	const errors = itemErrors(context)
	const paths: Path[] = []
	for await (const {path} of lines) paths.push(path)
	const session = await IndexSession.open(place, {signal: context.signal})
	try {
		const {index, changed} = await scan({
			root: place.root,
			index: session.index,
			building: session.building,
			contents: filesOf(place, flags),
			owners,
			paths,
			shallow: true,
			checksum: flags.checksum,
			signal: context.signal,
			onError: errors.failed,
		})
		if (changed) session.adopt(index)
		session.save()
	} finally {
		session.close()
	}
	return errors.status
}

async function noteListing(context: Context, lines: AsyncIterable<Asked>): Promise<number> {
	const place = placeOf(context)
	const session = await IndexSession.open(place, {signal: context.signal})
	try {
		const {index, changed} = await fetch(
			session.index,
			pages(lines, session.index),
			context.signal,
			session.building,
		)
		if (changed) session.adopt(index)
		session.save()
	} finally {
		session.close()
	}
	return EXIT.ok
}

/** The lines as pages of a listing. An empty one where there were objects is more likely a failed one. */
async function* pages(lines: AsyncIterable<Asked>, index: IndexRows): AsyncIterable<readonly Heard[]> {
	let page: Heard[] = []
	let isEmpty = true
	for await (const line of lines) {
		isEmpty = false
		page.push(heardOf(line))
		if (page.length === PAGE) {
			yield page
			page = []
		}
	}
	if (isEmpty && index.someRemote())
		throw fatal(
			'the listing is empty, but the index knows objects',
			"if the remote is empty indeed, 's3r fetch' notes it",
		)
	yield page
}

/** What a line of ls-remote tells of an object. */
function heardOf({path, status, record}: Asked): Heard {
	const etag = /^etag:(.+)$/s.exec(record?.digest ?? '')?.[1]
	if (record?.size === undefined || etag === undefined || status !== undefined || record.mode !== undefined)
		throw fatal(
			`not a line of ls-remote: ${shown(path)}`,
			"its lines are '- <size> <time> etag:<etag> TAB <path>'",
		)
	const modified = record.mtime === undefined ? undefined : Number(record.mtime / NS)
	return {path, etag, size: record.size, modified}
}
