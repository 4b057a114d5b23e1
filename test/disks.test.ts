// Real disks that are full, under a quota, broken, read-only of a sudden, or that take two names for one.

import {execFile} from 'node:child_process'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {type OpenStore, openStore} from '../src/store/open.ts'
import type {Store} from '../src/store/store.ts'
import {type Disk, tool, withDisk} from './support/disks.ts'
import {type Result, type RunOptions, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {contentOf, keysOf, MIB} from './support/store.ts'
import {snapshot} from './support/trees.ts'

const QUIET: Result = {status: 0, stdout: '', stderr: ''}
const BUCKET = 'disks'

let server: TestServer
let store: Store
let made = 0

test.before(async () => {
	server = await testServer()
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: ''})
	store = await openStore({bucket: BUCKET, prefix: '', endpoint: server.endpoint})
	await store.createBucket()
})
test.after.always(async () => {
	store.close()
	await server.stop()
})

const run = (cwd: string, argv: readonly string[], options: RunOptions = {}): Promise<Result> =>
	s3r(argv, {cwd, ...options, env: {...server.env}})

/**
 * The same in a process of its own. What is open here a child that another test starts has open too, until it runs its program, and a
 * disk that was full stays full as long.
 */
const runApart = (cwd: string, argv: readonly string[]): Promise<Result> =>
	new Promise((done) => {
		const env = {...process.env, ...server.env}
		execFile(process.execPath, [resolve('dist/s3r.js'), ...argv], {cwd, env}, (error, stdout, stderr) =>
			done({status: error ? Number(error.code) : 0, stdout, stderr}),
		)
	})

/** A tree on the remote, and the prefix that it is under. */
async function published(t: ExecutionContext): Promise<{prefix: string; files: string[]}> {
	const prefix = `${++made}/`
	const root = fs.mkdtempSync(join(tmpdir(), 's3r-disks-'))
	t.teardown(() => fs.rmSync(root, {recursive: true, force: true}))
	fs.mkdirSync(`${root}/d`)
	fs.writeFileSync(`${root}/a`, 'first\n')
	fs.writeFileSync(`${root}/d/b`, 'second\n')
	fs.writeFileSync(`${root}/large`, Buffer.alloc(MIB, 1))
	await run(root, ['init', `${BUCKET}/${prefix}`])
	t.deepEqual(await run(root, ['push', '-a']), QUIET)
	return {prefix, files: Object.keys(snapshot(root))}
}

const NOTHING_LEFT = /\.s3r-|\.new$/

/** That a pull of a tree ends with 23 because of `large`, in these words, and that all else is whole. */
async function isTold(t: ExecutionContext, {root}: Disk, why: string): Promise<void> {
	const {status, stderr} = await runApart(root, ['pull', '-a'])
	t.is(status, 23, stderr)
	t.is(stderr.trim(), `error: 'large': ${why}`)
	t.is(fs.readFileSync(`${root}/a`, 'utf8'), 'first\n')
	t.is(fs.readFileSync(`${root}/d/b`, 'utf8'), 'second\n')
	t.false(fs.existsSync(`${root}/large`))
	t.deepEqual(
		(fs.readdirSync(root, {recursive: true}) as string[]).filter((name) => NOTHING_LEFT.test(name)),
		[],
	)
}

async function arrives(t: ExecutionContext, {root}: Disk, files: readonly string[]): Promise<void> {
	t.deepEqual(await run(root, ['pull', '-a']), QUIET)
	t.deepEqual(await run(root, ['verify']), QUIET)
	t.deepEqual(
		Object.keys(snapshot(root)).filter((name) => name !== 'filler' && name !== 'lost+found'),
		files,
	)
}

test.serial(
	'a disk that is full, or read-only, is said; what is there stays, and the next pull goes on',
	(t) =>
		withDisk(t, async (disk) => {
			disk.memory('size=512k')
			const {root} = disk
			const {prefix, files} = await published(t)
			await run(root, ['init', `${BUCKET}/${prefix}`])
			fs.writeFileSync(`${root}/filler`, Buffer.alloc(300 * 1024))
			await isTold(t, disk, 'no space left on device')
			disk.memory('remount', 'ro')
			t.deepEqual(await run(root, ['pull', '-a']), {
				...QUIET,
				status: 128,
				stderr: "fatal: cannot lock '.s3rsync/index.lock': read-only file system\n",
			})
			disk.memory('remount', 'rw', 'size=8m')
			await arrives(t, disk, files)
		}),
)

test.serial('a quota that is reached is said; what is there stays, and the next pull goes on', (t) =>
	withDisk(t, async (disk) => {
		disk.make(128, 'mkfs.btrfs', '-q', '--mixed')
		disk.mount()
		const {root} = disk
		tool('btrfs', 'quota', 'enable', root)
		tool('btrfs', 'qgroup', 'limit', '768K', root)
		const {prefix, files} = await published(t)
		await run(root, ['init', `${BUCKET}/${prefix}`])
		await isTold(t, disk, 'disk quota exceeded')
		tool('btrfs', 'qgroup', 'limit', 'none', root)
		await arrives(t, disk, files)
	}),
)

