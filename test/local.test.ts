// The disk: what is read from it is exact, and what is written to it is whole, in its place and nowhere else.

import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import * as fs from 'node:fs'
import {availableParallelism, cpus, tmpdir} from 'node:os'
import {join} from 'node:path'
import {setImmediate as turn, setTimeout as later} from 'node:timers/promises'
import test, {type ExecutionContext, type Implementation} from 'ava'
import * as fc from 'fast-check'
import {S3rError} from '../src/base/errors.ts'
import {forFs, type Path, ROOT} from '../src/base/path.ts'
import {STATX_WORDS, X} from '../src/format/statx.ts'
import {applyAttrs, readLink, type Wanted} from '../src/local/attrs.ts'
import {Confined} from '../src/local/confine.ts'
import {acquireLock} from '../src/local/lock.ts'
import {makeDirectory, makeHardLink, makeNode, makeSymlink} from '../src/local/make.ts'
import {native} from '../src/local/native.ts'
import {Owners} from '../src/local/owners.ts'
import {md5Of, OpenFile, readSmall} from '../src/local/read.ts'
import {idleTime} from '../src/local/processors.ts'
import {lstatExact, type Stat} from '../src/local/stat.ts'
import {Lookup} from '../src/local/lookup.ts'
import {Names} from '../src/local/names.ts'
import {StatRing} from '../src/local/stat-ring.ts'
import {Statx} from '../src/local/statx.ts'
import {isAbandoned, isTemporary, removeAbandoned, temporaryName} from '../src/local/temporary.ts'
import {walk, walkPaths, type WalkOptions} from '../src/local/walk.ts'
import {type Finish, TemporaryFile} from '../src/local/write.ts'
import {readXattrs, writeXattrs} from '../src/local/xattrs.ts'

const owners = new Owners()
const build = new URL('../src/local/', import.meta.url)

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Whether `probe` says yes of a new file on the file system of these tests. */
function canKeep(probe: (file: Path) => boolean): boolean {
	const directory = fs.mkdtempSync(join(tmpdir(), 's3r-local-'))
	try {
		fs.writeFileSync(`${directory}/file`, '')
		return probe(`${directory}/file`)
	} finally {
		fs.rmSync(directory, {recursive: true})
	}
}

/** A test that is skipped, and says why, where something is not there. */
const needing =
	(what: string, isThere: boolean, how: typeof test | typeof test.serial = test) =>
	(title: string, run: Implementation<[]>): void =>
		isThere ? how(title, run) : test.skip(`${title} (needs ${what})`, run)

const asRoot = needing('root', process.getuid?.() === 0)
const onLinux = needing('/proc', process.platform === 'linux')
const withKoffi = needing('koffi', native() !== undefined)
const withXattrs = needing(
	'koffi and a file system with xattrs',
	native() !== undefined &&
		canKeep((file) => writeXattrs(file, [['user.x', Buffer.of(1)]], {xattrs: true}).length === 0),
)
const withAcls = needing(
	'koffi, setfacl and a file system with ACLs',
	native() !== undefined && canKeep((file) => spawnSync('setfacl', ['-m', 'u:1:r', file]).status === 0),
)
const withMount = needing(
	'a file system on /dev/shm',
	fs.existsSync('/dev/shm') && fs.statSync('/dev').dev !== fs.statSync('/dev/shm').dev,
)
const withDevices = needing(
	'root, koffi and the right to make devices',
	process.getuid?.() === 0 && canKeep((file) => makeNode(file, 0o020600, {major: 1, minor: 3}) === undefined),
)

/** A new directory, removed after the test. */
function scratch(t: ExecutionContext, where = tmpdir()): Path {
	const directory = fs.mkdtempSync(join(where, 's3r-local-'))
	t.teardown(() => fs.rmSync(directory, {recursive: true, force: true}))
	return directory
}

const put = (root: Path, path: Path, content = ''): void => {
	const at = path.lastIndexOf('/')
	if (at > 0) fs.mkdirSync(forFs(`${root}/${path.slice(0, at)}`), {recursive: true})
	if (at !== path.length - 1) fs.writeFileSync(forFs(`${root}/${path}`), content)
}

function must(file: Path): Stat {
	const stat = lstatExact(file)
	if (stat === undefined) throw new Error(`no ${file}`)
	return stat
}

type Failures = [Path, string][]

function walked(
	root: Path,
	paths?: Path[],
	options: Partial<WalkOptions> = {},
): {paths: Path[]; errors: Failures} {
	const errors: Failures = []
	const how = {
		onError: (path: Path, error: unknown) => {
			errors.push([path, error instanceof Error ? error.message : String(error)])
		},
		...options,
	}
	const entries = paths === undefined ? walk(root, how) : walkPaths(root, paths, how)
	return {paths: Array.from(entries, (entry) => entry.path), errors}
}

/** Runs a module's body in a process of its own, as nobody where that is possible; returns what it printed. */
function asNobody(body: string): unknown {
	const script = `
		import fs from 'node:fs'
		const load = (name) => import(new URL(name + '.js', ${JSON.stringify(build.href)}))
		const modules = await Promise.all(['attrs', 'confine', 'owners', 'native', 'walk', 'read', 'make'].map(load))
		const local = Object.assign({}, ...modules)
		local.native()
		if (process.getuid() === 0) { process.setgroups([65534]); process.setegid(65534); process.seteuid(65534) }
		const print = (value) => console.log(JSON.stringify(value))
		${body}`
	return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], {encoding: 'utf8'}))
}

// ---- walk

const ODD = [
	'a',
	'a-b',
	'a/',
	'a/x',
	'a0',
	'-dash',
	'.hidden',
	'sp ace',
	'new\nline',
	'q"\\',
	'\xff\xfe',
	'\xc3\xa9',
	'z',
]

test('a walk is in byte order of paths, whatever the names, with the root among them', (t) => {
	const root = scratch(t)
	const names = ODD.map((name) => (name === 'a' || name === 'a/' || name === 'a/x' ? `b${name}` : name))
	for (const name of names) if (name !== 'ba') put(root, name)
	const {paths, errors} = walked(root)
	t.deepEqual(errors, [])
	t.deepEqual(paths, [...names.filter((name) => name !== 'ba'), ROOT].toSorted())
	t.true(paths.indexOf('-dash') < paths.indexOf(ROOT) && paths.indexOf(ROOT) < paths.indexOf('.hidden'))
})

test('a walk is in the order of sort(1)', (t) => {
	const root = scratch(t)
	for (const path of ['a/b/c', 'a-b/x', 'a.b', 'a0', 'A/', 'ab/', '\xe9/\xe8', 'a/b!', 'a/b0/'])
		put(root, path)
	const {paths} = walked(root)
	const sorted = execFileSync('sort', ['-z'], {
		env: {...process.env, LC_ALL: 'C'},
		input: Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1'),
	})
	t.is(sorted.toString('latin1'), paths.map((path) => `${path}\0`).join(''))
	t.is(paths.length, 14)
})

