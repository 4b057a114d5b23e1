// What push and pull do to real directories and to a store that counts: never too much, never too little.

import {createHash, randomBytes} from 'node:crypto'
import * as fs from 'node:fs'
import fsItself from 'node:fs'
import {syncBuiltinESMExports} from 'node:module'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {buffer} from 'node:stream/consumers'
import {setTimeout} from 'node:timers/promises'
import {gzipSync} from 'node:zlib'
import test, {type ExecutionContext} from 'ava'
import {joinedEtag} from '../src/algo/parts.ts'
import {fatal, S3rError} from '../src/base/errors.ts'
import {forFs, type Path} from '../src/base/path.ts'
import {Rate} from '../src/base/rate.ts'
import {type Entry, inSync, type Local} from '../src/format/entry.ts'
import {answer} from '../src/format/filter-read.ts'
import {FilterRules} from '../src/format/filter.ts'
import {IndexBuilder} from '../src/format/index-builder.ts'
import {parseIndex} from '../src/format/index-bytes.ts'
import {keyOf} from '../src/format/key.ts'
import {encodeMetadata} from '../src/format/metadata.ts'
import type {Remote} from '../src/format/remote.ts'
import {makeNode} from '../src/local/make.ts'
import {native} from '../src/local/native.ts'
import {Owners} from '../src/local/owners.ts'
import {isTemporary} from '../src/local/temporary.ts'
import {readXattrs, writeXattrs, type XattrKinds} from '../src/local/xattrs.ts'
import {createPlace, type Place} from '../src/repo/find.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {IndexSession} from '../src/repo/session.ts'
import {listUploadRecords} from '../src/repo/uploads.ts'
import {type Counts, counted, requests} from '../src/store/counted.ts'
import {dryRun} from '../src/store/dry.ts'
import {limited} from '../src/store/limited.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {type Body, type Part, type Store, StoreError} from '../src/store/store.ts'
import {WholeBody} from '../src/store/whole.ts'
import {withDirectories, withPrefixes} from '../src/sync/compare-dest.ts'
import type {Crews, Work} from '../src/sync/crew.ts'
import {receiving} from '../src/sync/crew-receive.ts'
import {sending as sendingWork} from '../src/sync/crew-send.ts'
import type {Events} from '../src/sync/events.ts'
import {HashThreads} from '../src/sync/hash-thread.ts'
import {LATE_BELOW} from '../src/sync/late-hash.ts'
import {LocalDisk, LocalFiles} from '../src/sync/local-files.ts'
import {pull, type PullOptions} from '../src/sync/pull.ts'
import {type Outcome, push, type PushOptions} from '../src/sync/push.ts'
import {scan as scanOnly} from '../src/sync/scan.ts'
import {type Selection, selection} from '../src/sync/select.ts'
import {hashTwins} from '../src/sync/twins.ts'

const PREFIX = 'home/'
const MIB = 2 ** 20
const owners = new Owners()

// ---- a local side, and what is done with it

type Ran = Outcome & {
	/** `A path`, sorted. */
	readonly lines: readonly string[]
	readonly failed: ReadonlyMap<Path, string>
	readonly vanished: readonly Path[]
	readonly warned: ReadonlySet<string>
	readonly counts: Counts
	/** What the run was ended by. */
	readonly thrown?: unknown
}
type Common = {
	readonly store?: Store
	/** The session is not saved, as if the process was killed. */
	readonly killed?: boolean
	readonly pretend?: boolean
	readonly kinds?: XattrKinds
	readonly scan?: Partial<NonNullable<PushOptions['scan']>>
	/** Called when an item is done. */
	readonly onDone?: (line: string) => void
}
type PushOver = Common & {readonly files?: (files: LocalFiles) => PushOptions['files']} & Omit<
		Partial<PushOptions>,
		'files' | 'scan' | keyof Common
	>
type PullOver = Common & Omit<Partial<PullOptions>, 'scan' | keyof Common>

/** A selection that answers every question alike. */
const selecting = (select: (path: Path) => boolean): Selection => ({
	shows: select,
	risks: select,
	scans: select,
	exposes: false,
	files: new Set(),
	textOf: () => undefined,
	learn() {},
})

class Side {
	readonly root: Path
	readonly place: Place
	readonly #store: Store

	constructor(t: ExecutionContext, store: Store) {
		this.root = fs.mkdtempSync(join(tmpdir(), 's3r-sync-'))
		this.place = createPlace(this.root)
		this.#store = store
		t.teardown(() => fs.rmSync(this.root, {recursive: true, force: true}))
	}

	push({files: altered = (files) => files, kinds = {}, scan, ...over}: PushOver = {}): Promise<Ran> {
		const local = new LocalFiles(this.root, kinds)
		return this.#run(over, (session, events, store) =>
			push({
				session,
				events,
				owners,
				prefix: PREFIX,
				open: async () => store,
				scan: {root: this.root, ...scan},
				...over,
				files: altered(local),
			}),
		)
	}

	/** Sends what the index holds, without a look at the files. */
	send(over: Omit<PushOver, 'files' | 'scan'> = {}): Promise<Ran> {
		const files = new LocalFiles(this.root, {})
		return this.#run(over, (session, events, store) =>
			push({
				session,
				events,
				owners,
				prefix: PREFIX,
				open: async () => store,
				files,
				...over,
				scan: undefined,
			}),
		)
	}

	pull({kinds = {}, scan, ...over}: PullOver = {}): Promise<Ran> {
		return this.#run(over, async (session, events, store) => {
			const disk = new LocalDisk(this.root, {owners, ...kinds})
			try {
				return await pull({
					session,
					events,
					owners,
					disk,
					prefix: PREFIX,
					umask: 0o022,
					files: new LocalFiles(this.root, kinds),
					preserve: {archive: true, ...kinds},
					scan: {root: this.root, ...scan},
					...over,
					store,
				})
			} finally {
				disk.close()
			}
		})
	}

	async #run(
		{store: own, killed, pretend, onDone}: Common,
		work: (session: IndexSession, events: Events, store: Store) => Promise<Outcome>,
	): Promise<Ran> {
		const lines: string[] = []
		const failed = new Map<Path, string>()
		const vanished: Path[] = []
		const warned = new Set<string>()
		const events: Events = {
			done: ({line: {status, record}}) => {
				lines.push(`${status} ${record.path}`)
				onDone?.(`${status} ${record.path}`)
			},
			failed: (path, error) => failed.set(path, error instanceof Error ? error.message : String(error)),
			vanished: (path) => vanished.push(path),
			warn: (kind) => warned.add(kind),
			moved() {},
		}
		const store = counted(own ?? this.#store)
		const session = pretend ? IndexSession.pretend(this.place) : await IndexSession.open(this.place)
		let outcome: Outcome = {}
		let thrown: unknown
		try {
			outcome = await work(session, events, pretend ? dryRun(store) : store)
		} catch (error) {
			thrown = error
		} finally {
			if (!killed) session.save()
			session.close()
		}
		await this.#tick()
		return {...outcome, lines: lines.toSorted(), failed, vanished, warned, counts: store.counts, thrown}
	}

	/**
	 * Waits until the clock that files' times are read from has moved on. It may stand for 10 ms, a run takes
	 * two, and what is written before and after it would have the same time.
	 */
	async #tick(): Promise<void> {
		const probe = this.at('.s3rsync/probe')
		const touched = () => {
			fs.writeFileSync(probe, '')
			return fs.statSync(probe, {bigint: true}).mtimeNs
		}
		for (const before = touched(); touched() === before;) await setTimeout(1)
		fs.rmSync(probe)
	}

	at(path: Path): string | Buffer {
		return forFs(`${this.root}/${path}`)
	}

	/** Makes files; a name that ends in '/' is a directory. */
	write(files: Readonly<Record<string, string | Buffer>>): this {
		for (const [path, content] of Object.entries(files)) {
			fs.mkdirSync(this.at(path.slice(0, path.lastIndexOf('/') + 1)), {recursive: true})
			if (!path.endsWith('/')) fs.writeFileSync(this.at(path), content)
		}
		return this
	}

	read(path: Path): string {
		return fs.readFileSync(this.at(path), 'latin1')
	}

	has(path: Path): boolean {
		return fs.lstatSync(this.at(path), {throwIfNoEntry: false}) !== undefined
	}

	stat(path: Path): fs.BigIntStats {
		return fs.lstatSync(this.at(path), {bigint: true})
	}

	/** Every path below the root but `.s3rsync`. */
	paths(): string[] {
		const names = fs.readdirSync(this.root, {recursive: true, encoding: 'latin1'})
		return names.filter((name) => !name.startsWith('.s3rsync')).toSorted()
	}

	touch(path: Path, seconds = 1_000_000_000): void {
		fs.lutimesSync(this.at(path), seconds, seconds)
	}
}

/** A store, and the local side that has pushed these files to it. */
async function pushed(
	t: ExecutionContext,
	files: Readonly<Record<string, string | Buffer>>,
): Promise<{store: MemoryStore; here: Side}> {
	const store = memory()
	const here = new Side(t, store).write(files)
	const {thrown, failed} = await here.push()
	t.is(thrown, undefined)
	t.is(failed.size, 0)
	return {store, here}
}

/** Two local sides that hold the same. */
async function twins(t: ExecutionContext, files: Readonly<Record<string, string | Buffer>>) {
	const {store, here} = await pushed(t, files)
	const there = new Side(t, store)
	await there.pull()
	t.deepEqual(there.paths(), here.paths())
	return {store, here, there}
}

/** A store whose clock goes on by a second with each write, which is as much as a listing tells. */
function memory(): MemoryStore {
	let now = Date.now()
	return new MemoryStore({now: () => (now += 1000)})
}

/** `store`, some of whose methods do something else. */
const hooked = (store: Store, hooks: Partial<Store>): Store =>
	new Proxy(store, {
		get(target, name: keyof Store) {
			const value = hooks[name] ?? target[name]
			return typeof value === 'function' && !(name in hooks) ? value.bind(target) : value
		},
	})

async function contentOf(store: Store, path: Path): Promise<string> {
	const {body} = await store.get(PREFIX + keyOf(path))
	const pieces: Buffer[] = []
	for await (const piece of body) pieces.push(piece)
	return Buffer.concat(pieces).toString('latin1')
}

async function keysOf(store: Store): Promise<string[]> {
	const keys: string[] = []
	for await (const page of store.list(PREFIX)) keys.push(...page.map(({key}) => key.slice(PREFIX.length)))
	return keys
}

const metadataOf = async (store: Store, path: Path): Promise<Readonly<Record<string, string>>> =>
	(await store.head(PREFIX + keyOf(path)))?.metadata ?? {}

/** That the index says of nothing that it is the same on both sides unless the store holds just that. */
async function vouched(t: ExecutionContext, {place}: Side, store: Store): Promise<void> {
	const index = readIndex(place)
	for (let row = 0; row < index.count; row++) {
		const entry = index.entry(row)
		if (!inSync(entry)) continue
		const head = await store.head(PREFIX + keyOf(entry.path))
		t.is(head?.etag, entry.remote?.etag, entry.path)
	}
}

const lost = () => new StoreError('network', 'ECONNRESET', 'the reply was lost')

// ---- push

test('the first push of n files makes a request for each, the next none at all', async (t) => {
	const store = memory()
	const here = new Side(t, store)
	const files = Object.fromEntries(Array.from({length: 50}, (_, i) => [`d${i % 5}/f${i}`, `content ${i}`]))
	const first = await here.write(files).push()
	// 50 files, 5 directories, the root
	t.is(requests(first.counts), 56)
	t.is(first.counts.put, 56)
	t.is(first.lines.length, 56)
	const second = await here.push({open: () => Promise.reject(new Error('opened'))})
	t.is(second.thrown, undefined)
	t.deepEqual(second.lines, [])
	t.is(requests(second.counts), 0)
})

test('the ACLs of many touched files are asked for only where there are any', async (t) => {
	for (const aclsDisabled of [true, false]) {
		const store = new MemoryStore({aclsDisabled})
		const here = new Side(t, store)
		const names = Array.from({length: 20}, (_, i) => `f${i}`)
		here.write(Object.fromEntries(names.map((name) => [name, name])))
		await here.push()
		for (const name of names) here.touch(name)
		const {lines, counts} = await here.push()
		t.is(lines.length, 20)
		t.like(counts, {put: 0, head: 20, copy: 20, other: aclsDisabled ? 8 + 1 : 20 + 1})
	}
})

test('a touch and a chmod send no bytes', async (t) => {
	const {store, here} = await pushed(t, {a: 'one', b: 'two', c: 'three'})
	here.touch('a')
	fs.chmodSync(here.at('b'), 0o600)
	const {lines, counts} = await here.push()
	t.deepEqual(lines, ['P a', 'P b'])
	t.deepEqual([counts.sent, counts.put, counts.copy], [0, 0, 2])
	t.is((await metadataOf(store, 'a'))['mtime'], '1000000000.000000000')
	t.is((await metadataOf(store, 'b'))['file-permissions'], '0100600')
	t.is(await contentOf(store, 'a'), 'one')
	t.is(requests((await here.push()).counts), 0)
})

