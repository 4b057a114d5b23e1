// The index and its journal: bytes that another program can read, whatever an entry holds, and nothing
// believed that is damaged.

import {crc32} from 'node:zlib'
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import * as fc from './support/properties.ts'
import {crc32 as checksum} from '../src/base/crc32.ts'
import {S3rError} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import type {Entry, Local} from '../src/format/entry.ts'
import {inSync} from '../src/format/entry.ts'
import {IndexBuilder, mergeIndexes, withEntries} from '../src/format/index-builder.ts'
import {parseIndex, serializeIndex} from '../src/format/index-bytes.ts'
import type {Index, IndexFile} from '../src/format/index-file.ts'
import {packTime, unpackTime} from '../src/format/index-layout.ts'
import {journaled, parseJournal} from '../src/format/journal.ts'
import type {StatxWords} from '../src/format/statx.ts'
import {NO_DEVICE} from '../src/local/stat.ts'
import {Statx} from '../src/local/statx.ts'
import {createPlace, type Place} from '../src/repo/find.ts'
import {Scratch} from '../src/repo/growing-file.ts'
import {GrowingIndex} from '../src/repo/growing-index.ts'
import {layered} from '../src/repo/index-layers.ts'
import type {WindowsOptions} from '../src/repo/index-windows.ts'
import {IndexWriter} from '../src/repo/index-writer.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {IndexSession} from '../src/repo/session.ts'
import {openStored, type StoredIndex} from '../src/repo/stored-index.ts'

const HELLO = '5d41402abc4b2a76b9719d911017c592'
const ATTRS = '8899aabbccddeeff'

/** The entries of the example in s3r-index(5). */
const EXAMPLE: readonly Entry[] = [
	{
		path: './',
		local: {
			mode: 0o040755,
			size: 0,
			mtime: 1_000_000_000_000_000_000n,
			ctime: 1_700_000_000_000_000_001n,
			ino: 2n,
			uid: 1000,
			gid: 100,
		},
		attrs: '0011223344556677',
	},
	{
		path: 'docs/hello.txt',
		local: {
			mode: 0o100644,
			size: 5,
			mtime: 1_234_567_890_123_456_789n,
			ctime: 1_700_000_000_000_000_002n,
			ino: 4_294_967_299n,
			uid: 1000,
			gid: 100,
			md5: HELLO,
		},
		attrs: ATTRS,
		base: {type: 8, md5: HELLO, attrs: ATTRS},
		remote: {etag: HELLO, size: 5, modified: 1_700_000_001, bound: true},
	},
	{
		path: 'docs/old.gz',
		remote: {etag: 'e-2', size: 6_000_000_000, modified: 1_600_000_000, moved: true},
		base: {type: 8, md5: HELLO, attrs: ATTRS},
	},
]
const SCANNED = {scanned: 1_700_000_000_500_000_000n, device: 2049n}

function indexOf(entries: Iterable<Entry>, when = SCANNED): IndexFile {
	const builder = new IndexBuilder()
	for (const entry of entries) builder.add(entry)
	return builder.finish(when)
}

const bytesOf = (index: IndexFile): Buffer => Buffer.concat(serializeIndex(index))
const entriesOf = (index: IndexFile): Entry[] =>
	Array.from({length: index.count}, (_, row) => index.entry(row))

/** Without what is undefined or false, which an entry need not have: two that say the same are equal. */
const plain = (value: unknown): unknown =>
	typeof value === 'object' && value !== null
		? Object.fromEntries(
				Object.entries(value)
					.filter(([, inner]) => inner !== undefined && inner !== false)
					.map(([name, inner]) => [name, plain(inner)]),
			)
		: value

// ---- bytes

/** The bytes of an example of s3r-index(5). */
function goldenBytes(example = 0): Buffer {
	const page = readFileSync('man/s3r-index.5', 'utf8')
	const blocks = page.split('.Bd ').flatMap((block) => {
		const lines = block.match(/^[0-9a-f]{4}(  ?[0-9a-f]{2})+$/gm)
		return lines ? [lines.map((line) => line.slice(4).replaceAll(' ', '')).join('')] : []
	})
	return Buffer.from(blocks[example] ?? '', 'hex')
}