test('a walk skips .s3rsync, follows no link, and reads no directory that is refused', (t) => {
	const root = scratch(t)
	for (const path of ['.s3rsync/index', 'd/.s3rsync/config', 'd/x', 'no/x', 'e']) put(root, path)
	fs.symlinkSync('d', `${root}/link`)
	fs.symlinkSync('.', `${root}/loop`)
	const asked: Path[] = []
	const select = (path: Path, isDirectory: boolean) => {
		t.is(isDirectory, path.endsWith('/'))
		asked.push(path)
		return path !== 'no/'
	}
	const {paths, errors} = walked(root, undefined, {select})
	t.deepEqual(paths, [ROOT, 'd/', 'd/x', 'e', 'link', 'loop'])
	t.deepEqual(errors, [])
	t.false(asked.includes('no/x'))
})

test('a walk of a root that is missing or a file says so and yields nothing', (t) => {
	const root = scratch(t)
	put(root, 'file')
	t.like(walked(`${root}/missing`), {paths: [], errors: {length: 1}})
	t.like(walked(`${root}/file`), {paths: [], errors: {length: 1}})
	t.is(walked(`${root}/missing`).errors[0]?.[0], ROOT)
})

test('what vanishes during a walk is passed over, what changes its type is told', (t) => {
	const root = scratch(t)
	for (const path of ['a', 'b', 'c', 'd/x']) put(root, path)
	const errors: Path[] = []
	const paths: Path[] = []
	for (const {path} of walk(root, {onError: (failed) => errors.push(failed)})) {
		paths.push(path)
		if (path !== 'a') continue
		fs.rmSync(`${root}/b`)
		fs.rmSync(`${root}/d`, {recursive: true})
		put(root, 'd')
	}
	t.deepEqual(paths, [ROOT, 'a', 'c'])
	t.deepEqual(errors, ['d/'])
})

asRoot('an unreadable directory is yielded, told, and passed over', (t) => {
	const root = scratch(t)
	for (const path of ['a', 'no/x', 'z']) put(root, path)
	fs.chmodSync(root, 0o755)
	fs.chmodSync(`${root}/no`, 0)
	const result = asNobody(`
		const errors = [], onError = (path, error) => errors.push([path, error.code])
		print([Array.from(local.walk(${JSON.stringify(root)}, {onError}), (e) => e.path), errors])`)
	t.deepEqual(result, [[ROOT, 'a', 'no/', 'z'], [['no/', 'EACCES']]])
})

withMount('with one file system, a mount point is yielded but not walked', (t) => {
	const select = (path: Path) => path.startsWith('shm/')
	const marker = fs.mkdtempSync('/dev/shm/s3r-')
	t.teardown(() => fs.rmSync(marker, {recursive: true}))
	t.deepEqual(walked('/dev', ['shm'], {select, oneFileSystem: true}).paths, ['shm/'])
	t.true(walked('/dev', ['shm'], {select}).paths.length > 1)
})

test('paths that were given are walked once and in order, with the directories that lead to them', (t) => {
	const root = scratch(t)
	for (const path of ['a/b/c', 'a/b/d', 'a/e/f', 'a-b', 'g/h', 'i']) put(root, path)
	t.deepEqual(walked(root, ['i', 'a/b/d', 'a-b', 'a/b', 'a/b/c', 'a/b/']).paths, [
		'a-b',
		'a/',
		'a/b/',
		'a/b/c',
		'a/b/d',
		'i',
	])
	t.deepEqual(walked(root, ['a/e/f', 'a', 'a/b/c']).paths, walked(root, ['a/']).paths)
	t.deepEqual(walked(root, ['g', ROOT]), walked(root))
	t.deepEqual(walked(root, []).paths, [])
})

test('given paths that are missing, unsafe or behind a link are told by name', (t) => {
	const root = scratch(t)
	for (const path of ['a/b', 'f']) put(root, path)
	fs.symlinkSync('a', `${root}/link`)
	const given = [
		'a/missing',
		'gone/x',
		'gone/y/z',
		'f/x',
		'link/b',
		'../up',
		'/abs',
		'a/.s3rsync/index',
		'a/b',
	]
	const {paths, errors} = walked(root, given)
	t.deepEqual(paths, ['a/', 'a/b'])
	t.deepEqual(errors.map(([path]) => path).toSorted(), given.filter((path) => path !== 'a/b').toSorted())
	t.deepEqual(new Map(errors).get('gone/y/z'), 'ENOENT')
	t.deepEqual(new Map(errors).get('link/b'), 'ENOTDIR')
	t.deepEqual(walked(root, ['link']).paths, ['link'])
})

// ---- stat and times

const NANOSECONDS = [0n, 1n, -1n, -1_500_000_001n, 1_700_000_000_123_456_789n, 4_102_444_800_999_999_999n]

withKoffi('a stat has exact times, and a time is set to the nanosecond, of a link itself too', (t) => {
	const root = scratch(t)
	put(root, 'file')
	fs.symlinkSync('file', `${root}/link`)
	for (const name of ['/file', '/link', ''])
		for (const mtime of NANOSECONDS) {
			t.deepEqual(applyAttrs(root + name, {mtime}, {owners}), [])
			t.is(must(root + name).mtime, mtime)
		}
	t.is(must(`${root}/file`).mtime, NANOSECONDS.at(-1) ?? 0n)
})

test('a stat tells types, sizes and links apart, and is undefined where there is nothing', (t) => {
	const root = scratch(t)
	put(root, 'file', 'four')
	fs.linkSync(`${root}/file`, `${root}/other`)
	fs.symlinkSync('file', `${root}/link`)
	t.like(must(`${root}/file`), {
		size: 4,
		nlink: 2,
		ino: must(`${root}/other`).ino,
		rdev: {major: 0, minor: 0},
	})
	t.is(must(`${root}/link`).mode & 0o170000, 0o120000)
	t.is(lstatExact(`${root}/missing`), undefined)
	t.deepEqual(must('/dev/null').rdev, {major: 1, minor: 3})
})

// ---- attributes

test('a mode is applied with its set-id and sticky bits, and to no link', (t) => {
	const root = scratch(t)
	put(root, 'file')
	fs.symlinkSync('file', `${root}/link`)
	t.deepEqual(applyAttrs(`${root}/file`, {mode: 0o106751}, {owners}), [])
	t.is(must(`${root}/file`).mode, 0o106751)
	t.deepEqual(applyAttrs(`${root}/link`, {mode: 0o120700}, {owners}), [])
	t.is(must(`${root}/file`).mode, 0o106751)
	t.deepEqual(applyAttrs(root, {mode: 0o041775}, {owners}), [])
	t.is(must(root).mode, 0o041775)
})

