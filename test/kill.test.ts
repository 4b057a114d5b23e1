// Killed at every thing that a command does to the disk or the store, and refused every one of them: the next
// run completes, and nothing is lost, torn, claimed too early or left behind.
//
// Every point of a first push and pull, of index, gc, put and get is visited; of the others every second or
// fourth, and with S3R_TEST_KILLS=all every one, too.

import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {findPlace} from '../src/repo/find.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {openStore} from '../src/store/open.ts'
import {type Counts, counted} from '../src/store/counted.ts'
import type {Store} from '../src/store/store.ts'
import {keyOf} from '../src/format/key.ts'
import {endSpares, type Outcome, prepareTasks, runTask, type Task} from './support/killer.ts'
import {type Result, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {keysOf, MIB} from './support/store.ts'
import {snapshot} from './support/trees.ts'

const QUIET: Result = {status: 0, stdout: '', stderr: ''}
const BUCKET = 'killed'
const isLong = process.env['S3R_TEST_KILLS'] === 'all'
const SECOND = isLong ? 1 : 2
const FOURTH = isLong ? 1 : 4
/** Points visited at once. */
const WIDTH = 3

let server: TestServer
let store: Store
const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-kill-')))

test.before(async () => {
	await prepareTasks()
	server = await testServer()
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: ''})
	store = await openStore({bucket: BUCKET, prefix: '', endpoint: server.endpoint})
	await store.createBucket()
})
test.after.always(async () => {
	endSpares()
	store.close()
	await server.stop()
	fs.rmSync(base, {recursive: true, force: true})
})

/** `s3r <argv>` that lives. */
const alive = (cwd: string, ...argv: readonly string[]): Promise<Result> =>
	s3r(argv, {cwd, env: {...server.env}})

let made = 0

/** A new local side of a new prefix, or of one that is there. */
async function newSide(prefix = `${++made}/`): Promise<{root: string; prefix: string}> {
	const root = join(base, String(++made))
	fs.mkdirSync(root)
	await alive(root, 'init', `${BUCKET}/${prefix}`)
	return {root, prefix}
}

function plant(root: string): void {
	fs.mkdirSync(`${root}/d/empty`, {recursive: true})
	fs.mkdirSync(`${root}/d/same`)
	fs.writeFileSync(`${root}/d/same/c`, 'fourth\n')
	fs.writeFileSync(`${root}/a`, 'first\n')
	fs.writeFileSync(`${root}/d/b`, 'second\n')
	fs.writeFileSync(`${root}/d/gone`, 'third\n')
	fs.symlinkSync('a', `${root}/link`)
}

function change(root: string): void {
	fs.writeFileSync(`${root}/a`, 'another first\n')
	fs.renameSync(`${root}/d/b`, `${root}/d/moved`)
	fs.rmSync(`${root}/d/gone`)
	fs.chmodSync(`${root}/link`.replace('link', 'd/empty'), 0o700)
	fs.writeFileSync(`${root}/new`, 'new\n')
	// in place: nothing changes of its directory
	fs.writeFileSync(`${root}/d/same/c`, 'another fourth\n')
}

/** All below a directory but what every local side has. */
function strays(root: string): string[] {
	const all = fs.readdirSync(root, {recursive: true}) as string[]
	const own = ['config', 'index', 'log', 'info', 'info/exclude', 'uploads'].map((name) => `.s3rsync/${name}`)
	return all.filter((name) =>
		name.startsWith('.s3rsync/') ? !own.includes(name) : /\.s3r-|\.new$|~$/.test(name),
	)
}

/** Paths of which the index says that the remote holds what it neither holds nor was about to be given. */
async function lies(root: string, prefix: string): Promise<string[]> {
	const place = findPlace(root, {})
	if (place === undefined) return ['there is no place']
	const held = new Map<string, string>()
	for await (const page of store.list(prefix)) for (const {key, etag} of page) held.set(key, etag)
	const index = readIndex(place)
	const entries = Array.from({length: index.count}, (_, row) => index.entry(row))
	return entries
		.filter(({path, remote}) => {
			const etag = held.get(prefix + keyOf(path))
			return remote && etag !== remote.etag && etag !== md5Of(`${root}/${path}`)
		})
		.map(({path}) => path)
}

