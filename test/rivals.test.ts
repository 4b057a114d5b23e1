// Buckets that other tools wrote come back as files, and what s3r writes can be read by them.
//
// rclone, s3cmd, s4cmd and s3fs write here themselves, where they are installed. What the others write is as their
// sources say.

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import test, {type ExecutionContext} from 'ava'
import * as fc from './support/properties.ts'
import {comparePaths} from '../src/base/path.ts'
import {aliasOf} from '../src/format/alias.ts'
import {objectPath} from '../src/format/entry.ts'
import {IndexBuilder} from '../src/format/index-builder.ts'
import {applyAttrs} from '../src/local/attrs.ts'
import {Owners} from '../src/local/owners.ts'
import {readXattrs} from '../src/local/xattrs.ts'
import {type Counts, counted} from '../src/store/counted.ts'
import {openStore} from '../src/store/open.ts'
import type {Store} from '../src/store/store.ts'
import {fetch, type Heard} from '../src/sync/fetch.ts'
import {type Result, s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'
import {keysOf, MIB} from './support/store.ts'

const QUIET: Result = {status: 0, stdout: '', stderr: ''}
const isRoot = process.getuid?.() === 0

let server: TestServer

test.before(async () => {
	server = await testServer()
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: ''})
})
test.after.always(() => server.stop())

function scratch(t: ExecutionContext): string {
	const directory = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-rivals-')))
	t.teardown(() => fs.rmSync(directory, {recursive: true, force: true}))
	return directory
}

const run = (cwd: string, ...argv: readonly string[]): Promise<Result> =>
	s3r(argv, {cwd, env: {...server.env}})

async function newBucket(t: ExecutionContext, name: string): Promise<Store> {
	const store = await openStore({bucket: name, prefix: '', endpoint: server.endpoint})
	t.teardown(() => store.close())
	await store.createBucket()
	return store
}

/** Runs another tool; undefined, and a word in the log, where it is not installed. */
async function tool(
	t: ExecutionContext,
	name: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv = {},
): Promise<string | undefined> {
	const {AWS_CA_BUNDLE: _, AWS_PROFILE: __, ...rest} = process.env
	try {
		const options = {env: {...rest, ...server.env, ...env}, timeout: 120_000}
		return (await promisify(execFile)(name, args, options)).stdout
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
		t.log(`SKIPPED: ${name} is not installed`)
		t.pass()
		return undefined
	}
}

const rclone = (t: ExecutionContext, ...args: readonly string[]) =>
	tool(t, 'rclone', [
		'--config=/dev/null',
		'--s3-provider=Other',
		'--s3-env-auth',
		`--s3-endpoint=${server.endpoint}`,
		...args,
	])

function s3cmd(t: ExecutionContext, ...args: readonly string[]): Promise<string | undefined> {
	const host = server.endpoint.replace('http://', '')
	const config = join(scratch(t), 's3cfg')
	fs.writeFileSync(config, '')
	const {AWS_ACCESS_KEY_ID: key = '', AWS_SECRET_ACCESS_KEY: secret = ''} = server.env
	return tool(t, 's3cmd', [
		`--config=${config}`,
		`--access_key=${key}`,
		`--secret_key=${secret}`,
		`--host=${host}`,
		`--host-bucket=${host}`,
		'--no-ssl',
		'--quiet',
		...args,
	])
}

const s4cmd = (t: ExecutionContext, ...args: readonly string[]) =>
	tool(t, 's4cmd', ['--endpoint-url', server.endpoint, ...args], {
		S3_ACCESS_KEY: server.env['AWS_ACCESS_KEY_ID'],
		S3_SECRET_KEY: server.env['AWS_SECRET_ACCESS_KEY'],
	})

