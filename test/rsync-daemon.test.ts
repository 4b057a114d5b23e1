// The rsync daemon, with real clients and with those that are none.

import {execFile, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {connect, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {PassThrough, Readable} from 'node:stream'
import test from 'ava'
import {AUTH_DIGESTS, authAnswer, authDigest} from '../src/peer/rsync/auth.ts'
import {RsyncError} from '../src/peer/rsync/errors.ts'
import {greet, type Module} from '../src/peer/rsync/greeting.ts'
import {GreetingInput} from '../src/peer/rsync/greeting-input.ts'
import {s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'

const RSYNC = process.env['S3R_TEST_RSYNC'] ?? 'rsync'
const withRsync = spawnSync(RSYNC, ['--version']).error === undefined ? test : test.skip

let dir = ''
let store: TestServer
test.before(async () => {
	dir = await mkdtemp(join(tmpdir(), 's3r-daemon-'))
	store = await testServer()
	// Credentials come from the SDK's chain, which looks into the process.
	Object.assign(process.env, store.env)
	await writeFile(join(dir, 'file'), 'hello\n')
	const made = await s3r(['put', '--create-bucket', 'file', 'testrsync/sub/'], {cwd: dir, env: store.env})
	if (made.status !== 0) throw new Error(made.stderr)
	await writeFile(join(dir, 'secrets'), '# of the test\nann:secret\nbob:other\neve:eve\n')
	await chmod(join(dir, 'secrets'), 0o600)
	await writeFile(
		join(dir, 'config'),
		`[module "open"]\nremote = testrsync\n[module "locked"]\nremote = testrsync\n` +
			`auth-users = ann, bob:ro, eve:deny\nsecrets-file = secrets\n`,
	)
})
test.after.always(async () => {
	await store.stop()
	await rm(dir, {recursive: true, force: true})
})

type Daemon = {readonly url: string; readonly port: number; stop(): Promise<string>}

/** Starts a daemon in this process; `stop` gives what it said. */
async function daemon(...args: string[]): Promise<Daemon> {
	const stop = new AbortController()
	const stdout = new PassThrough()
	const ended = s3r(['daemon', '--port', '0', '-v', ...args], {
		cwd: dir,
		env: {...store.env, XDG_CACHE_HOME: join(dir, 'cache')},
		signal: stop.signal,
		stdout,
	})
	const first = await Promise.race([once(stdout, 'data'), ended])
	if (!Array.isArray(first)) throw new Error(`no daemon: ${first.stderr}`)
	const url = String(first[0]).trim()
	return {
		url,
		port: Number(/:(\d+)\//.exec(url)?.[1]),
		stop: async () => {
			stop.abort()
			return (await ended).stderr
		},
	}
}

type Run = {readonly status: number; readonly stdout: string; readonly stderr: string}
const rsync = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> =>
	new Promise((resolve) => {
		execFile(RSYNC, args, {cwd: dir, env: {...process.env, ...env}}, (error, stdout, stderr) => {
			resolve({status: error === null ? 0 : Number(error.code), stdout, stderr})
		})
	})

/** Sends bytes, and gives what came until the other side ended. */
async function talk(port: number, ...pieces: (string | Buffer)[]): Promise<string> {
	const socket = connect(port, '127.0.0.1')
	let text = ''
	socket.on('data', (data) => (text += data.toString('latin1')))
	socket.on('error', () => {})
	await once(socket, 'connect')
	for (const piece of pieces) socket.write(piece)
	socket.end()
	await new Promise<void>((resolve) => socket.on('close', () => resolve()))
	return text
}

withRsync('every bucket is a module: it is listed, and its files come', async (t) => {
	const server = await daemon()
	const list = await rsync([server.url])
	t.is(list.stdout, 'testrsync      \tS3 bucket\n')
	const files = await rsync(['-r', '--list-only', `${server.url}testrsync/`])
	t.regex(files.stdout, /^drwx[^\n]* \.\ndrwx[^\n]* sub\n-rw-[^\n]* 6 [^\n]* sub\/file\n$/)
	for (const [i, args] of [['-a'], ['-as'], ['-az'], ['-a', '--protocol=29']].entries()) {
		const to = join(dir, `got-${i}`)
		t.deepEqual(await rsync([...args, `${server.url}testrsync/s*/fi*`, `${to}/`]), {
			status: 0,
			stdout: '',
			stderr: '',
		})
		t.is(await readFile(join(to, 'file'), 'utf8'), 'hello\n')
	}
	const unknown = await rsync([`${server.url}nothing/`])
	t.is(unknown.status, 5)
	t.regex(unknown.stderr, /^@ERROR: Unknown module 'nothing'$/m)
	t.regex(await server.stop(), /^127\.0\.0\.1:\d+ testrsync read 0 \d+\.\d+ s$/m)
})

withRsync('who has no password is refused, and who may read does not write', async (t) => {
	const server = await daemon('--config', 'config')
	const as = (user: string, password: string, ...args: string[]) =>
		rsync(
			args.map((arg) => arg.replace('URL', server.url.replace('//', `//${user}@`))),
			{RSYNC_PASSWORD: password},
		)
	t.is((await as('ann', 'secret', 'URLlocked/sub/file')).status, 0)
	t.is((await as('bob', 'other', 'URLlocked/sub/file')).status, 0)
	for (const [user, password] of [
		['ann', 'other'],
		['ann', ''],
		['eve', 'eve'],
		['nobody', 'secret'],
	] as const) {
		const {status, stderr} = await as(user, password, 'URLlocked/sub/file')
		t.is(status, 5, user)
		t.regex(stderr, /@ERROR: auth failed on module locked/)
	}
	const written = await as('bob', 'other', '-a', 'file', 'URLlocked/')
	t.is(written.status, 1)
	t.regex(written.stderr, /^s3r: module is read only$/m)
	t.regex(await server.stop(), /locked as bob write 1 /)
})

withRsync('an option that is refused is told, with its status', async (t) => {
	const server = await daemon()
	for (const protocol of ['32', '30', '29']) {
		const {status, stderr} = await rsync([
			'-a',
			`--protocol=${protocol}`,
			'-M--fake-super',
			`${server.url}testrsync/`,
			'x',
		])
		t.regex(stderr, /^s3r: the rsync option --fake-super is not supported: .*leave out --fake-super$/m)
		t.not(status, 0)
		if (protocol === '32') t.is(status, 4)
	}
	await server.stop()
})

withRsync('a client too many is told so, and the next one is served', async (t) => {
	const server = await daemon('--max-connections', '1')
	const first = connect(server.port, '127.0.0.1')
	await once(first, 'data')
	const {status, stderr} = await rsync([`${server.url}testrsync/`])
	t.is(status, 5)
	t.regex(stderr, /^@ERROR: max connections \(1\) reached -- try again later$/m)
	first.destroy()
	// The daemon hears of it when it does.
	let again = await rsync([`${server.url}testrsync/`])
	for (let tries = 0; again.status !== 0 && tries < 100; tries++)
		again = await rsync([`${server.url}testrsync/`])
	t.is(again.status, 0)
	await server.stop()
})

test('clients that are none end their own connection only', async (t) => {
	const server = await daemon('--config', 'config')
	const hello = '@RSYNCD: 32.0 sha512\n'
	const args = (...words: string[]) => `${words.join('\0')}\0\0`
	const noise = Buffer.from(Array.from({length: 5000}, (_, i) => (i * 7919) % 256))
	t.regex(await talk(server.port, 'GET / HTTP/1.1\r\n\r\n'), /@ERROR: protocol startup error\n$/)
	t.regex(await talk(server.port, '@RSYNCD: 9.0\n'), /@ERROR: protocol 9 is too old/)
	t.regex(await talk(server.port, hello, '#what\n'), /@ERROR: Unknown command '#what'\n$/)
	t.regex(await talk(server.port, hello, 'locked\n', 'ann\n'), /@ERROR: auth failed on module locked\n$/)
	t.regex(await talk(server.port, '@RSYNCD: 32.0 rot13\n', 'locked\n'), /@ERROR: no digest in common/)
	t.regex(await talk(server.port, hello, '#early_input=5\n', 'hello', '\n'), /open[^]*@RSYNCD: EXIT\n$/)
	for (const pieces of [
		[],
		['@RSYNC'],
		[noise],
		[hello],
		[hello, 'open\n'],
		[hello, 'open\n', noise],
		[hello, 'open\n', args('--server', '--sender', '-r', '.', '../../etc')],
		[hello, 'open\n', args('ls', '-l')],
		[hello, 'open\n', args('--server', '--sender', '-vlogDtpre.LsfxCIvu', '.', 'open/'), noise],
		[hello, 'open\n', args('--server', '-vlogDtpre.LsfxCIvu', '.', 'open/'), noise],
		[hello, 'open\n', 'x'.repeat(200_000)],
		['x'.repeat(200_000)],
		[hello, 'open\n', '\x01\0'.repeat(40_000)],
	] as (string | Buffer)[][])
		t.notRegex(await talk(server.port, ...pieces), /SyntaxError|TypeError|at .*\.js/)
	t.regex(await talk(server.port, hello, '\n'), /open\s+\n[^]*@RSYNCD: EXIT\n$/)
	t.notRegex(await server.stop(), /TypeError|at .*\.js/)
})

test('a daemon that is interrupted ends its connections', async (t) => {
	const server = await daemon()
	const silent: Socket = connect(server.port, '127.0.0.1')
	silent.on('error', () => {})
	await once(silent, 'data')
	const closed = new Promise<void>((resolve) => silent.on('close', () => resolve()))
	await server.stop()
	await closed
	t.pass()
})

const MODULE: Module = {
	name: 'm',
	readOnly: true,
	users: [{name: 'ann', access: 'rw'}],
	password: (user) => (user === 'ann' ? 'secret' : undefined),
}

test('a password is taken in each digest that a client may choose', async (t) => {
	for (const [list, protocol] of [
		...AUTH_DIGESTS.map((digest) => [[digest], 32] as const),
		[['rot13', 'md5', 'sha512'], 32] as const,
		[[], 31] as const,
		[[], 29] as const,
	]) {
		const digest = authDigest(list, protocol)
		if (digest === undefined) throw new Error('no digest')
		const input = new PassThrough()
		let said = ''
		const end = protocol >= 30 ? '\0' : '\n'
		const words = `--server${end}.${end}m/${end}${end}rest`
		const greeted = greet(
			new GreetingInput(input),
			async (bytes) => {
				said += bytes.toString()
				const [, challenge] = /AUTHREQD (\S+)\n$/.exec(bytes.toString()) ?? []
				if (challenge !== undefined)
					input.write(`ann ${await authAnswer({digest, protocol}, 'secret', challenge)}\n${words}`)
			},
			{modules: {list: async () => [], find: async () => MODULE}, motd: '@a\nb\n'},
		)
		input.write(`@RSYNCD: ${protocol}.0 ${list.join(' ')}\nm\n`)
		const {user, readOnly, args} = (await greeted) ?? {}
		t.deepEqual({user, readOnly, args}, {user: 'ann', readOnly: false, args: ['--server', '.', 'm/']})
		t.regex(
			said,
			/^@RSYNCD: 32\.0 sha512 sha256 sha1 md5 md4\n @a\nb\n\n@RSYNCD: AUTHREQD \S+\n@RSYNCD: OK\n$/,
		)
	}
})

test('what is sent behind the greeting is left for the session', async (t) => {
	const input = new GreetingInput(
		Readable.from([Buffer.from('one\r\ntw'), Buffer.from('o\nskipa\0b\0\0re'), Buffer.from('st')]),
	)
	t.is(await input.line(), 'one')
	t.is(await input.line(), 'two')
	await input.skip(4)
	t.deepEqual(await input.words(0), ['a', 'b'])
	let rest = ''
	for await (const piece of input.rest()) rest += piece.toString()
	t.is(rest, 'rest')
	await t.throwsAsync(new GreetingInput(Readable.from([Buffer.from('half')])).line(), {
		instanceOf: RsyncError,
	})
	await t.throwsAsync(new GreetingInput(Readable.from([Buffer.alloc(5000)])).line(), {instanceOf: RsyncError})
})
