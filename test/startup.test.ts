// What a command loads before it does anything. Time is not measured here (bench/startup.mjs does that), but what takes it:
// chunks of the bundle, and modules of node.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {cp, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {text} from 'node:stream/consumers'
import test, {type ExecutionContext} from 'ava'
import {openStore} from '../src/store/open.ts'
import {bytes} from './support/store.ts'
import {type TestServer, testServer} from './support/server.ts'

/** Preloaded: tells at the end which scripts were made of what, and which of node's own modules are there. */
const WATCH = `
const vm = require('node:vm')
const {Script} = vm
const chunks = []
vm.Script = class extends Script {
	constructor(source, options) {
		super(source, options)
		const isHeavy = /\\bS3Client=|class S3Client\\b|\\bXMLParser\\b/.test(source)
		const file = require('node:path').basename(options.filename)
		chunks.push({file, size: source.length, isHeavy, rejected: this.cachedDataRejected})
	}
}
process.on('exit', () => {
	const modules = process.moduleLoadList.flatMap((m) => /^NativeModule (?!internal)(.*)/.exec(m)?.[1] ?? [])
	require('node:fs').writeSync(3, JSON.stringify({chunks, modules}))
})`

type Chunk = {
	readonly file: string
	readonly size: number
	/** Whether the SDK is in it, or its parser of XML. */
	readonly isHeavy: boolean
	readonly rejected: boolean | undefined
}
type Loaded = {readonly chunks: readonly Chunk[]; readonly modules: readonly string[]}
type Ran = {
	readonly status: number
	readonly stdout: string
	readonly stderr: string
	readonly loaded: Loaded
}

let server: TestServer
let dir: string
let watch: string

test.before(async () => {
	server = await testServer()
	dir = await mkdtemp(join(tmpdir(), 's3r-startup-'))
	watch = join(dir, 'watch.cjs')
	await writeFile(watch, WATCH)
	Object.assign(process.env, server.env)
	const store = await openStore({bucket: 'startup', prefix: '', endpoint: server.endpoint})
	await store.createBucket()
	await store.put('a', bytes('content\n'))
	store.close()
	await writeFile(join(dir, 'a'), 'content\n')
	await s3r(['init', 'startup'])
	await s3r(['index'])
})
test.after.always(async () => {
	await server.stop()
	await rm(dir, {recursive: true, force: true})
})

type RunOptions = {
	readonly program?: string
	readonly flags?: readonly string[]
	readonly env?: Readonly<Record<string, string>>
}

/** Runs the published program. */
async function s3r(
	words: readonly string[],
	{program = 'dist/s3r.js', flags = [], env}: RunOptions = {},
): Promise<Ran> {
	const child = spawn(process.execPath, [...flags, '--require', watch, resolve(program), ...words], {
		cwd: dir,
		env: env ?? {...server.env, HOME: dir},
		stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
	})
	const [stdout, stderr, told, [status]] = await Promise.all([
		text(child.stdout as NodeJS.ReadableStream),
		text(child.stderr as NodeJS.ReadableStream),
		text(child.stdio[3] as NodeJS.ReadableStream),
		once(child, 'close') as Promise<[number]>,
	])
	return {status, stdout, stderr, loaded: JSON.parse(told) as Loaded}
}

/** Asserts that a run went well, and that it loaded neither of the two large packages. */
function isLean(t: ExecutionContext, {status, stderr, loaded}: Ran, most: number): void {
	t.is(status, 0, stderr)
	t.is(stderr, '')
	const {chunks} = loaded
	const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0)
	t.true(size > 10_000 && size < most, `${chunks.length} chunks of ${size} bytes`)
	t.deepEqual(
		chunks.filter(({rejected, isHeavy}) => rejected !== false || isHeavy),
		[],
		'the code cache is taken for each chunk, and none is heavy',
	)
}

test('what needs no network loads nothing of it, and no streams for what little it says', async (t) => {
	for (const [most, ...words] of [
		[40_000, 'version'],
		[130_000, 'ls-index'],
		[150_000, 'ls-index', '-h'],
		[250_000, 'diff-remote'],
		[250_000, 'help', '--names'],
	] as const) {
		const ran = await s3r(words)
		isLean(t, ran, most)
		const network = ran.loaded.modules.filter((name) =>
			/^(?:http|https|net|tls|tty|dns|crypto|stream|zlib|worker_threads|child_process)$/.test(name),
		)
		t.deepEqual(network, [], words.join(' '))
	}
})

test('what a short command loads comes as one script', async (t) => {
	const key = 's3://startup/a'
	for (const words of [
		['version'],
		['ls-index'],
		['status'],
		['ls-buckets'],
		['ls-remote'],
		['cat-object', key],
	]) {
		const {loaded} = await s3r(words)
		t.deepEqual(
			loaded.chunks.map(({file}) => file),
			[words[0]],
		)
	}
	const {stderr, loaded} = await s3r(['main.js'])
	t.regex(stderr, /^usage: 'main\.js' is not an s3r command/)
	t.true(loaded.chunks.length > 1, 'no other script of the pack is taken for one')
})

