// What the plumbing stands on: looking at single paths, choosing from a plan, and cleaning up.

import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {PassThrough} from 'node:stream'
import test, {type ExecutionContext} from 'ava'
import {parseAsked} from '../src/cli/input.ts'
import {namesBelow} from '../src/cli/names-below.ts'
import {gathered} from '../src/base/gather.ts'
import {inOrder} from '../src/base/in-order.ts'
import type {Path} from '../src/base/path.ts'
import type {Entry, Local} from '../src/format/entry.ts'
import {xattrsKey} from '../src/format/xattrs.ts'
import {self} from '../src/local/identity.ts'
import {Owners} from '../src/local/owners.ts'
import {lstatExact} from '../src/local/stat.ts'
import {createPlace, type Place} from '../src/repo/find.ts'
import {readLog, RunLog} from '../src/repo/log.ts'
import {IndexSession} from '../src/repo/session.ts'
import {identityOf, listUploadRecords, writeUpload} from '../src/repo/uploads.ts'
import {counted, requests} from '../src/store/counted.ts'
import {dryRun} from '../src/store/dry.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {chosen, type ChooseOptions, type Wish} from '../src/sync/chosen.ts'
import {collectGarbage, type GcOptions} from '../src/sync/gc.ts'
import {listLocal} from '../src/sync/list-local.ts'
import {LocalFiles} from '../src/sync/local-files.ts'
import {changes, type ScanOptions} from '../src/sync/scan.ts'

const owners = new Owners()

function placeWith(t: ExecutionContext, files: Readonly<Record<string, string>>): Place {
	const root = fs.mkdtempSync(join(tmpdir(), 's3r-plumbing-'))
	t.teardown(() => fs.rmSync(root, {recursive: true, force: true}))
	for (const [path, content] of Object.entries(files)) {
		fs.mkdirSync(join(root, path.slice(0, path.lastIndexOf('/') + 1)), {recursive: true})
		fs.writeFileSync(join(root, path), content)
	}
	return createPlace(root)
}

/** Scans into an index that is kept from one scan to the next. */
class Scans {
	readonly #place: Place
	readonly session: IndexSession
	/** Files that were read. */
	hashed: Path[] = []
	failed: Path[] = []

	constructor(place: Place) {
		this.#place = place
		this.session = IndexSession.pretend(place)
	}

