// What a session with an rsync client keeps of each name, so that 1,000,000 of them fit: bounds of bytes, not times.

import {mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {fromUnicode} from '../src/base/path.ts'
import {parseIndex} from '../src/format/index-bytes.ts'
import {Catalogue, type Found} from '../src/peer/rsync/catalogue.ts'
import {FileList} from '../src/peer/rsync/flist.ts'
import {Memory} from '../src/peer/rsync/memory.ts'
import {Origins} from '../src/peer/rsync/origins.ts'
import {defaults} from '../src/peer/rsync/server-options.ts'
import {Survey} from '../src/peer/rsync/survey.ts'
import {Wanted} from '../src/peer/rsync/wanted.ts'
import type {Listed, Store} from '../src/store/store.ts'
import {inUse} from './support/in-use.ts'

const COUNT = 200_000
const PAGE = 1000
const MIB = 2 ** 20
const ETAG = '5d41402abc4b2a76b9719d911017c592'
const SECONDS = 1_234_567_890

const pathOf = (i: number) =>
	`directory${String(Math.floor(i / PAGE)).padStart(4, '0')}/file${String(i % PAGE).padStart(4, '0')}.txt`

/** What a client sends of COUNT files. */
function listOf(sum?: Buffer, xattrs?: readonly [string, Buffer][]): FileList {
	const files = new FileList()
	for (let i = 0; i < COUNT; i++)
		files.add({
			path: pathOf(i),
			mode: 0o100644,
			size: 5,
			mtime: SECONDS,
			nsec: 7,
			uid: 1000,
			gid: 100,
			sum,
			xattrs,
		})
	return files
}

test.serial('an entry of a list takes 28 bytes and its name, on the heap next to nothing', (t) => {
	const before = inUse()
	const files = listOf()
	const each = (inUse() - before) / COUNT
	t.true(each < 28 + 12 + 10, `${each} bytes`)
	const orders = [files.numbered(32), files.byPath()]
	t.deepEqual(
		orders.map((order) => order.length),
		[COUNT, COUNT],
	)
	const ordered = (inUse() - before) / COUNT
	t.true(ordered - each < 10, `${ordered - each} bytes of orders`)
	t.is(files.path(COUNT - 1), pathOf(COUNT - 1))
})

test.serial('a sum takes its bytes and a few, a set of attributes that many files have is kept once', (t) => {
	const before = inUse()
	const files = listOf(Buffer.from(ETAG, 'hex'), [['user.note', Buffer.from('the same')]])
	const each = (inUse() - before) / COUNT
	t.true(each < 28 + 12 + 16 + 4 + 4 + 12, `${each} bytes`)
	t.is(files.sum(COUNT - 1)?.toString('hex'), ETAG)
})

test.serial('where the rows of an offer come from takes an MD5 each', (t) => {
	const before = inUse()
	const origins = new Origins()
	for (let i = 0; i < COUNT; i++) origins.note(i, '', ETAG)
	const each = (inUse() - before) / COUNT
	t.true(each < 20, `${each} bytes`)
	t.is(origins.etag(COUNT - 1), ETAG)
})

/** A bucket that exists as numbers: it can be listed, and nothing else. */
const bucket = {
	async *list() {
		for (let from = 0; from < COUNT; from += PAGE)
			yield Array.from({length: PAGE}, (_, i): Listed => ({
				key: pathOf(from + i),
				etag: ETAG,
				size: 5,
				modified: SECONDS * 1000,
			}))
	},
} as unknown as Store

const foundAt = (i: number): Found => ({
	path: pathOf(i),
	etag: ETAG,
	stored: 5,
	size: 5,
	modified: SECONDS,
	attributes: {mode: 0o100644, mtime: BigInt(SECONDS) * 1_000_000_000n + 7n, uid: 1000, gid: 100},
	md5: ETAG,
})

test.serial(
	'what is learned is not held, nor what is remembered, and a file that did not change is not decoded',
	async (t) => {
		const dir = mkdtempSync(join(tmpdir(), 's3r-memory-'))
		t.teardown(() => rmSync(dir, {recursive: true, force: true}))
		const scratch = {root: '/', dir: fromUnicode(join(dir, 'scratch'))}
		mkdirSync(scratch.dir)
		const catalogueOf = (memory: Memory) =>
			new Catalogue(
				{
					store: bucket,
					prefix: '',
					umask: 0o022,
					remembered: memory.remembered,
					scratch,
					failed: (path, error) => t.fail(`${path}: ${String(error)}`),
				},
				memory.names,
			)
		const before = inUse()
		const first = Memory.open(fromUnicode(join(dir, 'cache')))
		const {learned} = catalogueOf(first)
		for (let i = 0; i < COUNT; i++) learned.learn(foundAt(i))
		const learning = inUse() - before
		t.true(learning < 12 * MIB, `${learning} bytes`)
		t.like(learned.recall(pathOf(100_000)), foundAt(100_000))
		await first.save({learned} as Catalogue, undefined)
		learned.close()
		t.is(parseIndex(readFileSync(join(dir, 'cache/index'))).count, COUNT)

		const files = listOf()
		const options = {...defaults(), times: true, perms: true, owner: true, group: true}
		const self = {uid: 0, gid: 0}
		const wanted = new Wanted({options, files, umask: 0o022, self, users: new Map(), groups: new Map()})
		const start = inUse()
		const memory = Memory.open(fromUnicode(join(dir, 'cache')))
		const catalogue = catalogueOf(memory)
		let decoded = 0
		for (const {index} of memory.remembered) {
			const entry = index.entry.bind(index)
			index.entry = (row) => {
				decoded++
				return entry(row)
			}
		}
		const survey = new Survey({
			files,
			destination: {base: '', mayBeNew: false, text: ''},
			catalogue,
			wanted,
			kinds: {acls: true, xattrs: true},
			hardLinks: true,
			deletes: true,
		})
		await survey.run()
		const surveyed = inUse() - start
		t.true(surveyed < 2 * MIB, `${surveyed} bytes`)
		t.is(decoded, 0)
		for (let row = 0; row < COUNT; row++) if (!survey.isSame(row)) t.fail(files.path(row))
		t.deepEqual(survey.sortedExtraneous(), [])
		memory.close()
	},
)
