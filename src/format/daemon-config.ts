// What the config of a daemon says, in the form of all our configs. See s3r-daemon(1).

import {fatal} from '../base/errors.ts'
import {parseValues, type Value} from './config-text.ts'
import {parseSize} from './size.ts'

export type ModuleConfig = {
	readonly name: string
	/** A bucket, a bucket with a prefix, a URL, or the name of a configured remote. */
	readonly remote: string
	readonly comment: string
	readonly readOnly: boolean
	/** Whether the list of modules names it. */
	readonly list: boolean
	/** Names, each with ':ro', ':rw' or ':deny' behind it or not; none: everybody may. */
	readonly authUsers: readonly string[]
	readonly secretsFile: string | undefined
	/** Bytes of signatures that are kept; undefined where nothing is said of it. */
	readonly signatures?: number | undefined
}

export type DaemonConfig = {
	readonly address: string | undefined
	readonly port: string | undefined
	readonly motdFile: string | undefined
	readonly maxConnections: string | undefined
	readonly timeout: string | undefined
	readonly modules: readonly ModuleConfig[]
}

const GLOBAL = ['address', 'port', 'motd-file', 'max-connections', 'timeout'] as const
const OF_MODULE = [
	'remote',
	'comment',
	'read-only',
	'list',
	'auth-users',
	'secrets-file',
	'signatures',
] as const

/** Reads a daemon's config. Throws status 128, with the file's name, for what cannot be understood. */
export function parseDaemonConfig(text: string, file: string): DaemonConfig {
	const values = parseValues(text, file)
	const names = new Set<string>()
	for (const [key, value] of values) {
		const [, name, setting = ''] = /^module\.(.+)\.([^.]+)$/s.exec(key) ?? []
		const known =
			name === undefined ? GLOBAL.some((one) => key === `daemon.${one}`) : includes(OF_MODULE, setting)
		if (!known) throw fatal(`'${key}' in '${file}' is not a setting of a daemon`)
		if (name !== undefined) names.add(checkName(name, file))
		if (value.includes('\n')) throw fatal(`the value of '${key}' in '${file}' has several lines`)
	}
	const global = (name: (typeof GLOBAL)[number]) => last(values, `daemon.${name}`)
	return {
		address: global('address'),
		port: global('port'),
		motdFile: global('motd-file'),
		maxConnections: global('max-connections'),
		timeout: global('timeout'),
		modules: Array.from(names, (name) => moduleOf(values, name, file)),
	}
}

const includes = (names: readonly string[], name: string): boolean => names.includes(name)

const last = (values: readonly Value[], key: string): string | undefined =>
	values.findLast(([name]) => name === key)?.[1]

function checkName(name: string, file: string): string {
	if (!/^[^\s/#@\]][^/\]\n]*$/.test(name))
		throw fatal(`'${name}' in '${file}' cannot be the name of a module`)
	return name
}

function moduleOf(values: readonly Value[], name: string, file: string): ModuleConfig {
	const text = (setting: (typeof OF_MODULE)[number]) => last(values, `module.${name}.${setting}`)
	const flag = (setting: (typeof OF_MODULE)[number], usual: boolean): boolean => {
		const value = text(setting)
		if (value === undefined) return usual
		if (/^(?:true|yes|on|1)$/i.test(value)) return true
		if (/^(?:false|no|off|0)$/i.test(value)) return false
		throw fatal(`bad value '${value}' for 'module.${name}.${setting}' in '${file}'`)
	}
	const size = (setting: (typeof OF_MODULE)[number]): number | undefined => {
		const value = text(setting)
		const bytes = value === undefined ? undefined : parseSize(value)
		if (value === undefined || bytes !== undefined) return bytes
		throw fatal(`bad value '${value}' for 'module.${name}.${setting}' in '${file}'`)
	}
	const authUsers = (text('auth-users') ?? '').split(/[\s,]+/).filter((user) => user !== '')
	const secretsFile = text('secrets-file')
	if (authUsers.length > 0 && secretsFile === undefined)
		throw fatal(`'module.${name}.auth-users' in '${file}' needs 'module.${name}.secrets-file'`)
	return {
		name,
		remote: text('remote') ?? name,
		comment: text('comment') ?? '',
		readOnly: flag('read-only', false),
		list: flag('list', true),
		authUsers,
		secretsFile,
		signatures: size('signatures'),
	}
}

/** The passwords in a secrets file, `user:password` a line; blank lines and those that begin with '#' count for nothing. */
export function parseSecrets(text: string): ReadonlyMap<string, string> {
	const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
	return new Map(
		lines.flatMap((line) => {
			const colon = line.indexOf(':')
			return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
		}),
	)
}
