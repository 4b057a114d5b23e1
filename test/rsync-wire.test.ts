import test from 'ava'
import * as fc from './support/properties.ts'
import {FileList} from '../src/peer/rsync/flist.ts'
import type {FlistEntry} from '../src/peer/rsync/flist-entry.ts'
import {FlistDecoder, isOwn} from '../src/peer/rsync/flist-decoder.ts'
import {FlistEncoder} from '../src/peer/rsync/flist-encoder.ts'
import type {FlistForm} from '../src/peer/rsync/flist-wire.ts'
import {readNames, writeNames} from '../src/peer/rsync/id-names.ts'
import {Input} from '../src/peer/rsync/input.ts'
import {MSG} from '../src/peer/rsync/messages.ts'
import {NDX, Ndx} from '../src/peer/rsync/ndx.ts'
import {Output} from '../src/peer/rsync/output.ts'

/** What is written by `write` in frames, in pieces of `size` bytes, as an input. */
async function sent(write: (output: Output) => void, size = 7, framed = true) {
	const pieces: Buffer[] = []
	const output = new Output(async (bytes) => void pieces.push(bytes))
	if (framed) output.startFrames()
	write(output)
	await output.flush()
	const all = Buffer.concat(pieces)
	const messages: [number, string][] = []
	const chunks = Array.from({length: Math.ceil(all.length / size)}, (_, i) =>
		all.subarray(i * size, (i + 1) * size),
	)
	const input = new Input(streamOf(chunks), {
		onMessage: (tag, payload) => void messages.push([tag, payload.toString('latin1')]),
	})
	if (framed) input.startFrames()
	return {input, messages, all}
}

async function* streamOf(chunks: readonly Buffer[]): AsyncIterable<Buffer> {
	yield* chunks
}

test('numbers of variable length have the bytes of the page', async (t) => {
	const {all} = await sent(
		(output) => {
			for (const n of [0, 0x7f, 0x80, 0x3fff, 0x4000, 0x2001, -1]) output.varint(n)
			output.varlong(4096, 3)
			output.varlong(0x65937d25, 4)
			output.varlong(-1, 4)
		},
		7,
		false,
	)
	t.is(all.toString('hex'), '007f8080bfffc00040a001f0ffffffff00001065257d93f8ffffffffffffffff')
})

test('every number comes back, whole or in pieces', async (t) => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer()),
			fc.array(fc.integer({min: -(2 ** 45), max: 2 ** 52})),
			fc.array(fc.integer({min: -3, max: 2 ** 31 - 1})),
			fc.integer({min: 1, max: 9}),
			async (ints, longs, ndxs, size) => {
				const [written, read] = [new Ndx(32), new Ndx(32)]
				const {input} = await sent((output) => {
					for (const n of ints) output.varint(n)
					for (const n of longs) output.varlong(n, 3)
					for (const n of longs) output.longint(n)
					for (const n of ndxs) written.write(output, n === 0 ? 1 : n)
				}, size)
				for (const n of ints) t.is(await input.read((c) => c.varint()), n)
				for (const n of longs) t.is(await input.read((c) => c.varlong(3)), n)
				for (const n of longs) t.is(await input.read((c) => c.longint()), n)
				for (const n of ndxs) t.is(await input.read((c) => read.read(c)), n === 0 ? 1 : n)
			},
		),
		{numRuns: 200},
	)
})

test('messages stand between the data', async (t) => {
	const {input, messages} = await sent((output) => {
		output.int(1)
		output.message(MSG.info, Buffer.from('a line\n'))
		output.keepAlive()
		output.int(2)
	}, 3)
	t.is(await input.read((c) => c.int()), 1)
	t.is(await input.read((c) => c.int()), 2)
	t.deepEqual(messages, [[MSG.info, 'a line\n']])
	await t.throwsAsync(async () => input.read((c) => c.byte()), {message: /unexpectedly closed/})
})

test('numbers keep their bytes where a frame ends', async (t) => {
	for (let before = 65_520; before < 65_540; before++) {
		const {input} = await sent((output) => {
			output.raw(Buffer.alloc(before, 1))
			output.int(0x01020304)
			output.short(0x0506)
			output.byte(7)
			output.text('text')
		}, 4096)
		await input.take(before)
		t.is(await input.read((c) => c.int()), 0x01020304)
		t.is(await input.read((c) => c.short()), 0x0506)
		t.is(await input.read((c) => c.byte()), 7)
		t.is(await input.read((c) => c.text(4)), 'text')
	}
})

const form = (protocol: number): FlistForm => ({
	protocol,
	varintFlags: protocol >= 31,
	owner: true,
	group: true,
	devices: true,
	specials: true,
	links: true,
	hardLinks: true,
	acls: protocol >= 30,
	xattrs: protocol >= 30,
	atimes: protocol >= 30,
	sumLength: 16,
	relative: false,
})