test('attributes that another gave an object in the second after it was written are seen', async (t) => {
	// a copy's reply tells milliseconds, a listing, as it is taken note of, seconds
	let now = 1_700_000_000_003
	const store = new MemoryStore({now: () => now})
	const here = new Side(t, store).write({a: 'one'})
	await here.push()
	const there = new Side(t, store)
	await there.pull()
	fs.chmodSync(there.at('a'), 0o600)
	now += 1000
	t.deepEqual((await there.push()).lines, ['P a'])
	t.deepEqual((await here.pull()).lines, ['P a'])
	t.is(here.stat('a').mode & 0o777n, 0o600n)
})

test('a rename and a duplicate are copies within the bucket', async (t) => {
	const {store, here} = await pushed(t, {'old/name': 'a long content', other: 'x'})
	fs.renameSync(here.at('old/name'), here.at('new'))
	fs.copyFileSync(here.at('other'), here.at('copy'))
	const {lines, counts} = await here.push({delete: true})
	t.deepEqual(lines, ['D old/name', 'P ./', 'P old/', 'R copy', 'R new'])
	t.is(counts.sent, 0)
	t.is(await contentOf(store, 'new'), 'a long content')
	t.deepEqual(await keysOf(store), ['.s3r/root', 'copy', 'new', 'old/', 'other'])
})

test('of new files with the same content one is sent, the others are copied from it', async (t) => {
	const content = 'the same content'.repeat(100)
	const {here} = await pushed(t, {a: '1'})
	const {lines, counts} = await here.write({x: content, y: content, z: content}).push()
	t.deepEqual(lines, ['A x', 'P ./', 'R y', 'R z'])
	t.is(counts.sent, content.length)
})

test('a file is sent whose content changed but not its size and mtime', async (t) => {
	const {store, here} = await pushed(t, {a: 'one'})
	here.touch('a')
	await here.push()
	here.write({a: 'two'})
	here.touch('a')
	const {lines} = await here.push()
	t.deepEqual(lines, ['M a'])
	t.is(await contentOf(store, 'a'), 'two')
})

test('so is one that changed in the same tick of the clock in which it was looked at', async (t) => {
	const {store, here} = await pushed(t, {a: 'one'})
	// as if the clock of the file system had stood still between the look and the write
	here.write({a: 'two'})
	const {mtimeNs: mtime, ctimeNs: ctime, ino} = here.stat('a')
	const session = await IndexSession.open(here.place)
	const known = session.get('a')
	session.put({...known, path: 'a', local: {...(known?.local as Local), mtime, ctime, ino}})
	session.adopt(session.index.at({scanned: ctime + 1_000_000n, device: session.index.device}))
	session.save()
	session.close()
	t.deepEqual((await here.push()).lines, ['M a'])
	t.is(await contentOf(store, 'a'), 'two')
})

test('only --delete deletes', async (t) => {
	const {store, here} = await pushed(t, {a: '1', b: '2'})
	fs.rmSync(here.at('b'))
	t.deepEqual((await here.push()).lines, ['P ./'])
	t.true((await keysOf(store)).includes('b'))
	t.deepEqual((await here.push({delete: true})).lines, ['D b'])
	t.false((await keysOf(store)).includes('b'))
})

test('more deletions than --max-delete are none at all', async (t) => {
	const {store, here} = await pushed(t, {a: '1', b: '2', c: '3'})
	fs.rmSync(here.at('a'))
	fs.rmSync(here.at('b'))
	here.write({new: 'x'})
	const {lines, tooMany, counts} = await here.push({delete: true, maxDelete: 1})
	t.is(tooMany, 2)
	t.is(counts.delete, 0)
	t.deepEqual(lines, ['A new', 'P ./'])
	t.deepEqual((await here.push({delete: true, maxDelete: 2})).lines, ['D a', 'D b'])
	t.false((await keysOf(store)).includes('a'))
})

test('a file that cannot be read stops every deletion', async (t) => {
	const {store, here} = await pushed(t, {a: '1', b: '2', c: '3'})
	fs.rmSync(here.at('a'))
	here.write({b: 'changed'})
	const denied = Object.assign(new Error('no'), {code: 'EACCES'})
	const {lines, failed, unread} = await here.push({
		delete: true,
		files: (files) => {
			files.hashEach = () => []
			files.hash = () => {
				throw denied
			}
			return files
		},
	})
	t.true(unread)
	t.deepEqual([...failed.keys()], ['b'])
	t.deepEqual(lines, ['P ./'])
	t.true((await keysOf(store)).includes('a'))
})

const unlessRoot = process.getuid?.() === 0 ? test.skip : test
unlessRoot('what lies in a directory that cannot be read is not gone', async (t) => {
	const {store, here} = await pushed(t, {'d/a': '1', b: '2'})
	fs.rmSync(here.at('b'))
	fs.chmodSync(here.at('d'), 0)
	const {unread} = await here.push({delete: true})
	fs.chmodSync(here.at('d'), 0o755)
	t.true(unread)
	t.deepEqual(await keysOf(store), ['.s3r/root', 'b', 'd/', 'd/a'])
})

test('a root that is not there deletes nothing', async (t) => {
	const {store, here} = await pushed(t, {a: '1'})
	const {lines, failed} = await here.push({delete: true, scan: {root: `${here.root}/gone`}})
	t.deepEqual([...failed.keys()], ['./'])
	t.deepEqual(lines, [])
	t.true((await keysOf(store)).includes('a'))
})

test('a root on another device deletes nothing, until that was seen without --delete', async (t) => {
	const {here} = await pushed(t, {a: '1', b: '2'})
	const session = await IndexSession.open(here.place)
	session.adopt(session.index.at({scanned: session.index.scanned, device: 1n}))
	session.save()
	session.close()
	const {thrown, counts} = await here.push({delete: true})
	t.true(thrown instanceof S3rError)
	t.regex(String(thrown), /another device/)
	t.is(requests(counts), 0)
	t.deepEqual((await here.push()).lines, [])
	fs.rmSync(here.at('b'))
	t.deepEqual((await here.push({delete: true})).lines, ['D b', 'P ./'])
})

test('what is excluded is neither sent nor deleted nor fetched', async (t) => {
	const {store, here, there} = await twins(t, {'a.iso': '1', b: '2', 'd/c.iso': '3'})
	const some = {selection: selecting((path) => !path.endsWith('.iso') && path !== 'd/')}
	here.write({'a.iso': 'changed', 'x.iso': 'new image', b: 'changed', 'd/e': 'new'})
	t.deepEqual((await here.push({...some, delete: true})).lines, ['M b', 'P ./'])
	const {lines} = await here.push({within: () => false})
	t.deepEqual(lines, [], 'indexed, and not sent')
	t.deepEqual((await here.send({...some})).lines, [])
	t.deepEqual((await here.send()).lines, ['A d/e', 'A x.iso', 'M a.iso', 'P d/'])
	t.deepEqual(
		(await there.pull({...some})).lines.filter((line) => /iso|d\//.test(line)),
		[],
	)
	t.is(there.read('a.iso'), '1')
	fs.rmSync(there.at('a.iso'))
	t.deepEqual((await there.push({...some, delete: true})).lines, ['P ./'])
	t.true((await keysOf(store)).includes('a.iso'))
})

test('a push of one path sends nothing else, and nothing at all the second time', async (t) => {
	const {here} = await pushed(t, {'d/a': '1', b: '2'})
	here.write({'d/a': 'changed', b: 'changed'})
	const within = (path: Path) => path.startsWith('d/')
	t.deepEqual((await here.push({scan: {paths: ['d/a']}, within})).lines, ['M d/a'])
	t.deepEqual((await here.push({scan: {paths: ['d/a']}, within})).lines, [])
	t.deepEqual((await here.push()).lines, ['M b'])
})

test('a file that vanishes before it is read is told, and the rest is sent', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: '1', b: '2', c: '3'})
	const {vanished, lines} = await here.push({
		files: (files) => {
			const read = files.readSeen.bind(files)
			files.readSeen = (path, seen) => {
				if (path === 'b') fs.rmSync(here.at('b'))
				return read(path, seen)
			}
			return files
		},
	})
	t.deepEqual(vanished, ['b'])
	t.deepEqual(lines, ['A ./', 'A a', 'A c'])
	t.deepEqual(await keysOf(store), ['.s3r/root', 'a', 'c'])
})

test('a file that vanishes before it is hashed does not stop deletions', async (t) => {
	const {here} = await pushed(t, {a: '1', b: '2'})
	fs.rmSync(here.at('a'))
	here.write({c: '3'})
	const {vanished, failed, lines, unread} = await here.push({
		delete: true,
		files: (files) => {
			const hashEach = files.hashEach.bind(files)
			files.hashEach = (all) => {
				fs.rmSync(here.at('c'))
				return hashEach(all)
			}
			return files
		},
	})
	t.deepEqual([vanished, failed.size, unread], [['c'], 0, undefined])
	t.deepEqual(lines, ['D a', 'P ./'])
})

test('a file that changes while it is read is sent as it is then', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one'})
	let times = 0
	const {lines} = await here.push({
		files: (files) => {
			// what is read by one look alone leaves no time to change it
			files.readSeen = () => undefined
			const open = files.open.bind(files)
			files.open = (path) => {
				const file = open(path)
				const read = file.read.bind(file)
				file.read = (position, length) => {
					const bytes = read(position, length)
					if (times++ === 0) fs.appendFileSync(here.at('a'), ' and more')
					return bytes
				}
				return file
			}
			return files
		},
	})
	t.deepEqual(lines, ['A ./', 'A a'])
	t.is(await contentOf(store, 'a'), 'one and more')
	await vouched(t, here, store)
	t.deepEqual((await here.push()).lines, [])
})

test('a file that was written anew since it was indexed is sent as it is, also with its old size', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', b: 'one'})
	const {lines} = await here.push({
		files: (files) => {
			const read = files.readSeen.bind(files)
			files.readSeen = (path, seen) => {
				if (path === 'a') fs.writeFileSync(here.at('a'), 'two')
				if (path === 'b') fs.appendFileSync(here.at('b'), ' and more')
				return read(path, seen)
			}
			return files
		},
	})
	t.deepEqual(lines, ['A ./', 'A a', 'A b'])
	t.is(await contentOf(store, 'a'), 'two')
	t.is(await contentOf(store, 'b'), 'one and more')
	await vouched(t, here, store)
	t.deepEqual((await here.push()).lines, [])
})

test('a file that grew too large for one piece since it was indexed is sent in parts', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'small'})
	const big = randomBytes(17 * MIB)
	const {lines, counts} = await here.push({
		files: (files) => {
			const read = files.readSeen.bind(files)
			files.readSeen = (path, seen) => {
				if (path === 'a') fs.writeFileSync(here.at('a'), big)
				return read(path, seen)
			}
			return files
		},
	})
	t.deepEqual(lines, ['A ./', 'A a'])
	t.is(counts.part, 5)
	t.is(await contentOf(store, 'a'), big.toString('latin1'))
	const there = new Side(t, store)
	t.is((await there.pull()).failed.size, 0)
})

// ---- two sides

test('what changed on both sides is a conflict on both, and nothing is overwritten', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'same'})
	here.write({a: 'here'})
	await here.push()
	there.write({a: 'there'})
	const sent = await there.push()
	t.deepEqual(sent.lines, ['C a'])
	t.is(await contentOf(store, 'a'), 'here')
	const fetched = await there.pull()
	t.deepEqual(fetched.lines, ['C a'])
	t.is(there.read('a'), 'there')
	t.deepEqual((await there.push()).lines, ['C a'], 'also when the index knows of both changes')
	t.is(await contentOf(store, 'a'), 'here')
})

test('--force lets the sending side win', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'one'})
	here.write({a: 'here', b: 'here'})
	await here.push()
	there.write({a: 'there', b: 'there'})
	const within = (only: Path) => (path: Path) => path === only
	t.deepEqual((await there.push({force: true, within: within('a')})).lines, ['M a'])
	t.is(await contentOf(store, 'a'), 'there')
	t.deepEqual((await there.pull({force: true, within: within('b')})).lines, ['M b'])
	t.is(there.read('b'), 'here')
	t.is(there.read('a'), 'there')
})

test('--backup keeps both', async (t) => {
	const {here, there} = await twins(t, {a: 'one'})
	here.write({a: 'here'})
	await here.push()
	there.write({a: 'there'})
	t.deepEqual((await there.pull({backup: {dir: '', suffix: '~'}})).lines, ['M a'])
	t.is(there.read('a'), 'here')
	t.is(there.read('a~'), 'there')
})

