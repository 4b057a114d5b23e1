// What the configuration says. See s3r-config(5); config-text.ts reads and edits the text itself.

import {fatal, S3rError} from '../base/errors.ts'
import {parseValues, type Value} from './config-text.ts'
import {type HeaderRule, headerRule} from './header-rules.ts'
import type {Remote} from './remote.ts'
import {checkSetting, contradiction} from './settings.ts'

export type Config = {
	readonly core: {
		/** Version of the index file's format, if it is said. */
		readonly indexVersion: number | undefined
	}
	/** Those that have a bucket. */
	readonly remotes: ReadonlyMap<string, Remote>
	/** What `[header "*.html"]` sections say, in order. */
	readonly headers: readonly HeaderRule[]
	/** Every setting in order, unknown ones too; of two with one key the later counts. */
	readonly values: readonly Value[]
}

/** The name in a `[remote "x"]` section of each property of a remote. */
const NAMES: Readonly<Record<keyof Omit<Remote, 'headers'>, string>> = {
	bucket: 'bucket',
	prefix: 'prefix',
	endpoint: 'endpoint',
	region: 'region',
	profile: 'profile',
	pathStyle: 'path-style',
	accelerate: 'accelerate',
	dualstack: 'dualstack',
	fips: 'fips',
	acl: 'acl',
	grant: 'grant',
	tag: 'tag',
	storageClass: 'storage-class',
	sse: 'sse',
	sseKmsKeyId: 'sse-kms-key-id',
	sseCustomerKeyFile: 'sse-c-key-file',
	lockMode: 'object-lock-mode',
	retainUntil: 'retain-until',
	legalHold: 'legal-hold',
	requesterPays: 'requester-pays',
	allowHttp: 'allow-http',
	conditional: 'conditional',
	checksum: 'checksum',
}

/** Reads a config file. Throws status 128, with the file's name, for what cannot be understood. */
export function parseConfig(text: string, file: string): Config {
	const values = parseValues(text, file)
	const last = new Map(values)
	const names = new Set(values.flatMap(([key]) => subsectionOf(key, 'remote') ?? []))
	return {
		core: {indexVersion: indexVersion(last, file)},
		remotes: new Map(
			Array.from(names, (name) => [name, remoteOf(last, name, file)] as const).filter(isWhole),
		),
		headers: values.flatMap(([key, value]) => headerIn(key, value, file) ?? []),
		values,
	}
}

/** The subsection of a key, if that is of this section and has one. */
function subsectionOf(key: string, section: string): string | undefined {
	const [start, end] = [section.length + 1, key.lastIndexOf('.')]
	return key.startsWith(`${section}.`) && end > start ? key.slice(start, end) : undefined
}

/** The last value of a key in its one spelling (`formatKey`), or undefined. */
export const getValue = (values: readonly Value[], key: string): string | undefined =>
	values.findLast(([name]) => name === key)?.[1]

/** The settings that make up a remote: what `remoteOf` reads back. */
export const remoteValues = (name: string, remote: Remote): Value[] =>
	Object.entries(NAMES).flatMap(([property, key]) => {
		const value = remote[property as Named]
		return value === undefined || value === '' ? [] : [[`remote.${name}.${key}`, String(value)] as const]
	})

function indexVersion(last: Last, file: string): number | undefined {
	const text = last.get('core.indexversion')
	if (text !== undefined && !/^\d{1,9}$/.test(text)) throw bad(text, 'core.indexversion', file)
	return text === undefined ? undefined : Number(text)
}

type Named = keyof typeof NAMES
/** The last value of each key. */
type Last = ReadonlyMap<string, string>

function remoteOf(last: Last, remote: string, file: string): Remote {
	const keyOf = (property: Named) => `remote.${remote}.${NAMES[property]}`
	const text = (property: Named) => {
		const value = last.get(keyOf(property))
		if (value !== undefined) checked(keyOf(property), value, file, () => checkSetting(property, value))
		return value
	}
	const flag = (property: Named) => booleanOf(text(property), keyOf(property), file)
	const bucket = text('bucket') ?? ''
	const prefix = text('prefix') ?? ''
	const found: Remote = {
		bucket,
		prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
		endpoint: text('endpoint'),
		region: text('region'),
		profile: text('profile'),
		pathStyle: flag('pathStyle'),
		accelerate: flag('accelerate'),
		dualstack: flag('dualstack'),
		fips: flag('fips'),
		acl: text('acl'),
		grant: text('grant'),
		tag: text('tag'),
		storageClass: text('storageClass'),
		sse: text('sse'),
		sseKmsKeyId: text('sseKmsKeyId'),
		sseCustomerKeyFile: text('sseCustomerKeyFile'),
		lockMode: text('lockMode'),
		retainUntil: text('retainUntil'),
		legalHold: flag('legalHold'),
		requesterPays: flag('requesterPays'),
		conditional: flag('conditional'),
		allowHttp: flag('allowHttp'),
		checksum: text('checksum') as Remote['checksum'],
	}
	const both = contradiction(found)
	if (both)
		throw fatal(
			`'${keyOf(both[0] as Named)}' and '${keyOf(both[1] as Named)}' in '${file}' exclude each other`,
		)
	return found
}

/** What a setting says of the headers of objects, if it does. */
function headerIn(key: string, value: string, file: string): HeaderRule | undefined {
	const pattern = subsectionOf(key, 'header')
	if (pattern === undefined) return undefined
	const name = key.slice(key.lastIndexOf('.') + 1)
	return checked(key, value, file, () => headerRule(pattern, name, value))
}

/** What `read` makes of a value; its usage error is one of the config. */
function checked<T>(key: string, value: string, file: string, read: () => T): T {
	try {
		return read()
	} catch (error) {
		if (!(error instanceof S3rError)) throw error
		throw fatal(`bad value '${value}' for '${key}' in '${file}': ${error.message}`, error.hint, error)
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
