// Which bucket, and how it is reached: an option, then the environment, then `.s3rsync/config`, then
// the user's own config. What none of them says is left to the AWS profile and the SDK.

import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, fromUnicode, parentOf, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Config, isYes, parseConfig} from '../format/config.ts'
import {AMAZON, type Prices, pricesIn} from '../format/price.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import {withoutExcluded} from '../format/settings.ts'
import {parseTarget} from '../format/url.ts'
import {removeFile} from '../local/remove-file.ts'
import type {Where} from '../store/open.ts'
import {join, type Place} from './find.ts'

/** What the command line said of the remote; what is undefined was not said. */
export type RemoteOptions = Partial<Omit<Remote, 'bucket' | 'prefix'>>

export const DEFAULT_REMOTE = 'origin'

const readText = (file: Path): string => {
	try {
		return readFileSync(forFs(file), 'utf8')
	} catch (error) {
		if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return ''
		throw fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/** The user's own config file. */
export const userConfigFile = (env: NodeJS.ProcessEnv): Path =>
	fromUnicode(`${env['XDG_CONFIG_HOME'] || `${env['HOME'] ?? ''}/.config`}/s3r/config`)

export const configFile = (place: Place): Path => join(place.dir, 'config')

/** The text of a config file, '' where there is none. */
export const readConfigText = readText

/** Writes a config file whole, or leaves the old one. */
export function writeConfigText(file: Path, text: string): void {
	const temporary = `${file}.new`
	try {
		mkdirSync(forFs(parentOf(file)), {recursive: true, mode: 0o700})
		writeFileSync(forFs(temporary), text, {mode: 0o600})
		renameSync(forFs(temporary), forFs(file))
	} catch (error) {
		removeFile(temporary)
		throw fatal(`cannot write ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/** What texts say that were read before: a command asks several times. */
const parsed = new Map<string, Config>()

function configOf(text: string, file: Path): Config {
	const known = parsed.get(text) ?? parseConfig(text, file)
	parsed.set(text, known)
	return known
}

/** The user's config and the local side's, the latter's settings behind the former's. */
function readConfig(place: Place | undefined, env: NodeJS.ProcessEnv): Config {
	const files = [userConfigFile(env), ...(place ? [configFile(place)] : [])]
	const configs = files.flatMap((file) => {
		const text = readText(file)
		return text === '' ? [] : [{text, config: configOf(text, file)}]
	})
	const [only, ...others] = configs
	if (only !== undefined && others.length === 0) return only.config
	return parseConfig(configs.map(({text}) => text).join('\n'), files.at(-1) ?? '')
}

/** What the environment says of every remote. */
const fromEnvironment = (env: NodeJS.ProcessEnv): RemoteOptions => ({
	endpoint: env['S3R_ENDPOINT'] || env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined,
	region: env['S3R_REGION'] || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined,
	profile: env['S3R_PROFILE'] || env['AWS_PROFILE'] || undefined,
	allowHttp: isYes(env['S3R_ALLOW_HTTP'] ?? '') || undefined,
})

/** `remote` with what is said over it, later sayings winning. */
const overlaid = (remote: Remote, ...sayings: readonly RemoteOptions[]): Remote =>
	sayings.reduce<Remote>((before, saying) => {
		const said = Object.fromEntries(Object.entries(saying).filter(([, value]) => value !== undefined))
		const headers = [...(before.headers ?? []), ...(saying.headers ?? [])]
		return {...withoutExcluded(before, said), ...said, ...(headers.length > 0 ? {headers} : {})}
	}, remote)

export type Lookup = {
	readonly place?: Place | undefined
	readonly env: NodeJS.ProcessEnv
	readonly options: RemoteOptions
	/** The remote in use, by its name or URL, where it is not the default one. */
	readonly chosen?: string | undefined
}

/** A remote, and its name if it has one. */
export type Chosen = {readonly name?: string | undefined; readonly remote: Remote}

/** The remote in use: the chosen one, else `origin`, else the only one; undefined where it is none of them. */
export function chosenRemote(lookup: Lookup): Chosen | undefined {
	const {place, env, options, chosen} = lookup
	const {remotes, headers} = readConfig(place, env)
	const said = (name: string, remote: Remote) => ({
		name,
		remote: overlaid(remote, {headers}, fromEnvironment(env), options),
	})
	if (chosen !== undefined) {
		const remote = namedRemote(chosen, lookup)
		const all = [...remotes].map(([name, one]) => said(name, one))
		const named = all.find(({name}) => name === chosen)
		return named ?? all.find((one) => isSamePlace(one.remote, remote)) ?? {remote}
	}
	const meant = meantOf(remotes)
	return meant && said(...meant)
}

/** The remote that is meant where nobody says which, and its name: `origin`, else the only one. */
function meantOf(remotes: Config['remotes']): readonly [name: string, remote: Remote] | undefined {
	const origin = remotes.get(DEFAULT_REMOTE)
	if (origin) return [DEFAULT_REMOTE, origin]
	const [only] = remotes
	return remotes.size === 1 ? only : undefined
}

/** Fatal where one of several remotes is meant, and nobody says which. */
function refuseSeveral(remotes: Config['remotes']): void {
	if (remotes.size > 1 && !meantOf(remotes))
		throw fatal(
			`there are several remotes, and none is called '${DEFAULT_REMOTE}'`,
			`'--remote ${[...remotes.keys()][0]}' or S3R_REMOTE says which`,
		)
}

const isSamePlace = (a: Remote, b: Remote): boolean =>
	a.bucket === b.bucket && a.prefix === b.prefix && a.endpoint === b.endpoint

/** The remote of this name in the config. */
function configuredRemote(name: string, {place, env, options}: Lookup): Remote | undefined {
	const {remotes, headers} = readConfig(place, env)
	const remote = remotes.get(name)
	return remote && overlaid(remote, {headers}, fromEnvironment(env), options)
}

/** The local side with the index of the remote that is meant where nobody says which: each remote has its own. */
export function placeOfMeant(place: Place, env: NodeJS.ProcessEnv): Place {
	const {remotes} = readConfig(place, env)
	refuseSeveral(remotes)
	const [name] = meantOf(remotes) ?? []
	return name === undefined ? place : placeOfNamed(place, name)
}

/** The local side with the index of this remote. */
export const placeOfRemote = (place: Place, {name, remote}: Chosen): Place =>
	placeOfNamed(place, name ?? encodeURIComponent(remoteUrl(remote)))

/** The index of `origin` lies in `.s3rsync` itself. */
const placeOfNamed = ({root, dir}: Place, name: string): Place =>
	name === DEFAULT_REMOTE ? {root, dir} : {root, dir, indexDir: join(dir, `remotes/${name}`)}

/** The remote of a local side; fatal where its config has none. */
export function requireRemote(lookup: Lookup): Remote {
	if (lookup.chosen === undefined) refuseSeveral(readConfig(lookup.place, lookup.env).remotes)
	const chosen = chosenRemote(lookup)
	if (chosen === undefined)
		throw fatal(
			`no remote in ${shown(lookup.place ? configFile(lookup.place) : 'the config')}`,
			"'s3r init <bucket>' sets one",
		)
	return chosen.remote
}

/** How the buckets of the account are reached: as the remote in use, where there is one. */
export const account = (lookup: Lookup): Where =>
	overlaid(
		chosenRemote(lookup)?.remote ?? {bucket: '', prefix: ''},
		fromEnvironment(lookup.env),
		lookup.options,
	)

/** What requests to a remote cost: as the config says, and by default what they cost at Amazon. */
export function pricesOf(
	{endpoint}: Remote,
	{place, env}: Pick<Lookup, 'place' | 'env'>,
): Prices | undefined {
	const isAmazon = endpoint === undefined || /\.amazonaws\.com(\.cn)?(:\d+)?\/?$/.test(endpoint)
	return pricesIn(readConfig(place, env).values, isAmazon ? AMAZON : undefined)
}

/** A bucket or object that an argument names. */
export type Named = {
	readonly remote: Remote
	/** The whole key, '' for the bucket itself. */
	readonly key: string
}

/**
 * What `bucket/key`, `s3://bucket/key` or `remote:path` names. A configured remote of the same bucket says how
 * that is reached; its prefix is put before a path only.
 */
export function namedObject(text: string, lookup: Lookup): Named {
	const below = belowConfigured(text, lookup)
	if (below) return below
	const target = parseTarget(text)
	const {remotes, headers} = readConfig(lookup.place, lookup.env)
	const known = [...remotes.values()].find((remote) => remote.bucket === target.bucket)
	const {endpoint, region, profile} = target
	const said = overlaid(
		{...known, bucket: target.bucket, prefix: ''},
		{headers},
		fromEnvironment(lookup.env),
		{endpoint, region, profile},
		lookup.options,
	)
	return {remote: said, key: target.key}
}

/** What `name:path` names, where there is a remote of that name. */
function belowConfigured(text: string, lookup: Lookup): Named | undefined {
	const [, name, path = ''] = /^([A-Za-z0-9][\w.-]*):(.*)$/s.exec(text) ?? []
	const remote = name === undefined || path.startsWith('//') ? undefined : configuredRemote(name, lookup)
	return remote && {remote, key: remote.prefix + path}
}

/** The remote that an argument means: the name of a configured one, with `:path` below it, or a bucket and prefix. */
export function namedRemote(text: string, lookup: Lookup): Remote {
	const configured = text.includes('/') ? undefined : configuredRemote(text, lookup)
	if (configured) return configured
	const {remote, key} = namedObject(text, lookup)
	return {...remote, prefix: key === '' || key.endsWith('/') ? key : `${key}/`}
}

/** Whether an argument names an object by its remote or its bucket, where it could be the path of a file too. */
export function namesObject(text: string, lookup: Lookup): boolean {
	if (text.startsWith('s3://') || belowConfigured(text, lookup)) return true
	const {remotes} = readConfig(lookup.place, lookup.env)
	return [...remotes.values()].some(({bucket}) => text.startsWith(`${bucket}/`))
}