test('the same content made on both sides is no conflict', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one'})
	here.write({new: 'the same'})
	await here.push()
	there.write({new: 'the same'})
	const {lines} = await there.push()
	t.deepEqual(lines, ['A new', 'P ./'])
	const {lines: fetched} = await here.pull()
	t.deepEqual(fetched, ['P ./', 'P new'])
	await vouched(t, here, store)
	t.deepEqual((await here.push()).lines, [])
})

test('a file that is there already is no conflict of an object whose ETag is not its MD5', async (t) => {
	const text = 'as gzip it is smaller '.repeat(1000)
	const store = memory()
	const here = new Side(t, store).write({large: LARGE, text, other: text, longer: LARGE})
	fs.utimesSync(here.at('text'), 1, 1)
	t.deepEqual([...(await here.push({compress: true})).failed], [])
	const there = new Side(t, store)
	// as a pull leaves them that is killed before it notes them, or somebody who had them already
	const other = Buffer.from(LARGE)
	other.writeUInt8(255 - other.readUInt8(5), 5)
	there.write({large: LARGE, text, other: text.toUpperCase(), longer: other})
	const said = ['C longer', 'C other', 'P ./', 'P large', 'P text']
	t.deepEqual((await there.pull({pretend: true})).lines, said)
	t.deepEqual((await there.pull()).lines, said)
	t.is(fs.statSync(there.at('text')).mtimeMs, 1000)
	t.true(fs.readFileSync(there.at('longer')).equals(other))
	t.deepEqual((await there.pull()).lines, ['C longer', 'C other'])
	// one that cannot be asked for stays as it is
	const blind = new Side(t, store).write({large: LARGE})
	const {lines} = await blind.pull({
		store: hooked(store, {head: () => Promise.reject(new StoreError('denied', 'AccessDenied', 'no'))}),
	})
	t.true(lines.includes('C large'))
	await vouched(t, there, store)
})

test('different content made on both sides is a conflict', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one'})
	here.write({new: 'here'})
	await here.push()
	there.write({new: 'there'})
	t.true((await there.push()).lines.includes('C new'))
	t.is(await contentOf(store, 'new'), 'here')
	t.true((await there.pull()).lines.includes('C new'))
	t.is(there.read('new'), 'there')
})

test('what was deleted on one side and changed on the other is a conflict', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'one'})
	here.write({a: 'changed'})
	fs.rmSync(here.at('b'))
	await here.push({delete: true})
	fs.rmSync(there.at('a'))
	there.write({b: 'changed otherwise'})
	t.true((await there.push({delete: true, within: (path) => path === 'a'})).lines.includes('C a'))
	t.is(await contentOf(store, 'a'), 'changed')
	const {lines} = await there.pull({delete: true})
	t.deepEqual(lines, ['A a', 'C b', 'P ./'])
	t.is(there.read('b'), 'changed otherwise')
	t.deepEqual((await there.push()).lines, ['A b'], 'what changed here is there again')
})

test('a change on the remote comes with a pull, and a push leaves it alone', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'one'})
	here.write({a: 'two'})
	await here.push()
	there.write({b: 'mine'})
	t.deepEqual((await there.push()).lines, ['M b'])
	t.is(await contentOf(store, 'a'), 'two')
	t.deepEqual((await there.pull()).lines, ['M a'])
	t.is(there.read('a'), 'two')
	t.deepEqual((await there.push()).lines, [])
	await vouched(t, there, store)
})

test('a file that changes while its object comes is not overwritten', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one'})
	here.write({a: 'from here'})
	await here.push()
	const changing = hooked(store, {
		get: (key, options) => {
			there.write({a: 'just written'})
			return store.get(key, options)
		},
	})
	t.deepEqual((await there.pull({store: changing})).lines, ['C a'])
	t.is(there.read('a'), 'just written')
	t.false(there.paths().some((path) => isTemporary(path)))
})

test('a new file that appears while its object comes is not overwritten', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one'})
	here.write({new: 'from here', 'd/new': 'from here'})
	fs.symlinkSync('target', here.at('link'))
	await here.push()
	const changing = hooked(store, {
		get: (key, options) => {
			there.write({new: 'mine', 'd/new': 'mine', link: 'mine'})
			return store.get(key, options)
		},
	})
	const {lines} = await there.pull({store: changing})
	t.deepEqual(
		lines.filter((line) => line.startsWith('C')),
		['C d/new', 'C link', 'C new'],
	)
	t.deepEqual(
		['new', 'd/new', 'link'].map((path) => there.read(path)),
		['mine', 'mine', 'mine'],
	)
})

test('in a directory that a pull made, no new file is looked for', async (t) => {
	const {store} = await pushed(t, {'d/a': '1', 'd/e/b': '2', c: '3'})
	const there = new Side(t, store)
	const looked: Path[] = []
	class WatchedDisk extends LocalDisk {
		override stat(path: Path) {
			looked.push(path)
			return super.stat(path)
		}
	}
	const disk = new WatchedDisk(there.root, {owners: new Owners()})
	t.deepEqual([...(await there.pull({disk})).failed], [])
	t.true(looked.includes('c'))
	t.deepEqual(
		looked.filter((path) => ['d/a', 'd/e/b'].includes(path)),
		[],
	)
	t.is(there.read('d/e/b'), '2')
})

test('an object that changes between the listing and its head is not taken for what was listed', async (t) => {
	const {store, here} = await pushed(t, {a: 'one'})
	const there = new Side(t, store).write({a: 'one'})
	const changing = hooked(store, {
		async head(key, options) {
			if (key === `${PREFIX}a`) await store.put(key, Buffer.from('newer'))
			return store.head(key, options)
		},
	})
	t.deepEqual([...(await there.pull({store: changing})).failed.keys()], ['a'])
	t.is(there.read('a'), 'one')
	t.deepEqual(
		(await there.push()).lines.filter((line) => line.endsWith(' a')),
		['C a'],
	)
	t.is(await contentOf(store, 'a'), 'newer')
	t.true(here.has('a'))
})

test('a pull deletes with --delete only, and only what has not changed', async (t) => {
	const {store, here, there} = await twins(t, {'d/a': '1', 'd/b': '2', c: '3', kept: '4'})
	fs.rmSync(here.at('d'), {recursive: true})
	fs.rmSync(here.at('c'))
	await here.push({delete: true})
	t.deepEqual((await there.pull()).lines, ['P ./'])
	there.write({c: 'changed'})
	const {lines, warned} = await there.pull({delete: true})
	t.deepEqual(lines, ['C c', 'D d/', 'D d/a', 'D d/b'])
	t.is(warned.size, 0)
	t.deepEqual(there.paths(), ['c', 'kept'])
	t.deepEqual(await keysOf(store), ['.s3r/root', 'kept'])
})

test('a directory with something new in it is not deleted', async (t) => {
	const {here, there} = await twins(t, {'d/a': '1'})
	fs.rmSync(here.at('d'), {recursive: true})
	await here.push({delete: true})
	there.write({'d/new': 'mine'})
	const {warned} = await there.pull({delete: true, selection: selecting((path) => path !== 'd/new')})
	t.true(warned.has('not empty'))
	t.deepEqual(there.paths(), ['d', 'd/new'])
})

test('a file that became a directory, and a directory that became a file', async (t) => {
	const {here, there} = await twins(t, {one: 'file', 'two/a': '1', 'two/b': '2'})
	fs.rmSync(here.at('one'))
	fs.rmSync(here.at('two'), {recursive: true})
	here.write({'one/x': 'now a directory', two: 'now a file'})
	await here.push({delete: true})
	const {lines, failed} = await there.pull({delete: true})
	t.deepEqual([...failed], [])
	t.deepEqual(lines, ['A one/', 'A one/x', 'A two', 'D one', 'D two/', 'D two/a', 'D two/b', 'P ./'])
	t.deepEqual(there.paths(), here.paths())
	t.is(there.read('two'), 'now a file')
	t.deepEqual((await there.push({delete: true})).lines, [])
})

test('a changed file is not removed for a directory of its name', async (t) => {
	const {here, there} = await twins(t, {one: 'file'})
	fs.rmSync(here.at('one'))
	here.write({'one/x': 'now a directory'})
	await here.push({delete: true})
	there.write({one: 'changed'})
	const {lines, failed} = await there.pull({delete: true})
	t.true(lines.includes('C one/'))
	t.true(failed.has('one/x'))
	t.is(there.read('one'), 'changed')
})

// ---- everything that a file system holds

test('everything comes back as it was', async (t) => {
	const store = memory()
	const here = new Side(t, store)
	here.write({
		'd/sub/file': 'content',
		'empty/': '',
		'caf\xc3\xa9': 'UTF-8',
		'bad\xff\n"name': 'no UTF-8',
		zero: '',
	})
	fs.symlinkSync('nowhere', here.at('dangling'))
	fs.symlinkSync(Buffer.from('bad\xff', 'latin1'), here.at('odd-link'))
	fs.chmodSync(here.at('d/sub/file'), 0o4751)
	fs.chmodSync(here.at('empty'), 0o1711)
	makeNode(`${here.root}/pipe`, 0o010644, {major: 0, minor: 0})
	for (const path of ['d/sub/file', 'dangling', 'd/sub', 'd', 'empty', '.']) here.touch(path, 1_111_111_111)
	const sent = await here.push()
	t.is(sent.failed.size, 0)
	const there = new Side(t, store)
	const {failed, warned} = await there.pull()
	t.deepEqual([...failed], [])
	t.deepEqual(there.paths(), here.paths())
	const hasNodes = native() !== undefined
	t.is(warned.size, hasNodes ? 0 : 1)
	for (const path of ['.', ...here.paths()]) {
		const [is, was] = [there.stat(path), here.stat(path)]
		t.is(is.mode, was.mode, path)
		if (hasNodes) t.is(is.mtimeNs, was.mtimeNs, path)
	}
	t.is(fs.readlinkSync(there.at('odd-link'), 'latin1'), 'bad\xff')
	t.is(fs.readlinkSync(there.at('dangling')), 'nowhere')
	t.is(there.read('bad\xff\n"name'), 'no UTF-8')
	t.deepEqual((await there.push()).lines, [])
	t.deepEqual((await there.pull()).lines, [])
})

test('without -a setuid bits, owners and special files stay away', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({file: '1'})
	fs.chmodSync(here.at('file'), 0o6755)
	makeNode(`${here.root}/pipe`, 0o010644, {major: 0, minor: 0})
	await here.push()
	const there = new Side(t, store)
	const {warned} = await there.pull({preserve: {}})
	t.is(Number(there.stat('file').mode) & 0o7777, 0o755)
	t.false(there.has('pipe'))
	t.is(warned.has('special'), here.has('pipe'))
})

test('hard links are linked again with -H, and files of their own without', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'linked', other: 'x'})
	fs.linkSync(here.at('a'), here.at('b'))
	fs.mkdirSync(here.at('d'))
	fs.linkSync(here.at('a'), here.at('d/c'))
	const {counts} = await here.push()
	t.is(counts.sent, 'linked'.length + 1)
	const there = new Side(t, store)
	await there.pull({preserve: {archive: true, hardLinks: true}})
	t.is(there.stat('a').ino, there.stat('b').ino)
	t.is(there.stat('a').ino, there.stat('d/c').ino)
	t.is(there.stat('a').nlink, 3n)
	t.deepEqual((await there.push()).lines, [])
	const apart = new Side(t, store)
	await apart.pull()
	t.is(apart.stat('a').nlink, 1n)
	t.is(apart.read('d/c'), 'linked')
})

test('names of one file that changed, or got attributes, or are deleted, are no conflicts of each other', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', p: 'two', x: 'three'})
	for (const [name, other] of [
		['a', 'b'],
		['p', 'q'],
		['x', 'y'],
	])
		fs.linkSync(here.at(name ?? ''), here.at(other ?? ''))
	await here.push()
	const hardLinks = {archive: true, hardLinks: true}
	const there = new Side(t, store)
	await there.pull({preserve: hardLinks})
	here.write({a: 'changed'})
	here.touch('p')
	fs.rmSync(here.at('x'))
	fs.rmSync(here.at('y'))
	await here.push({delete: true})
	const {lines} = await there.pull({delete: true, jobs: 1})
	t.deepEqual(lines, ['D x', 'D y', 'M a', 'M b', 'P ./', 'P p', 'P q'])
	t.deepEqual(
		['a', 'b', 'p'].map((path) => there.read(path)),
		['changed', 'changed', 'two'],
	)
})

test('names of one large file, which are sent in parts and copied, are linked again', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: randomBytes(17 * MIB)})
	fs.linkSync(here.at('a'), here.at('b'))
	t.deepEqual((await here.push()).lines, ['A ./', 'A a', 'R b'])
	const [a, b] = await Promise.all(['a', 'b'].map((path) => store.head(PREFIX + path)))
	t.not(a?.etag, b?.etag)
	const there = new Side(t, store)
	await there.pull({preserve: {archive: true, hardLinks: true}})
	t.is(there.stat('a').ino, there.stat('b').ino)
	t.deepEqual((await there.push()).lines, [])
})

