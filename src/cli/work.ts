// What most commands begin with: the local side that they are called in, and its remote.

import {fromUnicode, type Path} from '../base/path.ts'
import {usage} from '../base/errors.ts'
import {parseHeaderRule} from '../format/header-rules.ts'
import {keyOf} from '../format/key.ts'
import type {Remote} from '../format/remote.ts'
import {checkSetting} from '../format/settings.ts'
import {parseTarget, type Target} from '../format/url.ts'
import {absolute, findPlace, pathBelow, type Place, requirePlace} from '../repo/find.ts'
import {
	chosenRemote,
	type Lookup,
	namedObject,
	namedRemote,
	type Named,
	namesObject,
	placeOfMeant,
	placeOfRemote,
	type RemoteOptions,
	requireRemote,
} from '../repo/remotes.ts'
import type {Context} from './command.ts'
import {exclusive} from './exclusive.ts'
import type {ChosenValues, RemoteValues, StoredValues} from './flags.ts'

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
	chosen: chosenIn(context, flags),
})

/** The remote in use, where it is not the one that is meant when nobody says anything. */
const chosenIn = ({env}: Context, {remote}: ChosenValues): string | undefined =>
	remote === undefined ? env['S3R_REMOTE'] || undefined : unicode(remote)

/** The local side that a command must be called in, with the index of the remote in use. */
export function placeOf(context: Context, flags: ChosenValues = {}): Place {
	const place = requirePlace(context.cwd, context.env)
	// found by its name alone, without what else is said of it
	if (chosenIn(context, flags) === undefined) return placeOfMeant(place, context.env)
	return ownPlace(context, flags) ?? place
}

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

/** Whether `path` is one of `paths` or below one; everything is below ''. */
export const isWithin =
	(paths: readonly Path[]) =>
	(path: Path): boolean =>
		paths.some(
			(p) => p === '' || path === p || path === `${p}/` || path.startsWith(p.endsWith('/') ? p : `${p}/`),
		)
