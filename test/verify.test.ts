// Bit rot in each place where bytes lie is found and named; what is garbage goes, and nothing else.

import {createHash} from 'node:crypto'
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {crc32} from 'node:zlib'
import test, {type ExecutionContext} from 'ava'
import * as fc from './support/properties.ts'
import {W} from '../src/format/index-layout.ts'
import {parseIndex} from '../src/format/index-bytes.ts'
import {createPlace} from '../src/repo/find.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {listUploadRecords, writeUpload} from '../src/repo/uploads.ts'
import {serve} from '../src/serve/server.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {openStore} from '../src/store/open.ts'
import {collectGarbage} from '../src/sync/gc.ts'
import {LocalFiles} from '../src/sync/local-files.ts'
import type {Mismatch} from '../src/sync/evidence.ts'
import {verify} from '../src/sync/verify.ts'
import {s3r} from './support/run.ts'
import {all} from './support/store.ts'

/** A pushed tree of three files and a directory, and the server's own directory. */
async function pushed(t: ExecutionContext) {
	const root = mkdtempSync(join(tmpdir(), 's3r-verify-'))
	const [here, kept] = [join(root, 'here'), join(root, 'store')]
	const server = await serve({
		root: kept,
		accounts: [{accessKey: 'TESTACCESSKEY', secretKey: 'test-secret-key'}],
		fsync: false,
	})
	t.teardown(async () => {
		await server.close()
		rmSync(root, {recursive: true, force: true})
	})
	const env = {
		AWS_ENDPOINT_URL: server.endpoint,
		AWS_ACCESS_KEY_ID: 'TESTACCESSKEY',
		AWS_SECRET_ACCESS_KEY: 'test-secret-key',
		HOME: root,
	}
	// the SDK looks nowhere else
	Object.assign(process.env, env)
	mkdirSync(join(here, 'd'), {recursive: true})
	for (const name of ['a', 'b', 'd/c']) writeFileSync(join(here, name), `the content of ${name}\n`)
	const run = (...argv: string[]) => s3r(argv, {cwd: here, env})
	t.is((await run('init', '--create-bucket', 'testrsync')).status, 0)
	t.is((await run('push', '-a')).status, 0)
	const verified = async (...argv: string[]) => {
		const {status, stdout, stderr} = await run('verify', '--json', ...argv)
		t.is(stderr, '')
		const found = stdout
			.split('\n')
			.filter(Boolean)
			.map((line) => JSON.parse(line) as Mismatch)
		t.is(status, found.length > 0 ? 1 : 0)
		return found
	}
	t.deepEqual(await verified('--read'), [])
	return {here, kept, run, verified, endpoint: server.endpoint}
}

const md5 = (text: string | Buffer) => `md5:${createHash('md5').update(text).digest('hex')}`

/** Every file below a directory. */
const filesBelow = (directory: string): string[] =>
	readdirSync(directory, {withFileTypes: true}).flatMap((entry) =>
		entry.isDirectory() ? filesBelow(join(directory, entry.name)) : [join(directory, entry.name)],
	)

test.serial('what is right is proven path by path', async (t) => {
	const {run} = await pushed(t)
	const {status, stdout} = await run('verify', '--json', '-v', '--read', 'a')
	const content = 'the content of a\n'
	t.is(status, 0)
	t.deepEqual(JSON.parse(stdout), {
		what: 'same',
		path: 'a',
		local: md5(content),
		remote: md5(content).replace('md5', 'etag'),
		read: true,
	})
})

test.serial('rot of a file that no stat tells of is found', async (t) => {
	const {here} = await pushed(t)
	const place = {root: here, dir: join(here, '.s3rsync')}
	const files = new LocalFiles(here, {})
	const store = await openStore({bucket: 'testrsync', prefix: ''})
	t.teardown(() => store.close())
	const found: Mismatch[] = []
	await verify({
		store,
		index: readIndex(place),
		// the disk gives other bytes than it was given
		files: {
			stat: (path) => files.stat(path),
			readLink: (path) => files.readLink(path),
			hash: (path, stat) => (path === 'b' ? '0'.repeat(32) : files.hash(path, stat)),
		},
		prefix: '',
		onMismatch: (mismatch) => found.push(mismatch),
		onError: (path, error) => t.fail(`${path}: ${String(error)}`),
	})
	t.deepEqual(found, [
		{what: 'local-damaged', path: 'b', expected: md5('the content of b\n'), found: `md5:${'0'.repeat(32)}`},
	])
})