const base = {mode: 0o100644, size: 0, mtime: 0, nsec: 0, uid: 0, gid: 0}
const name = fc
	.string({unit: fc.constantFrom('a', 'b', '\xe9', '.', ' ', '-'), minLength: 1, maxLength: 300})
	.filter((text) => !/^\.\.?$/.test(text))
const entry = (protocol: number): fc.Arbitrary<FlistEntry> =>
	fc
		.record({
			parts: fc.array(name, {minLength: 1, maxLength: 4}),
			type: fc.constantFrom(0o100000, 0o040000, 0o120000, 0o020000, 0o010000),
			bits: fc.integer({min: 0, max: 0o7777}),
			size: fc.integer({min: 0, max: 2 ** 50}),
			mtime: fc.integer({min: 0, max: protocol >= 30 ? 2 ** 40 : 2 ** 32 - 1}),
			nsec: fc.constantFrom(0, 1, 999_999_999),
			uid: fc.constantFrom(0, 1000, 2 ** 31 - 1),
			gid: fc.constantFrom(0, 7),
			major: fc.integer({min: 0, max: 300}),
			minor: fc.integer({min: 0, max: 2 ** 20}),
		})
		.map(({parts, type, bits, nsec, major, minor, ...rest}) => {
			const isDirectory = type === 0o040000
			const isNode = type === 0o020000 || (type === 0o010000 && protocol < 31)
			return {
				...rest,
				path: parts.join('/') + (isDirectory ? '/' : ''),
				mode: type | bits,
				nsec: protocol >= 31 ? nsec : 0,
				atime: protocol < 30 || isDirectory ? undefined : rest.mtime,
				top: false,
				content: isDirectory,
				linked: false,
				first: undefined,
				rdev: isNode ? {major, minor} : undefined,
				target: type === 0o120000 ? 'to' : undefined,
				sum: type === 0o100000 ? Buffer.alloc(16, 7) : undefined,
				xattrs: undefined,
			}
		})

for (const protocol of [28, 29, 30, 31, 32])
	test(`a list of files comes back in protocol ${protocol}`, async (t) => {
		await fc.assert(
			fc.asyncProperty(fc.array(entry(protocol)), async (entries) => {
				const encoder = new FlistEncoder(form(protocol))
				const {input} = await sent((output) => {
					entries.forEach((one, row) => encoder.write(output, one, row))
					encoder.end(output, 0)
				}, 101)
				const decoder = new FlistDecoder(form(protocol))
				for (const one of entries) t.deepEqual(await input.read((c) => decoder.read(c, () => undefined)), one)
				t.deepEqual(await input.read((c) => decoder.read(c, () => undefined)), {ioError: 0})
			}),
			{numRuns: 60},
		)
	})

test('attributes and hard links of a list come back', async (t) => {
	const acl = Buffer.from(
		'0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff',
		'hex',
	)
	const long = Buffer.alloc(100, 120)
	const entries: FlistEntry[] = [
		{
			...base,
			path: 'a',
			mode: 0o100664,
			linked: true,
			xattrs: [
				['system.posix_acl_access', acl],
				['user.a', Buffer.from('b')],
			],
		},
		{
			...base,
			path: 'b',
			mode: 0o100664,
			linked: true,
			first: 0,
			xattrs: [
				['system.posix_acl_access', acl],
				['user.a', Buffer.from('b')],
			],
		},
		{...base, path: 'c', xattrs: [['user.long', long]]},
	]
	const shape = {...form(32), sumLength: 0, atimes: false}
	const encoder = new FlistEncoder(shape)
	const {input} = await sent((output) => {
		entries.forEach((one, row) => encoder.write(output, one, row))
		encoder.end(output, 1)
	})
	const decoder = new FlistDecoder(shape)
	const list = new FileList()
	const found: FlistEntry[] = []
	for (;;) {
		const one = await input.read((c) => decoder.read(c, (row) => found[row]))
		if ('ioError' in one) {
			t.is(one.ioError, 1)
			break
		}
		list.add(one)
		found.push(one)
	}
	t.is(found[1]?.first, 0)
	t.deepEqual(found[0]?.xattrs?.[0]?.[1], acl)
	t.deepEqual(found[1]?.xattrs?.[0]?.[1], acl)
	t.deepEqual(found[0]?.xattrs?.[1]?.[1], Buffer.from('b'))
	t.is(found[2]?.xattrs?.[0]?.[2], true)
	t.is(found[2]?.xattrs?.[0]?.[1].length, 16)
	t.is(list.path(1), 'b')
})

test('entries are numbered as rsync does: files before directories, these by their names with a slash', (t) => {
	const list = new FileList()
	const paths = ['./', 'd/', 'd/z', 'd/e/', 'd/e/x', 'd.b/', 'd.b/y', 'z', 'd-', 'lost/deep/f', 'z']
	for (const path of paths) list.add({...base, path, mode: path.endsWith('/') ? 0o040755 : 0o100644})
	const order = [...list.numbered(32)]
	t.deepEqual(
		order.map((row) => list.path(row)),
		['./', 'd-', 'z', 'z', 'd.b/', 'd.b/y', 'd/', 'd/z', 'd/e/', 'd/e/x', 'lost/deep/f'],
	)
	t.true(list.isDropped(10))
	t.is(new Set(order).size, paths.length)
})