asRoot('setuid survives a change of owner, which is by name before it is by id', (t) => {
	const root = scratch(t)
	put(root, 'file')
	fs.writeFileSync(`${root}/passwd`, 'root:x:0:0::/:\nthere:x:4242:1::/:\n')
	fs.writeFileSync(`${root}/group`, 'root:x:0:\nothers:x:4343:\n')
	const known = new Owners({passwd: `${root}/passwd`, group: `${root}/group`})
	const wanted = {mode: 0o104755, uid: 7, gid: 8, uname: 'there', gname: 'others'}
	t.deepEqual(applyAttrs(`${root}/file`, wanted, {owners: known}), [])
	t.like(must(`${root}/file`), {mode: 0o104755, uid: 4242, gid: 4343})
	t.deepEqual(applyAttrs(`${root}/file`, wanted, {owners: known, numericIds: true}), [])
	t.like(must(`${root}/file`), {mode: 0o104755, uid: 7, gid: 8})
	applyAttrs(`${root}/file`, {uid: 0, gid: 0, uname: 'there', gname: 'nobodys'}, {owners: known})
	t.like(must(`${root}/file`), {uid: 0, gid: 0})
	fs.symlinkSync('file', `${root}/link`)
	applyAttrs(`${root}/link`, {uid: 9, gid: 9}, {owners: known})
	t.like(must(`${root}/link`), {uid: 9, gid: 9})
	t.like(must(`${root}/file`), {uid: 0, gid: 0})
})

asRoot('an ordinary user is told of an owner he cannot give, and gives nobody his set-id bits', (t) => {
	const root = scratch(t)
	fs.chownSync(root, 65534, 65534)
	const result = asNobody(`
		const file = ${JSON.stringify(root)} + '/file', owners = new local.Owners()
		fs.writeFileSync(file, '')
		const unrestored = local.applyAttrs(file, {uid: 0, gid: 65534, mode: 0o106755, mtime: 1n}, {owners})
		print([unrestored.map((u) => u.kind), fs.lstatSync(file).mode.toString(8)])`)
	t.deepEqual(result, [['owner'], '102755'])
	t.is(must(`${root}/file`).mtime, 1n)
})

asRoot('an ordinary user sets the xattrs of a file that he may not write', (t) => {
	const root = scratch(t)
	fs.chownSync(root, 65534, 65534)
	const result = asNobody(`
		const file = ${JSON.stringify(root)} + '/file', owners = new local.Owners()
		fs.writeFileSync(file, '', {mode: 0o444})
		const xattrs = [['user.a', Buffer.from('1')], ['trusted.b', Buffer.from('2')]]
		print([local.applyAttrs(file, {xattrs}, {owners, xattrs: true}), fs.lstatSync(file).mode.toString(8)])`)
	t.deepEqual(result, [[], '100444'])
	t.deepEqual(
		readXattrs(`${root}/file`, {xattrs: true}).map(([name]) => name),
		['user.a'],
	)
})

withXattrs('xattrs are exactly those that are wanted, and are read in order', (t) => {
	const root = scratch(t)
	put(root, 'file')
	const wanted: Wanted['xattrs'] = [
		['user.z', Buffer.from([0, 255])],
		['user.a', Buffer.from('')],
	]
	t.deepEqual(writeXattrs(`${root}/file`, wanted, {xattrs: true}), [])
	t.deepEqual(readXattrs(`${root}/file`, {xattrs: true}), wanted.toReversed())
	t.deepEqual(readXattrs(`${root}/file`, {acls: true}), [])
	if (has('getfattr'))
		t.regex(
			execFileSync('getfattr', ['-d', '-e', 'hex', '--absolute-names', `${root}/file`], {encoding: 'utf8'}),
			/user\.a=0x\nuser\.z=0x00ff\n/,
		)
	t.deepEqual(writeXattrs(`${root}/file`, [['user.b', Buffer.from('b')]], {xattrs: true}), [])
	t.deepEqual(readXattrs(`${root}/file`, {xattrs: true}), [['user.b', Buffer.from('b')]])
	const long = applyAttrs(
		`${root}/file`,
		{xattrs: [['user.long', Buffer.alloc(70_000)]]},
		{owners, xattrs: true},
	)
	t.deepEqual(
		long.map(({kind}) => kind),
		['xattr'],
	)
})

withAcls('ACLs go from one file to another, with the mode they refine', (t) => {
	const root = scratch(t)
	for (const path of ['from/', 'to/', 'a', 'b']) put(root, path)
	const acl = (...args: string[]) => spawnSync('setfacl', args, {cwd: root}).status
	acl('-m', 'u:1:rwx,g:2:r', 'a')
	acl('-m', 'u:1:rwx', 'from')
	acl('-d', '-m', 'u:3:r', 'from')
	const list = (name: string) => execFileSync('getfacl', ['-cnp', name], {cwd: root, encoding: 'utf8'})
	for (const [from, to] of [
		['a', 'b'],
		['from', 'to'],
	] as const) {
		const xattrs = readXattrs(`${root}/${from}`, {acls: true})
		const {mode} = must(`${root}/${from}`)
		t.deepEqual(applyAttrs(`${root}/${to}`, {xattrs, mode}, {owners, acls: true}), [])
		t.is(list(to), list(from))
	}
	t.deepEqual(applyAttrs(`${root}/b`, {xattrs: [], mode: 0o640}, {owners, acls: true}), [])
	t.is(list('b'), 'user::rw-\ngroup::r--\nother::---\n\n')
})

test('names and ids of owners are found both ways, and what is unknown stays unknown', (t) => {
	t.is(owners.userName(0), 'root')
	t.is(owners.userId('root'), 0)
	t.is(owners.userName(4_000_000_000), undefined)
	t.is(owners.userId('no such user'), undefined)
	t.is(owners.userId('-s'), undefined)
	t.is(owners.groupId('0'), undefined)
	const fallback = new Owners({passwd: '/nonexistent', group: '/nonexistent'})
	t.is(fallback.userName(0), has('getent') ? 'root' : undefined)
	t.is(fallback.groupId('root'), has('getent') ? 0 : undefined)
})