test.serial('other content, mode and time of a file are told apart', async (t) => {
	const {here, verified} = await pushed(t)
	const {mtime} = statSync(join(here, 'b'))
	writeFileSync(join(here, 'b'), 'THE content of b\n')
	utimesSync(join(here, 'b'), mtime, mtime)
	chmodSync(join(here, 'a'), 0o600)
	utimesSync(join(here, 'd/c'), 5, 5)
	const found = await verified()
	t.deepEqual(
		found.map(({what, path}) => [what, path]),
		[
			['local-attributes', 'a'],
			['local-changed', 'b'],
			['local-attributes', 'd/c'],
		],
	)
	t.like(found[0], {expected: 'mode 100644', found: 'mode 100600'})
	t.like(found[2], {found: 'mtime 5.000000000'})
})

test.serial('rot of an entry of the index is found, behind its checksum and before', async (t) => {
	const {here, run, verified} = await pushed(t)
	const file = join(here, '.s3rsync/index')
	const bytes = readFileSync(file)
	const index = parseIndex(bytes)
	const at = index.find('b')
	const entries = 64
	bytes[entries + at * 80 + W.md5 * 4] = (bytes[entries + at * 80 + W.md5 * 4] ?? 0) ^ 1
	writeFileSync(file, bytes)
	const refused = await run('verify')
	t.is(refused.status, 128)
	t.regex(refused.stderr, /the index is corrupt: its checksum is wrong/)

	bytes.writeUInt32LE(crc32(bytes.subarray(0, -8)), bytes.length - 8)
	writeFileSync(file, bytes)
	const found = await verified()
	t.is(found.length, 1)
	t.like(found[0], {what: 'index-damaged', path: 'b', expected: md5('the content of b\n')})
})

test.serial("rot of an object's bytes on the server's disk is found by --read", async (t) => {
	const {kept, verified} = await pushed(t)
	let damaged = 0
	for (const file of filesBelow(kept)) {
		const bytes = readFileSync(file)
		const place = bytes.indexOf('the content of b')
		if (place < 0) continue
		bytes.write('X', place)
		chmodSync(file, 0o600)
		writeFileSync(file, bytes)
		damaged++
	}
	t.is(damaged, 1)
	const found = await verified('--read')
	t.is(found.length, 1)
	t.like(found[0], {what: 'remote-damaged', path: 'b', expected: md5('the content of b\n')})
	t.regex(found[0]?.found ?? '', /MD5/)
})

test.serial("rot of an object's metadata is found by --read", async (t) => {
	const {verified} = await pushed(t)
	const store = await openStore({bucket: 'testrsync', prefix: ''})
	t.teardown(() => store.close())
	const head = await store.head('b')
	const metadata = {...head?.metadata, 'file-permissions': '0100755'}
	await store.copy('b', 'b', {metadata, size: head?.size ?? 0, contentType: head?.contentType})
	t.deepEqual(await verified('--read'), [
		{what: 'remote-attributes', path: 'b', expected: 'mode 100644', found: 'mode 100755'},
	])
})

const upload = fc.record({
	key: fc.constantFrom('home/a', 'home/b', 'other/a'),
	age: fc.integer({min: 0, max: 10}),
	remembered: fc.boolean(),
	current: fc.boolean(),
})