test('an index has the bytes that its page shows', (t) => {
	t.is(bytesOf(indexOf(EXAMPLE)).toString('hex'), goldenBytes().toString('hex'))
})

test('the bytes of the page are read as the entries that it tells of', (t) => {
	const index = parseIndex(goldenBytes())
	t.deepEqual(entriesOf(index).map(plain), EXAMPLE.map(plain))
	t.is(index.scanned, SCANNED.scanned)
	t.is(index.device, SCANNED.device)
	t.deepEqual(
		[0, 1, 2].map((row) => index.inSync(row)),
		[false, true, false],
	)
})

test('so has a journal', (t) => {
	t.is(journaled([{path: 'docs/old.gz'}]).toString('hex'), goldenBytes(1).toString('hex'))
	t.deepEqual([...parseJournal(goldenBytes(1))].map(plain), [plain({path: 'docs/old.gz'})])
})

test('an index of nothing is 72 bytes', (t) => {
	const bytes = bytesOf(indexOf([]))
	t.is(bytes.length, 72)
	t.is(parseIndex(bytes).count, 0)
})

// ---- entries

const byteString = (max: number) =>
	fc
		.array(fc.integer({min: 1, max: 255}), {minLength: 1, maxLength: max})
		.map((codes) => String.fromCharCode(...codes))
const hex = (bytes: number) =>
	fc.uint8Array({minLength: bytes, maxLength: bytes}).map((b) => Buffer.from(b).toString('hex'))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, {nil: undefined})
/** From 1901 to 2446, the range of the format. */
const time = fc.bigInt({
	min: -(2n ** 31n) * 1_000_000_000n,
	max: (2n ** 34n - 2n ** 31n) * 1_000_000_000n - 1n,
})
const size = fc.oneof(fc.nat(10), fc.integer({min: 0, max: 2 ** 48 - 1}))
const id = fc.oneof(fc.nat(3), fc.integer({min: 0, max: 2 ** 32 - 2}))
const mode = fc.integer({min: 0, max: 0xffff})

const local = fc.record({
	mode,
	size,
	mtime: time,
	ctime: time,
	ino: fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
	uid: id,
	gid: id,
	md5: maybe(fc.oneof(fc.constant(HELLO), hex(16))),
	rdev: maybe(fc.tuple(fc.nat(), fc.nat()).map((pair) => pair.join(':'))),
	link: maybe(hex(6)),
	xattrs: maybe(hex(16)),
})
const was = fc.record({
	mode,
	size,
	mtime: time,
	uid: id,
	gid: id,
	link: maybe(hex(6)),
	xattrs: maybe(hex(16)),
})
const base = fc.record({
	type: fc.nat(15),
	md5: maybe(fc.oneof(fc.constant(HELLO), hex(16))),
	attrs: fc.oneof(fc.constant(ATTRS), hex(8)),
	was: maybe(was),
})
const remote = fc.record({
	etag: fc.oneof(fc.constant(HELLO), hex(16), fc.string({unit: 'binary', maxLength: 400})),
	size,
	modified: maybe(fc.integer({min: 1, max: 2 ** 32 - 1})),
	bound: fc.boolean(),
	version: maybe(fc.string({maxLength: 1024})),
	alias: maybe(fc.string({unit: 'binary', minLength: 1, maxLength: 40})),
	moved: fc.boolean(),
})
const sides = fc
	.record({
		local: maybe(local),
		remote: maybe(remote),
		base: maybe(base),
		attrs: fc.oneof(fc.constant(ATTRS), hex(8)),
	})
	.map((entry) => (entry.local ? entry : {...entry, attrs: undefined}))
	.filter((entry) => entry.local !== undefined || entry.remote !== undefined || entry.base !== undefined)
/** Names that share directories, with and without a final '/', and some of any bytes. */
const path = fc
	.tuple(
		fc.array(fc.oneof(fc.constantFrom('a', 'b', 'a!'), byteString(8)), {minLength: 1, maxLength: 4}),
		fc.constantFrom('', '/'),
	)
	.map(([parts, end]) => parts.map((part) => part.replaceAll('/', '_')).join('/') + end)
