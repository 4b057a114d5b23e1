// What makes s3r quick, so that it does not get lost: the threads that send and fetch small files, where there are
// many (src/sync/crew.ts), and what a run must not do again and again.

import {execFile, spawn} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import * as fs from 'node:fs'
import {type HeapProfiler, Session} from 'node:inspector'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Writable} from 'node:stream'
import {setTimeout as pause} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import test from 'ava'
import {interrupted} from '../src/cli/run.ts'
import {TYPE} from '../src/format/entry.ts'
import {IndexBuilder} from '../src/format/index-builder.ts'
import {threadsFor} from '../src/sync/crew.ts'
import {hasCoreBeside} from '../src/base/cores.ts'
import {type OpenStore, openStore} from '../src/store/open.ts'
import {LocalFiles} from '../src/sync/local-files.ts'
import {native} from '../src/local/native.ts'
import {Owners} from '../src/local/owners.ts'
import type {Stat} from '../src/local/stat.ts'
import {plan} from '../src/sync/plan.ts'
import {scan} from '../src/sync/scan.ts'
import {CrewShare} from '../src/sync/crew-share.ts'
import type {Selection} from '../src/sync/select.ts'
import {type Result, type RunOptions, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {snapshot} from './support/trees.ts'

const PROGRAM = fileURLToPath(new URL('../commands/s3r.js', import.meta.url))
const BUCKET = 'threads'
const FILES = 700
const MIB = 2 ** 20
const DIRECTORIES = 7

let server: TestServer
const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-threads-')))

test.before(async () => {
	server = await testServer()
	// the threads look for it there
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', S3R_THREADS: '2'})
})
test.after.always(async () => {
	await server.stop()
	fs.rmSync(base, {recursive: true, force: true})
})

const ask = (cwd: string, ...argv: readonly string[]): Promise<Result> =>
	s3r(argv, {cwd, env: {...server.env, S3R_THREADS: '2'}})
// ---- what a file allocates: first of all, for a run with few files has V8 optimize late (cli/v8.ts), and so do these then

/** Bytes that `work` allocates on the heap, whether they stay or not: an estimate by samples. */
async function allocated(work: () => Promise<unknown>): Promise<number> {
	const session = new Session()
	session.connect()
	const post = <T>(method: string, params?: object): Promise<T> =>
		new Promise((resolve, reject) => {
			session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as T)))
		})
	const all = {includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true}
	await post('HeapProfiler.startSampling', {samplingInterval: 512, ...all})
	await work()
	const {profile} = await post<HeapProfiler.StopSamplingReturnType>('HeapProfiler.stopSampling')
	session.disconnect()
	const sum = ({selfSize, children}: HeapProfiler.SamplingHeapProfileNode): number =>
		children.reduce((bytes, child) => bytes + sum(child), selfSize)
	return sum(profile.head)
}

/** The root of a new tree of so many files. */
function treeOf(count: number): string {
	const root = fs.mkdtempSync(join(base, 'tree-'))
	for (let i = 0; i < count; i++) {
		if (i % 100 === 0) fs.mkdirSync(`${root}/directory ${i / 100}`, {recursive: true})
		fs.writeFileSync(`${root}/directory ${Math.floor(i / 100)}/file ${i}`, String(i))
	}
	return root
}

/** What a tree of so many files is to a scan of it that opens no file: that of what is known already. */
async function lookAgain(count: number): Promise<() => Promise<void>> {
	const root = treeOf(count)
	const onError = (_: string, error: unknown) => {
		throw error
	}
	const how = {root, owners: new Owners(), onError}
	// what is as old as a scan is looked at again by the next
	await pause(100)
	const nothing = new IndexBuilder().finish({scanned: 0n, device: 0n})
	const {index} = await scan({...how, index: nothing, contents: new LocalFiles(root, {})})
	const refused = () => {
		throw new Error('a file was opened')
	}
	return async () => {
		await scan({...how, index, contents: {hash: refused, readLink: refused}})
	}
}