test('a pull that ended between two names of a file is gone on with, without a conflict', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', x: 'two'})
	for (const [name, other] of ['ab', 'ac', 'xy']) fs.linkSync(here.at(name ?? ''), here.at(other ?? ''))
	await here.push()
	const how = {preserve: {archive: true, hardLinks: true}, delete: true, jobs: 1}
	const there = new Side(t, store)
	await there.pull(how)
	// of each file one name is another file now, and another one is gone or changed
	for (const name of ['a', 'y']) {
		fs.rmSync(here.at(name))
		here.write({[name]: 'of its own'})
	}
	fs.rmSync(here.at('c'))
	here.write({x: 'two, changed'})
	await here.push({delete: true})
	const stop = new AbortController()
	const {thrown} = await there.pull({
		...how,
		signal: stop.signal,
		onDone: (line) => line === 'M a' && stop.abort(),
	})
	t.true(thrown !== undefined)
	t.true(there.has('c'), 'deletions come last')
	const {lines, failed} = await there.pull(how)
	t.is(failed.size, 0)
	t.true(lines.includes('D c'), lines.join(', '))
	t.deepEqual(
		lines.filter((line) => line.startsWith('C')),
		[],
	)
	for (const path of ['a', 'b', 'x', 'y']) t.is(there.read(path), here.read(path))
	t.is(there.stat('b').nlink, 1n)
	t.false(there.has('c'))
	t.deepEqual((await there.pull(how)).lines, [])
})

test('names of one file that got times, and another name, and lost one, are no conflicts of each other', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', p: 'two'})
	for (const name of ['b', 'c', 'd', 'e']) fs.linkSync(here.at('a'), here.at(name))
	for (const name of ['q', 'r']) fs.linkSync(here.at('p'), here.at(name))
	await here.push()
	const how = {preserve: {archive: true, hardLinks: true}, delete: true, jobs: 1}
	const there = new Side(t, store)
	await there.pull(how)
	// of one file a name comes behind the first that gets other times; of the other one name becomes another file there
	here.touch('a')
	fs.renameSync(here.at('e'), here.at('bb'))
	here.touch('p')
	fs.rmSync(here.at('q'))
	here.write({q: 'of its own'})
	await here.push({delete: true})
	const {lines, failed} = await there.pull(how)
	t.is(failed.size, 0)
	t.deepEqual(
		lines.filter((line) => line.startsWith('C')),
		[],
		lines.join(', '),
	)
	for (const [one, other] of ['ab', 'ac', 'ad', 'pr'])
		t.is(there.stat(one ?? '').ino, there.stat(other ?? '').ino, `${one} ${other}`)
	for (const path of ['a', 'bb', 'p', 'q', 'r'])
		t.is(there.stat(path).mtime.getTime(), here.stat(path).mtime.getTime())
	t.deepEqual((await there.pull(how)).lines, [])
})

test('a name that came alone is linked to those that come later', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one'})
	for (const name of ['b', 'c']) fs.linkSync(here.at('a'), here.at(name))
	await here.push()
	const how = {preserve: {archive: true, hardLinks: true}}
	const there = new Side(t, store)
	await there.pull({...how, within: (path) => path === 'b'})
	const {lines, failed} = await there.pull(how)
	t.is(failed.size, 0)
	t.deepEqual(lines, ['A a', 'A c', 'P ./'])
	for (const path of ['a', 'c']) t.is(there.stat(path).ino, there.stat('b').ino)
	t.deepEqual((await there.push()).lines, [])
	// nor does it matter that nobody noted how a name came
	const killed = new Side(t, store).write({b: 'one'})
	fs.linkSync(killed.at('b'), killed.at('c'))
	killed.touch('b', Number(here.stat('b').mtimeNs / 1_000_000_000n))
	t.is((await killed.pull(how)).failed.size, 0)
	for (const path of ['a', 'c']) t.is(killed.stat(path).ino, killed.stat('b').ino)
	// not to one that has other content by now
	const late = new Side(t, store)
	await late.pull({...how, within: (path) => path === 'b'})
	fs.writeFileSync(here.at('a'), 'two')
	await here.push()
	await late.pull(how)
	for (const path of ['a', 'b', 'c']) t.is(late.read(path), 'two')
})

test('what changed of a file beside its group of hard links is a conflict still', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', x: 'two'})
	fs.linkSync(here.at('a'), here.at('b'))
	fs.linkSync(here.at('x'), here.at('y'))
	await here.push()
	const how = {preserve: {archive: true, hardLinks: true}, delete: true}
	const there = new Side(t, store)
	await there.pull(how)
	for (const path of ['a', 'x']) fs.rmSync(here.at(path))
	await here.push({delete: true})
	for (const path of ['b', 'y']) fs.rmSync(there.at(path))
	there.touch('a')
	fs.writeFileSync(there.at('x'), 'mine')
	const {lines} = await there.pull(how)
	t.deepEqual(
		lines.filter((line) => /^[CD] [ax]$/.test(line)),
		['C a', 'C x'],
	)
	t.true(there.has('a'))
	t.is(there.read('x'), 'mine')
})

test('directories that the bucket has no objects for are made as mkdir makes them', async (t) => {
	const store = memory()
	await store.put(`${PREFIX}deep/down/file`, Buffer.from('x'))
	const there = new Side(t, store)
	there.write({'mine/': ''})
	fs.chmodSync(there.at('mine'), 0o700)
	await store.put(`${PREFIX}mine/file`, Buffer.from('x'))
	await there.pull()
	t.is(there.read('deep/down/file'), 'x')
	const modes = ['deep', 'deep/down', 'mine'].map((path) => Number(there.stat(path).mode) & 0o7777)
	t.deepEqual(modes, [0o755, 0o755, 0o700])
})

test('directories that a killed pull had not given their times back get them with the next one', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({'#': 'one', a: 'one', 'd/a': 'one', 'd/e/a': 'one'})
	const directories = ['d/e', 'd', '.']
	for (const path of directories) here.touch(path)
	await here.push()
	const there = new Side(t, store)
	await there.pull()
	// without a change of their directories
	for (const path of ['#', 'a', 'd/a', 'd/e/a']) fs.writeFileSync(here.at(path), 'changed')
	t.deepEqual((await here.push()).lines, ['M #', 'M a', 'M d/a', 'M d/e/a'])
	// as it is killed: the index as it is when the last file has come, and the times that directories have then
	const [index, saved] = [`${there.root}/.s3rsync`, `${there.root}-saved`]
	t.teardown(() => fs.rmSync(saved, {recursive: true, force: true}))
	// an object takes longer than a turn of the loop, at the end of which the journal is written
	const slow = hooked(store, {get: (key, options) => setTimeout(5).then(() => store.get(key, options))})
	await there.pull({
		store: slow,
		jobs: 1,
		onDone: (line) => line === 'M d/e/a' && fs.cpSync(index, saved, {recursive: true}),
	})
	fs.rmSync(index, {recursive: true})
	// its lock would be one of a process that runs
	fs.cpSync(saved, index, {recursive: true, filter: (file) => !file.endsWith('.lock')})
	for (const path of directories) there.touch(path, 2_000_000_000)
	const {lines, failed} = await there.pull()
	t.is(failed.size, 0)
	for (const directory of ['P ./', 'P d/', 'P d/e/']) t.true(lines.includes(directory), lines.join(', '))
	for (const path of directories) t.is(there.stat(path).mtimeMs, BigInt(1e12), path)
	t.deepEqual((await there.pull()).lines, [])
	t.deepEqual((await there.push()).lines, [])
})

test('a directory that only got something new keeps its times', async (t) => {
	const {here, there} = await twins(t, {'d/a': '1', 'e/a': '1'})
	here.write({'d/b': '2', 'e/b': '2'})
	here.touch('d', 1_200_000_000)
	await here.push()
	there.touch('e', 1_300_000_000)
	await there.pull({within: (path) => path !== 'e/'})
	t.is(there.stat('d').mtimeNs, 1_200_000_000_000_000_000n)
	t.is(there.stat('e').mtimeNs, 1_300_000_000_000_000_000n)
	t.true(there.has('e/b'))
})

const keepsXattrs = (() => {
	const directory = fs.mkdtempSync(join(tmpdir(), 's3r-sync-'))
	try {
		fs.writeFileSync(`${directory}/f`, '')
		return (
			native() !== undefined &&
			writeXattrs(`${directory}/f`, [['user.x', Buffer.alloc(3000)]], {xattrs: true}).length === 0
		)
	} finally {
		fs.rmSync(directory, {recursive: true})
	}
})()
const withXattrs = keepsXattrs ? test : test.skip

withXattrs('xattrs come back, from the metadata or from an object of their own', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({few: '1', many: '2', same: '3', none: '4'})
	const xattrs = {xattrs: true}
	const big = randomBytes(3000)
	writeXattrs(String(here.at('few')), [['user.a', Buffer.from('value\0\xff', 'latin1')]], xattrs)
	for (const path of ['many', 'same']) writeXattrs(String(here.at(path)), [['user.big', big]], xattrs)
	const {counts} = await here.push({kinds: xattrs})
	t.is((await keysOf(store)).filter((key) => key.startsWith('.s3r/xattrs/')).length, 1)
	t.is(counts.put, 6)
	const there = new Side(t, store)
	t.is((await there.pull({kinds: xattrs})).failed.size, 0)
	const of = (side: Side, path: Path) => readXattrs(String(side.at(path)), xattrs)
	for (const path of ['few', 'many', 'same', 'none']) t.deepEqual(of(there, path), of(here, path), path)
	t.deepEqual((await there.push({kinds: xattrs})).lines, [])
	writeXattrs(String(there.at('few')), [['user.a', Buffer.from('other')]], xattrs)
	t.deepEqual((await there.push({kinds: xattrs})).lines, ['P few'])
	t.deepEqual((await there.push()).lines, [], 'not looked at, not forgotten')
	const plain = new Side(t, store)
	await plain.pull()
	t.deepEqual(of(plain, 'few'), [])
})

withXattrs('a chmod where xattrs are not kept leaves them to the object', async (t) => {
	const store = memory()
	const xattrs = {xattrs: true}
	const here = new Side(t, store).write({few: '1', many: '2'})
	writeXattrs(String(here.at('few')), [['user.a', Buffer.from('value')]], xattrs)
	writeXattrs(String(here.at('many')), [['user.big', randomBytes(3000)]], xattrs)
	await here.push({kinds: xattrs})
	const plain = new Side(t, store)
	await plain.pull()
	for (const path of ['few', 'many']) fs.chmodSync(plain.at(path), 0o600)
	t.deepEqual((await plain.push()).lines, ['P few', 'P many'])
	const there = new Side(t, store)
	await there.pull({kinds: xattrs})
	for (const path of ['few', 'many'])
		t.deepEqual(readXattrs(String(there.at(path)), xattrs), readXattrs(String(here.at(path)), xattrs), path)
})

// ---- gzip

test('-z stores what becomes smaller as gzip, and it comes back as it was', async (t) => {
	const store = memory()
	const text = 'line of text\n'.repeat(1000)
	const noise = randomBytes(1000)
	const big = 'x'.repeat(17 * MIB)
	const here = new Side(t, store).write({text, noise, 'text.gz': `not ${text}`, big})
	const {counts} = await here.push({compress: true})
	t.true(counts.sent < 20_000 + text.length + 1000)
	const stored = await store.head(`${PREFIX}text`)
	t.is(stored?.contentEncoding, 'gzip')
	t.is((await store.head(`${PREFIX}noise`))?.contentEncoding, undefined)
	t.is((await store.head(`${PREFIX}text.gz`))?.contentEncoding, undefined)
	t.is((await store.head(`${PREFIX}big`))?.contentEncoding, 'gzip')
	const there = new Side(t, store)
	t.is((await there.pull()).failed.size, 0)
	t.is(there.read('text'), text)
	t.is(there.read('noise'), noise.toString('latin1'))
	t.true(there.read('big') === big)
	t.deepEqual((await there.push()).lines, [])
	there.touch('text')
	t.deepEqual((await there.push()).lines, ['P text'])
	await here.pull()
	t.is(here.read('text'), text)
})

test('gzip that unpacks to more than it was said to is refused', async (t) => {
	const store = memory()
	const bomb = gzipSync(Buffer.alloc(50 * MIB))
	const metadata = encodeMetadata(
		{
			mode: 0o100644,
			mtime: 0n,
			uid: 0,
			gid: 0,
			original: {
				size: 1000,
				md5: createHash('md5').update(Buffer.alloc(1000)).digest('hex'),
				encoding: 'gzip',
			},
		},
		{etagIsMd5: true},
	)
	await store.put(`${PREFIX}bomb`, bomb, {metadata, contentEncoding: 'gzip'})
	await store.put(`${PREFIX}cut`, bomb.subarray(0, 500), {metadata, contentEncoding: 'gzip'})
	await store.put(`${PREFIX}fine`, Buffer.from('fine'))
	const there = new Side(t, store)
	const {failed} = await there.pull()
	t.regex(failed.get('bomb') ?? '', /more than the 1000 bytes/)
	t.true(failed.has('cut'))
	t.deepEqual(there.paths(), ['fine'])
})

