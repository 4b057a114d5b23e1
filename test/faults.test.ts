// Networks, proxies and stores at their worst: what was pushed is there, and what is pulled is the same.

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import test, {type ExecutionContext} from 'ava'
import {type OpenStore, openStore} from '../src/store/open.ts'
import {type Fault, FAULTS, faultProxy, type FaultOptions, type FaultProxy} from './support/faults.ts'
import {type Result, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {MIB} from './support/store.ts'
import {snapshot} from './support/trees.ts'

/** Milliseconds of silence after which a connection is given up: more than a busy machine is silent. */
const PATIENCE = 1500

let server: TestServer

test.before(async () => {
	server = await testServer()
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: ''})
})
test.after.always(() => server.stop())

/** As the release's, but it does not wait long. */
const hasty: OpenStore = (remote, options) =>
	openStore(remote, {...options, firstWait: 2, idleTimeout: PATIENCE, maxSockets: 16})

function scratch(t: ExecutionContext): string {
	const directory = fs.mkdtempSync(join(tmpdir(), 's3r-faults-'))
	t.teardown(() => fs.rmSync(directory, {recursive: true, force: true}))
	return directory
}

/** Bytes that are the same in every run. */
function noise(seed: string, length: number): Buffer {
	const blocks: Buffer[] = []
	for (let n = 0; n * 32 < Math.min(length, 4096); n++)
		blocks.push(createHash('sha256').update(`${seed} ${n}`).digest())
	const block = Buffer.concat(blocks)
	return Buffer.alloc(length, length < block.length ? block.subarray(0, length) : block)
}

/** Small files, links of both kinds, empty ones, and names that are no words. */
function makeTree(root: string): void {
	const put = (path: string, content: string | Buffer) =>
		fs.writeFileSync(Buffer.from(`${root}/${path}`, 'latin1'), content)
	for (const directory of ['a', 'a/b', 'empty', 'links']) fs.mkdirSync(`${root}/${directory}`)
	put('plain', 'plain\n')
	put('nothing', '')
	put('twin', 'plain\n')
	put('a/b/deep.txt', noise('deep', 5000))
	put('a/some', noise('some', 70_000))
	put('a/line\nbreak "and" more', 'odd\n')
	put('a/\u00ff\u00fe not UTF-8', 'bytes\n')
	put('a/caf\u00c3\u00a9 %41+&=?#', 'url\n')
	fs.linkSync(`${root}/plain`, `${root}/links/hard`)
	fs.symlinkSync('../plain', `${root}/links/soft`)
	fs.symlinkSync('nowhere at all', `${root}/links/dangling`)
	fs.chmodSync(`${root}/a/some`, 0o640)
	fs.utimesSync(`${root}/nothing`, 1, 1_000_000_000.25)
}

/** Edits of every kind that a push knows. */
function changeTree(root: string): void {
	fs.writeFileSync(`${root}/a/b/deep.txt`, noise('deeper', 6000))
	fs.renameSync(`${root}/a/some`, `${root}/a/renamed`)
	fs.rmSync(`${root}/twin`)
	fs.rmdirSync(`${root}/empty`)
	fs.chmodSync(`${root}/nothing`, 0o600)
	fs.appendFileSync(`${root}/a/line\nbreak "and" more`, 'more\n')
	fs.mkdirSync(`${root}/new`)
	fs.writeFileSync(`${root}/new/file`, 'new\n')
}

let count = 0

type Faulty = {
	readonly proxy: FaultProxy
	/** `s3r <argv>` in a directory, through the proxy. */
	readonly run: (cwd: string, ...argv: readonly string[]) => Promise<Result>
	/** The same without it. */
	readonly straight: (cwd: string, ...argv: readonly string[]) => Promise<Result>
	readonly bucket: string
}

async function throughFaults(t: ExecutionContext, how: Omit<FaultOptions, 'target'>): Promise<Faulty> {
	const proxy = await faultProxy({...how, target: server.endpoint})
	t.teardown(() => proxy.stop())
	const bucket = `faults-${++count}`
	const store = await openStore({bucket, prefix: '', endpoint: server.endpoint})
	await store.createBucket()
	store.close()
	const at =
		(endpoint: string) =>
		(cwd: string, ...argv: readonly string[]) =>
			s3r(argv, {
				cwd,
				env: {...server.env, AWS_ENDPOINT_URL: endpoint},
				openStore: hasty,
			})
	return {proxy, bucket, run: at(proxy.endpoint), straight: at(server.endpoint)}
}