function md5Of(file: string): string | undefined {
	const isFile = fs.existsSync(file) && fs.statSync(file).isFile()
	return isFile ? createHash('md5').update(fs.readFileSync(file)).digest('hex') : undefined
}

/** That a side is whole, and nothing is left of what was under way. */
async function isWhole(t: ExecutionContext, {root, prefix}: Side, about: string): Promise<void> {
	t.deepEqual(await alive(root, 'verify', '--read'), QUIET, about)
	t.deepEqual(await alive(root, 'gc', '--older-than', '0s'), QUIET, about)
	t.deepEqual(strays(root), [], about)
	const keys = (await keysOf(store, prefix))
		.map((key) => key.slice(prefix.length))
		.filter((key) => key === '.s3r/root' || !key.startsWith('.s3r/'))
	const files = Object.keys(snapshot(root)).map((path) =>
		path === '' ? '.s3r/root' : fs.lstatSync(`${root}/${path}`).isDirectory() ? `${path}/` : path,
	)
	t.deepEqual(keys.toSorted(), files.toSorted(), about)
}

type Side = {readonly root: string; readonly prefix: string}

type Visit = {
	readonly side: Side
	readonly argv: readonly string[]
	/** Looks at what the death left, then goes on and looks at that. */
	readonly after: (outcome: Outcome, about: string) => Promise<void>
}

/** Visits the points of a command one after the other, each in a new place, until it gets by; resolves to how many. */
async function visit(how: Task['how'], prepare: (n: number) => Promise<Visit>, stride = 1): Promise<number> {
	let next = 1
	let visited = 0
	let isDone = false
	const one = async (): Promise<void> => {
		while (!isDone) {
			const at = next
			next += stride
			const {side, argv, after} = await prepare(at)
			const outcome = await runTask({argv, cwd: side.root, env: {...server.env, TMPDIR: base}, at, how})
			if (outcome.point === undefined) isDone = true
			else visited++
			await after(outcome, `${how} at point ${at}, ${outcome.point}`)
		}
	}
	await Promise.all(Array.from({length: WIDTH}, one))
	return visited
}

const SAID: Record<Exclude<Task['how'], 'kill'>, RegExp> = {
	EIO: /input\/output error/,
	ENOSPC: /no space left on device/,
	EROFS: /read-only file system/,
}

/** That a refusal was told in words, and what could not be done is in the status. */
function isTold(
	t: ExecutionContext,
	{result, point}: Outcome,
	how: Exclude<Task['how'], 'kill'>,
	about: string,
): void {
	if (point === undefined) return void t.deepEqual(result, QUIET, about)
	t.notRegex(result?.stderr ?? '', /^ *at |internal error/m, about)
	// what nobody needs to be told of may fail: the removal of what is not needed
	if (result?.status === 0) return
	t.true([23, 128].includes(result?.status ?? -1), about)
	t.regex(result?.stderr ?? '', SAID[how], about)
}

const refusals = ['EIO', 'ENOSPC', 'EROFS'] as const

// ---- push

async function pushing(): Promise<Side> {
	const side = await newSide()
	plant(side.root)
	return side
}

async function pushingAgain(): Promise<Side> {
	const side = await pushing()
	await alive(side.root, 'push', '-a')
	change(side.root)
	return side
}

/** A push goes on where one ended. */
async function goesOn(
	t: ExecutionContext,
	side: Side,
	about: string,
	look?: () => Promise<void>,
): Promise<void> {
	t.deepEqual(await lies(side.root, side.prefix), [], about)
	t.deepEqual(await alive(side.root, 'push', '-a', '--delete'), QUIET, about)
	await look?.()
	await isWhole(t, side, about)
}

for (const [title, prepare, stride] of [
	['a first push', pushing, 1],
	['a push of changes and deletions', pushingAgain, SECOND],
] as const)
	test.serial(`${title} that is killed anywhere goes on`, async (t) => {
		const argv = ['push', '-a', '--delete']
		const visited = await visit(
			'kill',
			async () => {
				const side = await prepare()
				return {side, argv, after: (_, about) => goesOn(t, side, about)}
			},
			stride,
		)
		t.log(`${visited} points`)
		t.true(visited > 30 / stride)
	})

