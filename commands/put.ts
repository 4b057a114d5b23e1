// s3r put: store files as objects.

import {fatal, usage} from '../src/base/errors.ts'
import {fromUnicode, type Path, withoutSlash} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {
	dryRunFlags,
	headerFlags,
	progressFlags,
	remoteFlags,
	ruleFlags,
	storedFlags,
	verboseFlags,
} from '../src/cli/flags.ts'
import {filterRules, numberOf} from '../src/cli/filters.ts'
import {noteSent} from '../src/cli/note-sent.ts'
import {owners} from '../src/cli/owners.ts'
import {adaptiveJobs, crewOf, filesOf, storedAs} from '../src/cli/pushing.ts'
import {withScratch} from '../src/cli/scratch.ts'
import {sharing} from '../src/cli/sharing.ts'
import {type FileSource, SourceKeys, sourcesOf, spooled} from '../src/cli/sources.ts'
import {costFlags, preserveFlags, Report} from '../src/cli/transfer.ts'
import {openRemote, type Opened} from '../src/cli/opening.ts'
import {isWithin, lookup, unicode} from '../src/cli/work.ts'
import type {FilterRules} from '../src/format/filter.ts'
import type {Remote} from '../src/format/remote.ts'
import type {Place} from '../src/repo/find.ts'
import {namedObject} from '../src/repo/remotes.ts'
import {IndexSession} from '../src/repo/session.ts'
import {listUploadRecords} from '../src/repo/uploads.ts'
import type {Events} from '../src/sync/events.ts'
import {isHashedLate, LATE_BELOW} from '../src/sync/late-hash.ts'
import {plan} from '../src/sync/plan.ts'
import {index} from '../src/sync/push.ts'
import {type Selection, senderSelect} from '../src/sync/select.ts'
import {send} from '../src/sync/send.ts'
import {hashTwins} from '../src/sync/twins.ts'

const flagsOfPut = {
	recursive: {type: 'boolean', short: 'r', help: 'send directories, with all that is in them'},
	acls: preserveFlags.acls,
	xattrs: preserveFlags.xattrs,
	compress: {type: 'boolean', short: 'z', help: 'store as gzip what becomes smaller by it'},
	'no-clobber': {type: 'boolean', help: 'leave objects alone that exist'},
	'create-bucket': {type: 'boolean', help: 'create the bucket if it does not exist'},
	...dryRunFlags,
	...verboseFlags,
	...costFlags,
	...progressFlags,
	...ruleFlags,
	...storedFlags,
	...headerFlags,
	...remoteFlags,
} as const
type PutValues = Values<typeof flagsOfPut>

export default command({
	name: 'put',
	summary: 'store files as objects',
	synopsis: ['[<option>...] <file>... <bucket>/[<key>]', '[<option>...] - <bucket>/<key>'],
	flags: flagsOfPut,
	arity: [2, Infinity],

	async run(context, flags, args, ordered) {
		const {remote, key} = namedObject(unicode(args.at(-1) ?? ''), lookup(context, flags))
		const files = args.slice(0, -1)
		if (files.includes('-') && (files.length > 1 || key === '' || key.endsWith('/')))
			throw usage('what is read from stdin needs a key of its own')
		const rules = await filterRules(context, {root: '/'}, flags, ordered)
		if (flags['create-bucket'] && !flags['dry-run']) await createBucket(context, remote, {acl: flags.acl})
		const report = new Report(context, 'push', flags)
		const {failed} = report.events
		const target = {cwd: context.cwd, key, recursive: flags.recursive, onError: failed}
		const opened = await withScratch(async (scratch) => {
			const sources = files.includes('-') ? [await spooled(context, scratch, key)] : sourcesOf(files, target)
			return sendSources(sources, {context, flags, rules, remote, scratch, events: report.events})
		})
		return report.finish({}, opened)
	},
})

type Run = {
	readonly context: Context
	readonly flags: PutValues
	readonly rules: FilterRules
	readonly remote: Remote
	readonly scratch: Place
	readonly events: Events
}