test.serial(
	'to find that nothing changed opens no file, and makes two small objects of each, and no string',
	async (t) => {
		// so many that libc is asked where koffi is here
		const [few, many] = [await lookAgain(4500), await lookAgain(9500)]
		// V8 has to have optimized it, for other code allocates three times as much
		for (let i = 0; i < 8; i++) await few()
		const each = ((await allocated(many)) - (await allocated(few))) / 5000
		t.log(`${Math.round(each)} bytes a file`)
		t.true(each < (native() ? 300 : 3000), `${each} bytes a file`)
	},
)

/** What it is to list a tree of so many files. */
async function listAll(count: number): Promise<(how?: RunOptions) => Promise<Result>> {
	const root = treeOf(count)
	await ask(root, 'init', `${BUCKET}/list`)
	return (how) => s3r(['ls-local'], {cwd: root, env: server.env, ...how})
}

test.serial('to print what a file is makes two small objects of it, and no string', async (t) => {
	const [few, many] = [await listAll(4500), await listAll(9500)]
	t.is((await few()).stdout.match(/\n/g)?.length, 4500 + 45 + 1)
	const each = ((await allocated(many)) - (await allocated(few))) / 5000
	t.log(`${Math.round(each)} bytes a file`)
	t.true(each < (native() ? 500 : 3500), `${each} bytes a file`)
})

test('to see whether what is gone has left its directories takes no look at all of it for each', (t) => {
	const builder = new IndexBuilder()
	const remote = {etag: '0'.repeat(32), size: 1}
	const held = {type: TYPE.file, md5: remote.etag, attrs: '0'.repeat(16)}
	builder.add({path: 'gone/', remote, base: held})
	for (let d = 1000; d < 1200; d++)
		for (const name of ['', '1', '2', '3', '4']) builder.add({path: `gone/d${d}/${name}`, remote, base: held})
	const index = builder.finish({scanned: 0n, device: 0n})
	let entries = 0
	const counting = new Proxy(index, {
		get(rows, name) {
			if (name === 'entry') entries++
			const value: unknown = Reflect.get(rows, name, rows)
			return typeof value === 'function' ? value.bind(rows) : value
		},
	})
	const all = () => true
	const selection: Selection = {
		shows: all,
		risks: all,
		scans: all,
		exposes: false,
		files: new Set(),
		textOf: () => undefined,
		learn() {},
	}
	t.deepEqual([...plan(counting, {direction: 'push', selection})], [])
	t.true(entries < 4 * index.count, `${entries} looks at ${index.count} entries`)
})

// ---- threads

const nameOf = (i: number): string => `d${i % DIRECTORIES}/file-${i}`

/** A new local side of many small files, which have been pushed; says what that took. */
async function newSide(name: string): Promise<{root: string; said: string}> {
	const root = join(base, name)
	for (let d = 0; d < DIRECTORIES; d++) fs.mkdirSync(`${root}/d${d}`, {recursive: true})
	for (let i = 0; i < FILES; i++) {
		fs.writeFileSync(`${root}/${nameOf(i)}`, `${'content '.repeat(i % 50)}${i}`)
		fs.chmodSync(`${root}/${nameOf(i)}`, [0o644, 0o600, 0o755, 0o444][i % 4] ?? 0)
		fs.utimesSync(`${root}/${nameOf(i)}`, 1, 1_000_000_000 + i + 0.25)
	}
	await ask(root, 'init', '--create-bucket', `${BUCKET}/${name}`)
	const {stderr: said} = await ask(root, 'push', '-a', '--stats')
	return {root, said}
}

const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('hex')

/** All names below a root that are s3r's temporary ones. */
const temporary = (root: string): string[] =>
	(fs.readdirSync(root, {recursive: true}) as string[]).filter((name) => name.includes('.s3r-'))