test('one request is made without the SDK, and without the HTTP of node', async (t) => {
	const key = 's3://startup/a'
	for (const words of [
		['ls-buckets'],
		['ls-remote'],
		['cat-object', key],
		['ls-remote', 'startup'],
		['fetch'],
	]) {
		const ran = await s3r(words)
		isLean(t, ran, 400_000)
		const modules = ran.loaded.modules.filter((name) => /^(?:http|https|tls|_http)/.test(name))
		t.deepEqual(modules, [], words.join(' '))
	}
})

test('nor does it need them for the keys of a profile', async (t) => {
	const {AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '', ...rest} = server.env
	const file = join(dir, 'credentials')
	await writeFile(file, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`)
	const env = {...rest, HOME: dir, AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: '/nonexistent'}
	const ran = await s3r(['cat-object', 's3://startup/a'], {env})
	t.is(ran.stdout, 'content\n')
	isLean(t, ran, 400_000)
})

test('without a code cache that fits, or with a damaged one, all is the same but slower', async (t) => {
	const expected = (await s3r(['ls-index'])).stdout
	t.regex(expected, /\ta$/m)
	// other flags: V8 refuses the cache, and compiles
	const other = await s3r(['ls-index'], {
		flags: ['--no-lazy-feedback-allocation', '--jitless', '--no-expose-wasm'],
	})
	t.like(other, {status: 0, stdout: expected, stderr: ''})
	const copy = join(dir, 'dist')
	await cp('dist', copy, {recursive: true})
	await cp('man', join(dir, 'man'), {recursive: true})
	const program = join(copy, 's3r.js')
	const [name = ''] = await readdir(join(copy, 'pack'))
	for (const file of ['ls-index', 'chunks.pack']) {
		const pack = join(copy, 'pack', name, file)
		const whole = await readFile(pack)
		for (const damaged of [Buffer.alloc(0), Buffer.alloc(64, 0xff), whole.subarray(0, 20_000)]) {
			await writeFile(pack, damaged)
			t.like(await s3r(['ls-index'], {program}), {status: 0, stdout: expected, stderr: ''})
		}
	}
	await rm(join(copy, 'pack'), {recursive: true})
	t.like(await s3r(['ls-index'], {program}), {status: 0, stdout: expected, stderr: ''})
	t.like(await s3r(['ls-buckets'], {program}), {status: 0, stderr: ''})
})

test('a command that waits for what cannot come says so, and fails', async (t) => {
	const preload = join(dir, 'deaf.cjs')
	await writeFile(
		preload,
		"require('node:net').Socket.prototype.connect = function () { this.connecting = true; return this }",
	)
	const {status, stderr} = await s3r(['ls-buckets'], {flags: ['-r', preload]})
	t.is(status, 128)
	t.regex(stderr, /^fatal: internal error: it waits for what cannot come\nhint: /)
})

test('a program that was copied without its manual says so', async (t) => {
	const alone = await mkdtemp(join(tmpdir(), 's3r-alone-'))
	t.teardown(() => rm(alone, {recursive: true}))
	await cp('dist', join(alone, 'dist'), {recursive: true})
	for (const words of [['help', 'push'], ['init', '--help'], ['version']]) {
		const {status, stderr} = await s3r(words, {program: join(alone, 'dist/s3r.js')})
		t.is(status, 128)
		t.regex(stderr, /^fatal: the directory 'man' of s3r is not there, above '.*\nhint: install s3r again\n$/)
	}
})

test('the pack holds each chunk as its file has it', async (t) => {
	const [name = ''] = await readdir('dist/pack')
	const pack = await readFile(join('dist/pack', name, 'chunks.pack'))
	const table = JSON.parse(pack.toString('latin1', 4, 4 + pack.readUInt32LE())) as Record<
		string,
		[number, number, number]
	>
	const sourceOf = (one: string): string => {
		const [at = 0, length = 0, cacheLength = 0] = table[one] ?? []
		return pack.toString('latin1', at + cacheLength, at + length)
	}
	const names = Object.keys(table)
	const short = (await readdir(join('dist/pack', name))).filter((file) => file !== 'chunks.pack')
	t.true(short.length > 0)
	t.deepEqual(names.toSorted(), (await readdir('dist/chunk')).toSorted())
	const files = new Map<string, string>()
	for (const chunk of names) {
		const file = await readFile(join('dist/chunk', chunk), 'latin1')
		files.set(chunk, file)
		t.true(sourceOf(chunk).includes(file), chunk)
	}
	for (const command of short) {
		const source = await readFile(join('dist/pack', name, command), 'latin1')
		const chunks = [...source.matchAll(/"([^"\n]+\.js)":function\(exports/g)].map(([, chunk = '']) => chunk)
		t.true(chunks.includes('main.js'), command)
		for (const chunk of chunks) t.true(source.includes(files.get(chunk) ?? 'none'), `${command}: ${chunk}`)
	}
})
