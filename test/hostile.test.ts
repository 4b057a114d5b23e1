// Buckets that are made to hurt, trees that change under one's hands, and secrets that stay secret.

import {createHash} from 'node:crypto'
import {once} from 'node:events'
import * as fs from 'node:fs'
import {request} from 'node:http'
import {createServer as createSecureServer} from 'node:https'
import {type AddressInfo, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {PutObjectCommand, S3Client} from '@aws-sdk/client-s3'
import test, {type ExecutionContext} from 'ava'
import {acquireLock} from '../src/local/lock.ts'
import {TemporaryFile} from '../src/local/write.ts'
import {type OpenStore, openStore} from '../src/store/open.ts'
import {findPlace} from '../src/store/s3-profile.ts'
import type {Store} from '../src/store/store.ts'
import {certificate, hasOpenssl} from './support/certificate.ts'
import {type Result, type RunOptions, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {hex, MIB} from './support/store.ts'
import {snapshot} from './support/trees.ts'

const QUIET: Result = {status: 0, stdout: '', stderr: ''}

let server: TestServer

test.before(async () => {
	server = await testServer()
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: ''})
})
test.after.always(() => server.stop())

function scratch(t: ExecutionContext, where = tmpdir()): string {
	const directory = fs.realpathSync(fs.mkdtempSync(join(where, 's3r-hostile-')))
	t.teardown(() => fs.rmSync(directory, {recursive: true, force: true}))
	return directory
}

let count = 0

/** A new bucket: `raw` puts what s3r would not. */
async function bucket(t: ExecutionContext): Promise<{name: string; store: Store; raw: Raw}> {
	const name = `hostile-${++count}`
	const store = await openStore({bucket: name, prefix: '', endpoint: server.endpoint})
	await store.createBucket()
	const client = new S3Client({endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true})
	t.teardown(() => {
		store.close()
		client.destroy()
	})
	const raw: Raw = async (Key, Body, Metadata = {}) =>
		void (await client.send(new PutObjectCommand({Bucket: name, Key, Body: Buffer.from(Body), Metadata})))
	return {name, store, raw}
}
type Raw = (key: string, body: string | Buffer, metadata?: Record<string, string>) => Promise<void>

/** `s3r <argv>` in a directory. */
const run = (cwd: string, argv: readonly string[], options: RunOptions = {}): Promise<Result> =>
	s3r(argv, {cwd, ...options, env: {...server.env, ...options.env}})

/** All names below a directory, as they are on the disk. */
const namesIn = (directory: string): string[] =>
	Object.keys(snapshot(directory)).filter((name) => name !== '')

/** That nothing is said which a terminal would obey, and no stack. */
function isClean(t: ExecutionContext, {stdout, stderr}: Result): void {
	t.notRegex(stdout + stderr, /[\u0000-\u0008\u000b-\u001f\u007f]/)
	t.notRegex(stderr, /^ *at |internal error/m)
}

// ---- the bucket

test.serial('keys that are no paths are refused, each by name, and the rest arrives', async (t) => {
	const {name, raw} = await bucket(t)
	const refused = [
		'../evil',
		'a/../../evil',
		'/absolute',
		'..',
		'./dot',
		'a//b',
		'a/./b',
		'.s3rsync/config',
		'.S3RSync/config',
		'sub/.s3rsync/index',
		'nul\u0000byte',
		'n'.repeat(256),
		'back/..',
	]
	for (const key of refused) await raw(key, 'pwned')
	const long = `${'d'.repeat(200)}/`.repeat(5)
	await raw(`${long}${'f'.repeat(1024 - long.length)}`, 'long')
	await raw('good', 'good')
	await raw('trailing /space ', 'good')
	const above = scratch(t)
	fs.mkdirSync(join(above, 'root'))
	await run(join(above, 'root'), ['init', name])
	const config = fs.readFileSync(join(above, 'root/.s3rsync/config'), 'utf8')
	const result = await run(join(above, 'root'), ['pull', '-a'])
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	for (const key of refused)
		t.true(
			result.stderr.includes(`'${key.replace('\u0000', '\\000')}'`),
			`${JSON.stringify(key)} in ${result.stderr}`,
		)
	t.is(result.stderr.match(/^error: /gm)?.length, refused.length)
	t.deepEqual(fs.readdirSync(above), ['root'])
	t.is(fs.readFileSync(join(above, 'root/.s3rsync/config'), 'utf8'), config)
	const files = namesIn(join(above, 'root')).filter((file) => fs.statSync(join(above, 'root', file)).isFile())
	t.deepEqual(
		files.map((file) => file.length),
		[1024, 4, 16],
	)
})

