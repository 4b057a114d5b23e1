// s3r get: fetch objects into files, or to stdout.

import type {AdaptiveWidth} from '../src/base/adaptive.ts'
import {usage} from '../src/base/errors.ts'
import {fromUnicode, isDirectory, nameOf, type Path, ROOT, withoutSlash} from '../src/base/path.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {filterRules, numberOf} from '../src/cli/filters.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {
	atFlags,
	chosenFlags,
	dryRunFlags,
	progressFlags,
	remoteFlags,
	ruleFlags,
	verboseFlags,
	versionFlags,
} from '../src/cli/flags.ts'
import {objectsBelow, ownRemote, Stores} from '../src/cli/objects.ts'
import {pullFlags, restoreFlags, restoreOf} from '../src/cli/pulling.ts'
import {adaptiveJobs, crewOf} from '../src/cli/pushing.ts'
import {owners} from '../src/cli/owners.ts'
import {withScratch} from '../src/cli/scratch.ts'
import {sharing} from '../src/cli/sharing.ts'
import {type Target, targetOf} from '../src/cli/target.ts'
import {costFlags, preserveFlags, Report} from '../src/cli/transfer.ts'
import {momentOf, type Opened} from '../src/cli/opening.ts'
import {objectOf} from '../src/cli/work.ts'
import type {Entry} from '../src/format/entry.ts'
import type {FilterRules} from '../src/format/filter.ts'
import {keyOf, notAFile, pathOf, SIDE} from '../src/format/key.ts'
import type {Named} from '../src/repo/remotes.ts'
import {IndexSession} from '../src/repo/session.ts'
import {noSuchObject} from '../src/store/errors.ts'
import type {Head, Store} from '../src/store/store.ts'
import {arrivalOf} from '../src/sync/arrival.ts'
import {contentOf} from '../src/sync/content.ts'
import {estimating} from '../src/sync/estimate.ts'
import type {Events} from '../src/sync/events.ts'
import {getInOrder} from '../src/sync/in-order.ts'
import {localOf} from '../src/sync/local.ts'
import {LocalDisk, PretendDisk} from '../src/sync/local-files.ts'
import type {PlanItem} from '../src/sync/plan.ts'
import {selector} from '../src/sync/scanner.ts'
import {senderSelect} from '../src/sync/select.ts'
import {receive} from '../src/sync/receive.ts'

const {archive, 'hard-links': hardLinks, acls, xattrs} = preserveFlags
const {sparse, compress, 'numeric-ids': numericIds} = pullFlags

const flagsOfGet = {
	recursive: {type: 'boolean', short: 'r', help: 'fetch all that is below a key'},
	archive,
	'hard-links': hardLinks,
	acls,
	xattrs,
	sparse,
	compress,
	'numeric-ids': numericIds,
	...atFlags,
	...versionFlags,
	...restoreFlags,
	...dryRunFlags,
	...verboseFlags,
	...costFlags,
	...progressFlags,
	...ruleFlags,
	...chosenFlags,
	...remoteFlags,
} as const
type GetValues = Values<typeof flagsOfGet>

export default command({
	name: 'get',
	summary: 'fetch objects into files',
	synopsis: ['[<option>...] <bucket>/<key>... [<file> | <directory> | -]'],
	flags: flagsOfGet,
	arity: [1, Infinity],

	async run(context, flags, args, ordered) {
		const names = args.length > 1 ? args.slice(0, -1) : args
		const target = args.length > 1 ? (args.at(-1) ?? '') : '.'
		exclusive(flags, 'at', 'version')
		restoreOf(flags)
		const {version} = flags
		const sources = names.map((arg) => ({
			...objectOf(context, flags, arg),
			whole: isWhole(arg, flags),
			version,
		}))
		if (version !== undefined && (names.length > 1 || sources.some(({whole}) => whole)))
			throw usage("'--version' is of one object, not of several")
		if (target === '-' && sources.some(({whole}) => whole)) throw usage('only single objects go to stdout')
		const rules = await filterRules(context, {root: '/'}, flags, ordered)
		if (rules.fileNames.size > 0) throw usage('get does not read rules in the directories of a remote')
		const report = new Report(context, 'pull', flags)
		const jobs = adaptiveJobs()
		const stores = new Stores(context, {
			at: momentOf(flags),
			maxRequests: numberOf('max-requests', flags['max-requests']),
			onSlowDown: () => jobs.slowDown(),
		})
		try {
			if (target === '-')
				for (const source of sources)
					await print(context, await stores.of(source.remote), source, report.events)
			else {
				const isMany = sources.length > 1 || sources.some(({whole}) => whole)
				const place = targetOf(context.cwd, target, isMany)
				for (const source of sources)
					await fetchInto(place, source, await stores.open(source.remote), {
						context,
						flags,
						rules,
						events: report.events,
						jobs,
					})
			}
			return await report.finish({}, await stores.bills())
		} finally {
			await stores.close()
		}
	},
})

const isWhole = (arg: string, {recursive}: GetValues): boolean => recursive === true || arg.endsWith('/')

/** Prints the content of an object, and fails behind its last byte if it is not what it should be. */
async function print({io, umask}: Context, store: Store, source: Source, events: Events): Promise<void> {
	for await (const piece of contentOrFailure(source, store, umask, events)) await io.write(piece)
}

