// rsync clients whose other end is a bucket in memory, where requests are counted and go wrong as a test wants.

import {execFile, execFileSync, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync, readlinkSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import test from 'ava'
import {Memory} from '../src/peer/rsync/memory.ts'
import {serve, type Target} from '../src/peer/rsync/session.ts'
import {splitWords} from '../src/peer/rsync/words.ts'
import {counted} from '../src/store/counted.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {type Store, StoreError} from '../src/store/store.ts'
import {type Bridge, HAS_RSYNC, type Ran, RSYNC, startBridge} from './support/bridge.ts'
import {s3r} from './support/run.ts'
import {testServer} from './support/server.ts'

const rsyncTest = HAS_RSYNC ? test.serial : test.serial.skip

let dir = ''
let bridge: Bridge
/** What the next session is served with. */
let store: Store
let cache: string | undefined
const rsync = (...args: string[]) => bridge.rsync(...args)

test.before(async () => {
	dir = await mkdtemp(join(tmpdir(), 's3r-rsh-'))
	bridge = await startBridge(dir, () => ({store, memory: Memory.open(cache)}))
})
test.after.always(async () => {
	bridge.close()
	await rm(dir, {recursive: true, force: true})
})
test.beforeEach(async () => {
	store = new MemoryStore({bucket: 'testrsync'})
	cache = undefined
	// a client may be gone before its session has removed what it kept
	await Promise.all(bridge.ended.splice(0))
	await store.createBucket()
	await rm(join(dir, 'w'), {recursive: true, force: true})
	await mkdir(join(dir, 'w'))
})

const inWork = (...parts: string[]) => join(dir, 'w', ...parts)

async function textOf(key: string): Promise<string> {
	const {body} = await store.get(key)
	const pieces: Buffer[] = []
	for await (const piece of body) pieces.push(piece)
	return Buffer.concat(pieces).toString()
}

async function keysOf(): Promise<string[]> {
	const keys: string[] = []
	for await (const page of store.list('')) keys.push(...page.map(({key}) => key))
	return keys
}

rsyncTest('a run that finds nothing changed asks for the listing only', async (t) => {
	cache = join(dir, 'cache')
	const counting = counted(store)
	store = counting
	await mkdir(inWork('a/d'), {recursive: true})
	await writeFile(inWork('a/d/file'), 'content')
	await symlink('file', inWork('a/d/link'))
	t.is((await rsync('-aH', 'a/', 'testrsync:')).status, 0)
	const before = {...counting.counts}
	t.deepEqual(await rsync('-aHi', 'a/', 'testrsync:'), {status: 0, stdout: '', stderr: ''})
	const after = counting.counts
	t.is(after.list - before.list, 1)
	t.is(
		after.head - before.head + after.get - before.get + after.put - before.put + after.copy - before.copy,
		0,
	)
})

rsyncTest('without what is remembered, each object is asked once, and from then on none', async (t) => {
	await mkdir(inWork('a'))
	for (const name of ['x', 'y', 'z']) await writeFile(inWork('a', name), name)
	t.is((await rsync('-a', 'a/', 'testrsync:')).status, 0)
	cache = join(dir, 'cache-later')
	const counting = counted(store)
	store = counting
	t.is((await rsync('-ai', 'a/', 'testrsync:')).stdout, '')
	t.is(counting.counts.head, 4)
	t.is((await rsync('-ai', 'a/', 'testrsync:')).stdout, '')
	t.is((await rsync('-a', 'testrsync:', 'back/')).status, 0)
	t.is(counting.counts.head, 4)
	t.is(counting.counts.get, 3)
})

rsyncTest('many more files than are written at once go and come back', async (t) => {
	for (let d = 0; d < 40; d++) {
		await mkdir(inWork(`a/d${d}/e`), {recursive: true})
		for (let f = 0; f < 5; f++) await writeFile(inWork(`a/d${d}/f${f}`), `${d} ${f}`)
	}
	t.like(await rsync('-aH', 'a/', 'testrsync:many/'), {status: 0, stderr: ''})
	t.is((await keysOf()).length, 40 * 7 + 1)
	t.like(await rsync('-aH', 'testrsync:many/', 'back/'), {status: 0, stderr: ''})
	t.is(execFileSync(RSYNC, ['-ainHc', '--delete', 'a/', 'back/'], {cwd: inWork(), encoding: 'utf8'}), '')
})

rsyncTest('what somebody else wrote meanwhile is not overwritten', async (t) => {
	await mkdir(inWork('a'))
	await writeFile(inWork('a/theirs'), 'mine')
	await writeFile(inWork('a/other'), 'other')
	const inner = store
	let isDone = false
	store = new Proxy(inner, {
		get(target, name) {
			if (name === 'list')
				return async function* (prefix: string, options: object) {
					yield* target.list(prefix, options)
					if (!isDone) await target.put('theirs', Buffer.from('theirs'), {})
					isDone = true
				}
			const value = Reflect.get(target, name) as unknown
			return typeof value === 'function' ? (value as (...args: never[]) => unknown).bind(target) : value
		},
	})
	const ran = await rsync('-a', 'a/', 'testrsync:')
	t.is(ran.status, 23)
	t.regex(ran.stderr, /cannot write 'theirs': somebody else changed it meanwhile/)
	store = inner
	t.is(await textOf('theirs'), 'theirs')
	t.is(await textOf('other'), 'other')
})

const linuxTest = process.platform === 'linux' ? rsyncTest : test.serial.skip
linuxTest(
	'a client that dies in the middle of a file leaves neither half an object nor an upload',
	async (t) => {
		await mkdir(inWork('a'))
		await writeFile(inWork('a/large'), Buffer.alloc(40 * 2 ** 20, 1))
		const client = execFile(RSYNC, ['-a', '--bwlimit=8192', 'a/', 'testrsync:'], {
			cwd: inWork(),
			env: bridge.env,
		})
		const isSpooling = () =>
			readdirSync('/proc/self/fd').some((fd) => {
				try {
					return readlinkSync(`/proc/self/fd/${fd}`).includes('/spool-')
				} catch {
					// closed meanwhile
					return false
				}
			})
		while (!isSpooling()) await new Promise((done) => setTimeout(done, 20))
		client.kill('SIGKILL')
		await once(client, 'exit')
		t.not(await bridge.ended[0], 0)
		// the end of what it wrote may come after that of what it reads
		while (isSpooling()) await new Promise((done) => setTimeout(done, 20))
		t.deepEqual(
			(await keysOf()).filter((key) => key !== '.s3r/root'),
			[],
		)
		const uploads = []
		for await (const upload of store.listUploads('')) uploads.push(upload)
		t.deepEqual(uploads, [])
		t.deepEqual(await readdir(dir).then((names) => names.filter((name) => name.startsWith('scratch-'))), [])
	},
)

rsyncTest('a large file goes in parts, and comes back', async (t) => {
	await mkdir(inWork('a'))
	const bytes = Buffer.alloc(17 * 2 ** 20, 'some content ')
	await writeFile(inWork('a/large'), bytes)
	t.like(await rsync('-a', 'a/', 'testrsync:'), {status: 0, stderr: ''})
	t.regex((await store.head('large'))?.etag ?? '', /-3$/)
	t.like(await rsync('-a', 'testrsync:', 'back/'), {status: 0, stderr: ''})
	t.true((await readFile(inWork('back/large'))).equals(bytes))
})

rsyncTest('what a damaged object holds is not taken by the client', async (t) => {
	await mkdir(inWork('a'))
	await writeFile(inWork('a/file'), 'the content')
	t.is((await rsync('-a', 'a/', 'testrsync:')).status, 0)
	const inner = store
	store = new Proxy(inner, {
		get(target, name) {
			if (name === 'get')
				return async (key: string, options: object) => {
					const got = await target.get(key, options)
					return {
						...got,
						body: (async function* () {
							for await (const _ of got.body) yield Buffer.from('tho content')
						})(),
					}
				}
			const value = Reflect.get(target, name) as unknown
			return typeof value === 'function' ? (value as (...args: never[]) => unknown).bind(target) : value
		},
	})
	const ran = await rsync('-a', 'testrsync:', 'back/')
	t.is(ran.status, 23)
	t.regex(ran.stderr, /cannot send 'file': its MD5 is/)
	t.deepEqual(await readdir(inWork('back')), [])
})

for (const [name, words] of [
	['put', ['a/', 'testrsync:']],
	['head', ['testrsync:', 'back/']],
] as const)
	rsyncTest(`a store that is gone ends the session in one line: ${name}`, async (t) => {
		await mkdir(inWork('a'))
		for (let i = 0; i < 100; i++) {
			await writeFile(inWork('a', `file${i}`), 'x')
			// what nobody here has sent is asked for its attributes
			await store.put(`theirs${i}`, Buffer.from('x'))
		}
		store = new Proxy(store, {
			get(target, asked) {
				if (asked === name)
					return async () => Promise.reject(new StoreError('network', 'ECONNREFUSED', 'nobody answers'))
				const value = Reflect.get(target, asked) as unknown
				return typeof value === 'function' ? (value as (...args: never[]) => unknown).bind(target) : value
			},
		})
		const ran = await rsync('-a', ...words)
		t.is(ran.status, 11)
		t.deepEqual(ran.stderr.match(/^s3r: .*$/gm), ['s3r: nobody answers'])
	})

rsyncTest('what is deleted, and what is not: rules that protect, and a limit', async (t) => {
	await mkdir(inWork('a/d'), {recursive: true})
	for (const name of ['one', 'two', 'keep.txt', 'd/three']) await writeFile(inWork('a', name), name)
	t.is((await rsync('-a', 'a/', 'testrsync:')).status, 0)
	await rm(inWork('a'), {recursive: true})
	await mkdir(inWork('a'))
	const limited = await rsync('-ai', '--delete', '--max-delete=1', '--exclude=*.txt', 'a/', 'testrsync:')
	t.is(limited.status, 25)
	t.is((limited.stdout.match(/^\*deleting/gm) ?? []).length, 1)
	t.is((await rsync('-a', '--delete', '--exclude=*.txt', 'a/', 'testrsync:')).status, 0)
	t.deepEqual(await keysOf(), ['.s3r/root', 'keep.txt'])
	t.is((await rsync('-a', '--delete', 'missing/', 'testrsync:')).status, 23)
	t.deepEqual(await keysOf(), ['.s3r/root', 'keep.txt'])
})

rsyncTest('what cannot work is refused in a line', async (t) => {
	await mkdir(inWork('a'))
	for (const [option, why] of [['-K', /--keep-dirlinks is not supported/]] as const) {
		const ran = await rsync('-a', option, 'a/', 'testrsync:')
		t.is(ran.status, 4, option)
		t.regex(ran.stderr, why)
	}
	const links = await rsync('-aL', 'testrsync:', 'back/')
	t.is(links.status, 4)
	t.regex(links.stderr, /--copy-links is not supported/)
	const out = await rsync('-a', '--link-dest=../../x', 'a/', 'testrsync:b/')
	t.is(out.status, 3)
	t.regex(out.stderr, /--link-dest=..\/..\/x leads out of the bucket/)
	const above = await rsync('-a', 'a/', 'testrsync:../x')
	t.is(above.status, 3)
	t.regex(above.stderr, /component '\.\.'/)
})

rsyncTest('an object that rsync wrote is the one that a push writes', async (t) => {
	const server = await testServer()
	try {
		const env = {
			...server.env,
			HOME: dir,
			XDG_CACHE_HOME: join(dir, 'cache-push'),
			AWS_EC2_METADATA_DISABLED: 'true',
		}
		Object.assign(process.env, server.env)
		await mkdir(inWork('a/d'), {recursive: true})
		execFileSync('bash', ['-c', TREE], {cwd: inWork('a')})
		t.like(await s3r(['create-bucket', 'pushed'], {env}), {status: 0, stderr: ''})
		t.like(await s3r(['init', 'pushed'], {env, cwd: inWork('a')}), {status: 0})
		t.like(await s3r(['push', '-aHX'], {env, cwd: inWork('a')}), {status: 0, stderr: ''})
		await rm(inWork('a/.s3rsync'), {recursive: true})
		t.like(await rsync('-aHX', 'a/', 'testrsync:'), {status: 0, stderr: ''})
		const read = async (argv: string[]) => (await s3r(argv, {env})).stdout
		const pushed = (await read(['ls-remote', '--name-only', 'pushed'])).trim().split('\n')
		const sent = (await keysOf()).filter((key) => !key.startsWith('.s3r/') || key === '.s3r/root')
		t.is(sent.length, pushed.length)
		const {openStore} = await import('../src/store/open.ts')
		const other = await openStore({
			bucket: 'pushed',
			prefix: '',
			endpoint: server.env['AWS_ENDPOINT_URL'],
			region: 'us-east-1',
		})
		try {
			for await (const page of other.list(''))
				for (const {key} of page) {
					if (key === '.s3r/root') continue
					const [ours, theirs] = [await store.head(key), await other.head(key)]
					t.deepEqual(ours?.metadata, theirs?.metadata, key)
					t.is(ours?.etag, theirs?.etag, key)
					t.is(ours?.contentType, theirs?.contentType, key)
				}
		} finally {
			other.close()
		}
	} finally {
		await server.stop()
	}
})

const TREE = `
echo one >one; ln one d/hard; ln -s ../one d/link; mkfifo fifo; printf l >$(printf 'latin\\351'); chmod 4755 d; touch empty.html
setfattr -n user.note -v "$(head -c 3000 /dev/zero | tr '\\0' x)" one 2>/dev/null || true
touch -h -d '2007-06-13 15:19:15.123456789' one d/link fifo d/* empty.html
`

for (const [what, bytes] of [
	['words', 'hello, is there anybody?\n'],
	['an old version', '\x10\0\0\0'],
	['a frame that is none', '\x20\0\0\0\x03md5\xff\xff\xff\x01'],
	['a message without end', '\x20\0\0\0\x03md5\xff\xff\xff\x09'],
	['a list that lies', '\x20\0\0\0\x03md5\x08\0\0\x07\x44\xf0\xff\xff\xff\x7f\0\0'],
	['nothing', ''],
] as const)
	test.serial(`a client that sends ${what} is told so, and nothing is written`, async (t) => {
		const target: Target = {
			store,
			prefix: '',
			memory: Memory.open(undefined),
			stored: undefined,
			scratch: {root: '/', dir},
			accounts: {
				users: {idOf: () => undefined, nameOf: () => undefined},
				groups: {idOf: () => undefined, nameOf: () => undefined},
			},
			close: () => {},
		}
		const input = (async function* () {
			yield Buffer.from(bytes, 'latin1')
		})()
		const status = await serve(
			{input, write: async () => {}},
			{
				words: splitWords(['--server', '-vlogDtpre.iLsfxCIvu', '.', '.']),
				open: async () => target,
				umask: 0o022,
				self: {uid: 0, gid: 0},
				say: () => {},
			},
		)
		t.true([2, 4, 12].includes(status), String(status))
		t.deepEqual(await keysOf(), [])
	})

const accept =
	HAS_RSYNC && spawnSync('curl', ['--version']).error === undefined ? test.serial : test.serial.skip
accept('the eight things that were asked for, with rsync itself', async (t) => {
	const server = await testServer()
	try {
		const script = join(dir, 's3r')
		await writeFile(script, `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/s3r.js')}' "$@"\n`, {
			mode: 0o755,
		})
		const env = {...process.env, ...server.env, S3R: script}
		const ran = await new Promise<Ran>((done) => {
			execFile('bash', [resolve('test/accept/rsync.sh')], {env, timeout: 240_000}, (error, stdout, stderr) =>
				done({status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr}),
			)
		})
		t.deepEqual(ran.stdout.match(/^FAIL .*$/gm) ?? [], [])
		t.is(ran.status, 0, ran.stderr)
	} finally {
		await server.stop()
	}
})