test('without koffi, times are set as node can, and what is lost is told', (t) => {
	const root = scratch(t)
	for (const floor of ['base', 'format', 'local'])
		fs.cpSync(new URL(`../${floor}`, build), `${root}/src/${floor}`, {recursive: true})
	put(root, 'package.json', '{"type": "module"}')
	fs.mkdirSync(`${root}/node_modules/koffi`, {recursive: true})
	put(root, 'node_modules/koffi/index.js', 'throw new Error("not here")')
	put(root, 'file')
	const body = `
		import {applyAttrs} from '${root}/src/local/attrs.js'
		import {makeNode} from '${root}/src/local/make.js'
		import {Owners} from '${root}/src/local/owners.js'
		const owners = new Owners(), file = '${root}/file'
		const apply = (wanted) => applyAttrs(file, wanted, {owners, xattrs: true}).map(({kind}) => kind)
		console.log(JSON.stringify([
			apply({mtime: 1700000000123456789n}),
			apply({xattrs: [['user.a', Buffer.from('1')]]}),
			makeNode('${root}/fifo', 0o010600, {major: 0, minor: 0}).kind,
			apply({mtime: 1700000000000000000n}),
			apply({mtime: -86400500000000n}),
		]))`
	const printed = execFileSync(process.execPath, ['--input-type=module', '-e', body], {encoding: 'utf8'})
	t.deepEqual(JSON.parse(printed), [['times'], ['xattr'], 'device', [], []])
	t.is(must(`${root}/file`).mtime, -86_400_500_000_000n)
})

test('names come in byte order, whatever order they were read in', (t) => {
	const some = fc.uniqueArray(fc.stringMatching(/^[ -.0-~]{1,4}$/), {maxLength: 12})
	const order = fc.constantFrom('as it comes', 'forwards', 'backwards', 'all but the last')
	fc.assert(
		fc.property(some, order, (found, how) => {
			const inOrder = found.toSorted()
			const last = inOrder.at(-1)
			const read = {
				'as it comes': found,
				forwards: inOrder,
				backwards: inOrder.toReversed(),
				'all but the last': last === undefined ? [] : [last, ...inOrder.slice(0, -1)],
			}[how]
			const names = new Names()
			for (const name of read) names.add(name)
			names.sort()
			t.deepEqual(
				Array.from({length: names.count}, (_, i) => names.text(i)),
				inOrder,
			)
		}),
	)
})

// ---- a walk with a thread

const withThreads = needing(
	'koffi on Linux, and a second core',
	native()?.statAt !== undefined && availableParallelism() > 1,
	// calls are counted, which others would make too
	test.serial,
)
const IN_THREADS = {inThreads: true, expected: 1e6}

/** A tree whose directories have more names than a ring, runs of names between directories, and odd names. */
function largeTree(t: ExecutionContext): Path {
	const root = scratch(t)
	for (let i = 0; i < 5000; i++) put(root, `many/file ${i % 7}-${i}`, 'x'.repeat(i % 5))
	for (let i = 0; i < 1200; i++) put(root, `mixed/${i}${i % 150 === 0 ? '/' : ''}`)
	for (let i = 0; i < 300; i++) put(root, `odd/${'\xff'.repeat(1 + (i % 250))}\n"${i}`)
	for (let i = 0; i < 700; i++) put(root, `long/${'y'.repeat(250)}${i}`)
	for (const name of ODD.filter((odd) => !odd.startsWith('a/'))) put(root, `odd/b${name}`)
	put(root, `${'deep/'.repeat(60)}file`)
	fs.symlinkSync('many', `${root}/mixed/link`)
	fs.chmodSync(root, 0o755)
	return root
}

/** Walks such a tree, waiting for the thread once it was begun; calls `seen` for each file. */
async function walkSlowly(
	root: Path,
	options: WalkOptions,
	seen: (path: Path, stat: Stat) => void,
): Promise<void> {
	let count = 0
	for (const {path, stat} of walk(Buffer.from(root, 'latin1'), options)) {
		// the first directory in which there is a block for the thread
		if (path === 'long/') await later(1000)
		else if (path.endsWith('/') || count % 1000 === 300) await later(2)
		count++
		seen(path, stat)
	}
}

withThreads(
	'a walk with a thread is the walk without, file by file, and looks at fewer of them itself',
	async (t) => {
		const root = largeTree(t)
		const onError = (path: Path, error: unknown) => t.fail(`${path}: ${String(error)}`)
		const expected = Array.from(walk(Buffer.from(root, 'latin1'), {onError}), ({path, stat}) => [
			path,
			plain(stat),
		])
		const calls = native() as {statAt: NonNullable<ReturnType<typeof native>>['statAt']}
		const {statAt} = calls
		t.teardown(() => Object.assign(calls, {statAt}))
		let own = 0
		calls.statAt = (...args) => {
			own++
			return statAt?.(...args) ?? false
		}
		const found: unknown[] = []
		await walkSlowly(root, {onError, ...IN_THREADS}, (path, stat) => found.push([path, plain(stat)]))
		t.deepEqual(found, expected)
		t.log(`${own} of ${found.length}`)
		t.true(own < 0.9 * found.length, `${own} of ${found.length}`)
		own = 0
		await walkSlowly(root, {onError, expected: 1e6}, () => {})
		// the root is looked at twice
		t.is(own, found.length + 1)
	},
)

withThreads('what vanishes while a thread looks ahead is passed over, or was there', async (t) => {
	const root = largeTree(t)
	const errors: Path[] = []
	const paths: Path[] = []
	const left = new Set(walked(root).paths)
	await walkSlowly(root, {onError: (path) => errors.push(path), ...IN_THREADS}, (path) => {
		paths.push(path)
		const match = /^(many\/file )([0-3])-\d+$/.exec(path)
		if (match === null || paths.length % 3 > 0) return
		for (const next of [...left].filter((other) => other > `${match[1]}4`).slice(0, 40)) {
			if (!next.startsWith('many/')) continue
			fs.rmSync(`${root}/${next}`)
			left.delete(next)
		}
	})
	t.deepEqual(errors, [])
	t.deepEqual(paths, paths.toSorted())
	t.deepEqual(
		[...left].filter((path) => !paths.includes(path)),
		[],
	)
	t.true(left.size < 6000)
})

asRoot('what a thread may not look at is told as without it', (t) => {
	const root = scratch(t)
	for (let i = 0; i < 1000; i++) put(root, `no/${i}`)
	put(root, 'none/x')
	fs.chmodSync(root, 0o755)
	fs.chmodSync(`${root}/no`, 0o744)
	fs.chmodSync(`${root}/none`, 0)
	const [without, within] = [{}, IN_THREADS].map((how) =>
		asNobody(`
			const errors = [], onError = (path, error) => errors.push([path, error.code])
			const paths = []
			for (const {path} of local.walk(${JSON.stringify(root)}, {onError, ...${JSON.stringify(how)}})) {
				paths.push(path)
				if (path === 'no/') await new Promise((resolve) => setTimeout(resolve, 300))
			}
			print([paths, errors])`),
	) as [Path[], Failures][]
	t.deepEqual(within, without)
	t.is(within?.[1].length, 1001)
	t.deepEqual(within?.[0], [ROOT, 'no/', 'none/'])
})