// ---- large files

const LARGE = randomBytes(24 * MIB + 5)

/** `store`, which ends the run with the nth part. */
function stoppingAt(store: Store, n: number, stop: AbortController): Store {
	let parts = 0
	return hooked(store, {
		async uploadPart(...args) {
			if (++parts > n) {
				stop.abort(new S3rError('stopped'))
				throw lost()
			}
			return store.uploadPart(...args)
		},
	})
}

test('a large file that was sent in part is sent the rest', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE})
	const stop = new AbortController()
	const stopped = await here.push({store: stoppingAt(store, 2, stop), signal: stop.signal, killed: true})
	t.truthy(stopped.thrown)
	t.is([...listUploadRecords(here.place)].length, 1)
	const {lines, counts} = await here.push()
	t.true(lines.includes('A large'))
	t.is(counts.sent, LARGE.length - 16 * MIB)
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
	t.is([...listUploadRecords(here.place)].length, 0)
	const there = new Side(t, store)
	t.is((await there.pull()).failed.size, 0)
	t.true(fs.readFileSync(there.at('large')).equals(LARGE))
	t.deepEqual((await here.push()).lines, [])
})

/** The uploads that are under way in a store. */
async function uploadsOf(store: Store): Promise<string[]> {
	const keys: string[] = []
	for await (const {key} of store.listUploads('')) keys.push(key)
	return keys
}

/** A store with an upload of LARGE that another local side began and of which two parts are there. */
async function begunElsewhere(
	t: ExecutionContext,
	content = LARGE,
): Promise<{store: MemoryStore; there: Side}> {
	const store = memory()
	const there = new Side(t, store).write({large: content})
	there.touch('large')
	const stop = new AbortController()
	await there.push({store: stoppingAt(store, 2, stop), signal: stop.signal, killed: true})
	return {store, there}
}

test('a large file that another machine sent in part is sent the rest, with the metadata of this one', async (t) => {
	const {store, there} = await begunElsewhere(t)
	const here = new Side(t, store).write({large: LARGE})
	fs.chmodSync(here.at('large'), 0o600)
	const stop = new AbortController()
	const stopped = await here.push({store: stoppingAt(store, 1, stop), signal: stop.signal, killed: true})
	const {lines, failed, counts} = await here.push({stored: {acl: 'public-read'}})
	t.deepEqual([...failed], [])
	t.true(lines.includes('A large'))
	t.truthy(stopped.thrown)
	// parts 1 and 2 came from there, one of the others with the run that was stopped
	t.is(stopped.counts.sent + counts.sent, LARGE.length - 16 * MIB)
	t.true(stopped.counts.sent > 0 && counts.sent > 0)
	t.deepEqual(await uploadsOf(store), [])
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
	t.like(await metadataOf(store, 'large'), {
		'file-permissions': '0100600',
		'file-mtime': `${here.stat('large').mtimeNs}ns`,
	})
	t.true((await store.getAcl(`${PREFIX}large`)).grants.some(({grantee}) => 'uri' in grantee))
	t.deepEqual((await here.push()).lines, [])
	// who began it finds it done
	const late = await there.push()
	t.deepEqual([...late.failed], [])
	t.is(late.counts.sent, 0)
	await vouched(t, there, store)
})

test('what another machine sent in part, and is to have the same metadata, is not even copied', async (t) => {
	const {store} = await begunElsewhere(t)
	const here = new Side(t, store).write({large: LARGE})
	here.touch('large')
	const {counts} = await here.push()
	t.is(counts.sent, LARGE.length - 16 * MIB)
	t.is(counts.copy, 0)
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
})

test('an upload of another file of that name, or with other parts, is let be', async (t) => {
	const other = Buffer.from(LARGE)
	other.writeUInt8(other.readUInt8(0) ^ 1)
	const {store, there} = await begunElsewhere(t, other)
	const id = await store.createUpload(`${PREFIX}large`, {})
	await store.uploadPart(`${PREFIX}large`, id, 2, LARGE.subarray(0, 5 * MIB))
	const here = new Side(t, store).write({large: LARGE})
	const {counts} = await here.push()
	t.is(counts.sent, LARGE.length)
	t.is((await uploadsOf(store)).length, 2)
	t.deepEqual((await there.push()).lines, ['C large'])
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
})

test('two machines that send one large file at once both succeed, and leave nothing', async (t) => {
	const store = memory()
	const sides = [0, 1, 2].map(() => new Side(t, store).write({large: LARGE}))
	for (const side of sides) side.touch('large')
	const results = await Promise.all(sides.map((side) => side.push()))
	for (const {thrown, failed} of results) {
		t.is(thrown, undefined)
		t.deepEqual([...failed], [])
	}
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
	t.deepEqual(await uploadsOf(store), [])
	for (const side of sides) await vouched(t, side, store)
})

test('whose upload is completed or ended by somebody else begins anew, and nobody gets the parts of others', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE})
	const key = `${PREFIX}large`
	let parts = 0
	const contested = hooked(store, {
		async uploadPart(...args) {
			const [, id] = args
			if (++parts === 2) await store.abortUpload(key, id)
			// another's bytes, behind the back of this run
			if (parts === 6) await store.uploadPart(key, id, 1, Buffer.alloc(8 * MIB))
			return store.uploadPart(...args)
		},
	})
	const {lines, failed} = await here.push({store: contested})
	t.deepEqual([...failed], [])
	t.true(lines.includes('A large'))
	t.is(await contentOf(store, 'large'), LARGE.toString('latin1'))
	t.true((await here.push()).lines.length === 0)
})

test('a large file that changed since it was sent in part begins anew', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE})
	const stop = new AbortController()
	await here.push({store: stoppingAt(store, 2, stop), signal: stop.signal, killed: true})
	const changed = Buffer.concat([LARGE, Buffer.of(1)])
	here.write({large: changed})
	const {counts} = await here.push()
	t.is(counts.sent, changed.length)
	t.is((await new Side(t, store).pull()).failed.size, 0, 'its metadata are those of the changed file')
	const uploads: string[] = []
	for await (const {key} of store.listUploads(PREFIX)) uploads.push(key)
	t.deepEqual(uploads, [])
})

test('a large file that changes while it is sent is not stored', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE})
	const changing = hooked(store, {
		uploadPart(...args) {
			fs.appendFileSync(here.at('large'), 'more')
			return store.uploadPart(...args)
		},
	})
	const {failed} = await here.push({store: changing})
	t.regex(failed.get('large') ?? '', /changed while it was sent/)
	t.deepEqual(await keysOf(store), ['.s3r/root'])
	t.is([...listUploadRecords(here.place)].length, 0)
	t.true((await here.push()).lines.includes('A large'))
})

test('a touch of a large file sends no bytes, whatever becomes of its ETag', async (t) => {
	const {store, here, there} = await twins(t, {large: LARGE})
	here.touch('large')
	t.deepEqual((await here.push()).lines, ['P large'])
	const {lines, failed} = await there.pull()
	t.deepEqual([...failed], [])
	t.deepEqual(lines.length, 1)
	t.is(there.stat('large').mtimeNs, 1_000_000_000_000_000_000n)
	t.deepEqual((await there.push()).lines, [])
	await vouched(t, there, store)
})

test('a dry run of a large file leaves the upload that is under way as it is', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE, small: '1'})
	const stop = new AbortController()
	await here.push({store: stoppingAt(store, 2, stop), signal: stop.signal, killed: true})
	const before = await keysOf(store)
	const {lines} = await here.push({pretend: true})
	t.true(lines.includes('A large'))
	t.is([...listUploadRecords(here.place)].length, 1)
	t.deepEqual(await keysOf(store), before)
	t.is((await here.push()).counts.sent <= LARGE.length - 16 * MIB + 1, true)
})

test('a large object comes in ranges of one version, or not at all', async (t) => {
	const content = randomBytes(64 * MIB + 7)
	const {store} = await pushed(t, {large: content})
	const there = new Side(t, store)
	let ranges = 0
	const changing = hooked(store, {
		async get(key, options = {}) {
			if (options.range && ++ranges === 3) await store.put(key, randomBytes(content.length))
			return store.get(key, options)
		},
	})
	t.regex((await there.pull({store: changing})).failed.get('large') ?? '', /has changed meanwhile/)
	t.deepEqual(there.paths(), [])
	await store.put(`${PREFIX}large`, content)
	const {failed, counts} = await there.pull()
	t.deepEqual([...failed], [])
	t.true(fs.readFileSync(there.at('large')).equals(content))
	// none of its bytes comes twice
	t.deepEqual([counts.get, counts.received], [9, content.length])
})

test('a range is asked for when most of one before it came, and eight are at most to come for the most part', async (t) => {
	const content = Buffer.alloc(80 * MIB, 'a large file ')
	const {store} = await pushed(t, {large: content})
	const there = new Side(t, store)
	const all = content.length / (8 * MIB)
	let [asked, ended, most, far, farthest] = [0, 0, 0, 0, 0]
	const halfway = new Set<() => void>()
	/** Those that are halfway wait until all are asked for. */
	const goOn = () => {
		if (asked < all) return
		for (const go of halfway) go()
		halfway.clear()
	}
	async function* halting(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
		const bytes = await buffer(body)
		far--
		yield bytes.subarray(0, bytes.length / 2)
		await new Promise<void>((go) => {
			halfway.add(go)
			setImmediate(goOn)
		})
		yield bytes.subarray(bytes.length / 2)
		ended++
	}
	const watched = hooked(store, {
		async get(key, options = {}) {
			const got = await store.get(key, options)
			if (!options.range) return got
			most = Math.max(most, ++asked - ended)
			farthest = Math.max(farthest, ++far)
			return {...got, body: halting(got.body)}
		},
	})
	t.deepEqual([...(await there.pull({store: watched})).failed], [])
	t.deepEqual([asked, most, farthest], [all, all, 8])
	t.true(fs.readFileSync(there.at('large')).equals(content))
})

/** The chunks of a body, each shown before it is passed on. */
async function* showing(chunks: AsyncIterable<Buffer>, show: (chunk: Buffer) => void): AsyncIterable<Buffer> {
	for await (const chunk of chunks) {
		show(chunk)
		yield chunk
	}
}

test('parts of a large file are read into the same memory, hashed once, and come back lent', async (t) => {
	const store = memory()
	const content = Buffer.alloc(136 * MIB, 'a large file ')
	const here = new Side(t, store).write({large: content})
	const memories = new Set<ArrayBufferLike>()
	let parts = 0
	let most = 0
	const sending = hooked(store, {
		uploadPart(...args) {
			const [key, id, number, body, digest] = args
			parts++
			t.is(digest?.md5, undefined)
			if (availableParallelism() === 1) {
				memories.add((body as Buffer).buffer)
				return store.uploadPart(...args)
			}
			// taken while a thread took the MD5 of the whole
			t.is(digest?.sha256?.length, 64)
			t.false(Buffer.isBuffer(body))
			const source = body as Exclude<Body, Buffer>
			const show = (chunk: Buffer) => {
				memories.add(chunk.buffer)
				most = Math.max(most, chunk.length)
			}
			const shown = {length: source.length, chunks: () => showing(source.chunks(), show)}
			return store.uploadPart(key, id, number, shown, digest)
		},
	})
	t.deepEqual([...(await here.push({store: sending})).failed], [])
	t.is(parts, 17)
	t.true(memories.size <= (availableParallelism() === 1 ? 6 : 16))
	t.true(availableParallelism() === 1 || most <= MIB / 4, `${most} bytes of a part are in memory`)
	const asked: boolean[] = []
	const fetching = hooked(store, {
		get(key, options = {}) {
			if (key.endsWith('large')) asked.push(options.lent === true)
			return store.get(key, options)
		},
	})
	t.deepEqual([...(await new Side(t, store).pull({store: fetching})).failed], [])
	t.deepEqual(
		asked,
		Array.from({length: 17}, () => true),
	)
})

test('a large file that changes between its hashing and its sending is not sent, and leaves no upload', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: LARGE})
	const sending = hooked(store, {
		async createUpload(...args) {
			fs.writeFileSync(here.at('large'), randomBytes(LARGE.length))
			return store.createUpload(...args)
		},
	})
	const {failed} = await here.push({store: sending})
	t.regex(failed.get('large') ?? '', /it changed while it was sent/)
	t.deepEqual(await uploadsOf(store), [])
	t.is(await store.head(`${PREFIX}large`), undefined)
	await here.push()
	await vouched(t, here, store)
})