/** A file of another owner with an odd time and an xattr, a setuid one in a directory, a link and an empty directory. */
function plant(root: string): void {
	fs.mkdirSync(`${root}/sub`, {recursive: true})
	fs.mkdirSync(`${root}/empty`)
	fs.writeFileSync(`${root}/a`, 'hello\n')
	if (isRoot) fs.chownSync(`${root}/a`, 1000, 100)
	fs.chmodSync(`${root}/a`, 0o640)
	applyAttrs(
		`${root}/a`,
		{xattrs: [['user.colour', Buffer.from('blue')]], mtime: 1612325106123456789n},
		{xattrs: true, owners: new Owners()},
	)
	fs.writeFileSync(`${root}/sub/b`, 'deep\n')
	fs.chmodSync(`${root}/sub/b`, 0o4755)
	fs.utimesSync(`${root}/sub/b`, 1e9, 1e9)
	fs.symlinkSync('a', `${root}/l`)
	fs.lutimesSync(`${root}/l`, 1e9 + 1, 1e9 + 1)
	fs.chmodSync(`${root}/empty`, 0o750)
}

/** `mode uid:gid mtime content` of what is at a path, as far as asked for. */
function told(file: string, what: 'mode' | 'owner' | 'mtime' | 'all' | 'content' = 'all'): string {
	const stat = fs.lstatSync(file, {bigint: true})
	const content = stat.isSymbolicLink()
		? fs.readlinkSync(file)
		: stat.isFile()
			? fs.readFileSync(file, 'utf8')
			: ''
	const mode = Number(stat.mode).toString(8)
	const mtime = `${stat.mtimeNs / 1_000_000_000n}.${String(stat.mtimeNs % 1_000_000_000n).padStart(9, '0')}`
	if (what === 'content') return `${mode} ${content.trim()}`
	if (what === 'mode') return mode
	if (what === 'owner') return `${stat.uid}:${stat.gid}`
	if (what === 'mtime') return mtime
	return `${mode} ${stat.uid}:${stat.gid} ${mtime} ${content.trim()}`
}

const xattrsOf = (file: string) =>
	readXattrs(file, {xattrs: true})
		.map(([name, value]) => `${name}=${value.toString()}`)
		.join()

/** Clones a bucket with everything; the clone is as the remote, and stays so. */
async function cloned(t: ExecutionContext, bucket: string): Promise<string> {
	const root = join(scratch(t), 'clone')
	t.deepEqual(await run('/', 'clone', '-aX', bucket, root), QUIET)
	t.deepEqual(await run(root, 'push', '-n'), QUIET)
	t.deepEqual(await run(root, 'verify', '--read'), QUIET)
	return root
}

const A = '100640 1000:100 1612325106.123456789 hello'
const B = '104755 0:0 1000000000.000000000 deep'
const L = '120777 0:0 1000000001.000000000 a'

const asRoot = isRoot ? test.serial : test.serial.skip

asRoot('what rclone copied comes back with its times and links, and with -M with everything', async (t) => {
	const from = scratch(t)
	plant(from)
	await newBucket(t, 'rclone')
	if ((await rclone(t, 'copy', '--links', from, ':s3:rclone/plain')) === undefined) return
	await rclone(t, 'copy', '--links', '-M', from, ':s3:rclone/meta')
	const plain = await cloned(t, 'rclone/plain')
	t.is(told(`${plain}/a`), '100644 0:0 1612325106.123456789 hello')
	t.is(told(`${plain}/sub/b`), '100644 0:0 1000000000.000000000 deep')
	t.is(told(`${plain}/l`), L)
	const meta = await cloned(t, 'rclone/meta')
	t.is(told(`${meta}/a`), A)
	t.is(xattrsOf(`${meta}/a`), 'user.colour=blue')
	t.is(told(`${meta}/sub/b`), B)
	t.is(told(`${meta}/l`), L)
	t.deepEqual(fs.readdirSync(meta).toSorted(), ['.s3rsync', 'a', 'l', 'sub'])
})

asRoot('a link of rclone is changed, deleted and verified as what it is', async (t) => {
	const from = scratch(t)
	plant(from)
	const store = await newBucket(t, 'links')
	fs.symlinkSync('b', `${from}/sub/m`)
	if ((await rclone(t, 'copy', '--links', from, ':s3:links')) === undefined) return
	// a file beside a link that has its name is not lost
	await store.put('twin', Buffer.from('file'))
	await store.put('twin.rclonelink', Buffer.from('a'))
	const root = await cloned(t, 'links')
	t.is(told(`${root}/twin`, 'content'), '100644 file')
	t.is(told(`${root}/twin.rclonelink`, 'content'), '120777 a')
	fs.rmSync(`${root}/l`)
	fs.symlinkSync('sub/b', `${root}/l`)
	fs.rmSync(`${root}/sub/m`)
	t.deepEqual(await run(root, 'push', '-a', '--delete'), QUIET)
	const keys = (await keysOf(store)).filter((key) => !key.startsWith('.s3r/'))
	t.deepEqual(keys, ['a', 'l', 'sub/', 'sub/b', 'twin', 'twin.rclonelink'])
	const again = await cloned(t, 'links')
	t.is(told(`${again}/l`, 'content'), '120777 sub/b')
	t.deepEqual(await run(root, 'pull', '-a'), QUIET)
	t.deepEqual(await run(root, 'verify'), QUIET)
})

