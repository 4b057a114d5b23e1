// The one way from options to a pull, for pull and clone.

import type {AdaptiveWidth} from '../base/adaptive.ts'
import {fatal, usage} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {IndexRows} from '../format/index-file.ts'
import {shown} from '../base/quote.ts'
import {type RestoreOptions, TIERS} from '../store/store.ts'
import {numberOf} from './filters.ts'
import {owners} from './owners.ts'
import {
	adaptiveJobs,
	crewOf,
	filesOf,
	openSession,
	type PreserveValues,
	scanOf,
	selectionOf,
} from './pushing.ts'
import {sharing} from './sharing.ts'
import {scopeFrom} from './scope.ts'
import {backupFlags, backupOf, bwlimitOf, deletesOf, directoriesOf, narrowOf} from './choices.ts'
import type {Context, Flags, Ordered, Values} from './command.ts'
import {atFlags, type dryRunFlags} from './flags.ts'
import {Report, transferFlags} from './transfer.ts'
import {momentOf, type Opened, openRemote} from './opening.ts'
import type {Remote} from '../format/remote.ts'
import {join, type Place} from '../repo/find.ts'
import type {Disk} from '../sync/disk.ts'
import {estimating} from '../sync/estimate.ts'
import {LocalDisk, PretendDisk} from '../sync/local-files.ts'
import {pull} from '../sync/pull.ts'
import type {Selection} from '../sync/select.ts'
import {PARTIAL} from '../sync/unfinished.ts'

/** How files are written. */
const replaceFlags = {
	'numeric-ids': {type: 'boolean', help: 'take owners by their ids, not their names'},
	fsync: {type: 'boolean', help: 'wait for the disk after each file'},
} as const satisfies Flags

/** What is archived cannot be read at once. */
export const restoreFlags = {
	restore: {type: 'boolean', help: 'ask for a copy of what is archived, to come later'},
	'restore-days': {type: 'string', arg: 'n', help: 'how many days the copy stays, 7 by default'},
	'restore-tier': {type: 'string', arg: 'tier', help: 'how it comes: Standard, Bulk or Expedited'},
} as const satisfies Flags

/** How copies of what is archived are asked for, if they are. */
export function restoreOf(flags: Values<typeof restoreFlags>): RestoreOptions | undefined {
	const {restore, 'restore-days': days, 'restore-tier': name = 'standard'} = flags
	const needed = (['restore-days', 'restore-tier'] as const).find((one) => flags[one] !== undefined)
	if (!restore && needed !== undefined) throw usage(`'--${needed}' needs '--restore'`)
	const tier = TIERS.find((known) => known.toLowerCase() === name.toLowerCase())
	if (tier === undefined) throw usage(`${shown(name)} is not a tier`, `one of ${TIERS.join(', ')}`)
	const wanted = {days: numberOf('restore-days', days) ?? 7, tier}
	if (wanted.days < 1) throw usage("'--restore-days' is at least 1")
	return restore ? wanted : undefined
}

export const takeFlags = {
	sparse: {type: 'boolean', short: 'S', help: 'make holes of blocks of zeros'},
	partial: {type: 'boolean', help: 'keep what came of large files, for the next run to go on with'},
	...replaceFlags,
	...backupFlags,
	...restoreFlags,
} as const satisfies Flags

export const pullFlags = {
	...transferFlags,
	...atFlags,
	sparse: takeFlags.sparse,
	partial: takeFlags.partial,
	compress: {
		type: 'boolean',
		short: 'z',
		help: 'accepted as rsync does: what is stored as gzip comes back as it was',
	},
	...replaceFlags,
	...restoreFlags,
} as const satisfies Flags
export type PullValues = Values<typeof pullFlags>
type TakeValues = Values<typeof takeFlags & typeof dryRunFlags>

export type PullRun = {
	readonly place: Place
	readonly remote: Remote
	readonly umask: number
	readonly paths?: readonly string[] | undefined
	/** The remote, where it is open already; it is closed at the end. */
	readonly source?: Source | undefined
}

/** A remote that is open, and how many requests may be under way, which is fewer once it asks for that. */
export type Source = Opened & {readonly jobs: AdaptiveWidth}

