// The one way from options to a push, for push and the commands that end in one.

import {unlinkSync} from 'node:fs'
import {AdaptiveWidth, MANY, MOST} from '../base/adaptive.ts'
import {forFs, type Path} from '../base/path.ts'
import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import {parseCanned} from '../format/acl.ts'
import {parseGrants} from '../format/grant.ts'
import type {Remote} from '../format/remote.ts'
import {parseTags} from '../format/tags.ts'
import {descriptorLimit} from '../local/limits.ts'
import {idleTime} from '../local/processors.ts'
import {join, type Place} from '../repo/find.ts'
import {IndexSession} from '../repo/session.ts'
import type {Stored} from '../sync/cargo.ts'
import {Crew, threadsFor, type CrewOptions, type Crews, type Job} from '../sync/crew.ts'
import {LocalFiles} from '../sync/local-files.ts'
import type {Direction} from '../sync/plan.ts'
import {type Selection, selection} from '../sync/select.ts'
import type {Context, Ordered, Values} from './command.ts'
import {filterRules} from './filters.ts'
import type {dryRunFlags, FilterValues} from './flags.ts'
import type {Scope} from './scope.ts'
import type {preserveFlags} from './transfer.ts'
import {keepMemorySmall, keepNewSpaceStill, optimizeLate} from './v8.ts'

export type PreserveValues = Values<typeof preserveFlags>

/** The files of a local side, as far as the options want them looked at. */
export const filesOf = (
	place: Place,
	flags: PreserveValues,
	{keepsXattr}: Partial<Selection> = {},
): LocalFiles => new LocalFiles(place.root, {xattrs: flags.xattrs, acls: flags.acls, keepsXattr})

/** Which files take part, by the rules of the command line and the ignore files. */
export const selectionOf = async (
	context: Context,
	place: Place,
	flags: FilterValues,
	ordered: readonly Ordered[],
	{leading, direction = 'push'}: Pick<Scope, 'leading'> & {readonly direction?: Direction},
): Promise<Selection> =>
	leading(selection({...place, rules: await filterRules(context, place, flags, ordered), direction}))

/** The session of a command: one that keeps its changes to itself where it pretends. */
export const openSession = (
	context: Context,
	place: Place,
	pretend: boolean | undefined,
): Promise<IndexSession> | IndexSession =>
	pretend ? IndexSession.pretend(place) : IndexSession.open(place, {signal: context.signal})

/** How the files are scanned; the temporary files of dead processes are removed on the way, but not with -n. */
export const scanOf = (
	place: Place,
	flags: PreserveValues & Values<typeof dryRunFlags>,
	{paths, shallow}: Pick<Scope, 'paths' | 'shallow'> = {},
) => ({
	root: place.root,
	paths: paths?.includes('') ? undefined : paths,
	shallow,
	checksum: flags.checksum,
	oneFileSystem: flags['one-file-system'],
	onTemporary: flags['dry-run'] ? undefined : (path: Path) => unlinkSync(forFs(join(place.root, path))),
})

/** Where objects go, and what is stored beside their bytes. */
export function storedAs(remote: Remote): {readonly prefix: string; readonly stored: Stored} {
	const {prefix, acl, grant, tag, headers, storageClass, sse, sseCustomerKeyFile} = remote
	const stored = {
		acl:
			acl !== undefined ? parseCanned(acl) : grant === undefined ? undefined : {grants: parseGrants(grant)},
		storageClass,
		tags: tag === undefined ? undefined : parseTags(tag),
		headers,
		opaque: sse?.startsWith('aws:kms') === true || sseCustomerKeyFile !== undefined,
	}
	return {prefix, stored}
}

/**
 * Descriptors of a run, mostly directories that each thread keeps open; those of a file that is under way, its connection and, where it
 * comes in pieces, itself; and how many files there must be under way.
 */
const OTHERS = 256
const EACH = 2
const LEAST_JOBS = 4

/** How many files are under way: as many as the store, the way to it and this machine are up to. */
export function adaptiveJobs(): AdaptiveWidth {
	const limit = descriptorLimit() ?? Infinity
	const most = Math.max(LEAST_JOBS, Math.floor((limit - OTHERS) / EACH))
	return new AdaptiveWidth({first: MANY, most: Math.min(MOST, most), idle: idleTime})
}

/** How many threads the user wants; undefined where that is left to us. */
function threadsOf({S3R_THREADS: said}: Context['env']): number | undefined {
	if (!said) return undefined
	if (!/^\d{1,2}$/.test(said)) throw usage(`S3R_THREADS is a number from 0 to 99, not ${shown(said)}`)
	return Number(said)
}

/**
 * Threads for files that move in one piece, where there is a real store that they can reach by themselves. With one core, too: files in
 * batches take less of it than one by one (HACKING.md, "Threads").
 */
export function crewOf<Task, Done>(
	{openStore, env}: Context,
	job: Job,
	{pretend, ...options}: Omit<CrewOptions, 'threads'> & {readonly pretend: boolean | undefined},
): Crews<Task, Done> | undefined {
	const threads = threadsOf(env)
	if (pretend || openStore || threads === 0) return undefined
	const made = (files: number, weight = files): Crew<Task, Done> => {
		const thrifty = keepMemorySmall(files)
		const how = {
			threads: threads ?? threadsFor(files, {weight, kind: job.kind}),
			thrifty,
			onThread: keepNewSpaceStill,
		}
		return new Crew(job, {...options, ...how})
	}
	let begun: Crew<Task, Done> | undefined
	const taken = (): Crew<Task, Done> | undefined => {
		const crew = begun
		begun = undefined
		return crew
	}
	return {
		isAsked: threads !== undefined,
		begin: (files) => {
			begun ??= made(files)
		},
		start: (files, weight) => taken() ?? made(files, weight),
		end: async () => taken()?.close(),
		onFew: optimizeLate,
	}
}