const entries = fc
	.array(
		fc.tuple(path, sides).map(([at, said]): Entry => ({path: at, ...said})),
		{maxLength: 12},
	)
	.map((all) => sorted(new Map(all.map((entry) => [entry.path, entry]))))

const sorted = (model: ReadonlyMap<string, Entry>): Entry[] =>
	[...model.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))

test('every entry survives the file, with every field that it may have', (t) => {
	fc.assert(
		fc.property(entries, (all) => {
			const index = parseIndex(bytesOf(indexOf(all)))
			t.deepEqual(entriesOf(index).map(plain), all.map(plain))
			t.deepEqual(
				all.map((_, row) => index.inSync(row)),
				all.map((entry) => inSync(entry)),
			)
		}),
	)
})

/** What statx(2) says of a file. */
const wordsOf = (file: Omit<NonNullable<Entry['local']>, 'rdev'>): StatxWords =>
	Statx.of({...file, nlink: 1, blocks: 8, dev: 1, rdev: NO_DEVICE}).words

test('sizes above 4 GiB, times before 1970 and after 2038, and inodes above 2^53 are exact', (t) => {
	const big = {
		mode: 0o100600,
		size: 2 ** 45 + 3,
		mtime: -1n,
		ctime: 4_102_444_800_123_456_789n,
		ino: 2n ** 63n + 1n,
		uid: 4_294_967_294,
		gid: 2_000_000_001,
		md5: HELLO,
	}
	const index = parseIndex(bytesOf(indexOf([{path: 'big', local: big, attrs: ATTRS}])))
	t.deepEqual(plain(index.entry(0).local), big)
	t.true(index.matches(0, wordsOf(big)))
	t.false(index.matches(0, wordsOf({...big, ino: big.ino + 1n})), 'the next inode is the same as a double')
	t.false(index.matches(0, wordsOf({...big, gid: big.gid + 1})))
})

test('owners that are the same as doubles are told apart', (t) => {
	const withGid = (gid: number, at: string): Entry => ({
		path: at,
		local: {...(EXAMPLE[1]?.local as NonNullable<Entry['local']>), uid: 1_234_600_513, gid},
		attrs: ATTRS,
	})
	const index = parseIndex(bytesOf(indexOf([withGid(1_234_600_513, 'a'), withGid(1_234_600_514, 'b')])))
	t.deepEqual(
		entriesOf(index).map((entry) => entry.local?.gid),
		[1_234_600_513, 1_234_600_514],
	)
})

test('an index that was replaced in says so, also as that of another scan, until it is made anew', (t) => {
	const index = indexOf(EXAMPLE)
	t.false(index.wasReplaced)
	index.replace(1, EXAMPLE[1] as Entry)
	const later = index.at({scanned: 1n, device: 1n})
	t.true(later.wasReplaced)
	t.false(mergeIndexes(later, indexOf([])).wasReplaced)
})

test('a checksum is that of zlib, however long, and in pieces', (t) => {
	for (const length of [0, 1, 2, 4095, 8191, 8192, 20_000]) {
		const bytes = Buffer.from(Array.from({length}, (_, i) => (i * 31 + (i >> 7)) & 255))
		t.is(checksum(bytes), crc32(bytes))
		t.is(checksum(bytes.subarray(7), checksum(bytes.subarray(0, 7))), crc32(bytes))
	}
})

test('a time is kept to the nanosecond, or as the nearest that the format has', (t) => {
	fc.assert(fc.property(time, (ns) => unpackTime(...packTime(ns)) === ns))
	const seconds = (ns: bigint) => unpackTime(...packTime(ns)) / 1_000_000_000n
	t.is(seconds(-9_000_000_000n * 1_000_000_000n), -(2n ** 31n))
	t.is(seconds(99_000_000_000n * 1_000_000_000n), 2n ** 34n - 2n ** 31n - 1n)
})