test.serial('a push whose disk refuses anything says so, and the next one goes on', async (t) => {
	for (const how of refusals) {
		const visited = await visit(
			how,
			async () => {
				const side = await pushingAgain()
				const after = async (outcome: Outcome, about: string) => {
					isTold(t, outcome, how, about)
					await goesOn(t, side, about)
				}
				return {side, argv: ['push', '-a', '--delete'], after}
			},
			how === 'EIO' ? SECOND : FOURTH,
		)
		t.log(`${how}: ${visited} points`)
		t.true(visited > 1)
	}
})

test.serial('a large file goes on with the parts that are there', async (t) => {
	const content = Buffer.alloc(16 * MIB + 1, createHash('md5').update('large').digest())
	const visited = await visit(
		'kill',
		async () => {
			const side = await newSide()
			fs.writeFileSync(`${side.root}/large`, content)
			const after = async (_: Outcome, about: string) => {
				await goesOn(t, side, about, async () => {
					t.is((await alive(side.root, 'ls-uploads')).stdout, '', about)
				})
			}
			return {side, argv: ['push', '-a'], after}
		},
		FOURTH,
	)
	t.log(`${visited} points`)
	t.true(visited > 30 / FOURTH)
})

test.serial(
	'a large file whose push was killed goes on from another machine, with the parts that are there',
	async (t) => {
		const content = Buffer.alloc(48 * MIB + 1, createHash('md5').update('larger').digest())
		const here = await newSide()
		const there = await newSide(here.prefix)
		for (const {root} of [here, there]) {
			fs.writeFileSync(`${root}/large`, content)
			// the roots are the same: whether `here` sent its own before it died is not what is asked
			fs.utimesSync(root, 1, 1)
		}
		fs.chmodSync(`${there.root}/large`, 0o600)
		const argv = ['push', '-a']
		const parts = async (): Promise<number> => {
			let found = 0
			for await (const {key, id} of store.listUploads(`${here.prefix}large`))
				for await (const part of store.listParts(key, id)) found += part.size
			return found
		}
		// a later point with each run, until one dies when a part is there; where all came at once, from the beginning
		let already = 0
		for (let at = 25; already === 0; at++) {
			const {point} = await runTask({argv, cwd: here.root, env: {...server.env}, at, how: 'kill'})
			t.not(point, undefined, 'it was killed')
			if (point === undefined) return
			already = await parts()
			if (already < content.length) continue
			for await (const {key, id} of store.listUploads(`${here.prefix}large`)) await store.abortUpload(key, id)
			already = 0
			at = 24
		}
		t.true(already < content.length)
		const counts: Counts[] = []
		const result = await s3r(argv, {
			cwd: there.root,
			env: {...server.env},
			openStore: async (remote, options) => {
				const opened = counted(await openStore(remote, options))
				counts.push(opened.counts)
				return opened
			},
		})
		t.deepEqual(result, QUIET)
		t.true(counts.reduce((sum, {sent}) => sum + sent, 0) <= content.length - already)
		t.is((await store.head(`${here.prefix}large`))?.metadata['file-permissions'], '0100600')
		await isWhole(t, there, 'there')
		t.deepEqual(await alive(here.root, 'push', '-a', '--force'), QUIET)
		await isWhole(t, here, 'here')
	},
)

// ---- pull

let origin: Side
let older: Record<string, string>
let newer: Record<string, string>

/** A tree that is on the remote twice: as it was, and as it is after changes. */
async function publish(): Promise<void> {
	const before = await pushing()
	await alive(before.root, 'push', '-a')
	older = snapshot(before.root)
	origin = before
}

async function pulling(): Promise<Side> {
	return newSide(origin.prefix)
}

/** Files are what they were, or what they will be, and never anything else. */
function isOneOf(
	t: ExecutionContext,
	root: string,
	ways: readonly Record<string, string>[],
	about: string,
): void {
	for (const [path, found] of Object.entries(snapshot(root))) {
		if (found.startsWith('4') || path.includes('.s3r-')) continue
		t.true(
			ways.some((way) => way[path] === found),
			`${about}: ${path} is ${found}`,
		)
	}
}