test('of the objects that a listing has none is lost, and heard again it says nothing new', async (t) => {
	const name = fc.constantFrom(
		'a',
		'b',
		'a.rclonelink',
		'a.rclonelink.rclonelink',
		'b_$folder$',
		'.rclonelink',
		'_$folder$',
	)
	const path = fc
		.tuple(fc.array(name, {minLength: 1, maxLength: 3}), fc.constantFrom('', '', '/'))
		.map(([parts, end]) => parts.join('/') + end)
	const mark = {size: 38, etag: 'd66759af42f282e1ba19144df2d405d0'}
	const object = fc
		.tuple(path, fc.constantFrom(mark, {size: 0, etag: 'empty'}, {size: 5, etag: 'other'}))
		.map(([key, rest]): Heard => ({path: key, ...rest}))
	const listing = fc
		.uniqueArray(object, {selector: (heard) => heard.path, maxLength: 12})
		.map((all) => all.toSorted((a, b) => comparePaths(a.path, b.path)))
	async function* pages(all: readonly Heard[]) {
		yield all
	}
	const empty = new IndexBuilder().finish({scanned: 0n, device: 0n})
	await fc.assert(
		fc.asyncProperty(listing, async (all) => {
			const {index} = await fetch(empty, pages(all))
			const entries = Array.from({length: index.count}, (_, row) => index.entry(row))
			const found = entries.map(objectPath)
			t.is(new Set(found).size, found.length)
			for (const heard of all) {
				const of = aliasOf(heard)
				// of several marks of one directory one will do
				const isMark = of?.endsWith('/') && entries.some((entry) => entry.path === of)
				t.true(found.includes(heard.path) || isMark, `${heard.path} of ${JSON.stringify(all)}`)
			}
			t.false((await fetch(index, pages(all))).changed, JSON.stringify(all))
		}),
		{numRuns: 500},
	)
})

test.serial('a link that would be the root, what is above it or .s3rsync is refused', async (t) => {
	const store = await newBucket(t, 'evil')
	const names = ['.', '..', '.s3rsync', 'd/..', 'd/.s3rsync']
	for (const name of names) await store.put(`${name}.rclonelink`, Buffer.from('/etc'))
	await store.put('fine', Buffer.from('fine'))
	const root = join(scratch(t), 'clone')
	const {status, stderr} = await run('/', 'clone', '-a', 'evil', root)
	t.is(status, 23, stderr)
	t.is(stderr.match(/^error: /gm)?.length, names.length, stderr)
	t.deepEqual(fs.readdirSync(root).toSorted(), ['.s3rsync', 'fine'])
})

asRoot('what s3cmd put comes back with modes, owners and whole seconds', async (t) => {
	const from = scratch(t)
	plant(from)
	await newBucket(t, 's3cmd')
	if ((await s3cmd(t, 'sync', `${from}/`, 's3://s3cmd/')) === undefined) return
	const root = await cloned(t, 's3cmd')
	t.is(told(`${root}/a`), A.replace('.123456789', '.000000000'))
	t.is(told(`${root}/sub/b`), B)
})

asRoot('what s4cmd put comes back with its permissions', async (t) => {
	const from = scratch(t)
	plant(from)
	await newBucket(t, 's4cmd')
	if ((await s4cmd(t, 'put', '-r', from, 's3://s4cmd/x/')) === undefined) return
	const root = await cloned(t, `s4cmd/x/${from.split('/').at(-1)}`)
	t.is(told(`${root}/a`, 'content'), '100640 hello')
	t.is(told(`${root}/sub/b`, 'content'), '100755 deep')
})

