// Uploads of what changed: block sums of stored signatures, new content put together of blocks that are there, and files
// that another directory of the bucket has.

import {execFileSync} from 'node:child_process'
import * as fs from 'node:fs'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import test from 'ava'
import {Budget} from '../src/base/budget.ts'
import {FlistEncoder} from '../src/peer/rsync/flist-encoder.ts'
import {ITEM, writeItem, writeSumHead, NO_SUMS} from '../src/peer/rsync/item.ts'
import {Memory} from '../src/peer/rsync/memory.ts'
import {Ndx} from '../src/peer/rsync/ndx.ts'
import {Output} from '../src/peer/rsync/output.ts'
import {Patchwork} from '../src/peer/rsync/patchwork.ts'
import {serve} from '../src/peer/rsync/session.ts'
import {SIGNED_FROM, Signatures} from '../src/peer/rsync/signatures.ts'
import {splitWords} from '../src/peer/rsync/words.ts'
import {counted} from '../src/store/counted.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {type GetOptions, type Store, StoreError} from '../src/store/store.ts'
import {type Bridge, HAS_RSYNC, RSYNC, startBridge} from './support/bridge.ts'
import {withDisk} from './support/disks.ts'
import * as fc from './support/properties.ts'
import {hex, MIB, read} from './support/store.ts'

const rsyncTest = HAS_RSYNC ? test.serial : test.serial.skip

let dir = ''
let bridge: Bridge
let inner: ReturnType<typeof counted>
/** What the next session is served with. */
let store: Store
let signatures: Signatures | undefined
test.before(async () => {
	dir = await mkdtemp(join(tmpdir(), 's3r-delta-'))
	bridge = await startBridge(dir, () => ({store, signatures, memory: Memory.open(join(dir, 'cache'))}))
})
test.after.always(async () => {
	bridge.close()
	await rm(dir, {recursive: true, force: true})
})
test.beforeEach(async () => {
	inner = counted(new MemoryStore({bucket: 'testrsync'}))
	store = inner
	await store.createBucket()
	for (const name of ['w', 'cache', 'signatures', 'genuine'])
		fs.rmSync(join(dir, name), {recursive: true, force: true})
	fs.mkdirSync(inWork('a'), {recursive: true})
	signatures = new Signatures(join(dir, 'signatures'), 2 ** 30)
})

const inWork = (...parts: string[]) => join(dir, 'w', ...parts)

/** Bytes that are like no others: of a generator with this seed. */
function noise(length: number, seed = 1): Buffer {
	const words = new Uint32Array(Math.ceil(length / 4))
	let state = seed
	for (let i = 0; i < words.length; i++) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0
		words[i] = state ^ (state >>> 15)
	}
	return Buffer.from(words.buffer, 0, length)
}

const bytesOf = async (from: Store, key: string): Promise<Buffer> => read((await from.get(key)).body)

/** The file has this content, and another time than ever before. */
let time = 1_000_000_000
function write(name: string, content: Buffer): void {
	fs.writeFileSync(inWork('a', name), content)
	fs.utimesSync(inWork('a', name), ++time, time)
}

/** Literal and matched bytes of an upload with these options, which goes well. */
async function sent(
	...options: string[]
): Promise<{status: number; stderr: string; literal: number; matched: number}> {
	const {status, stdout, stderr} = await bridge.rsync('-a', '--stats', ...options, 'a/', 'testrsync:')
	return {status, stderr, ...ofStats(stdout)}
}

function ofStats(stdout: string): {literal: number; matched: number} {
	const of = (what: string) =>
		Number(new RegExp(`^${what} data: ([\\d,]+)`, 'm').exec(stdout)?.[1]?.replaceAll(',', ''))
	return {literal: of('Literal'), matched: of('Matched')}
}

/** The same between two directories, by a genuine rsync. */
function genuine(...options: string[]): {literal: number; matched: number} {
	const args = ['-a', '--stats', '--no-whole-file', ...options, `${inWork('a')}/`, `${join(dir, 'genuine')}/`]
	return ofStats(execFileSync(RSYNC, args, {encoding: 'utf8'}))
}