test('a file matches its entry only if nothing that lstat tells differs', (t) => {
	const index = indexOf(EXAMPLE)
	const stat = EXAMPLE[1]?.local as NonNullable<Entry['local']>
	t.true(index.matches(1, wordsOf(stat)))
	for (const other of [
		{mode: 0o100600},
		{size: 6},
		{mtime: stat.mtime + 1n},
		{ctime: stat.ctime + 1n},
		{ino: stat.ino + 1n},
		{uid: 0},
		{gid: 0},
	])
		t.false(index.matches(1, wordsOf({...stat, ...other})), Object.keys(other)[0])
	t.false(index.matches(2, wordsOf(stat)), 'an entry without a local side matches nothing')
})

// ---- find, merge, replace

test('find tells the row of a path, or the row before which it would come', (t) => {
	fc.assert(
		fc.property(entries, path, (all, other) => {
			const index = indexOf(all)
			all.forEach((entry, row) => t.is(index.find(entry.path), row))
			const row = all.findIndex((entry) => entry.path >= other)
			const before = row < 0 ? all.length : row
			if (all[before]?.path !== other) t.is(index.find(other), -1 - before)
		}),
	)
})

test('two indexes are merged as two maps are, the later standing', (t) => {
	fc.assert(
		fc.property(entries, entries, (a, b) => {
			const merged = parseIndex(bytesOf(mergeIndexes(indexOf(a), indexOf(b))))
			const model = new Map([...a, ...b].map((entry) => [entry.path, entry]))
			t.deepEqual(entriesOf(merged).map(plain), sorted(model).map(plain))
		}),
	)
})

/** Writes an index to a file, and gives it as one that stays there. */
function stored(directory: string, index: IndexFile, options?: WindowsOptions): StoredIndex {
	const file = join(directory, `index-${stores++}`)
	writeFileSync(file, bytesOf(index))
	const open = openStored(fromUnicode(file), options)
	if (!open) throw new Error('it is not there')
	closes.push(open.close)
	return open.index
}
let stores = 0
const closes: (() => void)[] = []
test.after.always(() => {
	for (const close of closes) close()
})

/** Many entries in several directories, of which some have extras: more than a window holds. */
const many = (count: number, etag = (i: number) => `e-${i}`): Entry[] =>
	Array.from({length: count}, (_, i): Entry => {
		const directory = `d${String(Math.floor(i / 300)).padStart(3, '0')}`
		return {
			path: `${directory}/f${String(i).padStart(5, '0')}`,
			...(i % 5 === 0 && {local: EXAMPLE[1]?.local, attrs: ATTRS}),
			remote: {etag: i % 3 ? HELLO : etag(i), size: i},
		}
	})

test('an index on the disk has the rows of one in memory, in any order', (t) => {
	const {root} = place(t)
	const all = many(2000)
	const index = stored(root, indexOf(all))
	t.is(index.count, all.length)
	for (const row of [0, 1, 1999, 511, 512, 1024, 3, 1800, 513])
		t.deepEqual(plain(index.entry(row)), plain(all[row]), String(row))
	for (const [row, {path: at}] of all.entries()) t.is(index.find(at), row)
	t.is(index.find('a'), -1)
	t.is(index.find('d001/f00511x'), -1 - 512)
	t.is(index.find('e'), -1 - 2000)
	t.is(stored(root, indexOf([])).find('e'), -1)
	fc.assert(
		fc.property(entries, path, (one, other) => {
			const here = indexOf(one)
			const there = stored(root, here)
			t.deepEqual(
				Array.from({length: there.count}, (_, row) => plain(there.entry(row))),
				entriesOf(here).map(plain),
			)
			t.is(there.find(other), here.find(other))
		}),
		{numRuns: 50},
	)
})

test('what is not in sync is found, also in rows of which it is known that they were', (t) => {
	const {root} = place(t)
	const scratch = new Scratch(fromUnicode(root))
	closes.push(() => scratch.close())
	const all = many(2000).map(({path: at}): Entry => ({...EXAMPLE[1], path: at}))
	for (const index of [indexOf(all), stored(root, indexOf(all), {scratch})]) {
		const found = () => [index.outOfSync(0), index.outOfSync(1301), index.outOfSync(2000)]
		t.deepEqual(found(), [2000, 2000, 2000])
		index.replace(1300, {path: all[1300]?.path ?? ''})
		t.deepEqual(found(), [1300, 2000, 2000])
		index.replace(1999, {path: all[1999]?.path ?? ''})
		t.deepEqual(found(), [1300, 1999, 2000])
		for (const row of [1300, 1999]) index.replace(row, all[row] as Entry)
		t.deepEqual(found(), [2000, 2000, 2000])
	}
})