withThreads('a walk that is given up leaves neither a thread nor an open directory', async (t) => {
	const root = largeTree(t)
	const body = `
		const fds = () => fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch { return '' } })
		const tasks = () => fs.readdirSync('/proc/self/task').length
		const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
		await new Promise((resolve) => fs.stat('/', resolve))
		const before = tasks()
		const during = []
		for (const _ of local.walk(${JSON.stringify(`${root}/deep`)}, {onError() {}, inThreads: true}));
		const small = tasks() - before
		for (const at of [300, 4000, 5500]) {
			let count = 0
			for (const {path} of local.walk(${JSON.stringify(root)}, {onError() {}, ...${JSON.stringify(IN_THREADS)}})) {
				if (count === at - 1) await pause(300)
				if (++count === at) { during.push(tasks() - before); break }
			}
		}
		for (let waited = 0; waited < 5000 && tasks() > before; waited += 50) await pause(50)
		print([small, during, tasks() - before, fds().filter((file) => file.startsWith(${JSON.stringify(root)}))])`
	const [small, during, after, open] = asNobody(body) as [number, number[], number, string[]]
	// there is none where there are few files
	t.is(small, 0)
	t.true(during.every((more) => more > 0))
	t.is(after, 0)
	t.deepEqual(open, [])
})

test('a thread that does not answer is given up', (t) => {
	const ring = new StatRing(undefined, 20)
	const stat = new Statx()
	for (let i = 0; i < 200; i++) {
		const name = Buffer.from(`file ${i}\0`)
		ring.add(name, 0, name.length - 1, 3)
	}
	ring.fill()
	t.is(ring.filled, 4)
	const asked: string[] = []
	// addresses are places in what was asked for
	const at = (memory: Buffer | Uint32Array) => memory.byteOffset
	const statAt = (_: number, start: number, place: number) => {
		const name = Buffer.from(ring.memory, start)
		const words = new Uint32Array(ring.memory, place, STATX_WORDS)
		const text = name.toString('latin1', 0, name.indexOf(0))
		asked.push(text)
		if (text === 'file 3') return false
		words[X.mode] = 0o100644
		words[X.uid] = Number(text.slice(5))
		return true
	}
	const look = {addressOf: at, statAt}
	const stuck = {
		addressOf: at,
		statAt(...args: Parameters<typeof statAt>) {
			if (asked.length === 70) throw new Error('stuck')
			return statAt(...args)
		},
	}
	t.throws(() => new StatRing(ring.memory).help(stuck), {message: 'stuck'})
	t.is(asked[0], 'file 0')
	t.is(ring.settle(0, look), 64)
	t.is(asked.length, 70)
	for (let i = 0; i < 64; i++) {
		// the file that it did not find
		t.is(ring.find(i, stat.words), i !== 3)
		if (i !== 3) t.is(stat.uid, i)
	}
	t.is(ring.settle(1, look), 64)
	t.true(ring.isLost)
	// what the thread left is looked at by who waits for it, the last block first
	t.is(asked[70], 'file 192')
	t.is(asked.length, 70 + 8 + 64)
	t.false(ring.find(64, stat.words))
	ring.end()
})

test('a thread that is not wanted any more loads nothing, and one that loads is waited for', (t) => {
	const unwanted = new StatRing()
	unwanted.end()
	t.is(new StatRing(unwanted.memory).load(t.fail), undefined)
	const ring = new StatRing(undefined, 50)
	const loaded = new StatRing(ring.memory).load(() => {
		const before = performance.now()
		// nobody can end it here: it waits as long as it has patience
		ring.end()
		return performance.now() - before
	})
	t.true(loaded !== undefined && loaded > 40)
	// it is loaded now
	ring.end()
})

// ---- writing

const names = (directory: Path): string[] => fs.readdirSync(forFs(directory), 'latin1')

withKoffi('files of one directory are looked at by its descriptor, and are what lstat says', (t) => {
	const root = scratch(t)
	for (const name of ['file', 'caf\u00c3\u00a9', '\u00ff', 'x'.repeat(255)]) put(root, name, name)
	fs.mkdirSync(`${root}/directory`)
	fs.symlinkSync('nowhere', `${root}/link`)
	fs.linkSync(`${root}/file`, `${root}/other`)
	fs.utimesSync(`${root}/file`, 1, -1.5)
	put(root, 'directory/inner', 'inner')
	const lookup = new Lookup({expected: 1e6})
	t.teardown(() => lookup.close())
	const look = (directory: Path, name: Path): Stat | undefined =>
		lookup.look(directory, Buffer.from(`${name}\0`, 'latin1'), 0) ? plain(lookup.stat) : undefined
	for (const name of [...names(root), '.'])
		t.deepEqual(look(`${root}/`, name), lstatExact(`${root}/${name}`), name)
	t.deepEqual(look(`${root}/`, 'directory/'), lstatExact(`${root}/directory`))
	t.true(lookup.isNamedDirectory)
	t.deepEqual(look(`${root}/directory/`, 'inner'), lstatExact(`${root}/directory/inner`))
	t.deepEqual(look('/dev/', 'null'), lstatExact('/dev/null'))
	t.is(look(`${root}/`, 'nothing'), undefined)
	t.is(look(`${root}/no directory/`, 'nothing'), undefined)
	t.throws(() => look(`${root}/`, 'y'.repeat(256)), {code: 'ENAMETOOLONG'})
})

const plain = ({mode, size, mtime, ctime, ino, dev, nlink, uid, gid, blocks, rdev}: Stat): Stat => ({
	mode,
	size,
	mtime,
	ctime,
	ino,
	dev,
	nlink,
	uid,
	gid,
	blocks,
	rdev,
})

test('what is made of the words of a file is what was put into them', (t) => {
	const odd = {
		mode: 0o060640,
		size: 2 ** 52 + 1,
		mtime: -1n,
		ctime: 2n ** 62n,
		ino: 2n ** 64n - 1n,
		dev: 2 ** 40 + 1,
		nlink: 2 ** 32 - 1,
		uid: 2 ** 32 - 2,
		gid: 2 ** 31,
		blocks: 2 ** 40,
		rdev: {major: 259, minor: 2 ** 20 - 1},
	}
	for (const stat of [odd, must('/dev/null'), must('/proc/self'), must('/tmp')])
		t.deepEqual(plain(Statx.of(stat)), stat)
})

withKoffi('names are the same, and in the same order, whoever is asked for them', (t) => {
	const root = scratch(t)
	for (const name of ODD.filter((odd) => !odd.startsWith('a/'))) put(root, `b${name}`)
	for (const name of ['directory/', 'directory.txt', 'directory0', '.x/', 'y'.repeat(255)]) put(root, name)
	for (let i = 0; i < 3000; i++) put(root, `directory/a long name of a file ${i}`)
	fs.symlinkSync('directory', `${root}/link`)
	for (const directory of [`${root}/`, `${root}/directory/`]) {
		const [ours, libc] = [0, 1e6].map((expected) => {
			const [lookup, found] = [new Lookup({expected}), new Names()]
			lookup.read(directory, found)
			lookup.close()
			found.sort()
			return Array.from({length: found.count}, (_, i) => found.text(i))
		})
		t.deepEqual(libc, ours)
		t.deepEqual(libc, libc?.toSorted())
		t.true(directory.endsWith('directory/') || libc?.includes('directory/'))
	}
	for (const expected of [0, 1e6])
		t.throws(() => new Lookup({expected}).read(`${root}/none/`, new Names()), {code: 'ENOENT'})
})