const changedAt = (content: Buffer, ...places: number[]): Buffer => {
	const changed = Buffer.from(content)
	for (const place of places) changed[place] = (changed[place] as number) ^ 1
	return changed
}

const LARGE = 20 * MIB

rsyncTest(
	'of a large file only what changed is sent, and what is there is read in few requests',
	async (t) => {
		const content = noise(LARGE)
		write('file', content)
		t.like(await sent(), {status: 0, literal: LARGE, matched: 0})
		genuine()
		for (const [options, now] of [
			[[], changedAt(content, 7 * MIB)],
			[['-z'], changedAt(content, 0, LARGE - 1)],
			[['--inplace'], Buffer.concat([content, Buffer.from('more')])],
			[['--partial', '-c'], Buffer.concat([Buffer.from('in front of it'), content])],
			[['--protocol=30', '--sparse'], content.subarray(MIB)],
			[['-B', '1000'], Buffer.concat([content.subarray(10 * MIB), content.subarray(MIB, 10 * MIB)])],
			[['--delay-updates', '--checksum-choice=md5'], content.subarray(MIB, 17 * MIB + 5)],
		] as const) {
			write('file', now)
			const before = {...inner.counts}
			const {status, stderr, ...moved} = await sent(...options)
			t.deepEqual({status, stderr}, {status: 0, stderr: ''}, options.join(' '))
			t.true(moved.literal < LARGE / 100, `${options.join(' ')}: ${moved.literal} bytes`)
			t.deepEqual(moved, genuine(...options.filter((option) => option !== '-B' && option !== '1000')))
			t.true(inner.counts.get - before.get <= 4, `${inner.counts.get - before.get} ranges`)
			t.is(hex(await bytesOf(store, 'file')), hex(now))
			t.deepEqual(fs.readdirSync(join(dir, 'signatures')), [`${hex(now)}-${now.length}`])
		}
	},
)

rsyncTest('a large file of which only the time changed is read, and gets another time', async (t) => {
	const content = noise(LARGE)
	write('file', content)
	await sent()
	write('file', content)
	const before = {...inner.counts}
	t.like(await sent(), {status: 0, literal: 0, matched: LARGE})
	t.is(inner.counts.part - before.part + inner.counts.put - before.put, 0)
	t.is(inner.counts.copy - before.copy, 1)
	t.is(hex(await bytesOf(store, 'file')), hex(content))
	t.deepEqual(await bridge.rsync('-ai', 'a/', 'testrsync:'), {status: 0, stdout: '', stderr: ''})
})

rsyncTest('a file comes whole where its blocks are not known, or would not help', async (t) => {
	const content = noise(2 * MIB)
	write('file', content)
	await sent()
	let at = 0
	for (const options of [
		['-W'],
		['--append'],
		['--checksum-choice=xxh64'],
		['--protocol=29'],
		['-z', '--zc=zlib'],
	]) {
		const now = changedAt(content, ++at)
		const more = options[0] === '--append' ? Buffer.from('longer') : Buffer.alloc(0)
		write('file', Buffer.concat([now, more]))
		const {status, matched} = await sent(...options)
		t.deepEqual({status, matched}, {status: 0, matched: 0}, options.join(' '))
		// there is a signature of what came, whatever checksum the client had
		write('file', changedAt(now, 2000))
		t.true((await sent()).matched > MIB)
		t.is(inner.counts.get, at)
	}
	fs.rmSync(join(dir, 'signatures'), {recursive: true})
	write('file', changedAt(content, 5000))
	t.like(await sent(), {status: 0, matched: 0})
	signatures = undefined
	write('file', changedAt(content, 6000))
	t.like(await sent(), {status: 0, matched: 0})
	fs.rmSync(join(dir, 'signatures'), {recursive: true})
	signatures = new Signatures(join(dir, 'signatures'), 2 ** 30)
	write('file', content)
	await sent()
	t.is(fs.readdirSync(join(dir, 'signatures')).length, 1)
	write('file', content.subarray(0, SIGNED_FROM - 1))
	t.is((await sent()).status, 0)
	t.deepEqual(fs.readdirSync(join(dir, 'signatures')), [])
})