asRoot(
	'what lies in a mount of s3fs comes back with modes, owners, times, links, xattrs and empty directories',
	async (t) => {
		await newBucket(t, 's3fs-mount')
		const [mount, passwd] = [join(scratch(t), 'mount'), join(scratch(t), 'passwd')]
		fs.mkdirSync(mount)
		fs.writeFileSync(passwd, `${server.env['AWS_ACCESS_KEY_ID']}:${server.env['AWS_SECRET_ACCESS_KEY']}`, {
			mode: 0o600,
		})
		const options = `url=${server.endpoint},passwd_file=${passwd},use_path_request_style,use_xattr,endpoint=us-east-1`
		if (!fs.existsSync('/dev/fuse')) return t.log('SKIPPED: there is no /dev/fuse')
		const mounted = await tool(t, 's3fs', ['s3fs-mount', mount, '-o', options])
		if (mounted === undefined) return
		// another process writes there: this one serves the bucket, and must not wait for it
		const script = `cd '${mount}' && mkdir sub empty && echo hello > a && chown 1000:100 a && chmod 640 a &&
		setfattr -n user.colour -v blue a && touch -d @1612325106.123456789 a && echo deep > sub/b && chmod 4755 sub/b &&
		touch -d @1000000000 sub/b && ln -s a l && touch -h -d @1000000001 l && chmod 750 empty`
		try {
			t.is(await tool(t, 'sh', ['-ec', script]), '')
		} finally {
			await tool(t, 'umount', [mount])
		}
		const root = await cloned(t, 's3fs-mount')
		t.is(told(`${root}/a`), A)
		t.is(xattrsOf(`${root}/a`), 'user.colour=blue')
		t.is(told(`${root}/sub/b`), B)
		t.is(told(`${root}/l`), L)
		t.is(told(`${root}/empty`, 'mode'), '40750')
	},
)

/** What other tools write, as their sources and documents say it: key, body, metadata and type. */
type Recorded = readonly [key: string, body: string, metadata?: Record<string, string>, contentType?: string]

async function recorded(t: ExecutionContext, bucket: string, objects: readonly Recorded[]): Promise<string> {
	const store = await newBucket(t, bucket)
	for (const [key, body, metadata = {}, contentType] of objects)
		await store.put(key, Buffer.from(body), {metadata, contentType})
	return cloned(t, bucket)
}

asRoot('what mc --preserve copied comes back with modes, owners and times', async (t) => {
	const attrs = (mode: number, id: string) =>
		`atime:1612325106#5/gid:100/gname:no-such-group/mode:${mode}/mtime:1612325106#123456789/uid:${id}/uname:no-such-user`
	const root = await recorded(t, 'mc-preserve', [
		['a', 'hello\n', {'mc-attrs': attrs(0o100640, '1000')}],
		['sub/b', 'deep\n', {'mc-attrs': attrs(0o104755, '0')}],
	])
	t.is(told(`${root}/a`), A)
	t.is(told(`${root}/sub/b`, 'mode'), '104755')
})

asRoot(
	'what DataSync, FSx and S3 Files wrote comes back with modes, owners, times, links and directories',
	async (t) => {
		const file = (permissions: string, owner = '0', group = '0', mtime = '1000000000000000000ns') => ({
			'file-permissions': permissions,
			'file-owner': owner,
			'file-group': group,
			'file-mtime': mtime,
			'file-atime': mtime,
			'user-agent': 'aws-fsx-lustre',
		})
		const root = await recorded(t, 'datasync', [
			['a', 'hello\n', file('0100640', '1000', '100', '1612325106123456789ns')],
			['bare', 'x', file('0644', '1', '2', '1612325106123')],
			['empty/', '', file('0040750')],
			['l', 'a', file('0120777', '0', '0', '1000000001000000000ns')],
			['sub/b', 'deep\n', file('0104755')],
		])
		t.is(told(`${root}/a`), A)
		t.is(told(`${root}/bare`), '100644 1:2 1612325106.123000000 x')
		t.is(told(`${root}/sub/b`), B)
		t.is(told(`${root}/l`), L)
		t.is(told(`${root}/empty`), '40750 0:0 1000000000.000000000 ')
	},
)

