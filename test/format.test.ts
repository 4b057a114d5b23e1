// Text and bytes <-> values: paths, records, keys, and what is printed of them.

import {createHash} from 'node:crypto'
import {Readable} from 'node:stream'
import test from 'ava'
import * as fc from './support/properties.ts'
import {fromBytes, fromUnicode, nameOf, parentOf, ROOT, toUnicode, unsafe} from '../src/base/path.ts'
import {quote, shown, unquote} from '../src/base/quote.ts'
import {splitRecords} from '../src/base/records.ts'
import {deltaOf, signatureOf} from '../src/algo/signature.ts'
import {decodeDelta} from '../src/format/delta.ts'
import {decodeSignature} from '../src/format/signature.ts'
import {type Change, itemize} from '../src/format/itemize.ts'
import {formatJson, parseJson} from '../src/format/json.ts'
import {keyOf, pathOf} from '../src/format/key.ts'
import {
	type FileRecord,
	formatDiff,
	formatRecord,
	formatTime,
	parseLine,
	parseTime,
} from '../src/format/record.ts'
import {RecordBytes} from '../src/format/record-bytes.ts'
import {parseTemplate} from '../src/format/template.ts'
import {NO_DEVICE} from '../src/local/stat.ts'
import {Statx} from '../src/local/statx.ts'
import {anyPath, bytes, defined, id, maybe, md5, mode, ns, statusOf} from './support/values.ts'

const NO_STAT = {size: 0, ctime: 0n, ino: 0, dev: 0, nlink: 1, uid: 0, gid: 0, blocks: 0, rdev: NO_DEVICE}

test('the bytes of a name survive as a path', (t) => {
	const raw = Buffer.from(Array.from({length: 256}, (_, i) => i))
	t.deepEqual(Buffer.from(fromBytes(raw), 'latin1'), raw)
	t.is(toUnicode(fromUnicode('ü中😀')), 'ü中😀')
	t.is(toUnicode('latin\u00e9'), undefined)
})

test('a path has a parent and a name', (t) => {
	t.deepEqual(['a/b/c', 'a/b/', 'a', '/a', '/'].map(parentOf), ['a/b/', 'a/', '', '/', ''])
	t.deepEqual([nameOf('a/b/c'), nameOf('a/b/'), nameOf('a')], ['c', 'b', 'a'])
})

test('a path that leaves the root or names our own directory is unsafe', (t) => {
	for (const path of [
		'',
		'/',
		'/a',
		'..',
		'a/../b',
		'a//b',
		'./a',
		'a/.',
		'a\0b',
		'.s3rsync/x',
		'a/.S3RSYNC/',
	])
		t.is(typeof unsafe(path), 'string', path)
	for (const path of [ROOT, 'a', 'a/b/', '..a', 'a..', '.s3r/x', '...']) t.is(unsafe(path), undefined, path)
})

test('a quoted name is git’s, and unquotes to itself', (t) => {
	t.is(quote('plain ü'), 'plain ü')
	t.is(quote('tab\tnew\nq"b\\e\x7f\x01'), '"tab\\tnew\\nq\\"b\\\\e\\177\\001"')
	fc.assert(fc.property(bytes, (name) => unquote(quote(name)) === name))
	t.deepEqual(['"a', '"a"b"', '"\\x"', '"\\4', '"a"x'].map(unquote), [
		undefined,
		undefined,
		undefined,
		undefined,
		undefined,
	])
	t.is(shown('a\u001bb'), "'a\\033b'")
})