test('threads leave half of the cores to others until there are many files', (t) => {
	const threads = [1, 2, 4, 16].map((cores) => [threadsFor(5000, {cores}), threadsFor(20_000, {cores})])
	t.deepEqual(threads, [
		[1, 1],
		[1, 2],
		[2, 4],
		[4, 4],
	])
	// of large ones that come they do not
	const of = (files: number, kind: 'send' | 'receive') => threadsFor(files, {weight: 5000, kind, cores: 2})
	t.deepEqual([of(10, 'receive'), of(2000, 'receive'), of(10, 'send')], [2, 1, 1])
})

test('threads begin for many files, or for few with much in them, and not at first where most are done', async (t) => {
	const started: string[] = []
	let late = 0
	const crews = (isAsked: boolean) => ({
		start: (files: number, weight: number) => {
			started.push(`${files} ${Math.round(weight)}`)
			return {do: () => Promise.resolve('done'), close: () => Promise.resolve()}
		},
		begin() {},
		end: () => Promise.resolve(),
		isAsked,
		onFew: () => void late++,
	})
	/** Which of files of one size are theirs: all, none, or from which on. */
	const taken = async (count: number, size: number, {done = 0, isAsked = false, come = count} = {}) => {
		const before = {count, isDone: (row: number) => row < done, sizeOf: () => size, below: 16 * MIB}
		const small = new CrewShare<string, string>(crews(isAsked), before)
		const theirs = Array.from({length: come}, () => small.takes(size))
		if (theirs.includes(true)) await small.do('')
		const first = theirs.indexOf(true)
		t.is(theirs.lastIndexOf(false), first < 0 ? come - 1 : first - 1)
		return first
	}
	t.is(await taken(100, 4096), -1)
	t.is(await taken(100, 2 * MIB), 0)
	t.is(await taken(100, 2 * MIB, {done: 90}), -1)
	t.is(await taken(100, 16 * MIB), -1)
	t.is(await taken(100, 4096, {isAsked: true}), 0)
	t.is(await taken(4000, 0), 0)
	// the first 2000 are left to the main thread, or fewer with as much in them
	t.is(await taken(4000, 0, {done: 3900}), 2000)
	t.is(await taken(4000, MIB, {done: 3900}), 60)
	t.is(await taken(499, 0), -1)
	t.is(await taken(500, 0), 0)
	t.is(await taken(4000, 0, {done: 3000}), 0)
	t.deepEqual(started, ['100 6500', '100 113', '4000 4000', '4000 94', '4000 3094', '500 500', '4000 1000'])
	// V8 optimizes late where there is something to do with fewer than 6000, once what they need is loaded
	t.is(late, 11)
	// nor are the first 2000 theirs where nobody knows what comes; then there may be many
	t.is(await taken(0, 0, {come: 4000}), 2000)
	t.is(await taken(0, MIB, {come: 4000}), 60)
	t.deepEqual([started.slice(7), late], [['12000 0', '12000 0'], 11])
	for (const [count, done, more] of [
		[49, 0, 0],
		[50, 0, 1],
		[5999, 0, 1],
		[6000, 0, 0],
		[100_000, 0, 0],
		[100_000, 98_000, 1],
	] as const) {
		late = 0
		await taken(count, 0, {done})
		t.is(late, more)
	}
})

/** Has node write down, at its end, how many threads there were. */
const COUNTING = `
const threads = require('node:worker_threads')
const {Worker} = threads
let count = 0
threads.Worker = class extends Worker {
	constructor(...how) {
		super(...how)
		count++
	}
}
require('node:module').syncBuiltinESMExports()
if (threads.isMainThread)
	process.on('exit', () => require('node:fs').writeFileSync(process.env.COUNTED, String(count)))
`

/** Runs s3r, by another program if there are words for one, and tells how many threads it had. */
async function counted(
	by: readonly string[],
	argv: readonly string[],
	{cwd, threads}: {readonly cwd: string; readonly threads: string},
): Promise<{readonly count: number; readonly stderr: string}> {
	const [counting, file] = [join(base, 'counting.cjs'), join(base, 'counted')]
	fs.writeFileSync(counting, COUNTING)
	const env = {...process.env, ...server.env, S3R_THREADS: threads, COUNTED: file}
	const [program = '', ...how] = [...by, process.execPath, '--require', counting, PROGRAM, ...argv]
	const {stderr} = await promisify(execFile)(program, how, {cwd, env})
	return {count: Number(fs.readFileSync(file, 'latin1')), stderr}
}

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

