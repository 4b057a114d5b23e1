// What most commands begin with: the local side that they are called in, its remote, and a store.

import {fromUnicode, type Path} from '../base/path.ts'
import {usage} from '../base/errors.ts'
import {Rate} from '../base/rate.ts'
import {parseHeaderRule} from '../format/header-rules.ts'
import {keyOf} from '../format/key.ts'
import {parseMoment} from '../format/moment.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import {checkSetting} from '../format/settings.ts'
import {parseTarget, type Target} from '../format/url.ts'
import {rememberConditional} from '../repo/conditional.ts'
import {absolute, findPlace, pathBelow, type Place, requirePlace} from '../repo/find.ts'
import {
	chosenRemote,
	type Lookup,
	namedObject,
	namedRemote,
	pricesOf,
	type Named,
	namesObject,
	placeOfChosen,
	placeOfRemote,
	type RemoteOptions,
	requireRemote,
} from '../repo/remotes.ts'
import type {Prices} from '../format/price.ts'
import {type Counts, counted} from '../store/counted.ts'
import {dryRun} from '../store/dry.ts'
import {limited} from '../store/limited.ts'
import {atMoment} from '../store/at.ts'
import {openStore} from '../store/open.ts'
import type {Store} from '../store/store.ts'
import type {Context, Values} from './command.ts'
import {exclusive} from './exclusive.ts'
import type {atFlags, ChosenValues, RemoteValues, StoredValues} from './flags.ts'

/** What the options say of the remote. */
function remoteOptions({cwd}: Context, flags: RemoteValues & StoredValues): RemoteOptions {
	for (const [one, ...others] of EXCLUSIVE) for (const other of others) exclusive(flags, one, other)
	const keyFile = flags['sse-c-key-file']
	const said = {
		endpoint: flags.endpoint,
		region: flags.region,
		profile: flags.profile,
		pathStyle: flags['path-style'],
		requesterPays: flags['requester-pays'],
		accelerate: flags.accelerate,
		dualstack: flags.dualstack,
		fips: flags.fips,
		acl: flags.acl,
		grant: joined(flags.grant),
		storageClass: flags['storage-class'],
		tag: joined(flags.tag),
		sse: flags.sse,
		sseKmsKeyId: flags['sse-kms-key-id'],
		sseCustomerKeyFile: keyFile === undefined ? undefined : unicode(absolute(cwd, keyFile)),
		lockMode: flags['object-lock-mode'],
		retainUntil: flags['retain-until'],
		legalHold: flags['legal-hold'],
		headers: flags.header?.map((rule) => parseHeaderRule(unicode(rule))),
	}
	for (const [name, value] of Object.entries(said))
		if (typeof value === 'string') checkSetting(name as keyof RemoteOptions, value)
	return said
}

/** Options of which only one can be given; the first of a line with each of the others. */
const EXCLUSIVE = [
	['acl', 'grant'],
	['sse-c-key-file', 'sse', 'sse-kms-key-id'],
	['accelerate', 'endpoint', 'path-style', 'fips'],
	['dualstack', 'endpoint'],
	['fips', 'endpoint'],
] as const

const joined = (texts: readonly string[] | undefined): string | undefined => texts && unicode(texts.join(','))

/** A remote as it is to be written into a config: what its URL and the options say, and nothing of elsewhere. */
export function newRemote(context: Context, flags: RemoteValues & StoredValues, target: string): Remote {
	const {bucket, prefix} = namedRemote(target, {...lookup(context, flags), place: undefined})
	const {endpoint, region, profile}: Partial<Target> = target.startsWith('s3://') ? parseTarget(target) : {}
	const said = {endpoint, region, profile, ...defined(remoteOptions(context, flags))}
	return {bucket, prefix, ...said}
}

const defined = (options: RemoteOptions): RemoteOptions =>
	Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** How a command finds remotes: with its options, in the environment, in the configs. */
export const lookup = (context: Context, flags: RemoteValues & StoredValues): Lookup => ({
	place: findPlace(context.cwd, context.env),
	env: context.env,
	options: remoteOptions(context, flags),
	chosen: flags.remote === undefined ? context.env['S3R_REMOTE'] || undefined : unicode(flags.remote),
})

/** The local side that a command must be called in, with the index of the remote in use. */
export const placeOf = (context: Context, flags: ChosenValues = {}): Place =>
	placeOfChosen(requirePlace(context.cwd, context.env), lookup(context, flags))