test('an index on the disk with any byte changed is refused', (t) => {
	const {root} = place(t)
	const file = join(root, 'damaged')
	const bytes = bytesOf(indexOf(EXAMPLE))
	for (let at = 0; at < bytes.length; at++) {
		const damaged = Buffer.from(bytes)
		damaged[at] = (damaged[at] ?? 0) ^ 0x10
		writeFileSync(file, damaged)
		t.throws(() => openStored(fromUnicode(file)), {instanceOf: S3rError}, String(at))
	}
	t.is(openStored(fromUnicode(join(root, 'none'))), undefined)
})

/** An index that is made in files without names, of which two windows are held. */
function growing(directory: string, all: Iterable<Entry>): Index {
	const scratch = new Scratch(fromUnicode(directory))
	closes.push(() => scratch.close())
	const open = () => ({words: scratch.file(), names: scratch.file(), extras: scratch.file()})
	const building = new GrowingIndex({open, held: 1, stored: {scratch}})
	for (const entry of all) building.add(entry)
	return building.finish(SCANNED)
}

/** The rows of an index as a new one. */
const copied = (index: Index): IndexFile => parseIndex(bytesOf(mergeIndexes(index, indexOf([]))))

/** What the words of each row say by themselves. */
function bareRows(index: Index): unknown[] {
	const said: unknown[] = []
	while (said.length < index.count) {
		const {first, index: rows} = index.bare(said.length)
		for (let row = said.length - first; row < rows.count; row++)
			said.push([rows.flags(row), rows.hasLocal(row) && [rows.mode(row), rows.size(row)]])
	}
	return said
}

test('rows of an index on the disk are replaced, and the file that it was read from stays as it was', (t) => {
	const {root} = place(t)
	const scratch = new Scratch(fromUnicode(root))
	closes.push(() => scratch.close())
	const check = (before: readonly Entry[], later: readonly (readonly [row: number, entry: Entry])[]) => {
		const whole = indexOf(before)
		const bytes = bytesOf(whole)
		const there = stored(root, whole, {scratch})
		const made = growing(root, before)
		const model = [...before]
		for (const [row, entry] of later) {
			if (!model[row]) continue
			model[row] = {...entry, path: model[row].path}
			for (const index of [there, made]) index.replace(row, model[row])
		}
		for (const index of [there, made]) {
			const bare = bareRows(index)
			t.deepEqual(
				bare,
				model.map(({local: here}, row) => [index.flags(row), here !== undefined && [here.mode, here.size]]),
			)
			const rows = Array.from({length: index.count}, (_, row) => plain(index.entry(row)))
			t.deepEqual(rows, model.map(plain))
			for (const [row, {path: at}] of model.entries()) t.is(index.find(at), row)
			t.deepEqual(entriesOf(copied(index)).map(plain), model.filter(saysAnything).map(plain))
		}
		t.deepEqual(bytesOf(whole), bytes)
		t.deepEqual(readFileSync(join(root, `index-${stores - 1}`)), bytes)
	}
	const all = many(2000)
	// far from each other, so that windows are written back and read again
	check(
		all,
		Array.from({length: 1500}, (_, i) => [
			(i * 1009) % 2000,
			{
				...EXAMPLE[1],
				path: '',
				local: {...(EXAMPLE[1]?.local as Local), uid: i % 700, size: i, link: '0a0b0c0d0e0f'},
			},
		]),
	)
	check(all, [[7, {path: ''}]])
	fc.assert(
		fc.property(entries, fc.array(fc.tuple(fc.nat(11), sides)), (before, later) =>
			check(
				before,
				later.map(([row, said]) => [row, {path: '', ...said}]),
			),
		),
		{numRuns: 50},
	)
})

const saysAnything = ({local: here, remote: there, base: both}: Entry): boolean =>
	here !== undefined || there !== undefined || both !== undefined