test('the two orders of a list are those of sorted paths, whatever is in it and in whatever order it came', (t) => {
	const part = fc.constantFrom('a', 'a!', 'a.', 'a0', 'ab', 'b', '\u00ff')
	const path = fc
		.tuple(fc.array(part, {minLength: 1, maxLength: 3}), fc.constantFrom('', '/'))
		.map(([parts, end]) => parts.join('/') + end)
	fc.assert(
		fc.property(fc.array(fc.oneof(fc.constant('./'), path), {maxLength: 30}), (paths) => {
			const list = new FileList()
			for (const one of paths) list.add({...base, path: one, mode: one.endsWith('/') ? 0o040755 : 0o100644})
			// of the files in a directory, each before each directory
			const key = (one: string) =>
				one === './'
					? ''
					: one.replace(/[^/]+(\/|$)/g, (word) => (word.endsWith('/') ? '\u0002' : '\u0001') + word)
			const numbered = [...list.numbered(32)]
			t.deepEqual(
				numbered.map((row) => list.path(row)),
				paths.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)),
			)
			t.is(new Set(numbered).size, paths.length)
			for (const [i, row] of numbered.entries())
				t.is(list.isDropped(row), i > 0 && list.path(row) === list.path(numbered[i - 1] ?? 0))
			// the root, which is no key of its own, comes first
			const keys = [...new Set(paths)].toSorted()
			t.deepEqual(
				[...list.byPath()].map((row) => list.path(row)),
				[...keys.filter((one) => one === './'), ...keys.filter((one) => one !== './')],
			)
		}),
	)
})

test('what few entries have comes back from the list, and sums', (t) => {
	const list = new FileList()
	const set: FlistEntry['xattrs'] = [['user.a', Buffer.from('b')]]
	const all: FlistEntry[] = [
		{...base, path: 'a', sum: Buffer.from('0123456789abcdef')},
		{...base, path: 'b', mode: 0o120777, target: 't'.repeat(65_535)},
		{...base, path: 'c', atime: -5, mtime: -1, size: 2 ** 40},
		{...base, path: 'c2', mtime: 2 ** 33, size: 2 ** 32 - 1},
		{...base, path: 'd', linked: true, first: 0, xattrs: set},
		{...base, path: 'e', mode: 0o020600, rdev: {major: 1, minor: 3}, xattrs: set},
	]
	for (let i = 0; i < 40_000; i++) list.add({...base, path: `file${i}`})
	for (const one of all) list.add(one)
	for (const [i, one] of all.entries()) {
		const {sum, ...rest} = list.entry(40_000 + i)
		const {sum: given, ...other} = one
		t.deepEqual(JSON.parse(JSON.stringify({...rest, top: 0, content: 0, linked: rest.linked === true})), {
			...JSON.parse(JSON.stringify(other)),
			top: 0,
			content: 0,
			linked: one.linked === true,
		})
		t.deepEqual(sum, given)
	}
	t.deepEqual(list.rare(0), {})
	t.is(list.path(39_999), 'file39999')
	t.is(list.rare(40_004).xattrs, list.rare(40_005).xattrs)
})

test('names that leave the root, lie about lengths or have no type are refused', async (t) => {
	const read = async (bytes: string) => {
		const input = new Input(streamOf([Buffer.from(bytes, 'hex')]), {onMessage: () => {}})
		const decoder = new FlistDecoder({...form(32), sumLength: 0, acls: false, xattrs: false, atimes: false})
		return input.read((c) => decoder.read(c, () => undefined))
	}
	const rest = '00000000000000a48100000000'
	t.is(((await read(`040161${rest}`)) as FlistEntry).path, 'a')
	for (const [bytes, why] of [
		[`0402${Buffer.from('..').toString('hex')}${rest}`, /component '\.\.'/],
		[`0402${Buffer.from('/a').toString('hex')}${rest}`, /absolute/],
		[`0400${rest}`, /empty/],
		[`24050161${rest}`, /a name of 5/],
		[`44f0ffffff7f${rest}`, /a name of 0 and 2147483647/],
		[`04016100000000000000a4010000`, /a mode of 644/],
		['a0040161', /unexpectedly closed/],
	] as const)
		await t.throwsAsync(read(bytes), {message: why}, bytes)
	t.true(isOwn('d/.s3rsync/index'))
})

test('names of owners come back', async (t) => {
	const names = new Map([
		[1000, 'anna'],
		[0, 'root'],
	])
	const {input} = await sent((output) => writeNames(output, names, 32, true))
	t.deepEqual(await input.read((c) => readNames(c, 32, true)), names)
	t.is(NDX.done, -1)
})