test('a new file appears whole, and replaces nothing, whether it had a name meanwhile or not', (t) => {
	for (const named of [true, false]) {
		const root = scratch(t)
		const file = new TemporaryFile(`${root}/file`, {isNew: true, named})
		file.write(Buffer.from('whole'), 0)
		if (named || native()?.link) t.deepEqual(names(root).map(isTemporary), named ? [true] : [])
		const stat = file.commit((handle) =>
			t.deepEqual(applyAttrs(handle, {mode: 0o640, mtime: 5n}, {owners}), []),
		)
		t.deepEqual([stat, names(root)], [must(`${root}/file`), ['file']])
		const late = new TemporaryFile(`${root}/file`, {isNew: true, named})
		t.throws(() => late.commit(), {code: 'EEXIST'})
		t.deepEqual([fs.readFileSync(`${root}/file`, 'utf8'), names(root)], ['whole', ['file']])
	}
})

test('a file appears whole, with its attributes, in place of the old one', (t) => {
	const root = scratch(t)
	put(root, 'file', 'old')
	const file = new TemporaryFile(`${root}/file`, {fsync: true})
	file.write(Buffer.from('world'), 6)
	file.write(Buffer.from('hello '), 0)
	t.is(fs.readFileSync(`${root}/file`, 'utf8'), 'old')
	t.true(names(root).some(isTemporary))
	t.is(must(file.file ?? '').mode, 0o100600)
	file.commit((temporary) => t.deepEqual(applyAttrs(temporary, {mode: 0o644, mtime: 5n}, {owners}), []))
	t.is(fs.readFileSync(`${root}/file`, 'utf8'), 'hello world')
	t.is(must(`${root}/file`).mode, 0o100644)
	t.deepEqual(names(root), ['file'])
	file.discard()
	t.deepEqual(names(root), ['file'])
})

test('a write that fails leaves the old file and nothing else', (t) => {
	const root = scratch(t)
	put(root, 'file', 'old')
	put(root, 'directory/')
	const begin = (name: string) => {
		const file = new TemporaryFile(`${root}/${name}`)
		file.write(Buffer.from('new'), 0)
		return file
	}
	begin('file').discard()
	const failing = () => {
		throw new Error('no')
	}
	t.throws(() => begin('file').commit(failing), {message: 'no'})
	t.throws(() => begin('directory').commit(), {code: 'EISDIR'})
	t.throws(() => makeSymlink(`${root}/directory`, Buffer.from('x')), {code: 'EISDIR'})
	t.throws(() => makeSymlink(`${root}/file`, Buffer.from('x'), failing), {message: 'no'})
	t.deepEqual(names(root).toSorted(), ['directory', 'file'])
	t.is(fs.readFileSync(`${root}/file`, 'utf8'), 'old')
})

test('a temporary file follows no link, and replaces one', (t) => {
	const root = scratch(t)
	put(root, 'victim', 'mine')
	fs.symlinkSync('victim', `${root}/link`)
	const file = new TemporaryFile(`${root}/link`)
	file.write(Buffer.from('new'), 0)
	file.commit()
	t.is(fs.readFileSync(`${root}/victim`, 'utf8'), 'mine')
	t.is(fs.readFileSync(`${root}/link`, 'utf8'), 'new')
	t.false(fs.lstatSync(`${root}/link`).isSymbolicLink())
})

test('a sparse file has its bytes and its length, but few blocks', (t) => {
	const root = scratch(t)
	const content = Buffer.alloc(4 * 2 ** 20 + 123)
	content.fill('x', 100_000, 100_010)
	const write = (name: string, sparse: boolean) => {
		const file = new TemporaryFile(`${root}/${name}`, {sparse})
		for (let at = 0; at < content.length; at += 65_537) file.write(content.subarray(at, at + 65_537), at)
		file.commit()
		t.true(fs.readFileSync(`${root}/${name}`).equals(content))
		return must(`${root}/${name}`).blocks
	}
	t.true(write('sparse', true) * 512 < 512 * 1024)
	t.true(write('full', false) * 512 >= 4 * 2 ** 20)
})

test('temporary names fit, are known again, and tell whether their process is dead', (t) => {
	const root = scratch(t)
	for (const name of ['a', 'x'.repeat(255), '\xff'.repeat(255), '.hidden', 'new\nline']) {
		const file = new TemporaryFile(`${root}/${name}`)
		const own = names(root)[0] ?? ''
		t.true(isTemporary(own) && !isAbandoned(own))
		t.is(removeAbandoned(root), 0)
		file.discard()
	}
	const ours = temporaryName('/x').slice(1)
	const dead = ours.replace(`-${process.pid}-`, '-4194305-')
	const reused = ours.replace(/-\d*-(\w{8})$/, '-12-$1')
	const elsewhere = dead.replace(/s3r-[0-9a-f]{8}/, 's3r-00000000')
	for (const name of [dead, elsewhere, 'mine.s3r-1']) put(root, name)
	t.true(isAbandoned(dead))
	t.is(isAbandoned(reused), process.platform === 'linux')
	t.is(removeAbandoned(root), 1)
	t.deepEqual(names(root).toSorted(), [elsewhere, 'mine.s3r-1'].toSorted())
})

test('links, FIFOs and directories are made in their places', (t) => {
	const root = scratch(t)
	put(root, 'file', 'x')
	put(root, 'old')
	makeSymlink(`${root}/old`, Buffer.from([0xff, 0x41]))
	t.deepEqual(readLink(`${root}/old`), Buffer.from([0xff, 0x41]))
	makeHardLink(`${root}/old`, `${root}/file`)
	makeHardLink(`${root}/old`, `${root}/file`)
	t.like(must(`${root}/old`), {nlink: 2, ino: must(`${root}/file`).ino})
	t.true(makeDirectory(`${root}/old`))
	t.false(makeDirectory(`${root}/old`))
	t.is(must(`${root}/old`).mode, 0o040700)
	if (native() !== undefined)
		for (const mode of [0o010644, 0o140600]) {
			t.is(makeNode(`${root}/node`, mode, {major: 0, minor: 0}), undefined)
			t.is(must(`${root}/node`).mode & 0o170000, mode & 0o170000)
		}
	t.false(names(root).some(isTemporary))
})