/** The same where there may be none. */
export function ownPlace(context: Context, flags: ChosenValues): Place | undefined {
	const where = lookup(context, flags)
	const chosen = chosenRemote(where)
	return where.place && chosen ? placeOfRemote(where.place, chosen) : where.place
}

/** The remote in use of the local side, or the one that an argument names. */
export const remoteOf = (context: Context, flags: RemoteValues & StoredValues, arg?: string): Remote =>
	arg === undefined
		? remoteInUse(context, lookup(context, flags))
		: namedRemote(unicode(arg), lookup(context, flags))

/** One that is named can be used outside of any local side, too. */
const remoteInUse = ({cwd, env}: Context, where: Lookup): Remote =>
	requireRemote(where.chosen === undefined ? {...where, place: requirePlace(cwd, env)} : where)

/**
 * The object that an argument means: `s3://bucket/key` and `remote:path` anywhere; inside a local side the path of
 * a file, or `bucket/key` if the bucket is that of a remote; outside of one `bucket/key`. A final '/' is kept.
 */
export function objectOf(context: Context, flags: RemoteValues & StoredValues, arg: string): Named {
	const where = lookup(context, flags)
	const {place} = where
	if (place === undefined || namesObject(arg, where)) return namedObject(unicode(arg), where)
	const remote = remoteOf(context, flags)
	const path = pathBelow(place, context.cwd, arg)
	if (path === '') return {remote, key: remote.prefix}
	return {remote, key: remote.prefix + keyOf(arg.endsWith('/') ? `${path}/` : path)}
}

/** An argument that must be Unicode: part of a URL or a key. */
export function unicode(arg: string): string {
	const text = new TextDecoder('utf-8').decode(Buffer.from(arg, 'latin1'))
	if (fromUnicode(text) !== arg) throw usage(`${arg} is not UTF-8`)
	return text
}

export type Opened = {
	readonly store: Store
	readonly counts: Counts
	/** What requests to it cost, where that is known. */
	readonly prices: () => Prices | undefined
}

/** Opens a remote's store, counted; with `pretend` nothing is written to it. */
export async function openRemote(
	context: Context,
	remote: Remote,
	options: {
		readonly pretend?: boolean | undefined
		readonly onSlowDown?: (() => void) | undefined
		/** As it was then, in milliseconds since the epoch. */
		readonly at?: number | undefined
		readonly maxRequests?: number | undefined
		/** Bytes of objects a second. */
		readonly bwlimit?: number | undefined
	} = {},
): Promise<Opened> {
	const open = context.openStore ?? openStore
	const {onSlowDown, pretend, at, maxRequests, bwlimit} = options
	const onProbed = pretend ? undefined : noteConditional(context, remote)
	const opened = await open(remote, {signal: context.signal, onSlowDown, onProbed})
	// what is only pretended counts too: that is the estimate of -n --stats
	const countedStore = counted(pretend ? dryRun(opened) : opened, maxRequests)
	const {counts} = countedStore
	const store = bwlimit ? limited(countedStore, new Rate(bwlimit), context.signal) : countedStore
	const prices = () => pricesOf(remote, {place: findPlace(context.cwd, context.env), env: context.env})
	if (at === undefined) return {store, counts, prices}
	return {
		store: atMoment(store, {time: at, onUnversioned: noteUnversioned(context, remote)}),
		counts,
		prices,
	}
}

const noteUnversioned =
	({io}: Context, {bucket}: Remote) =>
	(): void => {
		io.say(`warning: bucket '${bucket}' keeps no versions: what was replaced or deleted since cannot be seen`)
		io.say(`hint: 's3r create-bucket --versioning ${bucket}' keeps them from now on`)
	}

/** Remembers whether a store obeys guards, and says it where it does not: once, for it is asked once. */
const noteConditional =
	({cwd, env, io}: Context, remote: Remote) =>
	(conditional: boolean): void => {
		if (!conditional)
			io.say(
				`warning: ${fromUnicode(remoteUrl(remote))} has no conditional writes: ` +
					'of two who write one object within a moment, the later wins',
			)
		const place = findPlace(cwd, env)
		if (place) rememberConditional(place, remote, conditional)
	}

/** The moment that --at means. */
export const momentOf = ({at}: Values<typeof atFlags>): number | undefined =>
	at === undefined ? undefined : parseMoment('at', at, Date.now())

/** Whether `path` is one of `paths` or below one; everything is below ''. */
export const isWithin =
	(paths: readonly Path[]) =>
	(path: Path): boolean =>
		paths.some(
			(p) => p === '' || path === p || path === `${p}/` || path.startsWith(p.endsWith('/') ? p : `${p}/`),
		)