test('a stream splits into the same records however it is cut', async (t) => {
	const text = Buffer.from('one\ntw\u00fc\n\nlast')
	for (let size = 1; size < text.length; size += 1) {
		const chunks = Array.from({length: Math.ceil(text.length / size)}, (_, i) =>
			text.subarray(i * size, (i + 1) * size),
		)
		t.deepEqual(await all(splitRecords(Readable.from(chunks), '\n')), ['one', fromUnicode('twü'), '', 'last'])
	}
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
	const list: T[] = []
	for await (const item of items) list.push(item)
	return list
}

const record: fc.Arbitrary<FileRecord> = fc.record({
	path: bytes,
	mode: maybe(mode),
	size: maybe(fc.integer({min: 0, max: 10 ** 14})),
	mtime: maybe(ns),
	digest: maybe(
		fc.oneof(
			md5.map((hex) => `md5:${hex}` as const),
			md5.map((hex) => `etag:${hex}-12` as const),
		),
	),
})

test('a diff line reads back as it was written, with NUL and with LF', (t) => {
	const status = fc.constantFrom('A' as const, 'M', 'P', 'T', 'R', 'D', 'C', '=')
	fc.assert(
		fc.property(record, status, fc.boolean(), (r, s, nul) => {
			const line = formatDiff({status: s, record: r}, nul)
			t.deepEqual(parseLine(line, nul), {
				status: s,
				record: {mode: undefined, size: undefined, mtime: undefined, digest: undefined, ...r},
			})
		}),
		{numRuns: 300},
	)
	t.is(
		formatRecord({path: 'a\nb', mode: 0o104755, size: 5, mtime: -1n, digest: 'etag:x-2'}, false),
		'104755 5 -0.000000001 etag:x-2\t"a\\nb"',
	)
	t.is(formatRecord({path: 'd/'}, false), '- - - -\td/')
})

test('the record of a file is the same made as bytes, unless it is to be made as text', (t) => {
	const size = fc.oneof(fc.nat(), fc.constantFrom(0, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 45))
	const time = fc.oneof(ns, fc.constantFrom(-1n, 0n, 999_999_999n, 2n ** 31n * 1_000_000_000n))
	// no name of a file holds a NUL
	const anyName = anyPath.filter((path) => !path.includes('\0'))
	const rare: string[] = []
	const files = fc.array(fc.tuple(anyName, mode, size, time, fc.option(md5)), {minLength: 1})
	fc.assert(
		fc.property(files, fc.boolean(), (list, nul) => {
			const writer = new RecordBytes(nul)
			for (const [path, st_mode, length, mtime, digest] of list) {
				const directory = parentOf(path)
				const stat = Statx.of({...NO_STAT, mode: st_mode, mtime})
				const name = Buffer.from(`${path.slice(directory.length)}\0`, 'latin1')
				const printable = {
					file: {path, directory, bytes: name, start: 0, stat},
					size: length,
					writeMd5: (into: Buffer, at: number) => at + into.write(digest ?? '', at, 'latin1'),
				}
				const room = writer.room(printable)
				const isRare = mtime < 0n || (!nul && quote(path) !== path)
				if (isRare) rare.push(path)
				if (isRare !== (room === undefined)) return false
				if (room === undefined) continue
				const into = Buffer.alloc(room + 1)
				const end = writer.write(into, 1, printable)
				const plain = {
					path,
					mode: st_mode,
					size: length,
					mtime,
					digest: digest ? (`md5:${digest}` as const) : undefined,
				}
				const expected = `${formatRecord(plain, nul)}${nul ? '\0' : '\n'}`
				if (end > into.length || into.toString('latin1', 1, end) !== expected) return false
			}
			return true
		}),
	)
	t.true(rare.length > 0)
})

test('what is no record is refused with the text', (t) => {
	for (const line of [
		'',
		'a',
		'- - - -',
		'- - - -\t',
		'100644 1 x -\ta',
		'- - - md5:0\ta',
		'- - - -\t"a',
		'X - - - -\ta',
	])
		t.is(statusOf(() => parseLine(line, false))?.[0], 128, line)
})

test('times before the epoch and with few digits are read', (t) => {
	t.is(parseTime('1612325106.1'), 1612325106100000000n)
	t.is(parseTime('-0.5'), -500000000n)
	t.deepEqual(
		['', '.', '1.', '1.0000000000', 'x', '1e3', '9999999999999'].map(parseTime),
		Array.from({length: 7}, () => undefined),
	)
	fc.assert(fc.property(ns, (time) => parseTime(formatTime(time)) === time))
})

test('any bytes are a key, and the key is those bytes again', (t) => {
	fc.assert(
		fc.property(anyPath, (path) => pathOf(keyOf(path)) === path),
		{numRuns: 2000},
	)
	fc.assert(
		fc.property(
			fc.uniqueArray(anyPath, {minLength: 2, maxLength: 2}),
			([a, b]) => keyOf(a ?? '') !== keyOf(b ?? ''),
		),
	)
	t.is(keyOf('latin\u00e9'), 'latin\u{FFFD}E9')
	t.is(keyOf(ROOT), '.s3r/root')
	t.is(keyOf('.s3r/x'), '\u{FFFD}2Es3r/x')
	t.is(pathOf('.s3r/x'), undefined)
	t.is(pathOf('a\u{FFFD}41'), undefined)
})

test('items are rsync’s eleven characters', (t) => {
	const item = {action: 'send', type: 'file', isNew: false, changed: new Set<Change>()} as const
	t.is(itemize({...item, isNew: true}), '<f+++++++++')
	t.is(itemize({...item, action: 'receive', changed: new Set<Change>(['size', 'time'])}), '>f.st......')
	t.is(itemize({...item, action: 'local', type: 'directory', isNew: true}), 'cd+++++++++')
	t.is(
		itemize({...item, action: 'none', type: 'link', changed: new Set<Change>(['owner', 'xattr'])}),
		'.L....o...x',
	)
	t.is(itemize({...item, action: 'none'}), '.f         ')
})

test('a template shows the fields that it names', (t) => {
	const item = {
		record: {path: 'a\tb', mode: 0o100644, size: 5, digest: 'etag:x'},
		status: 'A',
		uname: 'ü',
	} as const
	t.is(
		parseTemplate('%(status) %(path):%(size)%%%00%(md5)%(etag) %(type) %(mode) 100% %zz', false)(item),
		'A "a\\tb":5%\0x file 100644 100% %zz',
	)
	t.is(parseTemplate('%(path)%(uname)', true)(item), `a\tb${fromUnicode('ü')}`)
	t.is(statusOf(() => parseTemplate('%(sizes)', false))?.[0], 129)
	t.is(statusOf(() => parseTemplate('%(size', false))?.[0], 129)
})

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'

test('a record is one JSON object', (t) => {
	const item = {
		record: {
			path: fromUnicode('ü') + '\u00ff\n',
			mode: 0o100644,
			size: 5,
			mtime: -1n,
			digest: `md5:${MD5}`,
		},
		etag: 'e-1',
	} as const
	t.is(
		formatJson(item),
		fromUnicode(
			`{"path":"ü\\udcff\\n","type":"file","mode":"100644","size":5,"mtime":"-0.000000001","md5":"${MD5}","etag":"e-1"}`,
		),
	)
	fc.assert(
		fc.property(anyPath, (path) => {
			const text: string = JSON.parse(toUnicode(formatJson({record: {path}})) ?? '').path
			return (
				Array.from(text, (c) =>
					/^[\udc80-\udcff]$/.test(c) ? String.fromCharCode(c.charCodeAt(0) - 0xdc00) : fromUnicode(c),
				).join('') === path
			)
		}),
	)
})

test('a JSON object is read as it was written, whatever the name', (t) => {
	const name = fc.option(fc.string({unit: 'grapheme', maxLength: 8}), {nil: undefined})
	fc.assert(
		fc.property(
			fc.record({
				path: anyPath,
				mode: maybe(mode),
				mtime: maybe(ns),
				uid: maybe(id),
				gid: maybe(id),
				uname: name,
				gname: name,
			}),
			({path, mode: bits, mtime, ...owner}) => {
				const read = parseJson(formatJson({record: {path, mode: bits, mtime}, ...owner}))
				t.deepEqual(read, {path, mode: bits, mtime, ...owner})
			},
		),
	)
	for (const line of ['', '{', '[]', 'null', '{"path":1}', '{"path":""}', '{"path":"\\udc41"}', '\xff'])
		t.is(parseJson(line), undefined, line)
	const odd = parseJson('{"path":"a","mode":"9","mtime":1,"uid":-1,"gid":4294967295,"uname":7}')
	t.deepEqual(odd && defined(odd), {path: 'a'})
})

async function* inPieces(content: Buffer, piece: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < content.length; at += piece) yield content.subarray(at, at + piece)
}