test('a large file that is cut short while its parts are read is not stored, and leaves no upload', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: Buffer.alloc(136 * MIB, 'a large file ')})
	const cutting = hooked(store, {
		uploadPart(...args) {
			fs.truncateSync(here.at('large'), 10 * MIB)
			return store.uploadPart(...args)
		},
	})
	const {failed} = await here.push({store: cutting})
	t.regex(failed.get('large') ?? '', /it changed while it was sent/)
	t.deepEqual(await uploadsOf(store), [])
	t.is(await store.head(`${PREFIX}large`), undefined)
	await here.push()
	await vouched(t, here, store)
})

// a thread that still followed the file would keep ava from its end
test('a large file that cannot be read while it is hashed is told of, and leaves no thread', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({large: Buffer.alloc(136 * MIB, 'a large file ')})
	const {failed} = await here.push({
		files: (files) => {
			const open = files.open.bind(files)
			files.open = (path) =>
				Object.assign(open(path), {readInto: () => Promise.reject(new Error('a bad sector'))})
			return files
		},
	})
	t.regex(failed.get('large') ?? '', /a bad sector/)
	t.deepEqual(await uploadsOf(store), [])
	await here.push()
	await vouched(t, here, store)
})

test('large files of one size are hashed before the first of them is sent, and copied where they are the same', async (t) => {
	const store = memory()
	const other = randomBytes(LARGE.length)
	const here = new Side(t, store).write({
		a: LARGE,
		b: other,
		c: LARGE,
		d: randomBytes(2 * MIB),
		e: 'small',
		f: 'small',
	})
	const {lines, counts} = await here.push()
	t.deepEqual(lines, ['A ./', 'A a', 'A b', 'A d', 'A e', 'A f', 'R c'])
	t.true(counts.sent < 2 * LARGE.length + 3 * MIB)
	await vouched(t, here, store)
})

test('of large files of one size those are hashed beforehand that are the same in some places', async (t) => {
	const almost = Buffer.from(LARGE)
	almost[5000] = 255 - (almost[5000] ?? 0)
	const contents = {a: LARGE, b: randomBytes(LARGE.length), c: LARGE, d: almost, e: randomBytes(2 * MIB)}
	const side = new Side(t, memory()).write(contents)
	const files = new LocalFiles(side.root, {})
	const nothing = new IndexBuilder().finish({scanned: 0n, device: 0n})
	const onError = (path: Path, error: unknown) => t.fail(`${path}: ${String(error)}`)
	const how = {root: side.root, owners, index: nothing, contents: files, unhashedBelow: LATE_BELOW, onError}
	const {index} = await scanOnly(how)
	const hashed: Record<string, string | undefined> = {}
	const put = ({path, local}: Entry) => void (hashed[path] = local?.md5)
	hashTwins({session: {index, put, forget() {}}, files})
	const md5Of = (name: 'a' | 'c' | 'd') => createHash('md5').update(contents[name]).digest('hex')
	t.deepEqual(hashed, {a: md5Of('a'), c: md5Of('c'), d: md5Of('d')})
})

test('what a caller need not know again is made, and not noted', async (t) => {
	const {store} = await pushed(t, {a: '1', b: '2'})
	const there = new Side(t, store)
	await there.pull({remembers: ({path}) => path !== 'b'})
	t.deepEqual([there.read('a'), there.read('b')], ['1', '2'])
	const index = readIndex(there.place)
	const isNoted = (path: Path) => index.entry(index.find(path)).local !== undefined
	t.deepEqual([isNoted('a'), isNoted('b')], [true, false])
})

test('a large object whose end is a hole is verified as any other', async (t) => {
	const content = Buffer.concat([randomBytes(MIB), Buffer.alloc(64 * MIB)])
	const {store} = await pushed(t, {large: content})
	const there = new Side(t, store)
	const {failed} = await there.pull({disk: new LocalDisk(there.root, {owners: new Owners(), sparse: true})})
	t.deepEqual([...failed], [])
	t.true(fs.readFileSync(there.at('large')).equals(content))
	t.true(fs.statSync(there.at('large')).blocks * 512 < 2 * MIB)
})

test('a file is hashed while it is being written, and again by others where that fails', async (t) => {
	const threads = new HashThreads()
	t.teardown(() => threads.close())
	const content = randomBytes(9 * MIB + 1)
	const file = `${new Side(t, memory()).root}/file`
	const fd = fs.openSync(file, 'w+')
	const hashed = async (write: boolean, part?: number) => {
		const following = threads.follow({fd, size: content.length, part})
		for (let at = 0; at < content.length; at += MIB) {
			if (write) fs.writeSync(fd, content, at, Math.min(MIB, content.length - at), at)
			following?.reach(Math.min(at + MIB, content.length))
		}
		return following ? following.hashed() : 'no threads'
	}
	const md5 = createHash('md5').update(content).digest('hex')
	t.true([md5, 'no threads'].includes((await hashed(true)) ?? ''))
	// the same thread, and a file that ends early
	fs.ftruncateSync(fd, MIB)
	t.true([undefined, 'no threads'].includes(await hashed(false)))
	t.true([md5, 'no threads'].includes((await hashed(true)) ?? ''))
	const parts = Array.from({length: 10}, (_, i) => content.subarray(i * MIB, (i + 1) * MIB))
	const etag = joinedEtag(parts.map((part) => ({etag: createHash('md5').update(part).digest('hex')})))
	t.true([etag, 'no threads'].includes((await hashed(true, MIB)) ?? ''))
	const dropped = threads.follow({fd, size: content.length})
	await dropped?.drop()
	t.is(await dropped?.hashed(), undefined)
	t.true([md5, 'no threads'].includes((await hashed(true)) ?? ''))
	fs.closeSync(fd)
})

test('a large object is vouched for by its parts, if its ETag tells them, or by the MD5 of the whole', async (t) => {
	const content = randomBytes(72 * MIB + 5)
	const metadata = {md5chksum: createHash('md5').update(content).digest('base64')}
	const inParts = async (size: number) => {
		const store = memory()
		const id = await store.createUpload(`${PREFIX}large`, {metadata})
		const parts: Part[] = []
		for (let at = 0; at < content.length; at += size) {
			const [number, part] = [parts.length + 1, content.subarray(at, at + size)]
			parts.push({
				number,
				etag: await store.uploadPart(`${PREFIX}large`, id, number, part),
				size: part.length,
			})
		}
		await store.completeUpload(`${PREFIX}large`, id, parts, {})
		return store
	}
	const pulled = async (store: Store) => {
		const there = new Side(t, store)
		const {failed} = await there.pull()
		const index = readIndex(there.place)
		const {local} = index.entry(index.find('large'))
		t.is(local?.md5, failed.has('large') ? undefined : createHash('md5').update(content).digest('hex'))
		return failed.get('large') ?? fs.readFileSync(there.at('large')).equals(content)
	}
	/** The same with another byte at a place, and another ETag. */
	const changed = (store: Store, at: number, etag?: string) =>
		hooked(store, {
			async get(key, options) {
				const {head, body} = await store.get(key, {...options, ifMatch: undefined})
				const first = options?.range?.first ?? 0
				const came = async function* () {
					let from = first
					for await (const piece of body) {
						const copy = Buffer.from(piece)
						if (from <= at && at < from + copy.length) copy[at - from] = ~(copy[at - from] ?? 0)
						from += copy.length
						yield copy
					}
				}
				return {head: {...head, etag: etag ?? head.etag}, body: came()}
			},
		})
	// parts of ours, of another tool's and of nobody's, and a store that makes its ETags in a way of its own
	const ours = await inParts(8 * MIB)
	const odd = await inParts(7 * MIB + 3)
	for (const store of [ours, await inParts(5 * MIB), odd, changed(ours, -1, `${'0'.repeat(32)}-10`)])
		t.true(await pulled(store))
	for (const at of [0, 30 * MIB, content.length - 1])
		for (const store of [ours, odd]) t.regex(String(await pulled(changed(store, at))), /MD5 is/)
})

// ---- hostile and damaged buckets

test('bytes that are not those that were sent leave the old file, and nothing else', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'one'})
	here.write({a: 'two', b: 'two'})
	await here.push()
	const wrong = hooked(store, {
		async get(key, options) {
			const {head, body} = await store.get(key, options)
			if (!key.endsWith('a')) return {head, body}
			return {
				head,
				body: (async function* () {
					yield Buffer.from('tvo')
				})(),
			}
		},
	})
	const {failed, lines} = await there.pull({store: wrong})
	t.regex(failed.get('a') ?? '', /MD5/)
	t.deepEqual(lines, ['M b'])
	t.deepEqual([there.read('a'), there.read('b')], ['one', 'two'])
	t.deepEqual(there.paths(), ['a', 'b'])
	t.deepEqual((await there.pull()).lines, ['M a'])
})

test('keys that would lead out of the root are refused, each by itself', async (t) => {
	const store = memory()
	const bad = [
		'../up',
		'd/../../up',
		'/abs',
		'd//x',
		'./dot',
		'd/./x',
		'.s3rsync/config',
		'd/.S3Rsync/x',
		'..',
		'./',
	]
	for (const key of bad) await store.put(PREFIX + key, Buffer.from('bad'))
	await store.put(`${PREFIX}good`, Buffer.from('good'))
	await store.put(`${PREFIX}d/good`, Buffer.from('good'))
	const there = new Side(t, store)
	const config = fs.existsSync(`${there.root}/.s3rsync/config`)
	const {failed} = await there.pull()
	t.is(failed.size, bad.length)
	t.deepEqual(there.paths(), ['d', 'd/good', 'good'])
	t.false(fs.existsSync(`${there.root}/../up`))
	t.is(fs.existsSync(`${there.root}/.s3rsync/config`), config)
})

test('keys that are written otherwise are not taken for the root, or for a file', async (t) => {
	const {store, here} = await pushed(t, {'.s3r': 'mine'})
	await store.put(`${PREFIX}./`, Buffer.from('bad'))
	await store.put(`${PREFIX}.s3r`, Buffer.from('bad'))
	const {lines, failed} = await here.pull()
	t.deepEqual(lines, [])
	t.deepEqual([...failed.keys()].toSorted(), ['./', '.s3r'])
	t.is(here.read('.s3r'), 'mine')
})

test('a symlink that comes in the same run is not written through', async (t) => {
	for (const jobs of [1, 32]) {
		const store = memory()
		const outside = fs.mkdtempSync(join(tmpdir(), 's3r-sync-'))
		t.teardown(() => fs.rmSync(outside, {recursive: true, force: true}))
		const metadata = encodeMetadata({mode: 0o120777, mtime: 0n, uid: 0, gid: 0}, {etagIsMd5: true})
		await store.put(`${PREFIX}link`, Buffer.from(outside), {metadata})
		await store.put(`${PREFIX}link/evil`, Buffer.from('evil'))
		await store.put(`${PREFIX}link/sub/evil`, Buffer.from('evil'))
		await store.put(`${PREFIX}good`, Buffer.from('good'))
		const there = new Side(t, store)
		const {failed, lines} = await there.pull({jobs})
		t.true(failed.has('link/evil') || lines.includes('C link'), 'one of them is refused')
		t.deepEqual(fs.readdirSync(outside), [])
		t.is(there.read('good'), 'good')
	}
})

test('a symlink with a target that none can have is refused', async (t) => {
	const store = memory()
	const metadata = encodeMetadata({mode: 0o120777, mtime: 0n, uid: 0, gid: 0}, {etagIsMd5: true})
	await store.put(`${PREFIX}empty`, Buffer.alloc(0), {metadata})
	await store.put(`${PREFIX}long`, Buffer.alloc(5000, 'x'), {metadata})
	await store.put(`${PREFIX}nul`, Buffer.from('a\0b'), {metadata})
	const there = new Side(t, store)
	t.is((await there.pull()).failed.size, 3)
	t.deepEqual(there.paths(), [])
})

// ---- killed at any instant

test('what was sent before a kill is known to the next run', async (t) => {
	const store = memory()
	const files = Object.fromEntries(
		Array.from({length: 20}, (_, i) => [`f${String(i).padStart(2, '0')}`, `${i}`]),
	)
	const here = new Side(t, store).write(files)
	const stop = new AbortController()
	let done = 0
	const first = await here.push({
		jobs: 4,
		signal: stop.signal,
		killed: true,
		onDone: () => {
			if (++done === 10) stop.abort(new S3rError('killed'))
		},
	})
	t.truthy(first.thrown)
	t.true(first.lines.length >= 10 && first.lines.length < 20)
	t.throws(() => parseIndex(fs.readFileSync(`${here.root}/.s3rsync/index`)), {code: 'ENOENT'})
	await vouched(t, here, store)
	const {lines, counts} = await here.push()
	t.is(lines.length, 21 - first.lines.length)
	t.is(requests(counts), lines.length)
})