test.serial('a key that is a file and a directory is one of them, and the other is told', async (t) => {
	const {name, raw} = await bucket(t)
	await raw('clash', 'file')
	await raw('clash/below', 'below')
	await raw('clash/deeper/still', 'still')
	const root = scratch(t)
	await run(root, ['init', name])
	const result = await run(root, ['pull', '-a'])
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.regex(result.stderr, /^error: 'clash/m)
	const again = await run(root, ['pull', '-a'])
	t.is(again.status, 23)
	isClean(t, again)
})

test.serial('nothing goes through a symlink of the bucket, nor is one made outside', async (t) => {
	const {name, raw} = await bucket(t)
	const outside = scratch(t)
	const link = {'file-permissions': '0120777'}
	await raw('link', outside, link)
	await raw('link/through', 'pwned')
	await raw('bomb1', 'bomb2', link)
	await raw('bomb2', 'bomb1', link)
	await raw('bomb1/x', 'pwned')
	await raw('empty-link', '', link)
	await raw('long-link', 'x'.repeat(5000), link)
	await raw('nul-link', 'a\u0000b', link)
	const root = scratch(t)
	await run(root, ['init', name])
	const result = await run(root, ['pull', '-a'])
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.deepEqual(fs.readdirSync(outside), [])
	t.is(fs.readlinkSync(join(root, 'bomb2')), 'bomb1')
	for (const file of ['empty-link', 'long-link', 'nul-link']) t.false(fs.existsSync(join(root, file)), file)
})

test.serial('a directory that becomes a symlink during the run is not followed', async (t) => {
	const {name, raw} = await bucket(t)
	for (let n = 0; n < 8; n++) await raw(`d/${n}`, `content ${n}`)
	const [root, outside] = [scratch(t), scratch(t)]
	await run(root, ['init', name])
	fs.mkdirSync(join(root, 'd'))
	let swapped = false
	const swap: OpenStore = async (remote, options) => {
		const store = await openStore(remote, options)
		const get = store.get.bind(store)
		store.get = async (key, how) => {
			const got = await get(key, how)
			if (!swapped) {
				swapped = true
				fs.renameSync(join(root, 'd'), join(root, 'moved'))
				fs.symlinkSync(outside, join(root, 'd'))
			}
			return got
		}
		return store
	}
	const result = await run(root, ['pull', '-a'], {openStore: swap})
	t.true(swapped)
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.deepEqual(fs.readdirSync(outside), [])
})

test.serial('metadata that lies does no harm', async (t) => {
	const {name, raw} = await bucket(t)
	await raw('mode', 'x', {'file-permissions': '0777777777777', 'file-owner': '99999999999999'})
	await raw('words', 'x', {'file-permissions': 'rwxrwxrwx', 'file-mtime': 'yesterday', mtime: 'NaN'})
	await raw('old', 'x', {'file-mtime': '-999999999999999999999ns', mtime: '-1e308'})
	await raw('young', 'x', {'file-mtime': '999999999999999999999ns'})
	await raw('not-a-directory', 'x', {'file-permissions': '0040755'})
	await raw('directory/', 'a body', {'file-permissions': '0100644'})
	await raw('rdev', '', {'file-permissions': '0020600', s3r: 'v=1;rdev=99999999999:-1'})
	await raw('group-a', 'one', {s3r: 'v=1;hl=0123456789ab', 'file-permissions': '0100644'})
	await raw('group-b', 'another', {s3r: 'v=1;hl=0123456789ab', 'file-permissions': '0100644'})
	await raw('group-c', 'x', {s3r: 'v=1;hl=../../etc/passwd'})
	await raw('fields', 'x', {s3r: `v=1;${'x='.repeat(400)};uname=%ff%00;z=gzip;size=-1;md5=zz`})
	await raw('digest', 'x', {md5chksum: Buffer.alloc(16).toString('base64')})
	const root = scratch(t)
	await run(root, ['init', name])
	const result = await run(root, ['pull', '-aH'])
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.regex(result.stderr, /^error: 'digest': its MD5 is /m)
	t.is(result.stderr.match(/^error: /gm)?.length, 1, result.stderr)
	t.is(fs.readFileSync(join(root, 'group-a'), 'utf8'), 'one')
	t.is(fs.readFileSync(join(root, 'group-b'), 'utf8'), 'another')
	t.is(fs.readFileSync(join(root, 'group-c'), 'utf8'), 'x')
	t.true(fs.statSync(join(root, 'not-a-directory')).isFile())
	t.true(fs.statSync(join(root, 'directory')).isDirectory())
})

test.serial('setuid bits come back with -a only', async (t) => {
	const {name, raw} = await bucket(t)
	await raw('setuid', 'x', {'file-permissions': '0106755'})
	const root = scratch(t)
	await run(root, ['init', name])
	t.deepEqual(await run(root, ['pull']), QUIET)
	t.is(fs.statSync(join(root, 'setuid')).mode & 0o7777, 0o755)
})

test.serial('what unpacks to more than it says ends there, and leaves nothing', async (t) => {
	const {name, raw} = await bucket(t)
	const bomb = gzipSync(Buffer.alloc(256 * MIB))
	await raw('bomb', bomb, {s3r: `v=1;z=gzip;size=10;md5=${hex('0123456789')}`})
	await raw('broken', 'no gzip', {s3r: `v=1;z=gzip;size=7;md5=${hex('no gzip')}`})
	const root = scratch(t)
	await run(root, ['init', name])
	const result = await run(root, ['pull', '-a'])
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.regex(result.stderr, /^error: 'bomb': it unpacks to more than the 10 bytes it was$/m)
	t.regex(result.stderr, /^error: 'broken': its gzip data is damaged$/m)
	t.deepEqual(namesIn(root), [])
})

test.serial('xattrs that are not what their name says, or too many, are refused', async (t) => {
	const {name, raw} = await bucket(t)
	const md5 = hex('the real ones')
	await raw(`.s3r/xattrs/${md5}`, '6 1\nuser.ax')
	await raw('file', 'x', {s3r: `v=1;x=@${md5}`, 'file-permissions': '0100644'})
	const root = scratch(t)
	await run(root, ['init', name])
	const result = await run(root, ['pull', '-aX'])
	t.is(result.status, 23, result.stderr)
	t.regex(result.stderr, /^error: 'file': its extended attributes are damaged$/m)
})

test.serial('names with terminal escapes are shown, not obeyed', async (t) => {
	const {name, raw} = await bucket(t)
	await raw('\u001b]0;title\u0007\u001b[2Jcleared\r', 'x')
	await raw('a/../\u001b[5;31mred', 'x')
	const root = scratch(t)
	await run(root, ['init', name])
	for (const argv of [
		['ls-remote', '--name-only'],
		['pull', '-av'],
		['ls-local'],
		['ls-index'],
		['status'],
		['push', '-avi'],
	]) {
		const result = await run(root, argv, {terminal: true})
		// a line that is shown for a while erases itself, and a status has colours
		t.notRegex(
			(result.stdout + result.stderr).replaceAll(/\r\u001b\[K|\u001b\[\d+m/g, ''),
			/[\u0000-\u0008\u000b-\u001f\u007f]/,
			argv.join(' '),
		)
	}
})

test.serial('of two names that a folding file system takes for one, the second is a conflict', async (t) => {
	const {name, raw} = await bucket(t)
	await raw('README', 'upper')
	await raw('readme', 'lower')
	const root = scratch(t)
	await run(root, ['init', name])
	// as if the first had been made under the second's name, too
	const folding: OpenStore = async (remote, options) => {
		const store = await openStore(remote, options)
		const get = store.get.bind(store)
		store.get = async (key, how) => {
			const got = await get(key, how)
			if (key === 'readme') fs.writeFileSync(join(root, 'readme'), 'upper')
			return got
		}
		return store
	}
	const result = await run(root, ['pull', '-av'], {openStore: folding})
	t.is(result.status, 23, result.stderr)
	t.regex(result.stdout, /^C .*\treadme$/m)
	t.is(fs.readFileSync(join(root, 'readme'), 'utf8'), 'upper')
})

// ---- the tree

test.serial('loops, sockets and pipes are gone by, or sent as what they are', async (t) => {
	const {name} = await bucket(t)
	const root = scratch(t)
	fs.symlinkSync('loop', join(root, 'loop'))
	fs.symlinkSync('..', join(root, 'up'))
	fs.mkdirSync(join(root, 'd'))
	fs.symlinkSync('../d', join(root, 'd/itself'))
	const socket = createServer().listen(join(root, 'socket'))
	t.teardown(() => socket.close())
	await new Promise((ready) => socket.once('listening', ready))
	await run(root, ['init', name])
	t.deepEqual(await run(root, ['push', '-a']), QUIET)
	t.deepEqual(await run(root, ['verify', '--read']), QUIET)
	t.is(namesIn(root).length, 5)
})

test.serial('a file that is swapped for a link before it is opened is not read through it', async (t) => {
	const {name, store} = await bucket(t)
	const root = scratch(t)
	const secret = join(scratch(t), 'secret')
	fs.writeFileSync(secret, 'secret')
	for (const file of ['a', 'b']) fs.writeFileSync(join(root, file), `public ${file}`)
	await run(root, ['init', name])
	const swap: OpenStore = async (remote, options) => {
		fs.rmSync(join(root, 'b'))
		fs.symlinkSync(secret, join(root, 'b'))
		return openStore(remote, options)
	}
	const result = await run(root, ['push', '-a'], {openStore: swap})
	t.is(result.status, 23, result.stderr)
	isClean(t, result)
	t.is(await store.head('b'), undefined)
	t.deepEqual(await run(root, ['push', '-a']), QUIET)
	t.is((await run(root, ['cat-object', 'b'])).stdout, secret)
})

test.serial('a file larger than any object is refused without reading it', async (t) => {
	const root = scratch(t, fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
	fs.writeFileSync(join(root, 'small'), 'small')
	fs.writeFileSync(join(root, 'sparse'), '')
	try {
		fs.truncateSync(join(root, 'sparse'), 2 ** 50)
	} catch {
		return t.log('no file system here holds a file of a petabyte')
	}
	await run(root, ['init', 'bucket'])
	const result = await run(root, ['index'])
	t.is(result.status, 23, result.stderr)
	t.regex(result.stderr, /^error: 'sparse': it has 1125899906842624 bytes, more than the \d+ of an object$/m)
	t.regex((await run(root, ['ls-index', '--name-only'])).stdout, /^small$/m)
})

/** Bytes that this thread holds: those of the process are other tests', too. */
function held(): number {
	const {heapUsed, arrayBuffers} = process.memoryUsage()
	return heapUsed + arrayBuffers
}

test.serial('a directory of 100,000 files is indexed in bounded memory', async (t) => {
	const root = scratch(t, fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
	fs.mkdirSync(join(root, 'd'))
	fs.writeFileSync(join(root, 'd/0'), '')
	// links are quicker to make than files
	for (let n = 1; n < 100_000; n++) fs.symlinkSync('x', join(root, `d/${n}`))
	await run(root, ['init', 'bucket'])
	const before = held()
	t.deepEqual(await run(root, ['index']), QUIET)
	t.true(held() - before < 400 * MIB)
	t.is((await run(root, ['ls-index', '--name-only'])).stdout.split('\n').length, 100_003)
})

// ---- two at once

test.serial('two pushes of one directory at once both succeed, one after the other', async (t) => {
	const {name} = await bucket(t)
	const root = scratch(t)
	for (let n = 0; n < 20; n++) fs.writeFileSync(join(root, String(n)), String(n))
	await run(root, ['init', name])
	const both = await Promise.all([run(root, ['push', '-a']), run(root, ['push', '-a'])])
	t.deepEqual(both, [QUIET, QUIET])
	t.deepEqual(await run(root, ['verify']), QUIET)
})

test.serial('who holds the index is said, and a command that waits can be interrupted', async (t) => {
	const root = scratch(t)
	await run(root, ['init', 'bucket'])
	const lock = await acquireLock(`${root}/.s3rsync/index.lock`, {command: 's3r push'})
	t.teardown(() => lock.release())
	const gc = await run(root, ['gc'])
	t.is(gc.status, 128)
	t.regex(gc.stderr, new RegExp(`another s3r holds.*\\n.*process ${process.pid} on host '.*', 's3r push'`))
	const stop = new AbortController()
	setTimeout(() => stop.abort(), 100)
	t.is((await run(root, ['index'], {signal: stop.signal})).status, 130)
})

// ---- secrets

const SECRETS = ['test-secret-key', 'a-session-token-that-is-secret', 'another-secret-access-key']

/** Every byte of every file below a directory. */
const bytesBelow = (directory: string): string =>
	(fs.readdirSync(directory, {recursive: true}) as string[])
		.map((name) => join(directory, name))
		.filter((file) => fs.lstatSync(file).isFile())
		.map((file) => fs.readFileSync(file, 'latin1'))
		.join('\n')

test.serial('no secret is in what is printed, in a stack, or in .s3rsync', async (t) => {
	const {name} = await bucket(t)
	const root = scratch(t)
	fs.writeFileSync(join(root, 'file'), 'content')
	fs.writeFileSync(join(root, 'large'), Buffer.alloc(17 * MIB))
	let said = ''
	const keep = async (argv: readonly string[], env: NodeJS.ProcessEnv, openIt?: OpenStore) => {
		const before = {...process.env}
		Object.assign(process.env, env)
		const options = openIt ? {openStore: openIt} : {}
		const result = await run(root, argv, {env: {...env, S3R_DEBUG: '1'}, ...options})
		for (const key of Object.keys(env)) process.env[key] = before[key] ?? ''
		said += result.stdout + result.stderr
		return result.status
	}
	await run(root, ['init', name])
	t.is(await keep(['push', '-av'], {AWS_SECRET_ACCESS_KEY: SECRETS[2] ?? ''}), 128)
	t.is(
		await keep(['push', '-av'], {
			AWS_SESSION_TOKEN: SECRETS[1] ?? '',
			AWS_SECRET_ACCESS_KEY: SECRETS[2] ?? '',
		}),
		128,
	)
	t.is(await keep(['ls-remote', '--json'], {AWS_ENDPOINT_URL: 'http://127.0.0.1:1'}), 128)
	const crash: OpenStore = async (remote, options) => {
		const store = await openStore(remote, options)
		store.put = async () => Promise.reject(new TypeError('a bug'))
		return store
	}
	t.is(await keep(['push', '-av', '--stats'], {}, crash), 23)
	t.is(await keep(['push', '-avi'], {}), 0)
	for (const argv of [
		['ls-remote', '--json'],
		['ls-index', '--json'],
		['verify', '--json'],
		['config', '--list'],
	])
		await keep(argv, {})
	t.regex(said, /SignatureDoesNotMatch|signature/)
	const kept = said + bytesBelow(join(root, '.s3rsync'))
	for (const secret of SECRETS) t.false(kept.includes(secret), secret)
	t.notRegex(kept, /Signature=|Authorization|AWS4-HMAC/i)
})

test.serial('what is in .s3rsync is of its owner alone', async (t) => {
	const {name} = await bucket(t)
	const root = scratch(t)
	fs.writeFileSync(join(root, 'file'), 'content')
	await run(root, ['init', name])
	const modes = new Set<string>()
	const look: OpenStore = async (remote, options) => {
		const store = await openStore(remote, options)
		const put = store.put.bind(store)
		store.put = async (...args) => {
			const result = await put(...args)
			see()
			setImmediate(() => see())
			return result
		}
		return store
	}
	const see = () => {
		if (!fs.existsSync(join(root, '.s3rsync'))) return
		for (const file of fs.readdirSync(join(root, '.s3rsync'), {recursive: true}) as string[]) {
			const stat = fs.lstatSync(join(root, '.s3rsync', file), {throwIfNoEntry: false})
			if (stat) modes.add(`${file} ${(stat.mode & 0o777).toString(8)}`)
		}
	}
	t.deepEqual(await run(root, ['push', '-a'], {openStore: look}), QUIET)
	see()
	t.deepEqual(
		[...modes].filter((mode) => !/ [67]00$/.test(mode)),
		[],
	)
	t.true([...modes].some((mode) => mode.startsWith('index.lock')))
	t.is(fs.statSync(join(root, '.s3rsync')).mode & 0o777, 0o700)
})

test.serial('plain HTTP goes to this machine only, unless that is allowed', async (t) => {
	const none = {AWS_CONFIG_FILE: '/nonexistent', AWS_REGION: 'r'}
	for (const host of ['127.0.0.1:9000', '127.8.9.10', '[::1]:80', 'localhost', 's3.localhost:1'])
		t.is((await findPlace({endpoint: `http://${host}`}, none)).endpoint, `http://${host}`)
	for (const host of [
		'192.168.0.1',
		'127.0.0.1.example.com',
		'localhost.example.com',
		'minio:9000',
		'[::2]',
		'0.0.0.0',
	]) {
		const endpoint = `http://${host}`
		await t.throwsAsync(findPlace({endpoint}, none), {message: /is plain HTTP, which everybody/}, host)
		await t.throwsAsync(
			findPlace({}, {...none, AWS_ENDPOINT_URL: endpoint}),
			{message: /is plain HTTP/},
			host,
		)
		t.is((await findPlace({endpoint, allowHttp: true}, none)).endpoint, endpoint)
		t.is((await findPlace({endpoint: `https://${host}`}, none)).endpoint, `https://${host}`)
	}
	const root = scratch(t)
	await run(root, ['init', 'bucket', '--endpoint', 'http://store.invalid'])
	const env = {AWS_ENDPOINT_URL: 'http://store.invalid'}
	const refused = await run(root, ['ls-remote'], {env})
	t.is(refused.status, 128)
	t.is(
		refused.stderr.split('\n')[0],
		"fatal: 'http://store.invalid' is plain HTTP, which everybody on the way can read",
	)
	for (const how of [
		await run(root, ['ls-remote'], {env: {...env, S3R_ALLOW_HTTP: '1'}}),
		await run(root, ['config', 'remote.origin.allow-http', 'true']).then(() =>
			run(root, ['ls-remote'], {env}),
		),
	])
		t.regex(how.stderr, /^fatal: cannot reach/)
})

test.serial('a tree that is pulled is that which was pushed, whoever looks', async (t) => {
	const {name} = await bucket(t)
	const [here, there] = [scratch(t), scratch(t)]
	fs.writeFileSync(join(here, 'private'), createHash('md5').update('x').digest(), {mode: 0o600})
	for (const root of [here, there]) await run(root, ['init', name])
	await run(here, ['push', '-a'])
	t.deepEqual(await run(there, ['pull', '-a']), QUIET)
	t.deepEqual(snapshot(there), snapshot(here))
})

// ---- what is promised

test.serial('no certificate that is not vouched for is spoken to', async (t) => {
	if (!hasOpenssl()) {
		t.log('SKIPPED: openssl is not installed')
		t.pass()
		return
	}
	const {name} = await bucket(t)
	const root = scratch(t)
	let heard = 0
	const secure = async (host: string): Promise<{endpoint: string; file: string}> => {
		const {file, ...certified} = certificate(root, host)
		const target = new URL(server.endpoint)
		const proxy = createSecureServer(certified, ({method, url, headers}, response) => {
			heard++
			const passed = request(target, {method, path: url, headers}, (reply) => {
				response.writeHead(reply.statusCode ?? 500, reply.headers)
				reply.pipe(response)
			})
			passed.end()
		})
		await once(proxy.listen(0, '127.0.0.1'), 'listening')
		t.teardown(() => {
			proxy.closeAllConnections()
			proxy.close()
		})
		return {endpoint: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`, file}
	}
	const right = await secure('IP:127.0.0.1')
	const other = await secure('DNS:elsewhere.example')
	const asked = [
		['ls-remote', name],
		['ls-buckets'],
		['stat-object', `${name}/key`],
		['cat-acl', `${name}/key`],
	] as const
	const trusting = (file: string | undefined, ...argv: readonly string[]) => {
		delete process.env['AWS_CA_BUNDLE']
		if (file !== undefined) process.env['AWS_CA_BUNDLE'] = file
		return run(root, argv, {env: {AWS_CA_BUNDLE: file}})
	}
	const before = process.env['AWS_CA_BUNDLE']
	t.teardown(() => {
		if (before === undefined) delete process.env['AWS_CA_BUNDLE']
		else process.env['AWS_CA_BUNDLE'] = before
	})
	for (const argv of asked) {
		const unknown = await trusting(undefined, ...argv, '--endpoint', right.endpoint)
		t.not(unknown.status, 0, argv.join(' '))
		t.regex(unknown.stderr, /its certificate is (self-signed|signed by an unknown authority)/, argv.join(' '))
		const wrong = await trusting(other.file, ...argv, '--endpoint', other.endpoint)
		t.regex(wrong.stderr, /its certificate is for another host/, argv.join(' '))
	}
	t.is(heard, 0)
	t.deepEqual(await trusting(right.file, 'ls-remote', name, '--endpoint', right.endpoint), QUIET)
	t.true(heard > 0)
})

test.serial(
	'what comes is private until it has its mode, and the umask stands in for one that is not told',
	async (t) => {
		const {name, raw} = await bucket(t)
		await raw('told', 'x', {'file-permissions': '0100644'})
		await raw('untold', 'x')
		await raw('d/untold', 'x')
		const root = scratch(t)
		await run(root, ['init', name])
		t.deepEqual(await run(root, ['pull', '-a'], {umask: 0o077}), QUIET)
		const mode = (file: string) => (fs.statSync(join(root, file)).mode & 0o777).toString(8)
		t.deepEqual(['told', 'untold', 'd', 'd/untold'].map(mode), ['644', '600', '700', '600'])
		for (const isNew of [false, true]) {
			const making = new TemporaryFile(join(root, 'making'), {isNew})
			t.is(fs.fstatSync(making.fd).mode & 0o777, 0o600)
			making.discard()
		}
	},
)

test('what npm installs is pinned to the byte, and nothing of it runs by being installed', (t) => {
	type Package = {
		version?: string
		integrity?: string
		resolved?: string
		hasInstallScript?: boolean
		link?: boolean
	}
	type Manifest = Record<
		'scripts' | 'dependencies' | 'devDependencies' | 'optionalDependencies',
		Record<string, string>
	>
	const own = JSON.parse(fs.readFileSync('package.json', 'utf8')) as Manifest
	const lock = JSON.parse(fs.readFileSync('package-lock.json', 'utf8')) as {packages: Record<string, Package>}
	t.deepEqual(
		Object.keys(own.scripts).filter((name) => /install|prepare|prepublish/.test(name)),
		[],
	)
	const {'': root, ...packages} = lock.packages
	for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const)
		t.deepEqual((root as Manifest)[kind], own[kind], 'the lock is of this package.json')
	const loose = Object.entries(packages).filter(
		([, {version = '', integrity = '', link}]) =>
			link || !/^\d/.test(version) || !/^sha(512|1)-/.test(integrity),
	)
	t.deepEqual(loose, [])
	// both are whole without their scripts: esbuild is ours to build with, and koffi comes with what it would build
	const running = Object.entries(packages).filter(([, {hasInstallScript}]) => hasInstallScript)
	t.deepEqual(
		running.map(([name]) => name),
		['node_modules/esbuild', 'node_modules/koffi'],
	)
	t.regex(fs.readFileSync('.npmrc', 'utf8'), /^ignore-scripts=true$/m)
})

test('every test that s3r-guarantees(7) names is there', (t) => {
	const page = fs.readFileSync('man/s3r-guarantees.7', 'utf8')
	const named = [...page.matchAll(/^\.Pa (test\/\S+) :\n\.Dq (.*)$/gm)]
	t.true(named.length > 20)
	for (const [, file = '', title = ''] of named) {
		const source = fs.readFileSync(file, 'utf8')
		// the tests of faults and kills have a name of theirs in their titles
		const known = [
			title,
			title.replace(/(survive) .*/, '$1 ${fault}'),
			title.replace(/.*(?= that is killed anywhere)/, '${title}'),
		]
		t.true(
			known.some((text) => source.includes(text)),
			`${file}: ${title}`,
		)
	}
})