test.serial('a pull that is killed anywhere goes on, and tears nothing', async (t) => {
	await publish()
	const first = await visit('kill', async () => {
		const side = await pulling()
		const after = async (_: Outcome, about: string) => {
			isOneOf(t, side.root, [older], about)
			t.deepEqual(await alive(side.root, 'pull', '-a'), QUIET, about)
			t.deepEqual(snapshot(side.root), older, about)
			await isWhole(t, side, about)
		}
		return {side, argv: ['pull', '-a'], after}
	})
	const clones: Side[] = []
	// all of them are made before the remote changes
	while (clones.length < 80 / SECOND) {
		const side = await pulling()
		await alive(side.root, 'pull', '-a')
		clones.push(side)
	}
	change(origin.root)
	await alive(origin.root, 'push', '-a', '--delete')
	newer = snapshot(origin.root)
	const again = await visit(
		'kill',
		async () => {
			const side = clones.pop() ?? (await pulling())
			const after = async (_: Outcome, about: string) => {
				isOneOf(t, side.root, [older, newer], about)
				t.deepEqual(await alive(side.root, 'pull', '-a', '--delete'), QUIET, about)
				t.deepEqual(snapshot(side.root), newer, about)
				await isWhole(t, side, about)
			}
			return {side, argv: ['pull', '-a', '--delete'], after}
		},
		SECOND,
	)
	t.log(`${first} and ${again} points`)
	t.true(first > 30 && again > 30 / SECOND)
})

test.serial('a pull whose disk refuses anything says so, and old files stay whole', async (t) => {
	for (const how of refusals) {
		const visited = await visit(
			how,
			async () => {
				const side = await pulling()
				const after = async (outcome: Outcome, about: string) => {
					isTold(t, outcome, how, about)
					isOneOf(t, side.root, [newer], about)
					t.deepEqual(await alive(side.root, 'pull', '-a'), QUIET, about)
					t.deepEqual(snapshot(side.root), newer, about)
					await isWhole(t, side, about)
				}
				return {side, argv: ['pull', '-a'], after}
			},
			how === 'EIO' ? SECOND : FOURTH,
		)
		t.log(`${how}: ${visited} points`)
		t.true(visited > 1)
	}
})

// ---- the others

test.serial('an index that is killed anywhere is the old or the new one', async (t) => {
	const visited = await visit('kill', async () => {
		const side = await pushing()
		return {side, argv: ['index'], after: (_, about) => goesOn(t, side, about)}
	})
	t.log(`${visited} points`)
	t.true(visited > 5)
})

test.serial('a gc that is killed anywhere goes on', async (t) => {
	const visited = await visit('kill', async () => {
		const side = await pushing()
		await alive(side.root, 'push', '-a')
		await store.createUpload(`${side.prefix}forgotten`, {})
		fs.writeFileSync(`${side.root}/d/.b.s3r-00000000-1-1-00000000`, 'of another host')
		fs.writeFileSync(`${side.root}/.s3rsync/uploads/x.json.new`, '{')
		return {
			side,
			argv: ['gc', '--older-than', '0s'],
			after: async (_, about) => {
				fs.rmSync(`${side.root}/d/.b.s3r-00000000-1-1-00000000`)
				await goesOn(t, side, about)
				t.is((await alive(side.root, 'ls-uploads')).stdout, '', about)
			},
		}
	})
	t.log(`${visited} points`)
	t.true(visited > 5)
})

test.serial('a mv that is killed anywhere goes on, by itself', async (t) => {
	const visited = await visit(
		'kill',
		async () => {
			const side = await newSide()
			plant(side.root)
			await alive(side.root, 'push', '-a')
			const argv = ['mv', 'd', 'moved']
			const after = async (_: Outcome, about: string) => {
				t.deepEqual(await lies(side.root, side.prefix), [], about)
				// where it was killed behind its last step, there is nothing to go on with
				const again = await alive(side.root, ...argv)
				t.true(again.status === 0 || /no such file or directory/.test(again.stderr), about)
				t.deepEqual(await alive(side.root, 'push', '-a'), QUIET, about)
				t.false(fs.existsSync(`${side.root}/d`), about)
				await isWhole(t, side, about)
			}
			return {side, argv, after}
		},
		SECOND,
	)
	t.log(`${visited} points`)
	t.true(visited > 40 / SECOND)
})