rsyncTest('a signature that is damaged, or of another file, is as none', async (t) => {
	const content = noise(2 * MIB)
	write('file', noise(2 * MIB, 2))
	await sent()
	const only = () => join(dir, 'signatures', fs.readdirSync(join(dir, 'signatures'))[0] ?? '')
	const other = fs.readFileSync(only())
	for (const [what, harm] of [
		['cut off', (bytes: Buffer) => bytes.subarray(0, -1)],
		['changed', (bytes: Buffer) => changedAt(bytes, 100)],
		['empty', () => Buffer.alloc(0)],
		['of another file', () => other],
	] as const) {
		write('file', content)
		await sent()
		fs.writeFileSync(only(), harm(fs.readFileSync(only())))
		const now = changedAt(content, 5)
		write('file', now)
		t.like(await sent(), {status: 0, stderr: '', matched: 0}, what)
		t.is(hex(await bytesOf(store, 'file')), hex(now))
		t.deepEqual(fs.readdirSync(join(dir, 'signatures')), [`${hex(now)}-${now.length}`], what)
	}
})

/** The store, with another way to answer to reads of ranges. */
const reading = (get: (key: string, options: GetOptions) => ReturnType<Store['get']>): Store =>
	new Proxy(inner, {
		get(target, name) {
			if (name === 'get') return get
			const value = Reflect.get(target, name) as unknown
			return typeof value === 'function' ? (value as (...args: never[]) => unknown).bind(target) : value
		},
	})

rsyncTest('what somebody else wrote before its blocks were read is left, and told of', async (t) => {
	const content = noise(4 * MIB)
	write('file', content)
	await sent()
	const now = changedAt(content, MIB)
	write('file', now)
	store = reading(async (key, options) => {
		await inner.put(key, Buffer.from('theirs'), {})
		return inner.get(key, options)
	})
	const {status, stderr} = await sent()
	t.is(status, 23)
	t.regex(stderr, /^s3r: cannot write 'file': somebody else changed it meanwhile: it is left as it is$/m)
	t.notRegex(stderr, /verification|blocks/)
	t.is((await bytesOf(inner, 'file')).toString(), 'theirs')
})

rsyncTest('where blocks cannot be read, or are not what they were, all of the file comes', async (t) => {
	const content = noise(4 * MIB)
	const refuse = async (): ReturnType<Store['get']> =>
		Promise.reject(new StoreError('denied', 'AccessDenied', 'access denied'))
	const short = async (key: string, options: GetOptions) => {
		const got = await inner.get(key, options)
		return {...got, body: cut(got.body)}
	}
	const damaged = async (key: string, options: GetOptions) => {
		const got = await inner.get(key, options)
		return {...got, body: damage(got.body)}
	}
	for (const [get, said] of [
		[refuse, /^s3r: cannot read blocks of 'file', all of it is to come: access denied$/m],
		[short, /^s3r: cannot read blocks of 'file', all of it is to come: a range of it came short$/m],
		[damaged, /^WARNING: file failed verification -- update discarded \(will try again\)\.$/m],
	] as const) {
		store = inner
		write('file', content)
		await sent()
		const now = changedAt(content, MIB)
		write('file', now)
		store = reading(get)
		const {status, stderr} = await sent()
		t.is(status, 0)
		t.regex(stderr, said)
		t.is(hex(await bytesOf(inner, 'file')), hex(now))
		t.deepEqual(fs.readdirSync(join(dir, 'signatures')), [`${hex(now)}-${now.length}`])
	}
})

async function* cut(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	for await (const bytes of body) yield bytes.subarray(0, -1)
}

async function* damage(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	for await (const bytes of body) yield changedAt(bytes, 7)
}

