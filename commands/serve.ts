// s3r serve: an S3 server on a directory, for tests, demonstrations and work without a network.
//
// stdin: unused. stdout: how to reach it, when it is ready. stderr: with -v, a line a request. Runs
// until it is interrupted.

import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {resolve} from 'node:path'
import {EXIT, fatal, usage} from '../src/base/errors.ts'
import {fromUnicode, type Path, toUnicode} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {numberOf} from '../src/cli/filters.ts'
import {command} from '../src/cli/command.ts'
import {parsePort, warnOfOthers} from '../src/cli/listening.ts'
import {serve} from '../src/serve/server.ts'

type Pair = {readonly accessKey: string; readonly secretKey: string}

const PORT = '9000'

function parseAccount(text: string): Pair {
	const [, accessKey, secretKey] = /^([^:]+):(.+)$/.exec(text) ?? []
	if (accessKey !== undefined && secretKey !== undefined) return {accessKey, secretKey}
	// The value may be a secret: it is not repeated.
	throw usage("bad value of '--account'", 'it is <access-key>:<secret-key>')
}

/** The pair in the environment, as any AWS tool would take it. */
function environmentAccount(env: NodeJS.ProcessEnv): Pair | undefined {
	const {AWS_ACCESS_KEY_ID: accessKey = '', AWS_SECRET_ACCESS_KEY: secretKey = ''} = env
	return accessKey === '' || secretKey === '' ? undefined : {accessKey, secretKey}
}

const newAccount = (): Pair => ({
	accessKey: `S3R${randomBytes(8).toString('hex').toUpperCase()}`,
	secretKey: randomBytes(30).toString('base64url'),
})

function rootPath(cwd: Path, root: Path): string {
	const path = toUnicode(resolve(cwd, root))
	if (path === undefined) throw fatal(`cannot serve ${shown(root)}: the name is not UTF-8`)
	return path
}

const shellWord = (word: string): string =>
	/^[\w./:+=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** One line for `eval`. */
function exportLine(endpoint: string, {accessKey, secretKey}: Pair): string {
	const variables = {
		AWS_ENDPOINT_URL: endpoint,
		AWS_ACCESS_KEY_ID: accessKey,
		AWS_SECRET_ACCESS_KEY: secretKey,
		AWS_REGION: 'us-east-1',
	}
	return `export ${Object.entries(variables)
		.map(([name, value]) => `${name}=${shellWord(value)}`)
		.join(' ')}`
}

export default command({
	name: 'serve',
	summary: 'run a small S3 server on a directory',
	synopsis: [
		'[-qv] [--root <dir>] [--port <n>] [--host <address>] [--account <key:secret>...] [--acls-disabled] [--restore-time <seconds>] [--no-fsync] [--env]',
	],
	flags: {
		root: {type: 'string', arg: 'dir', help: 'the directory of the store'},
		port: {type: 'string', arg: 'n', help: 'the port to listen on, 0 for a free one'},
		host: {type: 'string', arg: 'address', help: 'the address to listen on'},
		account: {type: 'string', arg: 'key:secret', multiple: true, help: 'an access key and its secret key'},
		'acls-disabled': {type: 'boolean', help: 'make new buckets as AWS does: no ACLs, nothing public'},
		'restore-time': {type: 'string', arg: 'seconds', help: 'how long a copy of what is archived takes'},
		fsync: {type: 'boolean', negatable: true, help: 'answer a write when it is on the disk (default)'},
		env: {type: 'boolean', help: 'print a line for eval in a shell'},
		verbose: {type: 'boolean', short: 'v', help: 'print a line about each request on stderr'},
		quiet: {type: 'boolean', short: 'q', help: 'do not print warnings'},
	},
	arity: [0, 0],

	async run({io, cwd, env, signal}, flags) {
		const given = (flags.account ?? []).map(parseAccount)
		const inherited = given.length > 0 ? undefined : environmentAccount(env)
		const generated = given.length > 0 || inherited !== undefined ? undefined : newAccount()
		const accounts = [...given, inherited, generated].filter((pair) => pair !== undefined)
		const host = flags.host ?? '127.0.0.1'
		const server = await serve({
			root: rootPath(cwd, flags.root ?? 's3r-serve'),
			accounts,
			host,
			port: parsePort(flags.port ?? PORT),
			fsync: flags.fsync ?? true,
			restoreTime: (numberOf('restore-time', flags['restore-time']) ?? 0) * 1000,
			aclsDisabled: flags['acls-disabled'] ?? false,
			log: flags.verbose === true ? (line) => io.say(line) : undefined,
		})
		try {
			if (flags.quiet !== true) warnOfOthers(io, host)
			const [first] = accounts
			if (flags.env === true && first !== undefined)
				await io.record(fromUnicode(exportLine(server.endpoint, first)))
			else await io.record(`endpoint ${server.endpoint}`)
			if (flags.env !== true && generated !== undefined) {
				await io.record(`access-key ${generated.accessKey}`)
				await io.record(`secret-key ${generated.secretKey}`)
			}
			await io.flush()
			if (!signal.aborted) await once(signal, 'abort')
		} finally {
			await server.close()
		}
		return EXIT.ok
	},
})