asRoot('what s3sync.rb wrote comes back with modes, owners, links and directories', async (t) => {
	const attrs = (permissions: number, owner = '0', group = '0') => ({
		owner,
		group,
		permissions: String(permissions),
	})
	const mark = '{E40327BF-517A-46e8-A6C3-AF51BC263F59}'
	const root = await recorded(t, 's3sync.rb', [
		['a', 'hello\n', attrs(0o100640, '1000', '100')],
		['empty', mark, attrs(0o040750)],
		['l', 'a', {...attrs(0o120777), symlink: 'true'}],
		['sub', mark, attrs(0o040711)],
		['sub/b', 'deep\n', attrs(0o104755)],
		['hadoop_$folder$', ''],
	])
	t.regex(told(`${root}/a`), /^100640 1000:100 \d.* hello$/)
	t.is(told(`${root}/l`, 'content'), '120777 a')
	t.is(told(`${root}/empty`, 'mode'), '40750')
	t.is(told(`${root}/sub`, 'mode'), '40711')
	t.is(told(`${root}/sub/b`, 'content'), '104755 deep')
	t.true(fs.statSync(`${root}/hadoop`).isDirectory())
	t.deepEqual(fs.readdirSync(root).toSorted(), ['.s3rsync', 'a', 'empty', 'hadoop', 'l', 'sub'])
	// a directory that changes gets an object of ours
	fs.chmodSync(`${root}/sub`, 0o755)
	t.deepEqual(await run(root, 'push', '-a'), QUIET)
	t.is(told(`${await cloned(t, 's3sync.rb')}/sub`, 'mode'), '40755')
})

asRoot('an empty object with others below it is their directory, whoever made it', async (t) => {
	const store = await newBucket(t, 'bare-directories')
	const put = (key: string, body: string, metadata: Record<string, string> = {}) =>
		store.put(key, Buffer.from(body), {
			metadata,
			contentType: body === '' ? 'application/x-directory' : undefined,
		})
	await put('d', '', {mode: String(0o040750), uid: '1', gid: '2', mtime: '1000000000'})
	await put('d-between', 'x')
	await put('d/e', '')
	await put('d/e/x', 'x')
	await put('f', '', {'file-permissions': '0100600'})
	await put('f/x', 'x')
	await put('lonely', '')
	const root = await cloned(t, 'bare-directories')
	t.is(told(`${root}/d`), '40750 1:2 1000000000.000000000 ')
	t.is(told(`${root}/f`, 'mode'), '40755')
	t.is(told(`${root}/d/e/x`, 'content'), '100644 x')
	t.true(fs.statSync(`${root}/lonely`).isFile())
	t.deepEqual(await run(root, 'pull', '-a'), QUIET)
	t.deepEqual(await run(root, 'fetch'), QUIET)
	fs.chmodSync(`${root}/d`, 0o755)
	fs.rmSync(`${root}/d/e`, {recursive: true})
	t.deepEqual(await run(root, 'push', '-a', '--delete'), QUIET)
	const keys = (await keysOf(store)).filter((key) => key !== '.s3r/root')
	t.deepEqual(keys, ['d-between', 'd/', 'f', 'f/x', 'lonely'])
	t.is(told(`${await cloned(t, 'bare-directories')}/d`, 'mode'), '40755')
})

asRoot('what gsutil -P copied comes back with modes, owners and whole seconds', async (t) => {
	const attrs = (mode: string, id = '0', group = '0', mtime = '1000000000') => ({
		'goog-reserved-posix-mode': mode,
		'goog-reserved-posix-uid': id,
		'goog-reserved-posix-gid': group,
		'goog-reserved-file-mtime': mtime,
	})
	const root = await recorded(t, 'gsutil', [
		['a', 'hello\n', attrs('640', '1000', '100', '1612325106')],
		['sub/b', 'deep\n', attrs('755')],
	])
	t.is(told(`${root}/a`), A.replace('.123456789', '.000000000'))
	t.is(told(`${root}/sub/b`), B.replace('104', '100'))
})