	/** `M path` of what changed. */
	async scan(options: Partial<ScanOptions> = {}): Promise<string[]> {
		const files = new LocalFiles(this.#place.root, {})
		const found: string[] = []
		this.hashed = []
		this.failed = []
		const run = changes({
			root: this.#place.root,
			index: this.session.index,
			contents: {
				hash: (path, stat) => {
					this.hashed.push(path)
					return files.hash(path, stat)
				},
				readLink: (path) => files.readLink(path),
			},
			owners,
			onError: (path) => this.failed.push(path),
			...options,
		})
		for (let next = await run.next(); ; next = await run.next()) {
			if (next.done) {
				this.session.adopt(next.value.index)
				return found
			}
			for (const {status, entry} of next.value) found.push(`${status} ${entry.path}`)
		}
	}
}

const later = () => new Promise((resolve) => setTimeout(resolve, 60))

// ---- looking at paths

test('a shallow scan looks at its paths alone, in whichever order they come', async (t) => {
	const place = placeWith(t, {'b/c': '1', 'b/d': '2', a: '3', 'b-': '4'})
	const scans = new Scans(place)
	t.deepEqual(await scans.scan({paths: ['b/d', 'b', 'b-', 'a', 'a'], shallow: true}), [
		'A a',
		'A b-',
		'A b/',
		'A b/d',
	])
	t.is(scans.session.get('b/c'), undefined)
})

test('a path that is gone loses its local side, whatever it was', async (t) => {
	const place = placeWith(t, {'d/f': '1', g: '2'})
	const scans = new Scans(place)
	await scans.scan()
	fs.rmSync(join(place.root, 'd'), {recursive: true})
	fs.writeFileSync(join(place.root, 'd'), 'a file by now')
	fs.rmSync(join(place.root, 'g'))
	t.deepEqual(await scans.scan({paths: ['d', 'd/f', 'g', 'never'], shallow: true}), [
		'A d',
		'D d/',
		'D d/f',
		'D g',
	])
	t.deepEqual(scans.failed, ['never'])
})

test('what lies behind a symlink is not there', async (t) => {
	const place = placeWith(t, {'real/f': '1'})
	fs.symlinkSync('real', join(place.root, 'alias'))
	const scans = new Scans(place)
	t.deepEqual(await scans.scan({paths: ['alias', 'alias/f'], shallow: true}), ['A alias'])
	t.deepEqual(scans.failed, ['alias/f'])
})

test('a scan of all paths one by one vouches for them as a whole scan does', async (t) => {
	const place = placeWith(t, {a: '1', 'd/b': '2'})
	await later()
	const scans = new Scans(place)
	await scans.scan({paths: ['./', 'a', 'd/', 'd/b'], shallow: true})
	t.deepEqual(scans.hashed, ['a', 'd/b'])
	t.deepEqual(await scans.scan(), [])
	t.deepEqual(scans.hashed, [])
})

test('a scan of some paths does not vouch for the others', async (t) => {
	const place = placeWith(t, {a: '1', b: '1'})
	const scans = new Scans(place)
	await scans.scan()
	// within the tick of the scan, and so that lstat shows nothing of it
	const known = scans.session.get('b')
	fs.writeFileSync(join(place.root, 'b'), '2')
	const stat = lstatExact(join(place.root, 'b'))
	if (known?.local && stat)
		scans.session.put({...known, local: {...known.local, mtime: stat.mtime, ctime: stat.ctime}})
	await later()
	await scans.scan({paths: ['a'], shallow: true})
	t.deepEqual(await scans.scan(), ['M b'])
})

test('names of one file keep their group when only some are looked at, and lose it when only one is left', async (t) => {
	const place = placeWith(t, {a: '1'})
	fs.linkSync(join(place.root, 'a'), join(place.root, 'b'))
	fs.linkSync(join(place.root, 'a'), join(place.root, 'c'))
	const scans = new Scans(place)
	await scans.scan()
	const group = scans.session.get('a')?.local?.link
	t.truthy(group)
	fs.chmodSync(join(place.root, 'a'), 0o600)
	await scans.scan({paths: ['c'], shallow: true})
	t.is(scans.session.get('c')?.local?.link, group)
	fs.rmSync(join(place.root, 'a'))
	fs.rmSync(join(place.root, 'b'))
	await scans.scan()
	t.is(scans.session.get('c')?.local?.link, undefined)
})

test('a file that only became one of several names is a change of metadata', async (t) => {
	const place = placeWith(t, {a: '1'})
	const scans = new Scans(place)
	await scans.scan()
	fs.linkSync(join(place.root, 'a'), join(place.root, 'b'))
	const found = await scans.scan()
	t.deepEqual(found.filter((line) => !line.endsWith('/')).toSorted(), ['A b', 'P a'])
})

test('a list of the files has the MD5s that the index can vouch for', async (t) => {
	const place = placeWith(t, {a: 'x', b: 'y'})
	await later()
	const scans = new Scans(place)
	await scans.scan()
	await later()
	await scans.scan()
	fs.writeFileSync(join(place.root, 'b'), 'z')
	const {root} = place
	const list = (contents?: LocalFiles) =>
		Object.fromEntries(
			Array.from(
				listLocal({root, index: scans.session.index, contents, onError: (path) => t.fail(path)}),
				({path, md5}) => [path, md5],
			),
		)
	const md5 = (text: string) => createHash('md5').update(text).digest('hex')
	t.deepEqual(list(), {'./': undefined, a: md5('x'), b: undefined})
	t.deepEqual(list(new LocalFiles(root, {})), {'./': undefined, a: md5('x'), b: md5('z')})
})

// ---- choosing from a plan

const local: Local = {
	mode: 0o100644,
	size: 1,
	mtime: 1n,
	ctime: 1n,
	ino: 1n,
	uid: 0,
	gid: 0,
	md5: '0'.repeat(32),
}
const remote = {etag: 'e', size: 1}
const base = {type: 8, md5: '0'.repeat(32), attrs: '0'.repeat(16)}
const attrs = '0'.repeat(16)
const ENTRIES: readonly Entry[] = [
	{path: 'new', local, attrs},
	{path: 'same', local, remote, base, attrs},
	{path: 'changed', local: {...local, md5: '1'.repeat(32)}, remote, base, attrs},
	{path: 'both', local: {...local, md5: '1'.repeat(32)}, remote: {...remote, moved: true}, base, attrs},
	{path: 'gone', remote, base},
	{path: 'theirs', remote},
	{path: 'dir/', local: {...local, mode: 0o040755}, attrs},
]

async function choose(t: ExecutionContext, wishes: readonly Wish[], over: Partial<ChooseOptions> = {}) {
	const session = IndexSession.pretend(placeWith(t, {}))
	for (const entry of ENTRIES) session.put(entry)
	const failed: Path[] = []
	const lines: string[] = []
	const options = {session, direction: 'push' as const, failed: (path: Path) => failed.push(path), ...over}
	for await (const {status, entry} of chosen(wishes, options)) lines.push(`${status} ${entry.path}`)
	return {lines, failed}
}

test('what is to be done with a path is decided from the index, not from what the line says', async (t) => {
	const paths = ['new', 'same', 'changed', 'both', 'dir']
	const expected = ['A new', '= same', 'M changed', 'C both', 'A dir/']
	const bare = paths.map((path) => ({path}))
	t.deepEqual(await choose(t, bare), {lines: expected, failed: []})
	t.deepEqual(
		(
			await choose(
				t,
				bare.map((wish) => ({...wish, status: 'M' as const})),
			)
		).lines,
		expected,
	)
	t.deepEqual((await choose(t, bare, {force: true})).lines[3], 'M both')
})

test('a line may ask for a copy, which is tried where there is nothing yet', async (t) => {
	const copy = (path: Path): Wish => ({path, status: 'R'})
	t.deepEqual((await choose(t, [copy('new'), copy('same')])).lines, ['R new', '= same'])
})

test('only a line with a D deletes, last, and only what was here once and is gone', async (t) => {
	t.deepEqual(await choose(t, [{path: 'gone'}]), {lines: [], failed: ['gone']})
	const wishes = ['gone', 'same', 'theirs', 'unknown', 'new'].map((path): Wish => ({path, status: 'D'}))
	t.deepEqual(await choose(t, [...wishes, {path: 'changed'}]), {
		lines: ['= unknown', 'M changed', 'D gone'],
		failed: ['same', 'theirs', 'new'],
	})
	t.deepEqual((await choose(t, wishes, {force: true})).lines, ['= unknown', 'D gone', 'D theirs'])
})

test('more deletions than are allowed are none, and all else is done', async (t) => {
	const done: string[] = []
	const session = IndexSession.pretend(placeWith(t, {}))
	for (const entry of ENTRIES) session.put(entry)
	const wishes: Wish[] = [{path: 'gone', status: 'D'}, {path: 'new'}]
	await t.throwsAsync(
		async () => {
			const options = {session, direction: 'push' as const, maxDelete: 0, failed: t.fail}
			for await (const {entry} of chosen(wishes, options)) done.push(entry.path)
		},
		{message: /1 deletions are more than --max-delete=0/},
	)
	t.deepEqual(done, ['new'])
})

test('a path of find(1), a quoted one and one in a record mean the same', (t) => {
	t.is(parseAsked('./a/b', false).path, 'a/b')
	t.is(parseAsked('.', false).path, './')
	t.is(parseAsked('./', true).path, './')
	t.is(parseAsked('"a\\tb"', false).path, 'a\tb')
	t.is(parseAsked('a\tb', true).path, 'a\tb')
	t.is(parseAsked('D - - - -\ta b', false).path, 'a b')
	t.throws(() => parseAsked('a\tb', false), {message: /not a record/})
	t.throws(() => parseAsked('"a', false), {message: /not a path/})
})

// ---- cleaning up

async function garbage(place: Place, over: Partial<GcOptions> & Pick<GcOptions, 'store'>): Promise<string[]> {
	const removed: string[] = []
	const options = {place, prefix: 'home/', before: 0, onError: () => {}, ...over}
	for await (const {kind, name} of collectGarbage(options)) removed.push(`${kind} ${name}`)
	return removed
}

test('an upload is aborted when its file changed, or when it is old and nobody remembers it', async (t) => {
	const place = placeWith(t, {kept: '1', changed: '1'})
	const store = new MemoryStore({now: () => 1000})
	const begin = async (path: Path) => {
		const key = `home/${path}`
		const stat = lstatExact(join(place.root, path))
		const id = await store.createUpload(key, {})
		if (stat) writeUpload(place, {path, key, id, partSize: 1, packed: false, file: identityOf(stat)})
	}
	for (const path of ['kept', 'changed', 'forgotten']) await begin(path)
	fs.appendFileSync(join(place.root, 'changed'), '2')
	t.deepEqual(await garbage(place, {store: dryRun(store), pretend: true}), ['upload home/changed'])
	t.deepEqual(await garbage(place, {store}), ['upload home/changed'])
	t.deepEqual(await garbage(place, {store, before: 1000}), [])
	t.deepEqual(await garbage(place, {store, before: 1001}), ['upload home/forgotten'])
	t.deepEqual(
		Array.from(listUploadRecords(place), ({path}) => path),
		['kept'],
	)
})

test('temporary files of dead processes are removed, and no others', async (t) => {
	const {host, pid, start} = self()
	const name = (id: string) => `d/.f.s3r-${id}-00000000`
	const [dead, alive] = [name(`${host}-${pid}-1`), name(`${host}-${pid}-${start}`)]
	const elsewhere = name('ffffffff-1-1')
	const place = placeWith(t, {[dead]: '', [alive]: '', [elsewhere]: '', 'd/.f.s3r': ''})
	const store = new MemoryStore()
	t.deepEqual(await garbage(place, {store, pretend: true}), [`temporary ${dead}`])
	t.true(fs.existsSync(join(place.root, dead)))
	t.deepEqual(await garbage(place, {store}), [`temporary ${dead}`])
	t.deepEqual(
		[alive, elsewhere, 'd/.f.s3r', dead].map((path) => fs.existsSync(join(place.root, path))),
		[true, true, true, false],
	)
})

test('side objects that nothing refers to are deleted, when that is asked for', async (t) => {
	const [used, unused] = ['a'.repeat(32), 'b'.repeat(32)]
	const memory = new MemoryStore({now: () => 1000})
	for (const md5 of [used, unused]) await memory.put(`home/${xattrsKey(md5)}`, Buffer.from('x'))
	await memory.put('home/f', Buffer.from('x'), {metadata: {s3r: `v=1;x=@${used}`}})
	const place = placeWith(t, {})
	const store = counted(memory)
	t.deepEqual(await garbage(place, {store, before: 2000}), [])
	t.is(store.counts.head, 0)
	t.deepEqual(await garbage(place, {store, before: 1000, side: true}), [])
	t.is(store.counts.head, 0, 'there are none that are old')
	t.deepEqual(await garbage(place, {store, before: 2000, side: true}), [`side home/${xattrsKey(unused)}`])
	t.truthy(await memory.head(`home/${xattrsKey(used)}`))
	t.true(requests(store.counts) > 0)
})

// ---- batches

/** A source that is written to by hand, as a pipe is. */
function pipe<T>(): {
	readonly items: AsyncIterable<T>
	readonly put: (item: T) => void
	readonly end: () => void
} {
	const stream = new PassThrough({objectMode: true})
	return {items: stream, put: (item) => void stream.write(item), end: () => void stream.end()}
}

test('answers come in the order of the questions, each before the next question is asked', async (t) => {
	const {items, put, end} = pipe<number>()
	const answers = inOrder(items, {width: 3}, async (n) => n * 2)
	for (const n of [1, 2, 3]) {
		put(n)
		t.deepEqual(await answers.next(), {done: false, value: n * 2})
	}
	end()
	t.deepEqual(await answers.next(), {done: true, value: undefined})
})

test('no more than so many questions are under way, and a slow one holds up only its own answer', async (t) => {
	const begun: number[] = []
	let finish = () => {}
	const slow = new Promise<void>((go) => (finish = go))
	const answers = inOrder([0, 1, 2, 3, 4, 5], {width: 3}, async (n) => {
		begun.push(n)
		if (n === 0) await slow
		return n
	})
	const first = answers.next()
	while (begun.length < 3) await new Promise((go) => setImmediate(go))
	await new Promise((go) => setImmediate(go))
	t.deepEqual(begun, [0, 1, 2])
	finish()
	const all = [(await first).value]
	for await (const n of answers) all.push(n)
	t.deepEqual(all, [0, 1, 2, 3, 4, 5])
})

test('a question that fails is told in its turn, and so are questions that cannot be read', async (t) => {
	const answers = inOrder([1, 2], {width: 2}, async (n) => {
		if (n === 2) throw new Error('two')
		return n
	})
	t.is((await answers.next()).value, 1)
	await t.throwsAsync(answers.next(), {message: 'two'})
	const unread = inOrder(failing(), {width: 2}, async (n) => n)
	t.is((await unread.next()).value, 1)
	await t.throwsAsync(unread.next(), {message: 'torn'})
})

async function* failing(): AsyncIterable<number> {
	yield 1
	throw new Error('torn')
}

test('a batch is what there is without waiting', async (t) => {
	const {items, put, end} = pipe<number>()
	const batches = gathered(items, 3)
	put(1)
	t.deepEqual((await batches.next()).value, [1])
	for (const n of [2, 3, 4, 5]) put(n)
	t.deepEqual((await batches.next()).value, [2, 3, 4])
	t.deepEqual((await batches.next()).value, [5])
	end()
	t.true((await batches.next()).done)
	const torn = gathered(failing(), 3)
	t.deepEqual((await torn.next()).value, [1])
	await t.throwsAsync(torn.next(), {message: 'torn'})
})

// ---- names

test('names of keys are completed as far as the next slash, by few requests', async (t) => {
	const store = counted(new MemoryStore())
	const keys = ['b', 'da', 'dir.txt', 'dir/x', 'é/1', '.s3r/root']
	for (let i = 0; i < 3000; i++) keys.push(`dir/sub/${i}`, `dir2/${i}`)
	for (const key of keys) await store.put(`p/${key}`, Buffer.from(''))
	t.deepEqual(await namesBelow(store, 'p/'), ['b', 'da', 'dir.txt', 'dir/', 'dir2/', 'é/'])
	t.deepEqual(await namesBelow(store, 'p/di'), ['dir.txt', 'dir/', 'dir2/'])
	t.deepEqual(await namesBelow(store, 'p/dir/'), ['sub/', 'x'])
	t.deepEqual(await namesBelow(store, 'p/none'), [])
	t.true(store.counts.list <= 16, `${store.counts.list} requests`)
})

// ---- the log

test('a log that is full loses its older half, in whole lines, and the latest run comes first', (t) => {
	const place = placeWith(t, {})
	const file = join(place.dir, 'log')
	const end = {status: 0, failed: 0, bytes: 7}
	const run = (path: Path) => {
		const log = new RunLog(place, 'push', 's3://bucket/')
		log.add({status: 'A', record: {path}})
		log.add({status: '=', record: {path: 'same'}})
		log.end(end)
	}
	new RunLog(place, 'push', 's3://bucket/').end(end)
	t.false(fs.existsSync(file))
	run('first')
	const [line = ''] = fs.readFileSync(file, 'utf8').split('\n')
	fs.writeFileSync(file, `${line}\n`.repeat(Math.ceil((4 * 2 ** 20) / (line.length + 1)) + 1))
	const before = fs.statSync(file).size
	run('l\xff')
	const after = fs.statSync(file).size
	t.true(after > before / 3 && after < (before / 3) * 2)
	t.is((fs.statSync(file).mode & 0o777).toString(8), '600')
	const runs = [...readLog(place)]
	t.is(runs.length, fs.readFileSync(file, 'utf8').split('\n').length - 1)
	t.deepEqual(
		runs
			.slice(0, 2)
			.map(({command, counts, bytes, items}) => [command, counts, bytes, items[0]?.record.path]),
		[
			['push', {A: 1}, 7, 'l\xff'],
			['push', {A: 1}, 7, 'first'],
		],
	)
	fs.appendFileSync(file, '{"time":"x"}\n{"time":"x","counts":{},"items":["no item"]}\nnull\n{"ti')
	t.is([...readLog(place)].length, runs.length)
})