withDevices(
	'devices are made with all bits of their numbers; an ordinary user is told that he may not',
	(t) => {
		const root = scratch(t)
		const device = {major: 0xabc, minor: 0xfedcb}
		t.is(makeNode(`${root}/device`, 0o020600, device), undefined)
		t.deepEqual(must(`${root}/device`).rdev, device)
		t.is(must(`${root}/device`).mode & 0o170000, 0o020000)
		fs.chownSync(root, 65534, 65534)
		const result = asNobody(`
		print(local.makeNode(${JSON.stringify(root)} + '/other', 0o020600, {major: 1, minor: 3}).kind)`)
		t.is(result, 'device')
		t.deepEqual(names(root), ['device'])
	},
)

// ---- confinement

const writeAt = (confined: Confined, path: Path): void => {
	const held = confined.hold(path)
	try {
		const file = new TemporaryFile(held.file)
		file.write(Buffer.from('x'), 0)
		file.commit()
	} finally {
		held.release()
	}
}

/** How many descriptors are open below a directory; other tests of this process have theirs elsewhere. */
const openDescriptors = (root: string) =>
	fs.readdirSync('/proc/self/fd').filter((fd) => {
		try {
			return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(root)
		} catch {
			return false
		}
	}).length

test('files are written below the root, in parents that are made for them', (t) => {
	const root = scratch(t)
	const confined = new Confined(root)
	for (const path of ['a', 'd/e/f', 'd/e/\xff\n', 'd/g']) writeAt(confined, path)
	for (let i = 0; i < 200; i++) writeAt(confined, `many/${i}/file`)
	t.is(must(`${root}/d/e`).mode, 0o040700)
	t.deepEqual(names(`${root}/d/e`).toSorted(), ['f', '\xff\n'])
	const held = confined.hold(ROOT)
	t.is(must(held.file).ino, must(root).ino)
	if (process.platform === 'linux') t.true(openDescriptors(root) > 0)
	confined.close()
	t.is(must(held.file).ino, must(root).ino)
	held.release()
	held.release()
	if (process.platform === 'linux') t.is(openDescriptors(root), 0)
})

test('nothing is written outside the root or in .s3rsync', (t) => {
	const confined = new Confined(scratch(t))
	for (const path of [
		'../x',
		'a/../../x',
		'/etc/x',
		'',
		'a//b',
		'./x',
		'.s3rsync/config',
		'a/.S3RSYNC/x',
		'a\0b',
	])
		t.throws(() => confined.hold(path), {instanceOf: S3rError}, path)
	confined.close()
})

test('nothing is written through a symlink or a file, of before, of this run, or swapped in meanwhile', (t) => {
	const root = scratch(t)
	const outside = scratch(t)
	for (const path of ['real/x', 'file', 'deep/er/x']) put(root, path)
	fs.symlinkSync(outside, `${root}/link`)
	fs.symlinkSync('real', `${root}/inner`)
	const confined = new Confined(root)
	const refuses = (path: Path, why: RegExp) => t.throws(() => writeAt(confined, path), {message: why}, path)
	refuses('link/x', /^it passes through the symlink 'link'$/)
	refuses('inner/x', /symlink 'inner'/)
	refuses('file/x', /file 'file'/)
	writeAt(confined, 'real/y')
	writeAt(confined, 'deep/er/y')
	fs.renameSync(`${root}/real`, `${root}/moved`)
	fs.symlinkSync(outside, `${root}/real`)
	refuses('real/z', /symlink 'real'/)
	fs.renameSync(`${root}/deep`, `${root}/deeper`)
	put(outside, 'er/x')
	fs.symlinkSync(outside, `${root}/deep`)
	refuses('deep/er/z', /symlink 'deep'/)
	fs.rmSync(`${root}/real`)
	const held = confined.hold('real')
	makeSymlink(held.file, Buffer.from(outside))
	held.release()
	refuses('real/z', /symlink 'real'/)
	confined.close()
	t.deepEqual(names(outside), ['er'])
	t.deepEqual(names(`${outside}/er`), ['x'])
})

/** Makes a new file as one of many. */
function makeOne(confined: Confined, path: Path, finish?: Finish): Stat {
	const held = confined.hold(path, {lately: true})
	try {
		return new TemporaryFile(held.file, {isNew: true, mode: 0o640, place: held.place}).commit(finish)
	} finally {
		held.release()
	}
}

test('new files of one turn are made by one look at their directory', async (t) => {
	const root = scratch(t)
	const confined = new Confined(root)
	const move = (to: Path) => fs.renameSync(`${root}/d`, `${root}/${to}`)
	makeOne(confined, 'd/first')
	makeOne(confined, 'd/second')
	move('moved')
	if (process.platform === 'linux') makeOne(confined, 'd/third')
	writeAt(confined, 'd/strict')
	makeOne(confined, 'd/fourth')
	move('again')
	await turn()
	makeOne(confined, 'd/fifth')
	makeOne(confined, 'd/sixth')
	move('at last')
	for (let i = 0; i < 40; i++) makeOne(confined, `d/${i}`)
	confined.close()
	if (process.platform === 'linux')
		t.deepEqual(names(`${root}/moved`).toSorted(), ['first', 'second', 'third'])
	t.deepEqual(names(`${root}/again`).toSorted(), ['fourth', 'strict'])
	const [before, after] = [names(`${root}/at last`).length, names(`${root}/d`).length]
	t.is(before + after, 42)
	t.true(after >= 8, `${after}`)
})

asRoot('a new file has its owner and mode although new files of its directory are others by now', (t) => {
	const root = scratch(t)
	const confined = new Confined(root)
	const wanted = {mode: 0o640, uid: 0, gid: 0}
	const make = (path: Path) =>
		makeOne(confined, path, (handle) => t.deepEqual(applyAttrs(handle, wanted, {owners}), []))
	const check = (path: Path) => {
		const stat = make(path)
		t.deepEqual(stat, must(`${root}/${path}`))
		t.deepEqual([stat.mode & 0o7777, stat.uid, stat.gid], [0o640, 0, 0], path)
	}
	check('d/first')
	check('d/second')
	fs.chownSync(`${root}/d`, 0, 12345)
	fs.chmodSync(`${root}/d`, 0o2755)
	check('d/third')
	check('d/fourth')
	fs.chmodSync(`${root}/d`, 0o755)
	check('d/fifth')
	confined.close()
})

onLinux('what is written while its directory is swapped stays in the directory', async (t) => {
	const root = scratch(t)
	const outside = scratch(t)
	const confined = new Confined(root)
	await confined.within('d/x', (file) => {
		fs.renameSync(`${root}/d`, `${root}/moved`)
		fs.symlinkSync(outside, `${root}/d`)
		fs.writeFileSync(forFs(file), 'x')
	})
	confined.close()
	t.deepEqual(names(outside), [])
	t.deepEqual(names(`${root}/moved`), ['x'])
})