rsyncTest('signatures have so much room, and those that were used last stay', async (t) => {
	const names = ['one', 'two', 'three', 'four']
	for (const [i, name] of names.entries()) write(name, noise(2 * MIB, i + 1))
	await sent()
	const all = fs.readdirSync(join(dir, 'signatures'))
	t.is(all.length, 4)
	const size = fs.statSync(join(dir, 'signatures', all[0] ?? '')).size
	for (const [i, name] of names.entries()) {
		const file = `${hex(noise(2 * MIB, i + 1))}-${2 * MIB}`
		fs.utimesSync(join(dir, 'signatures', file), 1000 + i, name === 'one' ? 9000 : 1000 + i)
	}
	signatures = new Signatures(join(dir, 'signatures'), 3 * size)
	write('five', noise(2 * MIB, 5))
	t.is((await sent()).status, 0)
	t.deepEqual(
		fs.readdirSync(join(dir, 'signatures')).toSorted(),
		[1, 4, 5].map((seed) => `${hex(noise(2 * MIB, seed))}-${2 * MIB}`).toSorted(),
	)
	signatures = new Signatures(join(dir, 'signatures'), size - 1)
	write('six', noise(2 * MIB, 6))
	t.is((await sent()).status, 0)
	fs.rmSync(inWork('a/five'))
	t.is((await sent('--delete')).status, 0)
	t.false(fs.existsSync(join(dir, 'signatures', `${hex(noise(2 * MIB, 5))}-${2 * MIB}`)))
})

rsyncTest('a disk that is full of signatures is in nobody’s way', async (t) => {
	await withDisk(t, async (disk) => {
		disk.memory('size=64k')
		signatures = new Signatures(join(disk.root, 'signatures'), 2 ** 30)
		const content = noise(30 * MIB)
		write('file', content)
		t.like(await sent(), {status: 0, stderr: '', literal: content.length})
		t.is(hex(await bytesOf(store, 'file')), hex(content))
		t.deepEqual(fs.readdirSync(join(disk.root, 'signatures')), [])
		write('file', noise(SIGNED_FROM))
		t.like(await sent(), {status: 0, stderr: ''})
		t.is(fs.readdirSync(join(disk.root, 'signatures')).length, 1)
	})
})

rsyncTest(
	'what another directory has is copied by the store, and of what changed only that is sent',
	async (t) => {
		for (let i = 0; i < 50; i++) write(`small${i}`, Buffer.from(`content ${i}`))
		const content = noise(2 * MIB)
		write('large', content)
		execFileSync('setfattr', ['-n', 'user.note', '-v', 'x'.repeat(100), inWork('a/small1')])
		t.is((await bridge.rsync('-aX', 'a/', 'testrsync:home/monday/')).status, 0)
		const now = changedAt(content, MIB)
		write('large', now)
		write('small0', Buffer.from('other content'))
		const before = {...inner.counts}
		const args = ['-aXi', '--stats', '--remove-source-files', '--link-dest=../monday']
		const ran = await bridge.rsync(...args, 'a/', 'testrsync:home/tuesday/')
		t.is(ran.stderr, '')
		t.is(ran.status, 0)
		t.deepEqual(ran.stdout.match(/^[<ch][fdL][.+a-z]{9} .*$/gm), ['<f..t...... large', '<f.st...... small0'])
		t.true(ofStats(ran.stdout).literal < 5000)
		t.is(inner.counts.copy - before.copy, 49)
		t.is(inner.counts.put - before.put, 3)
		t.is(inner.counts.get - before.get, 1)
		t.is(hex(await bytesOf(store, 'home/tuesday/large')), hex(now))
		t.is(hex(await bytesOf(store, 'home/monday/large')), hex(content))
		t.deepEqual(fs.readdirSync(inWork('a')), [])
		t.is((await bridge.rsync('-aX', 'testrsync:home/tuesday/', 'back/')).status, 0)
		t.is(fs.readdirSync(inWork('back')).length, 51)
		const value = execFileSync('getfattr', ['--only-values', '-n', 'user.note', inWork('back/small1')], {
			stdio: ['ignore', 'pipe', 'ignore'],
		})
		t.is(value.toString(), 'x'.repeat(100))
	},
)