/** Writes the rows of layers over one another, and reads the file whole. */
function rewritten(directory: string, layers: readonly StoredIndex[]): IndexFile {
	const file = join(directory, 'rewritten')
	const writer = new IndexWriter(fromUnicode(file))
	try {
		for (const {index, row} of layered(layers)) writer.take(index, row)
		writer.finish(SCANNED)
	} finally {
		writer.close()
	}
	return parseIndex(readFileSync(file))
}

test('layers of indexes are written as one, in which the topmost stands', (t) => {
	const {root} = place(t)
	const all = many(9000)
	const [low, middle, top] = [
		all,
		many(3000, () => 'middle').slice(1000),
		many(9000, () => 'top').filter((_, i) => i % 700 === 0),
	] as const
	const expected = new Map([...low, ...middle, ...top].map((entry) => [entry.path, entry]))
	const index = rewritten(
		root,
		[low, middle, top].map((layer) => stored(root, indexOf(layer))),
	)
	t.deepEqual(entriesOf(index).map(plain), [...expected.values()].map(plain))
	t.is(index.scanned, SCANNED.scanned)
	t.is(index.directories.length / 2, 30)
	fc.assert(
		fc.property(fc.array(entries, {maxLength: 4}), (layers) => {
			const map = new Map(layers.flat().map((entry) => [entry.path, entry]))
			const made = rewritten(
				root,
				layers.map((layer) => stored(root, indexOf(layer))),
			)
			t.deepEqual(
				entriesOf(made).map(plain),
				[...map.keys()].toSorted().map((key) => plain(map.get(key))),
			)
		}),
		{numRuns: 50},
	)
})

test('entries are replaced and added as in a map, and those that say nothing are dropped', (t) => {
	const changes = fc.array(
		fc.tuple(path, maybe(sides)).map(([at, said]): Entry => ({path: at, ...said})),
		{maxLength: 12},
	)
	fc.assert(
		fc.property(entries, changes, (all, later) => {
			const index = withEntries(indexOf(all), later, () => new IndexBuilder())
			const model = new Map([...all, ...later].map((entry) => [entry.path, entry]))
			const alive = sorted(model).filter((entry) => entry.local ?? entry.remote ?? entry.base)
			const compact = mergeIndexes(index, indexOf([]))
			t.deepEqual(entriesOf(compact).map(plain), alive.map(plain))
			t.deepEqual(entriesOf(parseIndex(bytesOf(compact))).map(plain), alive.map(plain))
		}),
	)
})

test('entries out of order are not made into an index', (t) => {
	t.throws(() => indexOf([{path: 'b'}, {path: 'a'}]), {message: /out of order/})
	t.throws(() => indexOf([{path: 'a'}, {path: 'a'}]), {message: /out of order/})
})

// ---- damage

/** Reads all that an index holds. Returns whether it was refused, with an S3rError. */
function isRefused(t: ExecutionContext, bytes: Buffer, what: string): boolean {
	try {
		const index = parseIndex(bytes)
		for (const entry of entriesOf(index)) index.find(entry.path)
		bytesOf(mergeIndexes(index, indexOf([])))
		return false
	} catch (error) {
		const isOutOfOrder = error instanceof Error && error.message.startsWith('index entries out of order')
		if (!isOutOfOrder) t.true(error instanceof S3rError, `${what}: ${String(error)}`)
		return true
	}
}

test('an index with any byte changed is refused', (t) => {
	const golden = goldenBytes()
	for (let at = 0; at < golden.length; at++)
		for (const bit of [1, 0x80]) {
			const bytes = Buffer.from(golden)
			bytes.writeUInt8(bytes.readUInt8(at) ^ bit, at)
			t.true(isRefused(t, bytes, `byte ${at}`), `byte ${at}`)
		}
})

test('an index that was cut at any byte, or goes on, is refused', (t) => {
	const golden = goldenBytes()
	for (let length = 0; length < golden.length; length++)
		t.true(isRefused(t, golden.subarray(0, length), `${length} bytes`), `${length} bytes`)
	t.true(isRefused(t, Buffer.concat([golden, Buffer.alloc(8)]), 'more bytes'))
})