test('a reply that was lost is no conflict for the next push', async (t) => {
	const store = memory()
	const here = new Side(t, store).write({a: 'one', large: LARGE})
	const losing = hooked(store, {
		async put(...args) {
			await store.put(...args)
			throw lost()
		},
		async completeUpload(...args) {
			await store.completeUpload(...args)
			throw lost()
		},
	})
	const within = (only: Path) => (path: Path) => path === only
	t.truthy((await here.push({store: losing, within: within('a'), killed: true})).thrown)
	t.truthy((await here.push({store: losing, within: within('large'), killed: true})).thrown)
	await vouched(t, here, store)
	const known = readIndex(here.place)
	const {local, remote} = known.entry(known.find('large'))
	// it need not be hashed again
	t.is(local?.md5, createHash('md5').update(LARGE).digest('hex'))
	t.is(remote, undefined)
	const {lines, counts} = await here.push()
	t.deepEqual(lines, ['A ./', 'A a', 'A large'])
	t.true(counts.sent < 100, `${counts.sent} bytes were sent again`)
	await vouched(t, here, store)
})

test('a reply to an overwrite, a copy or a deletion that was lost is no conflict either', async (t) => {
	const {store, here} = await pushed(t, {a: 'one', large: LARGE, gone: '1', small: '1'})
	here.write({a: 'two'})
	here.touch('large')
	here.touch('small')
	fs.rmSync(here.at('gone'))
	const losing = hooked(store, {
		async put(...args) {
			await store.put(...args)
			throw lost()
		},
		async copy(...args) {
			await store.copy(...args)
			throw lost()
		},
		async delete(...args) {
			await store.delete(...args)
			throw lost()
		},
	})
	for (const only of ['a', 'large', 'small', 'gone'])
		await here.push({store: losing, delete: true, killed: true, within: (path) => path === only})
	t.false((await keysOf(store)).includes('gone'))
	const {lines} = await here.push({delete: true})
	t.deepEqual(lines, ['D gone', 'M a', 'P ./', 'P large', 'P small'])
	await vouched(t, here, store)
})

test('what came before a kill is known to the next pull', async (t) => {
	const files = Object.fromEntries(Array.from({length: 20}, (_, i) => [`d${i % 3}/f${i}`, `${i}`]))
	const {store, here} = await pushed(t, files)
	const there = new Side(t, store)
	const stop = new AbortController()
	let gets = 0
	const stopping = hooked(store, {
		get(...args) {
			if (++gets === 10) stop.abort(new S3rError('killed'))
			return store.get(...args)
		},
	})
	t.truthy((await there.pull({store: stopping, signal: stop.signal, jobs: 2, killed: true})).thrown)
	await vouched(t, there, store)
	t.deepEqual(
		(await there.push()).lines.filter((line) => !line.startsWith('A')),
		[],
	)
	const {failed, counts} = await there.pull()
	t.deepEqual([...failed], [])
	t.true(counts.get < 20)
	t.deepEqual(there.paths(), here.paths())
	t.deepEqual((await there.pull()).lines, [])
})

test('a dry run tells what would be done, and does nothing', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'two'})
	here.write({a: 'changed', c: 'new'})
	fs.rmSync(here.at('b'))
	const before = await keysOf(store)
	t.deepEqual((await here.push({pretend: true, delete: true})).lines, ['A c', 'D b', 'M a', 'P ./'])
	t.deepEqual(await keysOf(store), before)
	t.is(await contentOf(store, 'a'), 'one')
	t.deepEqual((await here.push({delete: true})).lines, ['A c', 'D b', 'M a', 'P ./'])
	const {lines, counts} = await there.pull({pretend: true})
	t.deepEqual(lines, ['A c', 'M a', 'P ./'])
	t.is(counts.get, 0)
	t.is(there.read('a'), 'one')
})

// ---- what filters and rsync's other options take out of a plan

/** The selection of a side by filter rules. */
const filtered = (
	{place, root}: Side,
	direction: 'push' | 'pull',
	filters: readonly string[],
	deleteExcluded = false,
): Selection => {
	const options = filters.map((value) => ({option: 'filter', value}) as const)
	const rules = answer(FilterRules.read(options, {root, deleteExcluded}), () => undefined)
	return selection({...place, rules, direction})
}

test('a push deletes what is hidden here and not protected there', async (t) => {
	const {store, here} = await pushed(t, {'d/a': '1', 'd/b': '2', c: '3', e: '4'})
	const chosen = filtered(here, 'push', ['H /d/', 'P b', 'P /c'])
	fs.rmSync(here.at('c'))
	const {lines} = await here.push({selection: chosen, delete: true})
	t.deepEqual(lines, ['D d/a', 'P ./'])
	t.deepEqual(await keysOf(store), ['.s3r/root', 'c', 'd/', 'd/b', 'e'])
	t.deepEqual((await here.push({selection: filtered(here, 'push', ['- /e'], true), delete: true})).lines, [
		'A d/a',
		'D c',
		'D e',
	])
})

test('a pull deletes what the remote hides, and no push deletes it there', async (t) => {
	const {store, there} = await twins(t, {'d/a': '1', 'd/b': '2', c: '3'})
	const {lines} = await there.pull({
		selection: filtered(there, 'pull', ['H a', 'H /c', 'P /c']),
		delete: true,
	})
	t.deepEqual(lines, ['D d/a'])
	t.deepEqual(there.paths(), ['c', 'd', 'd/b'])
	t.deepEqual((await there.push({delete: true})).lines, [])
	t.deepEqual(await keysOf(store), ['.s3r/root', 'c', 'd/', 'd/a', 'd/b'])
})

test('rules that only the remote has count there: they are fetched, and nothing else', async (t) => {
	const {store, here} = await pushed(t, {'d/.rules': 'P a\n- .rules', 'd/a': '1', 'd/b': '2', c: '3'})
	fs.rmSync(here.at('d'), {recursive: true})
	const ran = await here.push({selection: filtered(here, 'push', [': .rules']), delete: true})
	t.deepEqual(ran.lines, ['D d/b', 'P ./'])
	t.is(ran.counts.get, 1)
	t.deepEqual(await keysOf(store), ['.s3r/root', 'c', 'd/', 'd/.rules', 'd/a'])

	const there = new Side(t, store)
	const pulled = await there.pull({selection: filtered(there, 'pull', [': .rules'])})
	t.deepEqual(pulled.lines, ['A c', 'A d/', 'A d/a', 'P ./'])
})

test('what is left out is not walked', async (t) => {
	const files = Object.fromEntries(Array.from({length: 30}, (_, i) => [`cache/${i}/deep/file`, `${i}`]))
	const {here} = await pushed(t, {'src/a': '1'})
	here.write(files)
	const read: string[] = []
	const real = fsItself.readdirSync
	fsItself.readdirSync = ((path: fs.PathLike, ...rest: never[]) => {
		if (String(path).startsWith(here.root)) read.push(String(path).slice(here.root.length))
		return real(path, ...rest)
	}) as typeof real
	syncBuiltinESMExports()
	try {
		await here.push({selection: filtered(here, 'push', ['- /cache/'])})
		t.deepEqual(read.toSorted(), ['/', '/src/'])
		read.length = 0
		await here.push({selection: filtered(here, 'push', ['P /cache/'])})
		t.is(read.length, 2 + 1 + 30 + 30)
	} finally {
		fsItself.readdirSync = real
		syncBuiltinESMExports()
	}
})

test('--existing makes nothing new, --ignore-existing leaves what is there', async (t) => {
	const {here, there} = await twins(t, {a: 'one', 'd/b': 'two', gone: 'x'})
	here.write({a: 'changed', 'd/b': 'changed', 'd/new': '1', 'e/new': '2'})
	fs.rmSync(here.at('gone'))
	const look = {pretend: true, delete: true}
	t.deepEqual((await here.push({...look, narrow: {existing: true}})).lines, [
		'D gone',
		'M a',
		'M d/b',
		'P ./',
		'P d/',
	])
	t.deepEqual((await here.push({...look, narrow: {ignoreExisting: true}})).lines, [
		'A d/new',
		'A e/',
		'A e/new',
		'D gone',
		'P ./',
		'P d/',
	])
	await here.push({delete: true})
	t.deepEqual((await there.pull({...look, narrow: {existing: true}})).lines, [
		'D gone',
		'M a',
		'M d/b',
		'P ./',
		'P d/',
	])
	// nothing but the deletions, which are done
	t.deepEqual((await there.pull({...look, narrow: {existing: true, ignoreExisting: true}})).lines, [
		'P ./',
		'P d/',
	])
})

test('sizes: of the least, of the greatest, and for the same', async (t) => {
	const {here, there} = await twins(t, {same: 'one', other: 'two'})
	here.write({same: 'ONE', other: 'twelve', small: 's', large: 'x'.repeat(100)})
	const look = {pretend: true}
	const fromHere = async (narrow: PushOptions['narrow']) =>
		(await here.push({...look, narrow})).lines.filter((line) => line !== 'P ./')
	t.deepEqual(await fromHere({sizeOnly: true}), ['A large', 'A small', 'M other'])
	t.deepEqual(await fromHere({sizes: {min: 2, max: 5}}), ['M same'])
	t.deepEqual(await fromHere({sizes: {max: 1}}), ['A small'])
	await here.push()
	const {lines} = await there.pull({...look, narrow: {sizeOnly: true, sizes: {min: 3}}})
	t.deepEqual(lines, ['A large', 'M other', 'P ./'])
})

test('files that changed are hashed together, and each object has the bytes of its own', async (t) => {
	const names = Array.from({length: 150}, (_, i) => `d${i % 7}/${i}`)
	const {store, here} = await pushed(t, Object.fromEntries(names.map((name) => [name, `old ${name}`])))
	const calls: number[] = []
	const changed = names.filter((_, i) => i % 10 !== 3)
	for (const name of changed) here.write({[name]: `new ${name}`.repeat(name.length * 100)})
	for (const [i, name] of names.entries()) if (i % 10 === 3) fs.rmSync(here.at(name))
	const {lines} = await here.push({
		delete: true,
		files: (files) => {
			const hashEach = files.hashEach.bind(files)
			files.hashEach = (all) => {
				calls.push(all.length)
				return hashEach(all)
			}
			return files
		},
	})
	const told = lines.filter((line) => /^[MD] /.test(line)).map((line) => line.slice(2))
	t.deepEqual(told.toSorted(), names.toSorted())
	t.deepEqual(
		calls.reduce((sum, count) => sum + count, 0),
		changed.length,
	)
	t.true(calls.length < names.length / 5)
	for (const name of changed) {
		const {etag} = (await store.head(PREFIX + name)) ?? {}
		t.is(
			etag,
			createHash('md5')
				.update(fs.readFileSync(here.at(name)))
				.digest('hex'),
			name,
		)
	}
})

test('files that are too large to be sent are not read', async (t) => {
	const {here} = await pushed(t, {a: 'one'})
	here.write({large: 'x'.repeat(100), a: 'two'})
	const read: Path[] = []
	const files = (real: LocalFiles) => {
		const hash = real.hash.bind(real)
		const hashEach = real.hashEach.bind(real)
		real.hash = (path, stat) => {
			read.push(path)
			return hash(path, stat)
		}
		real.hashEach = (all) => {
			read.push(...all.map(({path}) => path))
			return hashEach(all)
		}
		return real
	}
	const sizes = {max: 10}
	t.deepEqual((await here.push({files, scan: {sizes}, narrow: {sizes}})).lines, ['M a', 'P ./'])
	t.deepEqual(read, ['a'])
})

test('--update leaves alone what is newer on the other side', async (t) => {
	const {store, here, there} = await twins(t, {a: 'one', b: 'two', c: 'three'})
	here.write({a: 'older', b: 'newer'})
	here.touch('a')
	here.touch('b', 4_000_000_000)
	const {lines, counts} = await here.push({narrow: {update: true}})
	t.deepEqual(lines, ['M b'])
	t.is(counts.head, 0, 'the index knows what the mtimes were')
	there.touch('c', 4_000_000_000)
	here.write({c: 'new, but older'})
	await here.push({within: (path) => path === 'c'})
	t.deepEqual((await there.pull({narrow: {update: true}})).lines, ['M b'])
	t.is(there.read('c'), 'three')
	here.write({b: 'now it is older'})
	here.touch('b')
	t.deepEqual((await here.push({narrow: {update: true}, within: (path) => path === 'b'})).lines, [])
	t.is(await contentOf(store, 'b'), 'newer')
})

test('--delete-before deletes first, all else deletes last', async (t) => {
	const {here, there} = await twins(t, {a: '1', z: '2', m: '3'})
	const change = (n: number) => {
		here.write({[`n${n}`]: 'new', m: `changed ${n}`})
		fs.rmSync(here.at(n === 1 ? 'z' : 'a'))
	}
	const order: string[] = []
	const onDone = (line: string) => order.push(line[0] ?? '')
	change(1)
	await here.push({delete: true, deleteBefore: true, onDone})
	t.is(order.indexOf('D'), 0)
	await there.pull({delete: true, deleteBefore: true, onDone: (line) => order.unshift(line[0] ?? '')})
	t.is(order[order.indexOf('D') + 1], 'D', 'the first that the pull did')
	change(2)
	order.length = 0
	await here.push({delete: true, onDone})
	t.is(order.at(-1), 'D')
})