rsyncTest('what is not any more what was to be copied comes from the client', async (t) => {
	for (const name of ['gone', 'changed', 'kept']) write(name, Buffer.from(name))
	t.is((await bridge.rsync('-a', 'a/', 'testrsync:old/')).status, 0)
	let isDone = false
	store = new Proxy(inner, {
		get(target, name) {
			if (name === 'copy')
				return async (from: string, to: string, options: Parameters<Store['copy']>[2]) => {
					if (!isDone) {
						isDone = true
						await target.put('old/changed', Buffer.from('not'), {})
						await target.delete('old/gone')
					}
					return target.copy(from, to, options)
				}
			const value = Reflect.get(target, name) as unknown
			return typeof value === 'function' ? (value as (...args: never[]) => unknown).bind(target) : value
		},
	})
	const ran = await bridge.rsync('-a', '--copy-dest=../old', '--remove-source-files', 'a/', 'testrsync:new/')
	t.deepEqual(ran, {status: 0, stdout: '', stderr: ''})
	for (const name of ['gone', 'changed', 'kept']) t.is((await bytesOf(inner, `new/${name}`)).toString(), name)
	t.deepEqual(fs.readdirSync(inWork('a')), [])
})

/** What a client sends that has one file, and answers the request for it with these tokens. */
async function uploadOf(size: number, tokens: (output: Output) => void): Promise<Buffer> {
	const pieces: Buffer[] = []
	const output = new Output(async (bytes) => void pieces.push(bytes))
	output.int(32)
	output.vstring('md5')
	await output.flush()
	output.startFrames()
	const encoder = new FlistEncoder({
		protocol: 32,
		varintFlags: true,
		owner: false,
		group: false,
		devices: false,
		specials: false,
		links: false,
		hardLinks: false,
		acls: false,
		xattrs: false,
		atimes: false,
		sumLength: 0,
		relative: false,
	})
	const file = {
		path: 'file',
		mode: 0o100644,
		size,
		mtime: 5,
		nsec: 0,
		uid: 0,
		gid: 0,
		top: true,
		content: false,
	}
	const nothing = {atime: undefined, linked: false, first: undefined, rdev: undefined, target: undefined}
	encoder.write(output, {...file, ...nothing, sum: undefined, xattrs: undefined}, 0)
	encoder.end(output, 0)
	const numbers = new Ndx(32)
	numbers.write(output, 0)
	writeItem(output, {flags: ITEM.transfer | ITEM.time, basis: 0, name: undefined}, 32)
	writeSumHead(output, NO_SUMS)
	tokens(output)
	output.raw(Buffer.alloc(16))
	for (let phase = 0; phase < 4; phase++) numbers.write(output, -1)
	await output.flush()
	return Buffer.concat(pieces)
}

/** The status of a session with a client that sends this, and what it was told. */
async function answered(bytes: Buffer): Promise<{status: number; told: string}> {
	const scratch = await mkdtemp(join(dir, 'scratch-'))
	fs.mkdirSync(join(scratch, 'uploads'))
	let told = ''
	const input = (async function* () {
		yield bytes
	})()
	const nobody = {idOf: () => undefined, nameOf: () => undefined}
	const status = await serve(
		{input, write: async (piece) => void (told += piece.toString('latin1'))},
		{
			words: splitWords(['--server', '-tre.iLsfxCIvu', '.', '.']),
			open: async () => ({
				store,
				prefix: '',
				memory: Memory.open(undefined),
				signatures,
				stored: undefined,
				scratch: {root: '/', dir: scratch},
				accounts: {users: nobody, groups: nobody},
				close: () => {},
			}),
			umask: 0o022,
			self: {uid: 0, gid: 0},
			say: () => {},
		},
	)
	return {status, told}
}

const isSpooling = () =>
	fs.existsSync('/proc/self/fd') &&
	fs.readdirSync('/proc/self/fd').some((fd) => {
		try {
			return fs.readlinkSync(`/proc/self/fd/${fd}`).includes('/spool-')
		} catch {
			// closed meanwhile
			return false
		}
	})