asRoot('rclone lists our times, and it, s3cmd, s4cmd and aws get our bytes', async (t) => {
	const from = scratch(t)
	plant(from)
	const large = Buffer.alloc(17 * MIB, 'large')
	fs.writeFileSync(`${from}/large`, large)
	fs.utimesSync(`${from}/large`, 1e9, 1e9)
	await newBucket(t, 'ours')
	await run(from, 'init', 'ours')
	t.deepEqual(await run(from, 'push', '-a'), QUIET)
	const listed = await rclone(t, 'lsf', '--format', 'pt', '--files-only', '-R', ':s3:ours')
	if (listed !== undefined) {
		t.true(listed.includes('a;2021-02-03 04:05:06\n'), listed)
		t.true(listed.includes('large;2001-09-09 01:46:40\n'), listed)
		// it finds our times to the nanosecond and our MD5s, also that of an object of parts
		t.is(
			await rclone(t, 'check', '--exclude', '.s3r*/**', '--one-way', '--exclude', 'l', from, ':s3:ours'),
			'',
		)
		const dry = await rclone(
			t,
			'copy',
			'--dry-run',
			'--exclude',
			'.s3r*/**',
			'--exclude',
			'l',
			from,
			':s3:ours',
		)
		t.is(dry, '')
		const to = scratch(t)
		await rclone(t, 'copy', ':s3:ours', to)
		t.true(fs.readFileSync(`${to}/large`).equals(large))
		t.is(told(`${to}/a`, 'mtime'), '1612325106.123456789')
	}
	for (const get of [
		(key: string, to: string) => s3cmd(t, 'get', `s3://ours/${key}`, to),
		(key: string, to: string) => s4cmd(t, 'get', `s3://ours/${key}`, to),
		(key: string, to: string) => tool(t, 'aws', ['s3', 'cp', '--only-show-errors', `s3://ours/${key}`, to]),
	]) {
		const to = scratch(t)
		if ((await get('a', `${to}/a`)) === undefined) continue
		await get('large', `${to}/large`)
		t.is(fs.readFileSync(`${to}/a`, 'utf8'), 'hello\n')
		t.true(fs.readFileSync(`${to}/large`).equals(large))
	}
})

/** Counts what an adoption asks of the store, and what it sends. */
async function adopting(root: string, ...argv: readonly string[]): Promise<{result: Result; counts: Counts}> {
	let counts: Counts | undefined
	const result = await s3r(['adopt', ...argv], {
		cwd: root,
		env: {...server.env},
		openStore: async (remote, options) => {
			const store = counted(await openStore(remote, options))
			counts = store.counts
			return store
		},
	})
	if (!counts) throw new Error('no store was opened')
	return {result, counts}
}

const large = (mib: number): Buffer =>
	Buffer.alloc(mib * MIB + 1, createHash('sha512').update('large').digest())

asRoot('a tree that rclone, s3cmd, aws or s3fs sent in parts is adopted without a byte', async (t) => {
	const store = await newBucket(t, 'adopted')
	const from = scratch(t)
	fs.writeFileSync(`${from}/large`, large(33))
	fs.writeFileSync(`${from}/small`, 'small')
	await rclone(t, 'copy', '--s3-upload-cutoff=5M', '--s3-disable-checksum', from, ':s3:adopted/rclone')
	await rclone(t, 'copy', '--s3-upload-cutoff=6M', '--s3-chunk-size=6M', from, ':s3:adopted/rclone-md5')
	await s3cmd(t, 'sync', `${from}/`, 's3://adopted/s3cmd/')
	await tool(t, 'aws', ['s3', 'cp', '--recursive', '--only-show-errors', from, 's3://adopted/aws/'])
	const id = await store.createUpload('s3fs/large', {})
	const parts = []
	for (let at = 0, number = 1; at <= 33 * MIB; at += 10 * MIB, number++) {
		const bytes = large(33).subarray(at, at + 10 * MIB)
		parts.push({number, size: bytes.length, etag: await store.uploadPart('s3fs/large', id, number, bytes)})
	}
	await store.completeUpload('s3fs/large', id, parts, {})
	const prefixes = new Set((await keysOf(store)).map((key) => key.split('/')[0] ?? ''))
	t.true(prefixes.has('s3fs'))
	for (const prefix of prefixes) {
		fs.rmSync(`${from}/.s3rsync`, {recursive: true, force: true})
		const {result, counts} = await adopting(from, `adopted/${prefix}`)
		t.deepEqual(result, QUIET, prefix)
		t.like(counts, {sent: 0, received: 0, get: 0, put: 0, copy: 0, part: 0}, prefix)
		t.deepEqual(await run(from, 'push', '-n'), QUIET)
		t.is((await run(from, 'status', '--porcelain')).stdout.includes('large'), false, prefix)
	}
})