test('gc ends uploads that nobody can go on with, and no others', async (t) => {
	const root = mkdtempSync(join(tmpdir(), 's3r-gc-'))
	t.teardown(() => rmSync(root, {recursive: true, force: true}))
	const files = new LocalFiles(root, {})
	const {identityOf} = await import('../src/repo/uploads.ts')
	const LIMIT = 5
	await fc.assert(
		fc.asyncProperty(fc.array(upload, {maxLength: 5}), async (uploads) => {
			rmSync(join(root, '.s3rsync'), {recursive: true, force: true})
			const place = createPlace(root)
			let now = 0
			const store = new MemoryStore({now: () => now})
			const kept = new Set<string>()
			const objects = ['home/x', 'home/.s3r/xattrs/0', 'other/y']
			for (const key of objects) await store.put(key, Buffer.from(key))
			const records = new Map<string, boolean>()
			for (const {key, age, remembered, current} of uploads) {
				now = 100 - age
				const id = await store.createUpload(key, {})
				const name = key.replace('home/', '')
				const isOurs = remembered && key.startsWith('home/') && !records.has(name)
				if (isOurs) {
					writeFileSync(join(root, name), 'x')
					const stat = files.stat(name)
					const file = current && stat ? identityOf(stat) : 'another'
					writeUpload(place, {path: name, key, id, partSize: 5, packed: false, file})
					records.set(name, current)
				}
				if (!key.startsWith('home/') || (isOurs ? current : age <= LIMIT)) kept.add(id)
			}
			const how = {place, store, prefix: 'home/', before: 100 - LIMIT, onError: () => t.fail()}
			const removed = await all(collectGarbage(how))
			const left = await all(store.listUploads(''))
			t.deepEqual(left.map(({id}) => id).toSorted(), [...kept].toSorted())
			t.is(removed.length, uploads.length - kept.size)
			t.is([...listUploadRecords(place)].length, [...records.values()].filter(Boolean).length)
			for (const key of objects) t.truthy(await store.head(key))
			t.deepEqual(await all(collectGarbage(how)), [])
		}),
		{numRuns: 100},
	)
})

test('gc --side deletes side objects that are old and that no object refers to', async (t) => {
	const root = mkdtempSync(join(tmpdir(), 's3r-gc-'))
	t.teardown(() => rmSync(root, {recursive: true, force: true}))
	const place = createPlace(root)
	const digests = ['0', '1', '2', '3'].map((digit) => digit.repeat(32))
	const some = fc.uniqueArray(fc.constantFrom(...digests))
	await fc.assert(
		fc.asyncProperty(some, some, some, async (there, old, used) => {
			let now = 100
			const store = new MemoryStore({now: () => now})
			for (const digest of there) {
				now = old.includes(digest) ? 10 : 90
				await store.put(`p/.s3r/xattrs/${digest}`, Buffer.from('x'))
			}
			for (const digest of used)
				await store.put(`p/file${digest}`, Buffer.from('x'), {metadata: {s3r: `v=1;x=@${digest}`}})
			await all(collectGarbage({place, store, prefix: 'p/', before: 50, side: true, onError: () => t.fail()}))
			for (const digest of there) {
				const isThere = (await store.head(`p/.s3r/xattrs/${digest}`)) !== undefined
				t.is(isThere, !old.includes(digest) || used.includes(digest))
			}
			for (const digest of used) t.truthy(await store.head(`p/file${digest}`))
		}),
		{numRuns: 100},
	)
})

test('gc deletes old objects by which a run was finding out whether the store obeys guards', async (t) => {
	const root = mkdtempSync(join(tmpdir(), 's3r-gc-'))
	t.teardown(() => rmSync(root, {recursive: true, force: true}))
	const place = createPlace(root)
	let now = 10
	const store = new MemoryStore({now: () => now})
	const old = 'p/.s3r/probe-1'
	const others = ['p/.s3r/probed', 'p/probe-1', '.s3r/probe-1', 'p/.s3r/probe-2']
	for (const key of [old, ...others.slice(0, -1)]) await store.put(key, Buffer.alloc(0))
	now = 90
	await store.put(others.at(-1) as string, Buffer.alloc(0))
	const how = {place, store, prefix: 'p/', before: 50, onError: () => t.fail()}
	t.deepEqual(await all(collectGarbage(how)), [{kind: 'side', name: old}])
	t.is(await store.head(old), undefined)
	for (const key of others) t.truthy(await store.head(key), key)
})