/** Whether no file is held for what a client does not send, once a session that is over has closed its own. */
async function isSpoolGone(): Promise<boolean> {
	for (let i = 0; i < 100 && isSpooling(); i++) await pause(50)
	return !isSpooling()
}

rsyncTest('a client that names blocks that there are not is told so, and nothing is written', async (t) => {
	const content = noise(2 * MIB)
	write('file', content)
	await sent()
	const {etag} = (await store.head('file')) ?? {}
	const blocks = Math.ceil(content.length / 1448)
	for (const block of [blocks, blocks + 1, 2 ** 31 - 1]) {
		const {status, told} = await answered(
			await uploadOf(content.length, (output) => output.int(-(block + 1))),
		)
		t.is(status, 2, told)
		t.regex(told, new RegExp(`block ${block} of a file of ${blocks}`))
	}
	signatures = undefined
	const none = await answered(await uploadOf(content.length, (output) => output.int(-1)))
	t.is(none.status, 2)
	t.regex(none.told, /block 0 of a file of none/)
	t.is((await store.head('file'))?.etag, etag)
	t.is(inner.counts.get, 0)
	t.true(await isSpoolGone())
})

rsyncTest(
	'a client that names one block again and again has what it does not send read no further',
	async (t) => {
		const content = noise(2 * MIB)
		write('file', content)
		await sent()
		const before = {...inner.counts}
		const many = await uploadOf(content.length, (output) => {
			for (let i = 0; i < 100_000; i++) output.int(-1)
			output.int(0)
		})
		const {told} = await answered(many)
		t.true(told.includes('failed verification'))
		t.true(inner.counts.received - before.received <= content.length)
		t.is(hex(await bytesOf(store, 'file')), hex(content))
		t.true(await isSpoolGone())
	},
)

test('whatever the order of blocks and bytes, the file is put together of them', async (t) => {
	const blockLength = 700
	const scratch = await mkdtemp(join(dir, 'scratch-'))
	await fc.assert(
		fc.asyncProperty(
			fc.integer({min: 1, max: 900_000}),
			fc.array(
				fc.oneof(
					fc.record({literal: fc.integer({min: 1, max: 3000})}),
					fc.record({block: fc.nat(), count: fc.integer({min: 1, max: 600})}),
				),
				{maxLength: 40},
			),
			fc.integer({min: 1, max: 100_000}),
			async (size, tokens, piece) => {
				const basis = noise(size, 3)
				const memory = new MemoryStore({bucket: 'testrsync'})
				await memory.createBucket()
				const {etag} = await memory.put('dir/file', basis, {})
				const inPieces = new Proxy(memory, {
					get(target, name) {
						if (name !== 'get') return Reflect.get(target, name) as unknown
						return async (key: string, options: GetOptions) => {
							const got = await target.get(key, options)
							return {...got, body: cutInto(got.body, piece)}
						}
					},
				})
				const count = Math.ceil(size / blockLength)
				const patchwork = new Patchwork(
					{
						store: inPieces,
						prefix: 'dir/',
						scratch: {root: '/', dir: scratch},
						width: new Budget(3),
						signing: undefined,
					},
					{path: 'file', etag, size, blockLength, count},
					Infinity,
				)
				const expected: Buffer[] = []
				for (const token of tokens)
					if ('literal' in token) {
						expected.push(noise(token.literal, 9))
						patchwork.literal(noise(token.literal, 9))
					} else {
						const block = token.block % count
						const blocks = Math.min(token.count, count - block)
						expected.push(basis.subarray(block * blockLength, (block + blocks) * blockLength))
						await patchwork.copy(block, blocks)
					}
				const {content, md5} = await patchwork.finish()
				const all = Buffer.concat(expected)
				t.is(content.size, all.length)
				t.true(content.read(0, content.size).equals(all))
				t.is(md5.toString('hex'), hex(all))
				await patchwork.drop()
			},
		),
		{numRuns: 60},
	)
	t.true(await isSpoolGone())
})

async function* cutInto(body: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
	for await (const bytes of body)
		for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