test.serial(
	'what s3r stored as gzip, and what a key of KMS hides the MD5 of, is adopted by its metadata',
	async (t) => {
		const from = scratch(t)
		await newBucket(t, 'opaque')
		fs.writeFileSync(`${from}/text`, 'text '.repeat(1000))
		fs.symlinkSync('text', `${from}/link`)
		for (const options of [['-z'], ['--sse=aws:kms']]) {
			fs.rmSync(`${from}/.s3rsync`, {recursive: true, force: true})
			const prefix = `opaque/${options[0]?.replaceAll(/[^a-z]/g, '')}`
			await run(from, 'init', prefix)
			t.deepEqual(await run(from, 'push', '-a', ...options), QUIET)
			fs.rmSync(`${from}/.s3rsync`, {recursive: true})
			const {result, counts} = await adopting(from, prefix)
			t.deepEqual(result, QUIET)
			t.is(counts.sent + counts.received, 0)
			t.deepEqual(await run(from, 'push', '-an'), QUIET)
			t.deepEqual(await run(from, 'verify'), QUIET)
		}
	},
)

asRoot('one bit in the middle is a conflict, whatever size and time say', async (t) => {
	const from = scratch(t)
	fs.writeFileSync(`${from}/large`, large(20))
	fs.writeFileSync(`${from}/small`, 'small')
	const store = await newBucket(t, 'bits')
	await run(from, 'init', 'bits')
	await run(from, 'push', '-a')
	const {mtime} = fs.statSync(`${from}/large`)
	fs.rmSync(`${from}/.s3rsync`, {recursive: true})
	const other = large(20)
	other.writeUInt8(other.readUInt8(10 * MIB) ^ 1, 10 * MIB)
	fs.writeFileSync(`${from}/large`, other)
	fs.utimesSync(`${from}/large`, mtime, mtime)
	fs.rmSync(`${from}/small`)
	fs.symlinkSync('small', `${from}/small`)
	const {result, counts} = await adopting(from, '-v', 'bits')
	t.is(result.status, 23)
	const lines = result.stdout.trim().split('\n')
	t.deepEqual(lines.map((line) => line.replace(/ .*\t/, ' ')).toSorted(), ['C large', 'C small'])
	t.is(counts.sent + counts.received, 0)
	t.is((await keysOf(store)).includes('large'), true)
})

asRoot('adopt --rewrite gives every convention ours, and asks for nothing the second time', async (t) => {
	const from = scratch(t)
	plant(from)
	const store = await newBucket(t, 'rewritten')
	if ((await rclone(t, 'copy', '--links', from, ':s3:rewritten')) === undefined) return
	await store.put('empty', Buffer.from('{E40327BF-517A-46e8-A6C3-AF51BC263F59}'))
	await store.put('sub/', Buffer.alloc(0), {metadata: {'x-other': 'kept'}})
	const first = await adopting(from, '-X', '--rewrite', 'rewritten')
	t.deepEqual(first.result, QUIET)
	const keys = await keysOf(store)
	t.deepEqual(keys, ['a', 'empty/', 'l', 'sub/', 'sub/b'])
	for (const key of keys) t.truthy((await store.head(key))?.metadata['s3r'], key)
	const again = await adopting(from, '-X', '--rewrite', 'rewritten')
	t.deepEqual(again.result, QUIET)
	t.like(again.counts, {sent: 0, put: 0, copy: 0})
	await run(from, 'push', '-aX')
	const to = await cloned(t, 'rewritten')
	t.is(told(`${to}/a`), A)
	t.is(told(`${to}/sub/b`), B)
	t.is(told(`${to}/l`), L)
	t.is(told(`${to}/empty`, 'mode'), '40750')
	t.is(xattrsOf(`${to}/a`), 'user.colour=blue')
})