test('an index whose checksum is right, though it says nonsense, does no harm', (t) => {
	const golden = goldenBytes()
	for (let at = 8; at < golden.length - 8; at++)
		for (const value of [0, 1, 9, 0x7f, 0xff]) {
			const bytes = Buffer.from(golden)
			bytes.writeUInt8(value, at)
			bytes.writeUInt32LE(crc32(bytes.subarray(0, -8)), bytes.length - 8)
			isRefused(t, bytes, `byte ${at} as ${value}`)
		}
	t.pass()
})

test('an index of another version says so', (t) => {
	const bytes = goldenBytes()
	bytes.writeUInt32LE(2, 8)
	t.throws(() => parseIndex(bytes), {instanceOf: S3rError, message: /version 2, this s3r knows version 1/})
})

// ---- journal

/** A journal of entries that were finished one after the other. */
const journalOf = (all: readonly Entry[]): Buffer => Buffer.concat(all.map((entry) => journaled([entry])))

test('every entry survives the journal', (t) => {
	fc.assert(
		fc.property(entries, (all) => {
			const bytes = journalOf(all)
			t.deepEqual([...parseJournal(bytes)].map(plain), all.map(plain))
			t.deepEqual([...parseJournal(journaled(all.toReversed()))].map(plain), all.map(plain))
		}),
	)
})

test('of a journal that was cut at any byte all that is whole is kept', (t) => {
	const all = [...EXAMPLE, {path: 'caf\xc3\xa9\xff'}, {path: 'last'}]
	const bytes = journalOf(all)
	const pieces = all.map((entry) => journaled([entry]))
	for (let length = 0; length <= bytes.length; length++) {
		let whole = 0
		for (let end = 0; (end += pieces[whole]?.length ?? Infinity) <= length;) whole++
		const kept = [...parseJournal(bytes.subarray(0, length))]
		t.deepEqual(kept.map(plain), all.slice(0, whole).map(plain), `${length} bytes`)
	}
})

test('of a journal with any byte changed nothing wrong is believed', (t) => {
	const bytes = journalOf(EXAMPLE)
	for (let at = 0; at < bytes.length; at++) {
		const bad = Buffer.from(bytes)
		bad.writeUInt8(bad.readUInt8(at) ^ 1, at)
		const kept: unknown[] = []
		try {
			for (const entry of parseJournal(bad)) kept.push(plain(entry))
		} catch (error) {
			// what seems to be of another version is left to the s3r of that version
			t.true(error instanceof S3rError && /has version/.test(error.message))
		}
		t.true(kept.length < EXAMPLE.length)
		t.deepEqual(kept, EXAMPLE.slice(0, kept.length).map(plain))
	}
})

// ---- session

function place(t: ExecutionContext): Place {
	const root = mkdtempSync(join(tmpdir(), 's3r-index-'))
	t.teardown(() => rmSync(root, {recursive: true, force: true}))
	return createPlace(root)
}

const [, SAME, OLD] = EXAMPLE as readonly [Entry, Entry, Entry]
const file = ({dir}: Place, name: string) => join(dir, name)

test('a session that is not saved leaves a journal, and the next one knows what it knew', async (t) => {
	const at = place(t)
	const first = await IndexSession.open(at)
	first.put(SAME)
	first.put(OLD)
	first.forget(OLD.path)
	first.close()
	t.throws(() => readFileSync(file(at, 'index')), {code: 'ENOENT'})
	t.deepEqual(plain(readIndex(at).entry(0)), plain(SAME))
	const next = await IndexSession.open(at)
	t.deepEqual(plain(next.get(SAME.path)), plain(SAME))
	t.is(next.get(OLD.path)?.remote, undefined)
	next.close()
})

test('what is journaled behind what was cut off is not lost', async (t) => {
	const at = place(t)
	const first = await IndexSession.open(at)
	first.put(SAME)
	await new Promise((resolve) => setImmediate(resolve))
	first.put(OLD)
	first.close()
	truncateSync(file(at, 'journal'), readFileSync(file(at, 'journal')).length - 10)
	const second = await IndexSession.open(at)
	second.put({...OLD, path: 'z'})
	second.close()
	t.deepEqual(
		entriesOf(readIndex(at)).map((entry) => entry.path),
		[SAME.path, 'z'],
	)
})

