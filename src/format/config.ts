// What the configuration says. See s3r-config(5); config-text.ts reads and edits the text itself.

import {fatal} from '../base/errors.ts'
import {parseValues, type Value} from './config-text.ts'
import type {Remote} from './remote.ts'

export type Config = {
	readonly core: {
		/** Version of the index file's format, if it is said. */
		readonly indexVersion: number | undefined
	}
	/** Those that have a bucket. */
	readonly remotes: ReadonlyMap<string, Remote>
	/** Every setting in order, unknown ones too; of two with one key the later counts. */
	readonly values: readonly Value[]
}

/** The name in a `[remote "x"]` section of each property of a remote. */
const NAMES: Readonly<Record<keyof Remote, string>> = {
	bucket: 'bucket',
	prefix: 'prefix',
	endpoint: 'endpoint',
	region: 'region',
	profile: 'profile',
	pathStyle: 'path-style',
	acl: 'acl',
	storageClass: 'storage-class',
	sse: 'sse',
	sseKmsKeyId: 'sse-kms-key-id',
	requesterPays: 'requester-pays',
	allowHttp: 'allow-http',
	conditional: 'conditional',
	checksum: 'checksum',
}

/** Reads a config file. Throws status 128, with the file's name, for what cannot be understood. */
export function parseConfig(text: string, file: string): Config {
	const values = parseValues(text, file)
	const names = new Set(values.flatMap(([key]) => /^remote\.(.+)\.[^.]+$/s.exec(key)?.[1] ?? []))
	return {
		core: {indexVersion: indexVersion(values, file)},
		remotes: new Map(
			Array.from(names, (name) => [name, remoteOf(values, name, file)] as const).filter(isWhole),
		),
		values,
	}
}

/** The last value of a key in its one spelling (`formatKey`), or undefined. */
export const getValue = (values: readonly Value[], key: string): string | undefined =>
	values.findLast(([name]) => name === key)?.[1]

/** The settings that make up a remote: what `remoteOf` reads back. */
export const remoteValues = (name: string, remote: Remote): Value[] =>
	Object.entries(NAMES).flatMap(([property, key]) => {
		const value = remote[property as keyof Remote]
		return value === undefined || value === '' ? [] : [[`remote.${name}.${key}`, String(value)] as const]
	})

function indexVersion(values: readonly Value[], file: string): number | undefined {
	const text = getValue(values, 'core.indexversion')
	if (text !== undefined && !/^\d{1,9}$/.test(text)) throw bad(text, 'core.indexversion', file)
	return text === undefined ? undefined : Number(text)
}

function remoteOf(values: readonly Value[], remote: string, file: string): Remote {
	const keyOf = (property: keyof Remote) => `remote.${remote}.${NAMES[property]}`
	const text = (property: keyof Remote) => getValue(values, keyOf(property))
	const flag = (property: keyof Remote) => booleanOf(text(property), keyOf(property), file)
	const bucket = text('bucket') ?? ''
	const prefix = text('prefix') ?? ''
	const checksum = text('checksum')
	if (checksum !== undefined && checksum !== 'when-supported' && checksum !== 'when-required')
		throw bad(checksum, keyOf('checksum'), file)
	return {
		bucket,
		prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
		endpoint: text('endpoint'),
		region: text('region'),
		profile: text('profile'),
		pathStyle: flag('pathStyle'),
		acl: text('acl'),
		storageClass: text('storageClass'),
		sse: text('sse'),
		sseKmsKeyId: text('sseKmsKeyId'),
		requesterPays: flag('requesterPays'),
		conditional: flag('conditional'),
		allowHttp: flag('allowHttp'),
		checksum,
	}
}

/** Without a bucket it is no remote yet: the settings of a user's config count where another file names one. */
const isWhole = ([, {bucket}]: readonly [string, Remote]): boolean => bucket !== ''

/** Whether it is one of git's words for yes. */
export const isYes = (text: string): boolean => /^(?:true|yes|on|1)$/i.test(text)

/** git's words for yes and no. */
function booleanOf(text: string | undefined, key: string, file: string): boolean | undefined {
	if (text === undefined) return undefined
	if (isYes(text)) return true
	if (/^(?:false|no|off|0|)$/i.test(text)) return false
	throw bad(text, key, file)
}

const bad = (value: string, key: string, file: string) =>
	fatal(`bad value '${value}' for '${key}' in '${file}'`)