/** Indexes the sources as a push does, in an index that is thrown away, and sends them under their keys. */
async function sendSources(
	sources: readonly FileSource[],
	{context, flags, rules, remote, scratch, events}: Run,
): Promise<Opened | undefined> {
	if (sources.length === 0) return undefined
	const maxRequests = numberOf('max-requests', flags['max-requests'])
	const {signal} = context
	const pretend = flags['dry-run']
	const jobs = adaptiveJobs()
	const opened = await openRemote(context, remote, {pretend, maxRequests, onSlowDown: () => jobs.slowDown()})
	const {store} = opened
	const shared = sharing(opened, jobs)
	const {prefix, stored} = storedAs({...remote, prefix: ''})
	const session = IndexSession.pretend(scratch)
	const keys = new SourceKeys(sources)
	const told = named(events, keys, remote)
	const job = {kind: 'send', remote, root: scratch.root, compress: flags.compress, stored} as const
	const paths = sources.map(({path}) => path)
	const files = filesOf(scratch, flags)
	try {
		const selection = selectionOfSources(sources, rules)
		const isLate = isHashedLate({pretend, session})
		const how = {root: scratch.root, paths, unhashedBelow: isLate ? LATE_BELOW : undefined}
		await index({session, files, owners, events: told, selection, signal}, how)
		if (isLate) hashTwins({session, files})
		const within = isWithin(paths)
		const select = (path: Path) => within(path) && keys.of(path) !== undefined
		await send(plan(session.index, {direction: 'push', select}), {
			store,
			session,
			files,
			owners,
			events: told,
			prefix,
			stored,
			keyOf: (path) => keys.of(path) ?? '',
			compress: flags.compress,
			force: !flags['no-clobber'],
			pretend,
			jobs,
			// threads do not share a count of requests
			crew: maxRequests === undefined ? crewOf(context, job, {...shared, pretend, signal}) : undefined,
			signal,
		})
	} finally {
		store.close()
		await abandon(context, remote, scratch)
	}
	if (!flags['dry-run']) await noteSent(context, flags, remote, session, (path) => keys.of(path))
	return opened
}

/** What the rules take of each source, by the names that rsync would see. */
function selectionOfSources(sources: readonly FileSource[], rules: FilterRules): Pick<Selection, 'scans'> {
	const taken = sources.map(({path, from}) => ({
		from,
		isWithin: isWithin([path]),
		takes: senderSelect(rules, withoutSlash(`/${from}`)),
	}))
	return {
		scans: (path, isDirectory) =>
			taken.every(
				({from, isWithin: isPart, takes}) =>
					!isPart(path) || path === from || takes(path.slice(from.length), isDirectory),
			),
	}
}

/** The same events, with an item told by its key, and a file by its whole path. */
function named(events: Events, keys: SourceKeys, {bucket}: Remote): Events {
	const failed = (path: Path, error: unknown) => events.failed(`/${path}`, error)
	return {
		done: (item) => {
			const {record, status} = item.line
			const key = fromUnicode(keys.of(record.path) ?? '')
			if (status === 'C') failed(record.path, fatal(`${shown(`s3://${bucket}/${key}`)} exists already`))
			else events.done({...item, line: {status, record: {...record, path: key}}})
		},
		failed,
		vanished: (path) => events.vanished(`/${path}`),
		warn: events.warn,
		moved: (bytes, path) => events.moved(bytes, `/${path}`),
	}
}

/** Drops the parts of what could not be sent whole; also when interrupted, which ends every other request. */
async function abandon(context: Context, remote: Remote, scratch: Place): Promise<void> {
	const begun = [...listUploadRecords(scratch)].filter(({id, taken}) => id !== '' && taken !== true)
	if (begun.length === 0) return
	const {store} = await openRemote({...context, signal: new AbortController().signal}, remote)
	try {
		for (const {key, id} of begun) await store.abortUpload(key, id)
	} finally {
		store.close()
	}
}