/** Opens a remote as the options of a pull want it. */
export async function openSource(context: Context, flags: PullValues, remote: Remote): Promise<Source> {
	const jobs = adaptiveJobs()
	const opened = await openRemote(context, remote, {...openedAs(flags), onSlowDown: () => jobs.slowDown()})
	return {...opened, jobs}
}

const openedAs = (flags: PullValues) => ({
	pretend: flags['dry-run'],
	at: momentOf(flags),
	maxRequests: numberOf('max-requests', flags['max-requests']),
	bwlimit: bwlimitOf(flags),
})

/** Pulls into a local side and resolves to the exit status. */
export async function runPull(
	context: Context,
	flags: PullValues & PreserveValues,
	ordered: readonly Ordered[],
	{place, remote, umask, paths: args = [], source}: PullRun,
): Promise<number> {
	const maxDelete = numberOf('max-delete', flags['max-delete'])
	const {pretend, at, maxRequests, bwlimit} = openedAs(flags)
	restoreOf(flags)
	const scope = await scopeFrom(context, place, flags, args)
	const selection = await selectionOf(context, place, flags, ordered, {...scope, direction: 'pull'})
	const report = new Report(context, 'pull', flags)
	const disk = diskOf(place, flags, selection)
	const session = await openSession(context, place, pretend)
	report.keepLog(place, 'pull', remote)
	const opened = source ?? (await openSource(context, flags, remote))
	const {store, counts, jobs} = opened
	const taken = takenAs(place, flags, selection)
	try {
		const outcome = await pull({
			store,
			session,
			disk,
			owners,
			umask,
			pinned: at !== undefined,
			files: filesOf(place, flags, selection),
			prefix: remote.prefix,
			events: pretend ? estimating(report.events, counts) : report.events,
			onExpected: report.onExpected,
			...taken,
			jobs,
			// threads do not share a count of requests, or a rate, and know no rules
			crew:
				maxRequests === undefined && bwlimit === undefined && !selection.keepsXattr
					? crewOf(
							context,
							{
								kind: 'receive',
								remote,
								root: place.root,
								preserve: taken.preserve,
								umask,
								disk: writtenAs(flags),
							},
							{...sharing(opened, jobs), pretend, signal: report.signal},
						)
					: undefined,
			force: flags.force,
			...deletesOf(flags),
			narrow: narrowOf(flags),
			compare: directoriesOf(place, flags),
			maxDelete,
			same: (flags.verbose ?? 0) > 1,
			scan: scanOf(place, flags),
			selection,
			within: scope.within,
			signal: report.signal,
		})
		for (const name of scope.names ?? [])
			if (!isKnown(session.index, name))
				report.events.failed(name, fatal('the remote has no such file, and neither is it here'))
		return await report.finish(outcome, opened, maxDelete)
	} finally {
		disk.close()
		store.close()
		report.endLog()
		session.end()
	}
}

/** Whether an index knows a name, or something below it. */
function isKnown(index: IndexRows, name: Path): boolean {
	const found = index.find(name)
	const row = found < 0 ? index.find(`${name}/`) : found
	const next = row < 0 ? -1 - row : row
	return row >= 0 || (next < index.count && index.path(next).startsWith(`${name}/`))
}

/** The disk that is written to, or with -n only looked at. */
export function diskOf(
	{root}: Place,
	flags: TakeValues & PreserveValues,
	{keepsXattr}: Partial<Selection> = {},
): Disk {
	const disk = new LocalDisk(root, {...writtenAs(flags), keepsXattr, owners})
	return flags['dry-run'] ? new PretendDisk(disk) : disk
}

const writtenAs = ({
	xattrs,
	acls,
	sparse,
	fsync,
	'numeric-ids': numericIds,
}: TakeValues & PreserveValues) => ({
	numericIds,
	xattrs,
	acls,
	sparse,
	fsync,
})

/** What of the files comes back, and what becomes of those that are replaced. */
export const takenAs = (
	place: Place,
	flags: TakeValues & PreserveValues,
	{keepsXattr}: Partial<Selection> = {},
) => ({
	preserve: {
		archive: flags.archive,
		hardLinks: flags['hard-links'],
		xattrs: flags.xattrs,
		acls: flags.acls,
		keepsXattr,
	},
	pretend: flags['dry-run'],
	restore: restoreOf(flags),
	backup: backupOf(flags),
	partial: flags.partial ? join(place.dir, PARTIAL) : undefined,
})