test('--backup of a push keeps the objects that are replaced and deleted, and never over another', async (t) => {
	const {store, here, there} = await twins(t, {'d/a': 'one', b: 'two', c: 'three'})
	const backup = {dir: '', suffix: '~'}
	const known = await metadataOf(store, 'c')
	here.write({'d/a': 'changed', b: 'changed'})
	fs.rmSync(here.at('c'))
	await here.push({delete: true, backup})
	t.is(await contentOf(store, 'd/a~'), 'one')
	t.is(await contentOf(store, 'c~'), 'three')
	t.deepEqual(await metadataOf(store, 'c~'), known)
	here.write({'d/a': 'again'})
	await here.push({backup})
	t.is(await contentOf(store, 'd/a~~'), 'changed')
	t.is(await contentOf(store, 'd/a~'), 'one')
	here.write({b: 'third'})
	await here.push({backup: {dir: 'was/now/', suffix: '.old'}})
	t.is(await contentOf(store, 'was/now/b.old'), 'changed')

	there.write({b: 'mine'})
	await there.pull({within: () => false})
	const {lines} = await there.push({backup, within: (path) => path === 'b'})
	t.deepEqual(lines, ['M b'], 'a conflict ends so')
	t.is(await contentOf(store, 'b'), 'mine')
	t.is(await contentOf(store, 'b~~'), 'third')
})

test('--backup-dir of a pull keeps files below it', async (t) => {
	const {here, there} = await twins(t, {'d/e/a': 'one', b: 'two'})
	here.write({'d/e/a': 'changed'})
	fs.rmSync(here.at('b'))
	await here.push({delete: true})
	const {failed} = await there.pull({delete: true, backup: {dir: 'was/1/', suffix: ''}})
	t.deepEqual([...failed], [])
	t.is(there.read('was/1/d/e/a'), 'one')
	t.is(there.read('was/1/b'), 'two')
	t.is(there.read('d/e/a'), 'changed')
})

test('at a rate, bytes pass as they are, and no faster', async (t) => {
	let now = 0
	const clock = {
		now: () => now,
		wait(milliseconds: number) {
			now += milliseconds
			return Promise.resolve()
		},
	}
	const inner = memory()
	const slow = limited(counted(inner), new Rate(1000, clock))
	const bytes = randomBytes(10_000)
	await slow.put('k', bytes)
	t.true(now >= 8000 && now <= 10_000, `${now} ms for the first 10,000 bytes at 1,000 a second`)
	const {body} = await slow.get('k')
	const got: Buffer[] = []
	for await (const piece of body) got.push(piece)
	t.deepEqual(Buffer.concat(got), bytes)
	t.true(now >= 18_000)
	const id = await slow.createUpload('k', {})
	await slow.uploadPart('k', id, 1, bytes)
	t.true(now >= 28_000)
	t.is(slow.bucket, inner.bucket)
})

test('--partial goes on with the ranges that came before', async (t) => {
	const bytes = Buffer.alloc(80 * MIB, 'a large file ')
	const {store} = await pushed(t, {large: bytes})
	const there = new Side(t, store)
	const partial = `${there.root}/.s3rsync/partial`
	const ranges: (number | undefined)[] = []
	const failing = (after: number) =>
		hooked(store, {
			get(key, options) {
				if (options?.range) ranges.push(options.range.first)
				if (ranges.length > after) throw new StoreError('invalid', 'Broken', 'it broke')
				return store.get(key, options)
			},
		})
	t.is((await there.pull({store: failing(3), partial})).failed.size, 1)
	t.false(there.has('large'))
	t.true(fs.readdirSync(partial).length > 0)
	const came = ranges.slice(0, 3)
	ranges.length = 0
	const ran = await there.pull({store: failing(Infinity), partial})
	t.deepEqual([...ran.failed], [])
	t.deepEqual(ranges.filter((first) => came.includes(first)).length, 0)
	t.is(came.length + ranges.length, 80 / 8)
	t.true(fs.readFileSync(there.at('large')).equals(bytes))
	t.deepEqual(fs.readdirSync(partial), [])
})

test('--compare-dest leaves out what another place has', async (t) => {
	const {store, here} = await pushed(t, {a: 'one', b: 'two', link: 'x'})
	const other = new Side(t, store).write({a: 'one', b: 'other', new: 'n', link: 'one'})
	const there = new Side(t, store)
	const pulled = await there.pull({compare: withDirectories([new LocalFiles(other.root, {})])})
	t.deepEqual(pulled.lines, ['A b', 'A link', 'P ./'])
	t.deepEqual((await there.pull()).lines, ['A a'])
	here.write({new: 'n', 'd/new': 'n', b: 'other'})
	await store.put('elsewhere/new', Buffer.from('n'))
	await store.put('elsewhere/b', Buffer.from('not the same'))
	const ran = await here.push({compare: withPrefixes(['elsewhere/'])})
	t.deepEqual(ran.lines, ['A d/', 'A d/new', 'M b', 'P ./'])
	t.is(ran.counts.head, 3)
})

test('rules about extended attributes choose among them', async (t) => {
	const {store, here} = await pushed(t, {a: 'one'})
	if (!native()) return t.log('without koffi there are none')
	const set = (side: Side, names: readonly string[]) =>
		writeXattrs(
			`${side.root}/a`,
			names.map((name) => [name, Buffer.from('v')] as const),
			{xattrs: true},
		)
	const keepsXattr = filtered(here, 'push', ['-x user.secret*']).keepsXattr
	set(here, ['user.kept', 'user.secret.one'])
	t.deepEqual((await here.push({kinds: {xattrs: true, keepsXattr}})).lines, ['P a'])
	const there = new Side(t, store)
	await there.pull({kinds: {xattrs: true}})
	t.deepEqual(namesOf(there), ['user.kept'])
	set(there, ['user.secret.mine'])
	await there.pull({kinds: {xattrs: true, keepsXattr}, force: true})
	t.deepEqual(namesOf(there), ['user.kept', 'user.secret.mine'], 'what is left out is left alone')
})

const namesOf = ({root}: Side) => readXattrs(`${root}/a`, {xattrs: true}).map(([name]) => name)

test('who asks is told before the work how many bytes are to be transferred, which are those that are', async (t) => {
	const store = memory()
	const [here, there] = [new Side(t, store), new Side(t, store)]
	fs.writeFileSync(join(here.root, 'a'), 'twelve bytes')
	fs.writeFileSync(join(here.root, 'b'), 'five!')
	const expected: number[] = []
	const onExpected = (bytes: number) => void expected.push(bytes)
	t.deepEqual((await here.push({onExpected})).failed.size, 0)
	await there.pull({onExpected})
	fs.renameSync(join(here.root, 'a'), join(here.root, 'c'))
	fs.writeFileSync(join(here.root, 'b'), 'eleven bytes')
	// a copy by the store moves nothing
	await here.push({onExpected})
	t.deepEqual(expected, [17, 17, 12])
})

// ---- threads

/** Threads that leave everything to the caller, and what was asked of them. */
function idleCrews(): {readonly asked: string[]; readonly crew: Crews<unknown, never>} {
	const asked: string[] = []
	const crew = {
		isAsked: false,
		begin: (files: number) => void asked.push(`begin ${files}`),
		start(files: number) {
			asked.push(`start ${files}`)
			return {do: () => Promise.resolve(undefined), close: () => Promise.resolve()}
		},
		end: () => Promise.resolve(void asked.push('end')),
	}
	return {asked, crew}
}

test('threads begin before the first file is sent or fetched where most are new, and all of them end', async (t) => {
	const store = memory()
	const [here, there] = [new Side(t, store), new Side(t, store)]
	const names = Array.from({length: 2000}, (_, i) => `file ${i}`)
	here.write(Object.fromEntries(names.map((name) => [name, name])))
	const {asked, crew} = idleCrews()

	const open = () => Promise.reject(fatal('there is no such bucket'))
	t.true((await here.push({crew, open, killed: true})).thrown instanceof S3rError)
	t.deepEqual(asked.splice(0), ['begin 2001', 'end'])
	t.is((await here.push({crew})).lines.length, 2001)
	t.deepEqual(asked.splice(0), ['begin 2001', 'start 2001', 'end'])
	here.write({'one more': ''})
	t.deepEqual((await here.push({crew})).lines, ['A one more', 'P ./'])
	t.deepEqual(asked.splice(0), ['end'])

	t.is((await there.pull({crew})).lines.length, 2002)
	t.deepEqual(asked.splice(0), ['begin 2002', 'start 2002', 'end'])
	t.is((await there.pull({crew})).lines.length, 0)
	t.deepEqual(asked.splice(0), ['end'])
})

test('a store that much is sent to is opened, and shows whether it obeys guards, while the files are still looked at', async (t) => {
	const store = memory()
	const names = Array.from({length: 300}, (_, i) => `file ${i}`)
	for (const [over, expected] of [
		[{}, ['opened at 256', 'shown']],
		[{force: true}, ['opened at 256']],
		[{narrow: {existing: true}}, []],
	] as const) {
		const here = new Side(t, store).write(Object.fromEntries(names.map((name) => [name, name])))
		const done: string[] = []
		let seen = 0
		const open = () => {
			done.push(`opened at ${seen}`)
			return Promise.resolve({...counted(store), showGuards: async () => void done.push('shown')})
		}
		const {thrown} = await here.push({open, scan: {onChange: () => void seen++}, ...over})
		t.deepEqual([thrown, seen, done], [undefined, 301, [...expected]])
	}
})

/** What threads do, done in this one, and which tasks these were. */
function crewHere<Task extends readonly [string, ...unknown[]], Done>(work: Work<Task, Done>) {
	const kinds: string[] = []
	const crew: Crews<Task, Done> = {
		isAsked: true,
		begin() {},
		start: () => ({
			async do(task) {
				kinds.push(task[0])
				try {
					return structuredClone(await work.do(structuredClone(task)))
				} catch {
					return undefined
				}
			},
			close: () => Promise.resolve(),
		}),
		end: () => Promise.resolve(),
	}
	return {kinds, crew}
}

test('threads send and bring all but what is rare, each with one request', async (t) => {
	const store = memory()
	const asked = counted(store)
	// as what comes by the wire, if it is little
	const get = asked.get.bind(asked)
	asked.get = async (...which) => {
		const {head, body} = await get(...which)
		const pieces: Buffer[] = []
		for await (const piece of body) pieces.push(Buffer.from(piece))
		return {head, body: new WholeBody(Buffer.concat(pieces))}
	}
	const remote = {bucket: store.bucket, prefix: PREFIX} as Remote
	const [here, there] = [new Side(t, store), new Side(t, store)]
	here.write({'dir/file': 'bytes', again: 'x'})
	fs.mkdirSync(here.at('dir/empty'), {mode: 0o700})
	fs.utimesSync(here.at('dir/empty'), 1, 1)
	fs.symlinkSync('dir/file', here.at('link'))
	fs.linkSync(here.at('again'), here.at('and again'))

	const sender = crewHere(sendingWork({kind: 'send', remote, root: here.root}, asked))
	const sent = await here.push({crew: sender.crew})
	t.is(sent.failed.size, 0)
	t.like(sent.counts, {put: 0, get: 0, head: 0}, 'the caller sends none')
	t.is(sender.kinds.toSorted().join(' '), 'copy non-regular non-regular non-regular non-regular put put')
	t.like(asked.counts, {put: 6, copy: 1, head: 1, get: 0})
	t.deepEqual((await here.push()).lines, [], 'all that was sent is known')

	const preserve = {archive: true, hardLinks: true}
	const job = {kind: 'receive', remote, root: there.root, preserve, umask: 0o022, disk: {}} as const
	const receiver = crewHere(receiving(job, asked))
	const brought = await there.pull({crew: receiver.crew, preserve})
	t.is(brought.failed.size, 0)
	t.like(brought.counts, {get: 0, head: 0}, 'the caller asks for none')
	t.is(receiver.kinds.toSorted().join(' '), 'get get get get head head head')
	t.like(asked.counts, {get: 4, head: 1 + 3})
	t.is(fs.readlinkSync(there.at('link')), 'dir/file')
	t.is(fs.readFileSync(there.at('dir/file'), 'utf8'), 'bytes')
	t.is(fs.statSync(there.at('again')).ino, fs.statSync(there.at('and again')).ino)
	const {mode, mtimeMs} = fs.statSync(there.at('dir/empty'))
	t.deepEqual([mode & 0o7777, mtimeMs], [0o700, 1000])
	t.deepEqual((await there.pull({preserve})).lines, [])
})