const QUIET: Result = {status: 0, stdout: '', stderr: ''}

/** Two empty roots of the same remote. */
async function twoSides(
	t: ExecutionContext,
	run: Faulty['run'],
	bucket: string,
): Promise<{readonly here: string; readonly there: string}> {
	const [here, there] = [`${scratch(t)}/here`, `${scratch(t)}/there`]
	for (const root of [here, there]) {
		fs.mkdirSync(root)
		t.is((await run(root, 'init', bucket)).status, 0)
	}
	return {here, there}
}

/** What a process of its own says. */
async function said(cwd: string, program: string, ...argv: readonly string[]): Promise<string> {
	const env = {...process.env, ...server.env}
	const {stdout, stderr} = await promisify(execFile)(program, argv, {cwd, env})
	return stdout + stderr
}

/** Pushes a tree, changes it, pushes again, and pulls it elsewhere, all through the proxy. */
async function roundTrip(
	t: ExecutionContext,
	{isLarge, ...how}: Omit<FaultOptions, 'target'> & {readonly isLarge: boolean},
): Promise<FaultProxy> {
	const {proxy, bucket, run, straight} = await throughFaults(t, how)
	const {here, there} = await twoSides(t, run, bucket)
	makeTree(here)
	if (isLarge) fs.writeFileSync(`${here}/large`, noise('large', 16 * MIB + 12_345))
	const twice = () => [...proxy.stored].filter(([name, times]) => times > 1 && !name.includes('partNumber'))

	t.deepEqual(await run(here, 'push', '-aH'), QUIET, 'the first push')
	t.deepEqual(twice(), [], 'nothing is uploaded twice')
	t.deepEqual(await straight(here, 'verify', '--read'), QUIET)
	t.deepEqual(await run(there, 'pull', '-aH'), QUIET, 'the first pull')
	t.deepEqual(snapshot(there), snapshot(here), 'the tree that is pulled')

	// S3 tells times in seconds: attributes that change twice in one are not seen to have changed
	await sleep(1000 - (Date.now() % 1000))
	changeTree(here)
	if (isLarge) fs.utimesSync(`${here}/large`, 1, 1_100_000_000.5)
	proxy.stored.clear()
	t.deepEqual(await run(here, 'push', '-aH', '--delete'), QUIET, 'the second push')
	t.deepEqual(twice(), [], 'nothing is uploaded twice')
	t.deepEqual(await straight(here, 'verify', '--read'), QUIET)
	t.deepEqual(await run(there, 'pull', '-aH', '--delete'), QUIET, 'the second pull')
	t.deepEqual(snapshot(there), snapshot(here), 'the tree after the changes')
	// an upload that was begun twice, or whose id got lost
	t.deepEqual(await straight(here, 'gc', '--older-than', '0s'), QUIET)
	t.is((await straight(here, 'ls-uploads')).stdout, '')
	return proxy
}

const total = (proxy: FaultProxy): number => [...proxy.injected.values()].reduce((a, b) => a + b, 0)

/** What happens to bodies, and so makes a difference for large ones. */
const OF_BODIES: readonly Fault[] = [
	'truncated-request',
	'corrupted-request',
	'duplicated',
	'lost-reply',
	'truncated-reply',
	'corrupted-reply',
]
/** Those that have to be waited for. */
const SLOW: readonly Fault[] = ['stalled-request', 'stalled-reply', 'slow-drip']

for (const fault of FAULTS.filter((name) => name !== 'list-omits')) {
	const isSlow = SLOW.includes(fault)
	const run = isSlow ? test : test.serial
	run(`push and pull survive ${fault}`, async (t) => {
		const rate = isSlow ? 0.25 : 0.5
		const isLarge = OF_BODIES.includes(fault)
		const proxy = await roundTrip(t, {seed: 1, faults: [fault], rate, most: isSlow ? 1 : 2, isLarge})
		t.true((proxy.injected.get(fault) ?? 0) > 0)
		t.log(`${total(proxy)} injected`)
	})
}