asRoot('an owner writes in a directory that he made read-only, and finds it so again', (t) => {
	const root = scratch(t)
	fs.chownSync(root, 65534, 65534)
	const result = asNobody(`
		const root = ${JSON.stringify(root)}
		fs.mkdirSync(root + '/d/e', {recursive: true})
		fs.chmodSync(root + '/d/e', 0o400); fs.chmodSync(root + '/d', 0o555)
		const confined = new local.Confined(root)
		const write = (file) => fs.writeFileSync(file, 'x')
		await confined.within('d/x', write); await confined.within('d/e/y', write)
		await confined.within('d/new/z', write)
		confined.close()
		print(['d', 'd/e', 'd/new'].map((d) => fs.statSync(root + '/' + d).mode.toString(8)))`)
	t.deepEqual(result, ['40555', '40400', '40700'])
	t.deepEqual(names(`${root}/d/e`), ['y'])
})

// ---- reading

async function all(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
	const list: Buffer[] = []
	for await (const piece of pieces) list.push(piece)
	return list
}

const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex')

test('a small file is read whole, unless it is not what was seen any more', (t) => {
	const root = scratch(t)
	const buffer = Buffer.alloc(64)
	put(root, 'file', 'content')
	const seen = must(`${root}/file`)
	t.is(readSmall(`${root}/file`, seen, buffer)?.toString(), 'content')
	t.is(md5Of(`${root}/file`, seen), md5('content'))
	fs.appendFileSync(`${root}/file`, '!')
	t.is(readSmall(`${root}/file`, seen, buffer), undefined)
	t.is(md5Of(`${root}/file`, seen), undefined)
	fs.rmSync(`${root}/file`)
	t.throws(() => readSmall(`${root}/file`, seen, buffer), {code: 'ENOENT'})
	fs.symlinkSync('/etc/passwd', `${root}/file`)
	t.throws(() => readSmall(`${root}/file`, seen, buffer), {code: 'ELOOP'})
	t.throws(() => new OpenFile(root), {instanceOf: S3rError})
})

withKoffi('a FIFO in place of a file is refused at once', (t) => {
	const root = scratch(t)
	makeNode(`${root}/fifo`, 0o010600, {major: 0, minor: 0})
	t.throws(() => new OpenFile(`${root}/fifo`), {instanceOf: S3rError})
})

test('a large file is read in pieces, in ranges, and hashed', async (t) => {
	const root = scratch(t)
	const content = Buffer.from(Uint8Array.from({length: 3_000_000}, (_, i) => (i * 7) % 251))
	fs.writeFileSync(`${root}/file`, content)
	const open = new OpenFile(`${root}/file`)
	const pieces = await all(open.chunks())
	t.true(Buffer.concat(pieces).equals(content))
	t.true(Buffer.concat(await all(open.chunks(5, 2_000_000))).equals(content.subarray(5, 2_000_000)))
	t.true(open.read(2_999_990, 100).equals(content.subarray(2_999_990)))
	t.is(md5Of(`${root}/file`, open.stat), md5(content))
	t.true(open.unchanged())
	fs.truncateSync(`${root}/file`, 1_500_000)
	t.false(open.unchanged())
	await t.throwsAsync(all(open.chunks()), {message: /changed/})
	await t.throwsAsync(all(open.chunks(0, 1000)), {message: /changed/})
	open.close()
})

// ---- the lock

test('a lock is held by one, told of by name, and free once it is released', async (t) => {
	const file = `${scratch(t)}/index.lock`
	const lock = await acquireLock(file, {command: 's3r push'})
	const error = await t.throwsAsync(acquireLock(file, {wait: 0}), {instanceOf: S3rError})
	t.regex(error?.message ?? '', /^another s3r holds '.*\/index\.lock'$/)
	t.regex(error?.hint ?? '', new RegExp(`process ${process.pid} on host .*'s3r push'`))
	await t.throwsAsync(acquireLock(file, {signal: AbortSignal.timeout(60)}))
	const next = acquireLock(file)
	lock.release()
	lock.release()
	const taken = await next
	t.true(fs.existsSync(file))
	taken.release()
	t.false(fs.existsSync(file))
})

test('the lock of a process that was killed is taken over by exactly one of many', async (t) => {
	const root = scratch(t)
	const file = `${root}/index.lock`
	const program = (rest: string) => `
		import {acquireLock} from ${JSON.stringify(new URL('lock.js', build).href)}
		import fs from 'node:fs'
		${rest}`
	const run = (rest: string) =>
		spawn(process.execPath, ['--input-type=module', '-e', program(rest)], {stdio: 'ignore'})
	const dying = run(`await acquireLock(${JSON.stringify(file)}); process.kill(process.pid, 'SIGKILL')`)
	await once(dying, 'exit')
	t.true(fs.existsSync(file))
	const takers = Array.from({length: 4}, () =>
		run(`
			for (let i = 0; i < 20; i++) {
				const lock = await acquireLock(${JSON.stringify(file)}, {wait: 30000})
				fs.writeFileSync(${JSON.stringify(`${root}/inside`)}, '', {flag: 'wx'})
				fs.rmSync(${JSON.stringify(`${root}/inside`)})
				lock.release()
			}`),
	)
	t.deepEqual(
		await Promise.all(takers.map(async (taker) => (await once(taker, 'exit'))[0] as unknown)),
		[0, 0, 0, 0],
	)
	t.deepEqual(names(root), [])
})

test('a lock of another host, or one that is being written, is left alone; one left empty is not', async (t) => {
	const file = `${scratch(t)}/index.lock`
	fs.writeFileSync(file, 'pid 4194305\nstart 1\nhost 00000000 elsewhere\nnumber 1\ncommand s3r push\n')
	const error = await t.throwsAsync(acquireLock(file, {wait: 0}), {instanceOf: S3rError})
	t.regex(error?.hint ?? '', /process 4194305 on host 'elsewhere'/)
	fs.writeFileSync(file, '')
	await t.throwsAsync(acquireLock(file, {wait: 0}), {instanceOf: S3rError})
	fs.utimesSync(file, 1, 1)
	const lock = await acquireLock(file, {wait: 0})
	lock.release()
	await t.throwsAsync(acquireLock('/nonexistent/index.lock'), {
		message: /^cannot lock 'nonexistent\/index.lock': no such/,
	})
})

test('the time of the processors is that which the system counts', (t) => {
	const said = idleTime()
	if (process.platform !== 'linux') {
		t.is(said, undefined)
		return
	}
	const times = cpus().map((cpu) => cpu.times)
	const idle = times.reduce((sum, one) => sum + one.idle, 0)
	const busy = times.reduce((sum, {user, nice, sys, irq}) => sum + user + nice + sys + irq, 0)
	// node does not tell of waits for disks, nor of soft interrupts
	const share = idle / (idle + busy)
	t.true(Math.abs((said?.idle ?? 0) / (said?.all ?? 1) - share) < 0.2, JSON.stringify([said, share]))
})