onLinux('one core has a thread for many files, too', async (t) => {
	const [, core = ''] =
		/Cpus_allowed_list:\s*(\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1')) ?? []
	const threadsOf = async (cwd: string, ...argv: readonly string[]): Promise<number> => {
		return (await counted(['taskset', '-c', core], argv, {cwd, threads: ''})).count
	}
	const root = join(base, 'one core')
	fs.mkdirSync(root)
	for (let i = 0; i < 600; i++) fs.writeFileSync(`${root}/file ${i}`, `content ${i}`)
	await s3r(['init', '--create-bucket', `${BUCKET}/one`], {cwd: root, env: server.env})
	t.is(await threadsOf(root, 'push', '-a'), 1)
	t.is(await threadsOf(base, 'clone', '-a', `${BUCKET}/one`, 'one core there'), 1)
	t.deepEqual(snapshot(join(base, 'one core there')), snapshot(root))
	fs.writeFileSync(`${root}/file 0`, 'changed')
	t.is(await threadsOf(root, 'push', '-a'), 0)
})

test.serial(
	'files of some MiB go and come back as they were, by threads, for one request each',
	async (t) => {
		const root = join(base, 'media')
		fs.mkdirSync(root)
		for (let i = 0; i < 30; i++) fs.writeFileSync(`${root}/${i}`, randomBytes(MIB * (1 + (i % 5)) + i))
		fs.writeFileSync(`${root}/film`, randomBytes(20 * MIB))
		const alone = {env: {...server.env, S3R_THREADS: ''}}
		await ask(root, 'init', '--create-bucket', `${BUCKET}/media`)
		const {stderr} = await s3r(['push', '-a', '--stats'], {cwd: root, ...alone})
		// three parts, and what begins and ends their upload
		t.regex(stderr, /put 31\b.*part 5\b/)
		const there = join(base, 'media there')
		const {stderr: said, status} = await s3r(
			['clone', '-a', '--stats', '--endpoint', server.endpoint, `${BUCKET}/media`, there],
			{cwd: base, ...alone},
		)
		t.is(status, 0)
		t.regex(said, /get 31\b/)
		t.deepEqual(snapshot(there), snapshot(root))
		t.deepEqual(temporary(there), [])
	},
)

test.serial('many small files go and come back as they were, for one request each', async (t) => {
	const {root, said} = await newSide('whole')
	const there = join(base, 'whole there')
	t.regex(said, new RegExp(`put ${FILES + DIRECTORIES + 1}\\b`))
	t.notRegex(said, /head|get/)
	const {status, stderr} = await ask(base, 'clone', '-a', '--stats', `${BUCKET}/whole`, there)
	t.is(status, 0, stderr)
	t.regex(stderr, new RegExp(`get ${FILES}\\b`))
	t.deepEqual(snapshot(there), snapshot(root))
	t.regex((await ask(there, 'push', '-a', '--stats')).stderr, /requests: 0\b/)
	t.regex((await ask(there, 'pull', '-a', '--stats')).stderr, /items: 0 done/)
})

test.serial('put and get leave many files to threads, too, for one request each', async (t) => {
	const root = join(base, 'put here')
	const there = join(base, 'got there')
	fs.cpSync((await newSide('put whole')).root, root, {recursive: true, preserveTimestamps: true})
	fs.rmSync(join(root, '.s3rsync'), {recursive: true})
	// names that are not their keys
	const odd = [Buffer.from(`${root}/not \xff UTF-8\n`, 'latin1'), `${root}/.s3r`, `${root}/\u{FFFD}41`]
	for (const name of odd) fs.writeFileSync(name, 'odd')
	const count = FILES + odd.length
	const run = async (...argv: readonly string[]): Promise<string> => {
		const {stderr, count: threads} = await counted([], argv, {cwd: base, threads: '2'})
		t.is(threads, 2)
		return stderr
	}
	t.regex(
		await run('put', '-r', '--stats', `${root}/`, `${BUCKET}/many/`),
		new RegExp(`put ${count + DIRECTORIES + 1}\\b`),
	)
	const said = await run('get', '-r', '-a', '--stats', `${BUCKET}/many/`, there)
	t.regex(said, new RegExp(`get ${count}\\b`))
	t.deepEqual(snapshot(there), snapshot(root))
	const [came, sent] = [there, root].map((dir) => fs.readdirSync(dir, 'latin1'))
	t.deepEqual(came, sent)
})

test.serial('node has nothing to warn of where threads open files by libc', async (t) => {
	await newSide('quiet')
	const words = [PROGRAM, 'clone', '-a', `${BUCKET}/quiet`, join(base, 'quiet there')]
	const {stderr} = await promisify(execFile)(process.execPath, words)
	t.is(stderr, '')
})

test.serial(
	'what put sends is hashed on its way, all of it at once, and copied where it is the same',
	async (t) => {
		const root = join(base, 'put')
		fs.mkdirSync(root)
		fs.writeFileSync(`${root}/large`, Buffer.alloc(136 * MIB, 'a large file '))
		for (const name of ['one', 'other'])
			fs.writeFileSync(`${root}/${name}`, Buffer.alloc(2 * MIB, 'the same '))
		const asked: string[] = []
		const watching: OpenStore = async (remote, options) => {
			const store = await openStore(remote, options)
			const uploadPart = store.uploadPart.bind(store)
			const put = store.put.bind(store)
			const copy = store.copy.bind(store)
			store.uploadPart = (key, id, number, body, digest) => {
				asked.push(`part of ${digest?.sha256?.length ?? 'no'} digits`)
				return uploadPart(key, id, number, body, digest)
			}
			store.put = (key, ...rest) => {
				asked.push('put')
				return put(key, ...rest)
			}
			store.copy = (...args) => {
				asked.push('copy')
				return copy(...args)
			}
			return store
		}
		const names = ['large', 'one', 'other'].map((name) => join(root, name))
		const env = {...server.env, S3R_THREADS: '0'}
		const {status, stderr} = await s3r(['put', '--create-bucket', ...names, `${BUCKET}/put/`], {
			cwd: base,
			env,
			openStore: watching,
		})
		t.is(status, 0, stderr)
		const digits = hasCoreBeside() ? '64' : 'no'
		const parts = Array.from({length: 17}, () => `part of ${digits} digits`)
		t.deepEqual(asked.toSorted(), ['copy', ...parts, 'put'])
		for (const [i, name] of ['large', 'one', 'other'].entries()) {
			t.is((await ask(base, 'get', `${BUCKET}/put/${name}`, `${root}/${i}`)).status, 0)
			t.true(fs.readFileSync(`${root}/${i}`).equals(fs.readFileSync(join(root, name))))
		}
		fs.rmSync(root, {recursive: true})
	},
)

test.serial(
	'the scan of a first push opens no small file, and what is not sent is hashed all the same',
	async (t) => {
		const root = join(base, 'once')
		fs.mkdirSync(root)
		for (const name of ['sent', 'empty', 'barred'])
			fs.writeFileSync(`${root}/${name}`, name === 'empty' ? '' : name)
		fs.writeFileSync(`${root}/large`, Buffer.alloc(2 ** 20))
		const hashed: string[] = []
		const nothing = new IndexBuilder().finish({scanned: 0n, device: 0n})
		const files = new LocalFiles(root, {})
		const contents = {
			hash(path: string, stat: Stat) {
				hashed.push(path)
				return files.hash(path, stat)
			},
			readLink: (path: string) => files.readLink(path),
		}
		const onError = (_: string, error: unknown) => {
			throw error
		}
		const how = {root, owners: new Owners(), onError, contents, unhashedBelow: 2 ** 20}
		const {index} = await scan({...how, index: nothing})
		t.deepEqual(hashed, ['large'])
		// nor does the next one, where the push ended before it sent them
		await scan({...how, index})
		t.deepEqual(
			hashed.filter((path) => path !== 'large'),
			[],
		)

		await ask(root, 'init', '--create-bucket', `${BUCKET}/once`)
		await ask(base, 'put', join(root, 'sent'), `${BUCKET}/once/barred`)
		t.is((await ask(root, 'push', '-a')).status, 23)
		const {stdout} = await ask(root, 'ls-index')
		t.deepEqual(stdout.match(/md5:\S+\t.*/g), [
			`md5:${md5('barred')}\tbarred`,
			`md5:${md5('')}\tempty`,
			`md5:${md5(Buffer.alloc(2 ** 20))}\tlarge`,
			`md5:${md5('sent')}\tsent`,
		])
		t.regex((await ask(root, 'diff-remote')).stdout, /^A .*\tbarred$/m)
	},
)

test.serial('how many threads there are is a number', async (t) => {
	const root = join(base, 'number')
	fs.mkdirSync(root)
	await ask(root, 'init', '--create-bucket', `${BUCKET}/number`)
	const {status, stderr} = await s3r(['push', '-a'], {cwd: root, env: {...server.env, S3R_THREADS: 'many'}})
	t.is(status, 129)
	t.regex(stderr, /S3R_THREADS is a number from 0 to 99, not 'many'/)
	t.is((await s3r(['push', '-a'], {cwd: root, env: {...server.env, S3R_THREADS: '0'}})).status, 0)
})

test.serial('a thread replaces what did not change here, and nothing else', async (t) => {
	const {root: yours} = await newSide('both')
	const mine = join(base, 'both mine')
	await ask(base, 'clone', '-a', `${BUCKET}/both`, mine)
	for (let i = 0; i < FILES; i++) fs.writeFileSync(`${yours}/${nameOf(i)}`, `yours ${i}`)
	t.is((await ask(yours, 'push', '-a')).status, 0)
	const isKept = (i: number) => i > FILES - 10
	for (let i = 0; i < FILES; i++) if (isKept(i)) fs.writeFileSync(`${mine}/${nameOf(i)}`, `mine ${i}`)
	const {status, stderr} = await ask(mine, 'pull', '-a')
	t.is(status, 23)
	for (let i = 0; i < FILES; i++) {
		t.is(fs.readFileSync(`${mine}/${nameOf(i)}`, 'utf8'), `${isKept(i) ? 'mine' : 'yours'} ${i}`)
		t.is(stderr.includes(`${nameOf(i)}': it changed both`), isKept(i))
	}
	t.deepEqual(temporary(mine), [])
})

test.serial('no thread goes through a symlink', async (t) => {
	await newSide('confined')
	const [there, outside] = [join(base, 'confined there'), join(base, 'outside')]
	for (const directory of [there, outside]) fs.mkdirSync(directory)
	await ask(there, 'init', `${BUCKET}/confined`)
	fs.symlinkSync(outside, `${there}/d6`)
	const {status, stderr} = await ask(there, 'pull', '-a')
	t.is(status, 23)
	t.regex(stderr, new RegExp(`d6/file-${FILES - 1}': it passes through the symlink`))
	t.deepEqual(fs.readdirSync(outside), [])
	t.is(fs.readdirSync(`${there}/d5`).length, FILES / DIRECTORIES)
})

test.serial(
	'what was touched or renamed sends no bytes, and keeps what its object had besides',
	async (t) => {
		const {root} = await newSide('touched')
		const bucket = `${BUCKET}/touched`
		const store = await openStore({bucket: BUCKET, prefix: '', endpoint: server.endpoint})
		t.teardown(() => store.close())
		const key = `touched/${nameOf(3)}`
		const head = await store.head(key)
		if (!head) throw new Error('it is not there')
		const noted = {...head, metadata: {...head.metadata, note: 'kept'}, contentType: 'text/x-log'}
		await store.copy(key, key, {...noted, sourceIfMatch: head.etag})
		// of which this index knows nothing
		const theirs = join(base, 'touched theirs')
		await ask(base, 'clone', '-a', bucket, theirs)
		fs.writeFileSync(`${theirs}/${nameOf(5)}`, 'theirs')
		await ask(theirs, 'push', '-a')

		for (let i = 0; i < FILES; i++) fs.utimesSync(`${root}/${nameOf(i)}`, 1, 1_100_000_000 + i)
		const {status, stdout, stderr} = await ask(root, 'push', '-av', '--stats')
		t.is(status, 23, stderr)
		t.regex(stderr, new RegExp(`'${nameOf(5)}': it changed both here and on the remote`))
		t.is(stdout.match(/^P .*file/gm)?.length, FILES - 1, stdout.slice(0, 200))
		t.regex(stderr, new RegExp(`copy ${FILES - 1}\\b`))
		t.notRegex(stderr, /\bput\b/)
		const now = await store.head(key)
		t.like(now, {contentType: 'text/x-log', metadata: {note: 'kept', mtime: '1100000003.000000000'}})

		fs.renameSync(`${root}/d1`, `${root}/e`)
		const moved = await ask(root, 'push', '-av', '--delete', '--stats')
		t.is(moved.stdout.match(/^R .*\te\/file/gm)?.length, FILES / DIRECTORIES)
		t.regex(moved.stderr, new RegExp(`put 2, .*copy ${FILES / DIRECTORIES},`))
		t.is(await store.head(`touched/${nameOf(1)}`), undefined)
		t.like(await store.head('touched/e/file-1'), {metadata: {mtime: '1100000001.000000000'}})
	},
)

test.serial(
	'killed among its threads, a pull has left whole files only, and the next one goes on',
	async (t) => {
		const {root} = await newSide('killed')
		const there = join(base, 'killed there')
		const whole = snapshot(root)
		const child = spawn(process.execPath, [PROGRAM, 'clone', '-a', `${BUCKET}/killed`, there], {
			stdio: 'ignore',
		})
		const ended = once(child, 'exit')
		const count = () => (fs.existsSync(there) ? fs.readdirSync(there, {recursive: true}).length : 0)
		while (child.exitCode === null && count() < 0.5 * FILES) await pause(1)
		child.kill('SIGKILL')
		await ended
		const left = snapshot(there)
		for (const [path, what] of Object.entries(left))
			if (path.includes('file')) t.is(what, whole[path] ?? '', path)
		t.deepEqual(temporary(there), [])
		t.is((await ask(there, 'pull', '-a')).status, 0)
		t.deepEqual(snapshot(there), whole)
		t.deepEqual(await ask(there, 'verify', '--read'), {status: 0, stdout: '', stderr: ''})
	},
)

test.serial('a signal ends what the threads have under way', async (t) => {
	await newSide('stopped')
	const stop = new AbortController()
	const there = join(base, 'stopped there')
	const clone = s3r(['clone', '-a', `${BUCKET}/stopped`, there], {
		cwd: base,
		env: {...server.env, S3R_THREADS: '2'},
		signal: stop.signal,
	})
	const count = () => (fs.existsSync(there) ? fs.readdirSync(there, {recursive: true}).length : 0)
	while (count() < 0.5 * FILES) await pause(1)
	stop.abort()
	const {status} = await clone
	t.true(status === 130 || (status === 0 && count() >= FILES))
	t.deepEqual(temporary(there), [])
})

test.serial('a list that is written to a file ends at a signal, too', async (t) => {
	const list = await listAll(9500)
	const {length} = (await list()).stdout
	const stop = new AbortController()
	let written = 0
	const stdout = new Writable({
		write(chunk: Buffer, _encoding, done) {
			// as a signal that comes meanwhile
			if (written === 0) setImmediate(() => stop.abort(interrupted(2)))
			written += chunk.length
			done()
		},
	})
	t.is((await list({stdout, signal: stop.signal})).status, 130)
	t.true(written > 0 && written < length / 2, `${written} of ${length} bytes`)
})