const joined = async (pieces: AsyncIterable<Buffer>) => Buffer.concat(await all(pieces))

/** What a delta makes of its basis, as far as it goes. */
async function applied(basis: Buffer, delta: AsyncIterable<Buffer>): Promise<Buffer> {
	const made: Buffer[] = []
	for await (const part of decodeDelta(delta)) {
		if ('literal' in part) made.push(part.literal)
		else if ('offset' in part) made.push(basis.subarray(part.offset, part.offset + part.length))
		else if ('result' in part) {
			const {size, md5: sum} = part.result
			const content = Buffer.concat(made)
			if (size !== content.length || !createHash('md5').update(content).digest().equals(sum))
				throw new Error('the result is another one')
		}
	}
	return Buffer.concat(made)
}

test('a delta makes the new file of the old one, however both come in pieces', async (t) => {
	const content = fc.array(fc.integer({min: 0, max: 2}), {maxLength: 300}).map((list) => Buffer.from(list))
	const small = fc.integer({min: 1, max: 20})
	await fc.assert(
		fc.asyncProperty(content, content, small, small, async (basis, target, blockLength, piece) => {
			const signature = await joined(signatureOf(inPieces(basis, piece), blockLength))
			const delta = await joined(deltaOf(decodeSignature(signature), inPieces(target, piece)))
			return (await applied(basis, inPieces(delta, piece))).equals(target)
		}),
	)
	t.pass()
})

test('a signature or delta with one byte changed or missing is not taken', async (t) => {
	const basis = Buffer.from('abcdefghij')
	const signature = await joined(signatureOf(inPieces(basis, 100), 4))
	const delta = await joined(deltaOf(decodeSignature(signature), inPieces(Buffer.from('abcdxefghij'), 100)))
	for (let at = 0; at < signature.length; at++) {
		t.throws(() => decodeSignature(signature.subarray(0, at)), {name: 'S3rError'})
		const changed = Buffer.from(signature)
		changed.writeUInt8((changed[at] as number) ^ 1, at)
		t.throws(() => decodeSignature(changed), {name: 'S3rError'})
	}
	for (let at = 0; at < delta.length; at++) {
		await t.throwsAsync(applied(basis, inPieces(delta.subarray(0, at), 7)), {name: 'S3rError'})
		const changed = Buffer.from(delta)
		changed.writeUInt8((changed[at] as number) ^ 1, at)
		await t.throwsAsync(applied(basis, inPieces(changed, 7)), {name: 'S3rError'})
	}
})