test.serial('a mv whose disk refuses anything says so, and goes on', async (t) => {
	const visited = await visit(
		'EIO',
		async () => {
			const side = await newSide()
			plant(side.root)
			await alive(side.root, 'push', '-a')
			const argv = ['mv', 'a', 'd/a']
			const after = async (outcome: Outcome, about: string) => {
				isTold(t, outcome, 'EIO', about)
				await alive(side.root, ...argv)
				t.deepEqual(await alive(side.root, 'push', '-a'), QUIET, about)
				t.true(fs.existsSync(`${side.root}/d/a`), about)
				await isWhole(t, side, about)
			}
			return {side, argv, after}
		},
		SECOND,
	)
	t.log(`${visited} points`)
	t.true(visited > 3)
})

test.serial('an adoption that is killed anywhere goes on', async (t) => {
	const visited = await visit(
		'kill',
		async () => {
			const side = await pushing()
			await alive(side.root, 'push', '-a')
			fs.rmSync(`${side.root}/.s3rsync`, {recursive: true})
			const head = await store.head(`${side.prefix}a`)
			await store.put(`${side.prefix}a`, Buffer.from('first\n'), {ifMatch: head?.etag})
			const argv = ['adopt', '--rewrite', `${BUCKET}/${side.prefix}`]
			const after = async (_: Outcome, about: string) => {
				t.deepEqual(await alive(side.root, ...argv), QUIET, about)
				t.truthy((await store.head(`${side.prefix}a`))?.metadata['s3r'], about)
				await goesOn(t, side, about)
			}
			return {side, argv, after}
		},
		FOURTH,
	)
	t.log(`${visited} points`)
	t.true(visited > 5)
})

test.serial(
	'a remote whose change is killed anywhere is the old or the new one, and its index takes it for no other',
	async (t) => {
		let visited = 0
		for (const words of [
			['rename', 'origin', 'main'],
			['set-url', 'origin'],
		] as const)
			visited += await visit(
				'kill',
				async () => {
					const side = await newSide()
					plant(side.root)
					await alive(side.root, 'push', '-a')
					const to = `${++made}/`
					const argv = ['remote', ...words, ...(words[0] === 'set-url' ? [`${BUCKET}/${to}`] : [])]
					const after = async (_: Outcome, about: string) => {
						const url = (await alive(side.root, 'var', 'S3R_REMOTE_URL')).stdout.trim()
						t.true([side.prefix, to].includes(url.replace(`s3://${BUCKET}/`, '')), `${about}: ${url}`)
						t.deepEqual(await alive(side.root, 'push', '-a'), QUIET, about)
						t.deepEqual(await alive(side.root, 'verify', '--read'), QUIET, about)
						const held = await keysOf(store, url.replace(`s3://${BUCKET}/`, ''))
						t.is(held.length, Object.keys(snapshot(side.root)).length, about)
					}
					return {side, argv, after}
				},
				SECOND,
			)
		t.log(`${visited} points`)
		t.true(visited > 20 / SECOND)
	},
)

test.serial('put and get that are killed anywhere leave nothing torn', async (t) => {
	const put = await visit('kill', async (n) => {
		const side = await newSide()
		fs.writeFileSync(`${side.root}/file`, 'content\n')
		const to = `${BUCKET}/${side.prefix}put-${n}`
		const after = async (_: Outcome, about: string) => {
			t.deepEqual(await alive(side.root, 'put', 'file', to), QUIET, about)
			t.is((await alive(side.root, 'get', to, '-')).stdout, 'content\n', about)
		}
		return {side, argv: ['put', 'file', to], after}
	})
	await store.put('get', Buffer.from('content\n'))
	const get = await visit('kill', async () => {
		const side = await newSide()
		fs.writeFileSync(`${side.root}/file`, 'old\n')
		const argv = ['get', `${BUCKET}/get`, 'file']
		const after = async (_: Outcome, about: string) => {
			t.regex(fs.readFileSync(`${side.root}/file`, 'utf8'), /^(old|content)\n$/, about)
			t.deepEqual(await alive(side.root, ...argv), QUIET, about)
			t.is(fs.readFileSync(`${side.root}/file`, 'utf8'), 'content\n', about)
			t.deepEqual(await alive(side.root, 'gc'), QUIET, about)
			t.deepEqual(strays(side.root), [], about)
		}
		return {side, argv, after}
	})
	t.log(`${put} and ${get} points`)
	t.true(put > 5 && get > 5)
})