test.serial('a file that the disk cannot read is told, deletes nothing, and the others are sent', (t) =>
	withDisk(t, async (disk) => {
		const side = fs.mkdtempSync(join(tmpdir(), 's3r-disks-'))
		t.teardown(() => fs.rmSync(side, {recursive: true, force: true}))
		fs.writeFileSync(`${side}/broken`, Buffer.alloc(MIB, 2))
		disk.make(8, 'mkfs.ext4', '-q', '-F', '-O', '^has_journal')
		tool('debugfs', '-w', '-R', `write ${side}/broken broken`, disk.image)
		const [first] = tool('debugfs', '-R', 'blocks broken', disk.image).trim().split(' ')
		const size = Number(/Block size: *(\d+)/.exec(tool('dumpe2fs', '-h', disk.image))?.[1])
		const prefix = `${++made}/`
		await run(side, ['init', `${BUCKET}/${prefix}`])
		fs.mkdirSync(`${side}/disk`)
		fs.writeFileSync(`${side}/gone`, 'gone\n')
		t.deepEqual(await run(side, ['push', '-a']), QUIET)
		fs.rmSync(`${side}/gone`)
		fs.writeFileSync(`${side}/fine`, 'fine\n')
		disk.mount(['-o', 'ro'])
		tool('mount', '--bind', disk.root, `${side}/disk`)
		t.teardown(() => tool('umount', `${side}/disk`))
		fs.truncateSync(disk.image, Number(first) * size)
		const {status, stderr} = await run(side, ['push', '-a', '--delete'])
		t.is(status, 23, stderr)
		t.regex(stderr, /^error: 'disk\/broken': input\/output error$/m)
		t.notRegex(stderr, /^ *at /m)
		const keys = (await keysOf(store, prefix)).map((key) => key.slice(prefix.length))
		t.true(keys.includes('fine'))
		t.true(keys.includes('gone'))
		t.false(keys.includes('disk/broken'))
	}),
)

test.serial('a disk that becomes read-only in the middle tears no file, and the next pull goes on', (t) =>
	withDisk(t, async (disk) => {
		disk.make(16, 'mkfs.ext4', '-q', '-F')
		disk.mount(['-o', 'errors=remount-ro'])
		const {root} = disk
		const {prefix, files} = await published(t)
		await run(root, ['init', `${BUCKET}/${prefix}`])
		tool('sync', '-f', root)
		const trigger = `/sys/fs/ext4/${disk.device}/trigger_fs_error`
		// as the kernel does when it finds the file system damaged
		const breaking: OpenStore = async (remote, options) => {
			const opened = await openStore(remote, options)
			const get = opened.get.bind(opened)
			opened.get = async (key, how) => {
				if (key.endsWith('large')) fs.writeFileSync(trigger, '1')
				return get(key, how)
			}
			return opened
		}
		const {status, stderr} = await run(root, ['pull', '-a'], {openStore: breaking})
		t.true([23, 128].includes(status), stderr)
		t.regex(stderr, /^(error|fatal): .*read-only file system$/m)
		t.notRegex(stderr, /^ *at |internal error/m)
		disk.unmount()
		disk.mount()
		// its process is this one, which lives
		fs.rmSync(`${root}/.s3rsync/index.lock`, {force: true})
		for (const [name, content] of [
			['a', 'first\n'],
			['d/b', 'second\n'],
		] as const)
			if (fs.existsSync(`${root}/${name}`)) t.is(fs.readFileSync(`${root}/${name}`, 'utf8'), content)
		t.false(fs.existsSync(`${root}/large`))
		await arrives(t, disk, files)
	}),
)

test.serial('of two names that a disk takes for one, the first is whole and the second a conflict', (t) =>
	withDisk(t, async (disk) => {
		disk.make(8, 'mkfs.exfat')
		disk.mount([], 'mount.exfat-fuse')
		const {root} = disk
		const prefix = `${++made}/`
		const names = ['README', 'readme', 'Dir/', 'Dir/upper', 'dir/', 'dir/lower', 'other', '\u00c9', 'e\u0301']
		for (const name of names) await store.put(`${prefix}${name}`, Buffer.from(name.endsWith('/') ? '' : name))
		await run(root, ['init', `${BUCKET}/${prefix}`])
		const {status, stdout, stderr} = await run(root, ['pull', '-v'])
		t.is(status, 23, stderr)
		t.regex(stdout, /^C .*\treadme$/m)
		t.regex(stderr, /^error: 'dir\/': the file system takes 'Dir' for it$/m)
		t.regex(stderr, /^error: 'dir\/lower': the file system takes 'Dir' for it$/m)
		for (const name of ['README', 'Dir/upper', 'other', '\u00c9'])
			t.is(fs.readFileSync(`${root}/${name}`, 'utf8'), name)
		t.deepEqual(fs.readdirSync(`${root}/Dir`), ['upper'])
		t.is((await run(root, ['pull'])).status, 23)
		await run(root, ['push', '-a', '--delete'])
		for (const name of names.filter((key) => !key.endsWith('/')))
			t.is(await contentOf(store, `${prefix}${name}`), name)
		t.true((await keysOf(store, prefix)).includes(`${prefix}dir/`))
	}),
)