test('a journal that grows too long is made into an index while the session goes on', async (t) => {
	const at = place(t)
	const session = await IndexSession.open(at, {journal: 2000})
	const taken = session.index
	for (let i = 0; i < 40; i++) {
		session.put({...SAME, path: `file${String(i % 20).padStart(2, '0')}`})
		await new Promise((resolve) => setImmediate(resolve))
	}
	t.true(parseIndex(readFileSync(file(at, 'index'))).count > 0)
	t.is(taken.count, 0)
	session.close()
	t.is(readIndex(at).count, 20)
})

test('a session whose index stays on the disk knows and writes what one in memory does', async (t) => {
	const steps = fc.array(fc.tuple(path, fc.option(sides, {nil: {}}), fc.nat(7)), {maxLength: 24})
	await fc.assert(
		fc.asyncProperty(entries, steps, async (scanned, later) => {
			const at = place(t)
			const empty = readdirSync(file(at, ''))
			const model = new Map<string, Entry>()
			let session = await IndexSession.open(at, {held: 1})
			const building = session.building()
			for (const entry of scanned) {
				building.add(entry)
				model.set(entry.path, entry)
			}
			session.adopt(building.finish(SCANNED))
			for (const [where, said, what] of later) {
				// a session that dies leaves the journal to the next one, one that pretends leaves nothing
				if (what === 0) session.close()
				if (what === 1) session.end()
				if (what < 2) session = await IndexSession.open(at, {held: 1})
				if (what === 2) t.is(session.index.count >= model.size, true)
				session.put({path: where, ...said})
				if (saysAnything({path: where, ...said})) model.set(where, {path: where, ...said})
				else model.delete(where)
				t.deepEqual(plain(session.get(where)), plain({path: where, ...said}))
			}
			for (const entry of model.values()) t.deepEqual(plain(session.get(entry.path)), plain(entry))
			session.end()
			t.deepEqual(entriesOf(readIndex(at)).map(plain), sorted(model).map(plain))
			t.deepEqual(readdirSync(file(at, '')).toSorted(), [...empty, 'index'].toSorted())
		}),
		{numRuns: 100},
	)
})

test('many new rows are in the index before any work on them is done', async (t) => {
	const at = place(t)
	const session = await IndexSession.open(at, {held: 100})
	const building = session.building()
	for (const entry of many(300)) building.add(entry)
	session.adopt(building.finish(SCANNED))
	session.close()
	t.is(parseIndex(readFileSync(file(at, 'index'))).count, 300)
})

test('a session that pretends writes nothing, however many rows there are', (t) => {
	const at = place(t)
	const session = IndexSession.pretend(at, {held: 1})
	const building = session.building()
	for (const entry of many(2000)) building.add(entry)
	session.adopt(building.finish(SCANNED))
	for (let row = 0; row < 2000; row += 3) session.put({...SAME, path: session.index.path(row)})
	t.deepEqual(plain(session.index.entry(1998)), plain({...SAME, path: session.index.path(1998)}))
	t.is(existsSync(file(at, 'index')), false)
	t.deepEqual(
		readdirSync(file(at, '')).filter((name) => name.startsWith('scratch')),
		[],
	)
	session.end()
	t.is(readIndex(at).count, 0)
})

test('a session that pretends writes nothing', (t) => {
	const at = place(t)
	const session = IndexSession.pretend(at)
	session.put(SAME)
	t.deepEqual(plain(session.get(SAME.path)), plain(SAME))
	session.save()
	session.close()
	t.is(readIndex(at).count, 0)
})

test('an index that is damaged is fatal, and its lock is given back', async (t) => {
	const at = place(t)
	writeFileSync(file(at, 'index'), 'nonsense')
	await t.throwsAsync(IndexSession.open(at), {instanceOf: S3rError, message: /corrupt/})
	rmSync(file(at, 'index'))
	const session = await IndexSession.open(at)
	session.close()
	t.pass()
})
