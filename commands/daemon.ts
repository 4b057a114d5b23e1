// s3r daemon: be an rsync daemon whose modules are buckets.
//
// stdin and stdout: unused, or with --stdio the connection. Runs until it is interrupted.

import {once} from 'node:events'
import {EXIT, usage} from '../src/base/errors.ts'
import type {Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {remoteFlags, signatureFlags} from '../src/cli/flags.ts'
import {keepHeapSmall} from '../src/cli/v8.ts'
import {parsePort, warnOfOthers} from '../src/cli/listening.ts'
import {bucketModules, namedModules} from '../src/cli/modules.ts'
import {inputBytes} from '../src/cli/named.ts'
import {unicode} from '../src/cli/work.ts'
import {type DaemonConfig, type ModuleConfig, parseDaemonConfig} from '../src/format/daemon-config.ts'
import {converse, type DaemonOptions, listen} from '../src/peer/rsync/daemon.ts'

/** rsync's own is 873, which only root can have. */
const PORT = '8873'
const CONNECTIONS = '32'
/** Seconds. */
const TIMEOUT = '3600'

const flagsOfDaemon = {
	config: {type: 'string', arg: 'file', help: 'read modules and settings from a file'},
	module: {type: 'string', arg: 'name=remote', multiple: true, help: 'offer a remote under this name'},
	'read-only': {type: 'boolean', help: 'let nobody write'},
	'motd-file': {type: 'string', arg: 'file', help: 'tell everybody first what is in the file'},
	port: {type: 'string', arg: 'n', help: 'the port to listen on, 0 for a free one'},
	host: {type: 'string', arg: 'address', help: 'the address to listen on'},
	'max-connections': {type: 'string', arg: 'n', help: 'how many clients are served at once'},
	timeout: {type: 'string', arg: 'seconds', help: 'end connections that are silent so long, 0 for none'},
	stdio: {type: 'boolean', help: 'serve one client on stdin and stdout'},
	verbose: {type: 'boolean', short: 'v', help: 'print a line about each connection on stderr'},
	quiet: {type: 'boolean', short: 'q', help: 'do not print warnings'},
	...signatureFlags,
	...remoteFlags,
} as const

export default command({
	name: 'daemon',
	summary: 'be an rsync daemon: rsync rsync://127.0.0.1:8873/',
	synopsis: [
		'[-qv] [--port <n>] [--host <address>] [--config <file>] [--module <name=remote>...] [--read-only] [<option>...]',
		'--stdio [<option>...]',
	],
	flags: flagsOfDaemon,
	arity: [0, 0],

	async run(context, flags) {
		keepHeapSmall()
		for (const name of ['port', 'host', 'max-connections', 'timeout']) exclusive(flags, 'stdio', name)
		const config = flags.config === undefined ? undefined : await readConfig(context, flags.config)
		const {io, signal, umask} = context
		const daemon: DaemonOptions = {
			modules: modulesOf(context, flags, config),
			motd: await motdOf(context, flags, config),
			umask,
			self: {uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0},
			signal,
			log: (text) => flags.verbose === true && io.say(text),
		}
		if (flags.stdio === true)
			return converse({input: io.stdinChunks(), write: (bytes) => io.write(bytes)}, daemon)

		const host = flags.host ?? config?.address ?? '127.0.0.1'
		const server = await listen({
			...daemon,
			host,
			port: parsePort(flags.port ?? config?.port ?? PORT),
			maxConnections: parseCount(
				'max-connections',
				flags['max-connections'] ?? config?.maxConnections ?? CONNECTIONS,
			),
			timeout: parseCount('timeout', flags.timeout ?? config?.timeout ?? TIMEOUT) * 1000,
		})
		try {
			if (flags.quiet !== true) warnOfOthers(io, host)
			await io.record(`rsync://${host.includes(':') ? `[${host}]` : host}:${server.port}/`)
			await io.flush()
			if (!signal.aborted) await once(signal, 'abort')
		} finally {
			await server.close()
		}
		return EXIT.ok
	},
})

type DaemonValues = Values<typeof flagsOfDaemon>

const readConfig = async (context: Context, file: Path): Promise<DaemonConfig> =>
	parseDaemonConfig((await inputBytes(context, file)).toString('utf8'), file)

function modulesOf(
	context: Context,
	flags: DaemonValues,
	config: DaemonConfig | undefined,
): DaemonOptions['modules'] {
	const readOnly = flags['read-only'] === true
	const configs = [...(config?.modules ?? []), ...(flags.module ?? []).map(parseModule)]
	if (configs.length === 0) return bucketModules(context, flags, {readOnly})
	return namedModules(
		context,
		flags,
		configs.map((one) => ({...one, readOnly: one.readOnly || readOnly})),
	)
}

function parseModule(text: string): ModuleConfig {
	const [, name, remote] = /^([^\s/#@=][^/=]*)=(.+)$/.exec(unicode(text)) ?? []
	if (name === undefined || remote === undefined)
		throw usage(`bad value ${shown(text)} of '--module'`, 'it is <name>=<remote>')
	return {name, remote, comment: '', readOnly: false, list: true, authUsers: [], secretsFile: undefined}
}

async function motdOf(
	context: Context,
	flags: DaemonValues,
	config: DaemonConfig | undefined,
): Promise<string> {
	const file = flags['motd-file'] ?? config?.motdFile
	return file === undefined ? '' : (await inputBytes(context, file)).toString('latin1')
}

function parseCount(option: string, text: string): number {
	if (/^\d{1,6}$/.test(text)) return Number(text)
	throw usage(`bad value ${shown(text)} of '--${option}'`, 'a number')
}