for (const seed of [1, 2])
	test.serial(`push and pull survive everything at once, seed ${seed}`, async (t) => {
		const faults = FAULTS.filter((name) => name !== 'list-omits')
		const proxy = await roundTrip(t, {seed, faults, rate: 0.1, isLarge: true})
		t.true(total(proxy) > 0)
		t.log(`${total(proxy)} injected`)
	})

/** What makes a process believe that it is an hour earlier. */
const SLOW_CLOCK = `data:text/javascript,${encodeURIComponent(`
	const Right = Date
	const now = () => Right.now() - 3_600_000
	globalThis.Date = class extends Right {
		constructor(...args) { super(...(args.length === 0 ? [now()] : args)) }
		static now() { return now() }
	}
`)}`

test('push and pull survive a clock that is an hour slow', async (t) => {
	const {bucket, straight} = await throughFaults(t, {seed: 1, faults: [], rate: 0})
	const {here, there} = await twoSides(t, straight, bucket)
	const program = fileURLToPath(new URL('../commands/s3r.js', import.meta.url))
	const late = (cwd: string, ...argv: readonly string[]) =>
		said(cwd, process.execPath, '--import', SLOW_CLOCK, program, ...argv)
	makeTree(here)
	fs.writeFileSync(`${here}/large`, noise('large', 16 * MIB + 12_345))
	t.is(await late(here, 'push', '-aH'), '')
	t.is(await late(there, 'pull', '-aH'), '')
	t.deepEqual(snapshot(there), snapshot(here))
	changeTree(here)
	t.is(await late(here, 'push', '-aH', '--delete'), '')
	t.is(await late(there, 'pull', '-aH', '--delete'), '')
	t.deepEqual(snapshot(there), snapshot(here))
	t.deepEqual(await straight(here, 'verify', '--read'), QUIET)
})

test('push and pull make do with the descriptors that they may have', async (t) => {
	const {bucket, straight} = await throughFaults(t, {seed: 1, faults: [], rate: 0})
	const {here, there} = await twoSides(t, straight, bucket)
	const program = fileURLToPath(new URL('../../dist/s3r.js', import.meta.url))
	const limited = (cwd: string, ...argv: readonly string[]) =>
		said(cwd, 'sh', '-c', 'ulimit -n 256; exec "$0" "$@"', process.execPath, program, ...argv)
	makeTree(here)
	for (let i = 0; i < 1500; i++) {
		const directory = `${here}/many/${i % 100}`
		fs.mkdirSync(directory, {recursive: true})
		fs.writeFileSync(`${directory}/${i}`, String(i))
	}
	fs.writeFileSync(`${here}/large`, noise('large', 16 * MIB + 12_345))
	t.is(await limited(here, 'push', '-aH'), '')
	t.is(await limited(there, 'pull', '-aH'), '')
	t.deepEqual(snapshot(there), snapshot(here))
})

test.serial('what a listing lacks is not deleted here, and comes with the next one', async (t) => {
	const {proxy, bucket, run, straight} = await throughFaults(t, {
		seed: 1,
		faults: ['list-omits'],
		rate: 1,
		most: 1,
	})
	const {here, there} = await twoSides(t, straight, bucket)
	makeTree(here)
	t.deepEqual(await straight(here, 'push', '-aH'), QUIET)
	t.deepEqual(await straight(there, 'pull', '-aH'), QUIET)
	await sleep(1000 - (Date.now() % 1000))
	fs.rmSync(`${here}/twin`)
	t.deepEqual(await straight(here, 'push', '-aH', '--delete'), QUIET)
	const result = await run(there, 'pull', '-aH', '--delete')
	t.is(proxy.injected.get('list-omits'), 1)
	t.is(result.status, 23)
	t.regex(result.stderr, /^error: '.*': the remote has it, though it was not listed$/m)
	t.false(fs.existsSync(`${there}/twin`))
	t.deepEqual(Object.keys(snapshot(there)), Object.keys(snapshot(here)))
	t.deepEqual(await run(there, 'pull', '-aH', '--delete'), QUIET)
	t.deepEqual(snapshot(there), snapshot(here))
	t.deepEqual(await run(there, 'push', '-aH'), QUIET)
})