/** The bytes of an object. That they are not what they should be is told behind the last one. */
async function* contentOrFailure(
	{key, version}: Source,
	store: Store,
	umask: number,
	events: Events,
): AsyncGenerator<Buffer> {
	const path = fromUnicode(key)
	try {
		const {head, body} = await getInOrder({store, key, version})
		const arrival = arrivalOf(path, key, head, {}, umask)
		yield* contentOf(arrival, body, (bytes) => events.moved(bytes, path))
	} catch (error) {
		events.failed(path, error)
	}
}

type Source = Named & {readonly whole: boolean; readonly version: string | undefined}
type Run = {
	readonly context: Context
	readonly flags: GetValues
	readonly rules: FilterRules
	readonly events: Events
	readonly jobs: AdaptiveWidth
}

/** Fetches one object, or all below a key, into a directory. */
async function fetchInto(
	{base, name}: Target,
	source: Source,
	opened: Opened,
	{context, flags, rules, events, jobs}: Run,
): Promise<void> {
	const {store, counts} = opened
	const {archive: all, 'dry-run': pretend, sparse: holes, xattrs: withXattrs, acls: withAcls} = flags
	const {umask, signal} = context
	const written = {numericIds: flags['numeric-ids'], xattrs: withXattrs, acls: withAcls, sparse: holes}
	const preserve = {archive: all, hardLinks: flags['hard-links'], xattrs: withXattrs, acls: withAcls}
	const prefix = ownRemote(context, flags)?.prefix ?? ''
	const real = new LocalDisk(base, {...written, owners})
	const disk = pretend ? new PretendDisk(real) : real
	const remote = {...source.remote, prefix}
	const job = {kind: 'receive', remote, root: base, preserve, umask, disk: written} as const
	const crewOptions = {...sharing(opened, jobs), pretend, signal}
	const own = name ?? nameOf(fromUnicode(source.key))
	/** Those that their paths do not tell. */
	const keys = new Map<Path, string>()
	const takes = selector(senderSelect(rules, base === '/' ? '' : base))
	const items = async function* (): AsyncIterable<PlanItem> {
		const mustBeThere = pretend && !source.whole
		const head = mustBeThere ? await store.head(source.key, {version: source.version}) : undefined
		if (mustBeThere && !head) {
			events.failed(own, noSuchObject(store.bucket, source.key))
			return
		}
		for await (const {key, entry} of wanted(source, store, own, {head, events})) {
			if (entry.path === ROOT ? !all : !takes(entry.path)) continue
			if (keyBelow(source.key, own, entry.path) !== key) keys.set(entry.path, key)
			const stat = disk.stat(entry.path)
			yield {status: stat ? 'M' : 'A', entry: {...entry, local: stat && localOf(stat)}}
		}
	}
	try {
		await withScratch((scratch) =>
			receive(items(), {
				store,
				disk,
				owners,
				events: pretend ? estimating(events, counts) : events,
				session: IndexSession.pretend(scratch),
				remembers: isAskedForLater,
				prefix,
				keyOf: (path) => keys.get(path) ?? keyBelow(source.key, own, path),
				preserve,
				restore: restoreOf(flags),
				umask,
				jobs,
				// threads do not share a count of requests
				crew: flags['max-requests'] === undefined ? crewOf(context, job, crewOptions) : undefined,
				pinned: (flags.at ?? flags.version) !== undefined,
				pretend,
				signal,
			}),
		)
	} finally {
		disk.close()
	}
}

/** Whether what was made is asked for again: a directory at the end, and a file by its other names. */
const isAskedForLater = ({path, local}: Entry): boolean => isDirectory(path) || local?.link !== undefined

type Wanted = {readonly key: string; readonly entry: Entry}

/** The objects of a source, each with the path that its file gets; side objects of a remote are passed over. */
async function* wanted(
	{key, whole, version}: Source,
	store: Store,
	name: Path,
	{head, events}: {readonly head: Head | undefined; readonly events: Events},
): AsyncIterable<Wanted> {
	if (!whole) {
		yield {key, entry: {path: name, remote: {etag: '', size: head?.size ?? 0, version}}}
		return
	}
	for await (const {key: found, etag, size, version: id} of objectsBelow(store, key)) {
		const rest = found.slice(isContent(key) ? key.length : key.length + 1)
		const path = found === withoutSlash(key) ? name : pathBelowKey(key, name, rest)
		if (path !== undefined) yield {key: found, entry: {path, remote: {etag, size, version: id}}}
		else if (!rest.startsWith(SIDE)) events.failed(fromUnicode(found), notAFile(found))
	}
}

/** As in rsync, `d/` is what is in `d`, and `d` is `d` with all that is in it. */
const isContent = (key: string): boolean => key === '' || key.endsWith('/')

/** The path of what was found below a key, which has this rest behind it. */
function pathBelowKey(key: string, name: Path, rest: string): Path | undefined {
	const above = isContent(key) ? '' : `${name}/`
	if (rest === '') return above === '' ? ROOT : above
	// below a key put gives a file of this name no other one
	const path = rest === '.s3r' ? rest : pathOf(rest)
	return path === undefined || path === ROOT ? path : above + path
}

/** The key that most likely has this path below another one: `pathBelowKey` the other way round. */
function keyBelow(key: string, name: Path, path: Path): string {
	if (isContent(key)) return key + keyOf(path)
	return path === name ? key : `${key}/${keyOf(path.slice(name.length + 1))}`
}
