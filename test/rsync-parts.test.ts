// The parts of the rsync protocol that need no session: arguments, checksums, tokens. What a client sends is asked
// of the real one, where there is one.

import {execFile, spawnSync} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {array, assert, integer, property} from './support/properties.ts'
import {type BlockSums, Matcher} from '../src/algo/match.ts'
import {blockLengthFor, strongLengthFor, weakSum} from '../src/algo/rolling.ts'
import {CHECKSUM_OFFER, loadChecksum} from '../src/peer/rsync/checksum.ts'
import {COMPRESSION_OFFER, type Compression, compressionNamed} from '../src/peer/rsync/compression.ts'
import {RERR, RsyncError} from '../src/peer/rsync/errors.ts'
import {parseServerArgs} from '../src/peer/rsync/options.ts'
import type {ServerOptions} from '../src/peer/rsync/server-options.ts'
import {TokenReader, TokenWriter} from '../src/peer/rsync/token.ts'
import {splitWords, wireWords, type Word} from '../src/peer/rsync/words.ts'

/** Which rsync: any of them should do. */
const RSYNC = process.env['S3R_TEST_RSYNC'] ?? 'rsync'
const HAS_RSYNC = spawnSync(RSYNC, ['--version']).error === undefined
const withRsync = HAS_RSYNC ? test : test.skip

let dir = ''
test.before(async () => {
	dir = await mkdtemp(join(tmpdir(), 's3r-rsync-parts-'))
	// A remote shell that notes its arguments and goes away.
	await writeFile(join(dir, 'rsh'), '#!/bin/sh\nprintf "%s\\0" "$@" >"$0.$$"; mv "$0.$$" "$NOTE"\n', {
		mode: 0o755,
	})
	await writeFile(join(dir, 'file'), 'x')
})
test.after.always(async () => rm(dir, {recursive: true, force: true}))

let notes = 0
/** What the real rsync says to its remote shell behind the host, joined and split as a shell would. */
async function sent(...args: string[]): Promise<Word[]> {
	const note = join(dir, `note-${notes++}`)
	const env = {...process.env, NOTE: note, RSYNC_RSH: join(dir, 'rsh')}
	await new Promise((resolve) => execFile(RSYNC, args, {env, cwd: dir}, resolve))
	const [host, rsync, ...words] = (await readFile(note, 'latin1')).split('\0').slice(0, -1)
	if (host !== 'h' || rsync !== 'rsync') throw new Error(`unexpected: ${host} ${rsync} ${words.join(' ')}`)
	return splitWords(words)
}

const NOTHING = parseServerArgs([{text: '--server'}])
/** Paths and capabilities have tests of their own. */
const sameAsNothing = ([key, value]: [string, unknown]): boolean =>
	key === 'paths' ||
	key === 'capabilities' ||
	JSON.stringify(value) === JSON.stringify(NOTHING[key as keyof ServerOptions])

/** What differs from an upload of no options at all. */
async function asked(args: string): Promise<Partial<ServerOptions>> {
	const options = parseServerArgs(await sent(...args.split(' ').filter(Boolean)))
	return Object.fromEntries(Object.entries(options).filter((entry) => !sameAsNothing(entry)))
}

const ARCHIVE = {
	recurse: true,
	links: true,
	perms: true,
	times: true,
	group: true,
	owner: true,
	devices: true,
	specials: true,
}

/** -a without one of its options. */
const archiveBut = (key: keyof typeof ARCHIVE): Partial<ServerOptions> =>
	Object.fromEntries(Object.entries(ARCHIVE).filter(([name]) => name !== key))

const UP: Readonly<Record<string, Partial<ServerOptions>>> = {
	'-a': ARCHIVE,
	'-av': {...ARCHIVE, verbose: 1},
	'-avz': {...ARCHIVE, verbose: 1, compress: true},
	'-an': {...ARCHIVE, dryRun: true},
	'-ai': {...ARCHIVE, logFormat: '%i'},
	'-aii': {...ARCHIVE, logFormat: '%i%I'},
	'-a --out-format=%n': {...ARCHIVE, logFormat: 'X'},
	'-rlptgo': {recurse: true, links: true, perms: true, times: true, group: true, owner: true},
	'-aHAXS': {...ARCHIVE, hardLinks: true, acls: true, xattrs: true, sparse: true},
	'-acu': {...ARCHIVE, checksum: true, update: true},
	'-axx': {...ARCHIVE, oneFileSystem: 2},
	'-aW': {...ARCHIVE, wholeFile: true},
	'-aR': {...ARCHIVE, relative: true},
	'-aOJ': {...ARCHIVE, omitDirTimes: true, omitLinkTimes: true},
	'-rtU': {recurse: true, times: true, atimes: true},
	'-aI': {...ARCHIVE, ignoreTimes: true},
	'-am': {...ARCHIVE, pruneEmptyDirs: true},
	'-aC': {...ARCHIVE, cvsExclude: true},
	'-ay': {...ARCHIVE, fuzzy: 1},
	'-ak': ARCHIVE,
	'-aK': {...ARCHIVE, keepDirlinks: true},
	'-aE': ARCHIVE,
	'-a --no-perms -E': {...archiveBut('perms'), executability: true},
	'-a --no-specials': archiveBut('specials'),
	'-a --no-devices': archiveBut('devices'),
	'-a --delete': {...ARCHIVE, deleteMode: 'during'},
	'-a --delete-before': {...ARCHIVE, deleteMode: 'before'},
	'-a --del': {...ARCHIVE, deleteMode: 'during'},
	'-a --delete-delay': {...ARCHIVE, deleteMode: 'delay'},
	'-a --delete-after --force --ignore-errors': {
		...ARCHIVE,
		deleteMode: 'after',
		force: true,
		ignoreErrors: true,
	},
	'-a --delete-excluded --max-delete=7': {
		...ARCHIVE,
		deleteMode: 'during',
		deleteExcluded: true,
		maxDelete: 7,
	},
	'-a --delete --max-delete=0': {...ARCHIVE, deleteMode: 'during', maxDelete: 0},
	'-a --existing --ignore-existing --size-only': {
		...ARCHIVE,
		existing: true,
		ignoreExisting: true,
		sizeOnly: true,
	},
	'-a --modify-window=2': {...ARCHIVE, modifyWindow: 2},
	'-a -@-1': {...ARCHIVE, modifyWindow: -1},
	'-a -P': {...ARCHIVE, logFormat: 'X', partial: true},
	'-a --partial-dir=.p': {...ARCHIVE, partialDir: '.p'},
	'-a --inplace': {...ARCHIVE, inplace: true},
	'-a --append': {...ARCHIVE, append: 1, inplace: true},
	'-a --append-verify': {...ARCHIVE, append: 2, inplace: true},
	'-ab': {...ARCHIVE, backup: true, suffix: '~'},
	'-ab --suffix=.old': {...ARCHIVE, backup: true, suffix: '.old'},
	'-ab --backup-dir=was': {...ARCHIVE, backup: true, backupDir: 'was', suffix: ''},
	'-a --compare-dest=/x --compare-dest=y': {...ARCHIVE, compareDest: ['/x', 'y']},
	'-a --copy-dest=/x': {...ARCHIVE, copyDest: ['/x']},
	'-a --link-dest=/x': {...ARCHIVE, linkDest: ['/x']},
	'-a --chmod=u+w': ARCHIVE,
	'-a --chown=joe:staff': {...ARCHIVE, usermap: '*:joe', groupmap: '*:staff'},
	'-a --usermap=0-9:joe,*:ann': {...ARCHIVE, usermap: '0-9:joe,*:ann'},
	'-a --numeric-ids': {...ARCHIVE, numericIds: true},
	'-a --bwlimit=1m': {...ARCHIVE, bwlimit: 1024},
	'-a --timeout=30 --stats --progress': {...ARCHIVE, timeout: 30, stats: true, logFormat: 'X'},
	'-a --remove-source-files': {...ARCHIVE, removeSourceFiles: true},
	'-a --mkpath': {...ARCHIVE, mkpath: true},
	'-a --checksum-choice=xxh64,md5': {...ARCHIVE, checksumChoice: 'xxh64,md5'},
	'-a --compress-choice=zstd --compress-level=3': {
		...ARCHIVE,
		compressChoice: 'zstd',
		compressLevel: 3,
	},
	'-az --compress-choice=zlibx': {...ARCHIVE, compressChoice: 'zlibx'},
	'-az --compress-choice=zlib': {...ARCHIVE, compress: true, compressChoice: 'zlib'},
	'-a --checksum-seed=7 -B1000': {...ARCHIVE, checksumSeed: 7, blockSize: 1000},
	'-a --max-size=10M --min-size=1': {...ARCHIVE, maxSize: 10 << 20, minSize: 1},
	'-a --safe-links': {...ARCHIVE, safeLinks: true},
	'-a --temp-dir=/tmp --delay-updates --fsync': {
		...ARCHIVE,
		noEffect: [
			'--delay-updates: an object appears when it is complete, and not before',
			'--temp-dir=/tmp: an object appears when it is complete, and not before',
			'--fsync: an object that is answered for is durable',
		],
	},
	'-d': {dirs: true},
	'-d --delete --no-r': {dirs: true, deleteMode: 'during'},
	'-a --exclude=x --include=y --filter=-_z': ARCHIVE,
	'-q': {quiet: true},
	'-a --files-from=/dev/null': {...archiveBut('recurse'), relative: true},
	'-a --protocol=29': ARCHIVE,
}

const DOWN: Readonly<Record<string, Partial<ServerOptions>>> = {
	'-a --delete --exclude=x': ARCHIVE,
	'-a --files-from=/dev/null': {
		...archiveBut('recurse'),
		relative: true,
		dirs: true,
		filesFrom: '-',
		from0: true,
	},
	'-a --files-from=:list': {...archiveBut('recurse'), relative: true, dirs: true, filesFrom: 'list'},
	'-aL --copy-unsafe-links -k': {...ARCHIVE, copyLinks: true, copyUnsafeLinks: true, copyDirlinks: true},
	'-aR --no-implied-dirs': {...ARCHIVE, relative: true, impliedDirs: false},
	'-a --ignore-missing-args': {...ARCHIVE, ignoreMissingArgs: true},
	'--list-only': {dirs: true, listOnly: true},
	'-r --list-only': {recurse: true, listOnly: true},
	'-a --info=stats2': {...ARCHIVE, info: ['STATS2']},
	'-a --skip-compress=gz': {...ARCHIVE, noEffect: ['--skip-compress=gz: every file is sent compressed']},
}

for (const [args, options] of Object.entries(UP))
	withRsync(`rsync ${args} file h: is understood`, async (t) => {
		t.deepEqual(await asked(`${args} file h:`), options)
	})
for (const [args, options] of Object.entries(DOWN))
	withRsync(`rsync ${args} h:file . is understood`, async (t) => {
		t.deepEqual(await asked(`${args} h:file .`), {...options, sender: true})
	})

withRsync('an option that cannot be is refused in one line that says what to do', async (t) => {
	for (const args of [
		'-M--fake-super file h:',
		'--write-devices file h:',
		'--copy-devices h:file .',
		'--iconv=latin1 file h:',
		'--iconv=utf8 file h:',
		'-M--munge-links file h:',
		'-M--crtimes file h:',
		'-M--chmod=g-w file h:',
	]) {
		const words = await sent(...args.split(' '))
		const error = t.throws(() => parseServerArgs(words), {instanceOf: RsyncError})
		t.is(error.code, RERR.unsupported)
		t.regex(error.message, /^the rsync option '?--[\w=-]+'? is not supported: [^\n]+[^.\n]$/)
	}
})

withRsync('paths arrive as they were meant', async (t) => {
	const names = ['a b', "it's", '*.c', '\\*', '[x]y', '-dash', '$HOME;`x`', 'tab\there', '"q"', 'a\\b', 'ü']
	for (const name of names) {
		const {paths} = parseServerArgs(await sent('-a', `h:${name}`, '.'))
		const bytes = Buffer.from(name).toString('latin1')
		if (name === '\\*') t.deepEqual(paths, [{text: '*'}])
		else if (/[*?[]/.test(name)) t.deepEqual(paths, [{text: bytes, pattern: bytes}])
		else t.deepEqual(paths, [{text: name.startsWith('-') ? `./${name}` : bytes}])
	}
	t.deepEqual(parseServerArgs(await sent('-a', 'h:', '.')).paths, [{text: '.'}])
	t.deepEqual(
		parseServerArgs(await sent('-a', 'h:a', ':b', 'h:c d', '.')).paths.map((p) => p.text),
		['a', 'b', 'c d'],
	)
	t.deepEqual(parseServerArgs(await sent('-a', '--old-args', 'h:a b', '.')).paths, [{text: 'a'}, {text: 'b'}])
})

withRsync('capabilities are those of the client, and absent from an old one', async (t) => {
	t.regex(parseServerArgs(await sent('-a', 'file', 'h:')).capabilities ?? '', /^i?LsfxCIvu?$/)
	t.is(parseServerArgs(await sent('-a', '--protocol=29', 'file', 'h:')).capabilities, undefined)
	const secluded = parseServerArgs(await sent('-as', 'file', 'h:x y'))
	t.true(secluded.secludedArgs)
	t.deepEqual(secluded.paths, [])
})

test('words are split as a shell does', (t) => {
	const texts = (...argv: string[]) => splitWords(argv).map((w) => w.text)
	t.deepEqual(texts('a b', 'c'), ['a', 'b', 'c'])
	t.deepEqual(texts(`'a b'"c d"\\ e`, `''`, '"\\$\\x"'), ['a bc d e', '', '$\\x'])
	t.deepEqual(splitWords(["'*'.c", 'a\\*b*']), [{text: '*.c'}, {text: 'a*b*', pattern: 'a\\*b*'}])
	t.is(t.throws(() => splitWords(["'a"]), {instanceOf: RsyncError})?.code, RERR.syntax)
})

test('words from the wire are not split', (t) => {
	t.deepEqual(wireWords(['--server', '--usermap=\\*:a', '.', 'm/a b', 'm/*\\x'], true), [
		{text: '--server'},
		{text: '--usermap=*:a'},
		{text: '.'},
		{text: 'm/a b'},
		{text: 'm/*\\x', pattern: 'm/*\\x'},
	])
})

test('arguments that are not those of a client are a usage error of one line', (t) => {
	const parse = (text: string) => () => parseServerArgs(splitWords([text]))
	for (const text of [
		'',
		'-a .',
		'--server -aj .',
		'--server --nonsense .',
		'--server --max-delete=x .',
		'--server --timeout=-1 .',
		'--server --suffix',
		'--server --delete=1 .',
		'--server -a path',
		'--server -Bx .',
	]) {
		const error = t.throws(parse(text), {instanceOf: RsyncError}, text)
		t.is(error.code, RERR.syntax)
		t.regex(error.message, /^[^\n]+[^.\n]$/)
	}
	t.notThrows(parse('--server -g -l -o -p -D -r -t -v --delete-before . dst/'))
})

const lowestFirst = (hex: string) => Buffer.from(Buffer.from(hex, 'hex').toReversed()).toString('hex')

test('checksums are those that everybody computes', async (t) => {
	const of = async (name: string, text: string, protocol = 32, seed = 0) => {
		const hasher = await (await loadChecksum(name, protocol)).whole(seed)
		for (const piece of text) hasher.update(Buffer.from(piece))
		return hasher.digest().toString('hex')
	}
	t.is(await of('md5', 'abc'), '900150983cd24fb0d6963f7d28e17f72')
	t.is(await of('md5', 'abc', 32, 7), '900150983cd24fb0d6963f7d28e17f72')
	t.is(await of('auto', 'abc'), '900150983cd24fb0d6963f7d28e17f72')
	t.is(await of('sha1', 'abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d')
	t.is(await of('md4', 'abc'), 'a448017aaf21d8525fc10ae87aa6729d')
	t.is(await of('none', 'abc'), '00')
	// The families print their highest byte first, rsync sends the lowest first.
	t.is(await of('xxh64', 'abc'), lowestFirst('44bc2cf5ad770999'))
	t.is(await of('xxhash', 'abc'), await of('xxh64', 'abc'))
	t.is(await of('xxh3', 'abc'), lowestFirst('78af5f94892f3950'))
	t.is(await of('xxh128', 'abc'), lowestFirst('06b05ab6733a618578af5f94892f3950'))
	// Before protocol 30 the seed goes first.
	t.is(await of('auto', 'abc', 29, 0), await of('md4', '\0\0\0\0abc'))
	t.is(await of('auto', 'abc', 29, 0x01020304), await of('md4', '\x04\x03\x02\x01abc'))
	for (const [name, length] of Object.entries({
		md5: 16,
		sha1: 20,
		md4: 16,
		none: 1,
		xxh64: 8,
		xxh3: 8,
		xxh128: 16,
	})) {
		const checksum = await loadChecksum(name, 32)
		t.is(checksum.length, length)
		t.is((await checksum.list()).digest().length, length)
	}
	for (const name of CHECKSUM_OFFER.split(' ')) t.true(name === (await loadChecksum(name, 32)).name)
	const error = await t.throwsAsync(async () => loadChecksum('crc32', 32), {instanceOf: RsyncError})
	t.is(error.code, RERR.unsupported)
})

test('block sums have the seed where the protocol puts it', async (t) => {
	const block = Buffer.from('a block')
	const of = async (name: string, seed: number, fix = true) =>
		(await (await loadChecksum(name, 32)).block(seed, fix))(block).toString('hex')
	const md5 = (...parts: Buffer[]) => createHash('md5').update(Buffer.concat(parts)).digest('hex')
	const seed = Buffer.from([0xff, 0xff, 0xff, 0xff])
	t.is(await of('md5', 0), md5(block))
	t.is(await of('md5', -1, true), md5(seed, block))
	t.is(await of('md5', -1, false), md5(block, seed))
	t.not(await of('xxh3', 0), await of('xxh3', 1))
	t.not(await of('xxh64', 0), await of('xxh64', -1))
	t.is(await of('none', 5), '00')
	// Two sums that grow at a time do not meet.
	const checksum = await loadChecksum('xxh128', 32)
	const [a, b] = [await checksum.whole(0), await checksum.whole(0)]
	a.update(block)
	b.update(Buffer.from('x'))
	b.update(block)
	t.not(a.digest().toString('hex'), b.digest().toString('hex'))
})

test('block lengths and sums are those that rsync chooses', (t) => {
	t.deepEqual(
		[0, 1, 490_000].map((n) => blockLengthFor(n)),
		[700, 700, 700],
	)
	t.is(blockLengthFor(1_000_000), 1000)
	t.is(blockLengthFor(1_010_000), 1000)
	t.is(blockLengthFor(2 ** 29), 23_168)
	t.is(blockLengthFor(2 ** 50), 131_072)
	t.is(blockLengthFor(1000, 65_536), 65_536)
	t.is(strongLengthFor(0, 700, 16), 2)
	t.is(strongLengthFor(2 ** 29, 23_168, 16), 3)
	t.is(strongLengthFor(2 ** 40, 131_072, 16), 6)
	t.is(weakSum(Buffer.from([1, 2, 3])), (6 | (10 << 16)) >>> 0)
	t.is(weakSum(Buffer.from([0xff, 0x80])), ((-129 & 0xffff) | (-130 << 16)) >>> 0)
})

const strongOf = (block: Buffer) => createHash('md5').update(block).digest()

function sumsOf(basis: Buffer, blockLength: number, strongLength = 4): BlockSums {
	const count = Math.ceil(basis.length / blockLength)
	const blocks = Array.from({length: count}, (_, i) => basis.subarray(i * blockLength, (i + 1) * blockLength))
	return {
		blockLength,
		strongLength,
		remainder: basis.length % blockLength,
		count,
		weak: Uint32Array.from(blocks, (block) => weakSum(block)),
		strong: Buffer.concat(blocks.map((block) => strongOf(block).subarray(0, strongLength))),
	}
}

/** Instructions, with literals joined, for `content` in pieces of `piece` bytes. */
function matched(basis: Buffer, content: Buffer, blockLength: number, piece: number): (string | number)[] {
	const matcher = new Matcher(sumsOf(basis, blockLength), strongOf)
	const out: (string | number)[] = []
	const add = (instruction: Buffer | number) => {
		const text = typeof instruction === 'number' ? instruction : instruction.toString('latin1')
		const last = out.at(-1)
		if (typeof text === 'string' && typeof last === 'string') out[out.length - 1] = last + text
		else out.push(text)
	}
	for (let at = 0; at < content.length; at += piece)
		for (const instruction of matcher.push(content.subarray(at, at + piece))) add(instruction)
	for (const instruction of matcher.end()) add(instruction)
	return out
}

test('blocks are found wherever they moved, the short last one only at the end', (t) => {
	const basis = Buffer.from('aaaabbbbccccdd')
	for (const piece of [1, 3, 100]) {
		t.deepEqual(matched(basis, basis, 4, piece), [0, 1, 2, 3])
		t.deepEqual(matched(basis, Buffer.from('xbbbbyyccccaaaa'), 4, piece), ['x', 1, 'yy', 2, 0])
		t.deepEqual(matched(basis, Buffer.from('ddaaaadd'), 4, piece), ['dd', 0, 3])
		t.deepEqual(matched(basis, Buffer.from(''), 4, piece), [])
		t.deepEqual(matched(Buffer.alloc(0), Buffer.from('new'), 4, piece), ['new'])
		t.deepEqual(matched(Buffer.from('ab'), Buffer.from('xab'), 4, piece), ['x', 0])
		t.deepEqual(matched(Buffer.from('ab'), Buffer.from('abx'), 4, piece), ['abx'])
		t.deepEqual(matched(Buffer.alloc(16), Buffer.alloc(17), 4, piece), [0, 1, 2, 3, '\0'])
	}
})

test('whatever the change, instructions make the new content of the old one', (t) => {
	const text = array(integer({min: 0, max: 1}), {maxLength: 200}).map((bytes) => Buffer.from(bytes))
	t.notThrows(() =>
		assert(
			property(text, text, integer({min: 1, max: 9}), integer({min: 1, max: 50}), (a, b, length, piece) => {
				const parts = matched(a, b, length, piece).map((x) =>
					typeof x === 'number' ? a.subarray(x * length, (x + 1) * length) : Buffer.from(x, 'latin1'),
				)
				return Buffer.concat(parts).equals(b)
			}),
		),
	)
})

/** What is written is what can be read. */
class Pipe {
	readonly #bytes: number[] = []
	#at = 0
	get length() {
		return this.#bytes.length - this.#at
	}
	byte(value: number) {
		this.#bytes.push(value)
	}
	int(value: number) {
		for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >> shift) & 0xff)
	}
	raw(bytes: Buffer) {
		for (const byte of bytes) this.#bytes.push(byte)
	}
	ready() {
		return undefined
	}
	take(length: number) {
		if (length > this.length) throw new Error('too little came')
		this.#at += length
		return Buffer.from(this.#bytes.slice(this.#at - length, this.#at))
	}
}

type Step = Buffer | number

async function write(writer: TokenWriter, steps: readonly Step[]): Promise<void> {
	for (const step of steps) await (typeof step === 'number' ? writer.match(step) : writer.literal(step))
	await writer.end()
}

/** The content of a file, each block as '[n]'. */
async function read(reader: TokenReader, blockOf: (block: number) => Buffer): Promise<string> {
	let text = ''
	for (let token = await reader.next(); token; token = await reader.next()) {
		if ('literal' in token) text += token.literal.toString('latin1')
		else
			for (let i = 0; i < token.count; i++) {
				text += `[${token.block + i}]`
				await reader.see(blockOf(token.block + i))
			}
	}
	return text
}

const shownAs = (steps: readonly Step[]) =>
	steps.map((step) => (typeof step === 'number' ? `[${step}]` : step.toString('latin1'))).join('')

const COMPRESSIONS = ['none', ...COMPRESSION_OFFER.split(' ')].map(compressionNamed)
for (const compression of COMPRESSIONS)
	test(`tokens in ${compression} are read as they were written, file after file`, async (t) => {
		const pipe = new Pipe()
		const writer = new TokenWriter(pipe, compression)
		const reader = new TokenReader(pipe, compression)
		const big = Buffer.concat([randomBytes(50_000), Buffer.alloc(70_000, 'x')])
		// More than a run can have; with zlib each block is looked at.
		const many = Array.from({length: compression === 'zlib' ? 1000 : 70_000}, (_, i) => i)
		for (const steps of [
			[],
			[Buffer.from('hello')],
			[big, big],
			[0, 1, 2, 7, 5, Buffer.from('x'), 6, 80, 81],
			[Buffer.from('a'), 3, Buffer.from('b'), 4, 5, 6, Buffer.from('a'), Buffer.from('b')],
			many,
			[100, 0, 99, 100_000, 2 ** 30],
		]) {
			await write(writer, steps)
			t.true((await read(reader, () => Buffer.from('block'))) === shownAs(steps))
			t.is(pipe.length, 0)
		}
		writer.close()
		reader.close()
	})

test('with zlib and blocks that the stream refers back to, nothing is lost', async (t) => {
	// As rsync writes it: a stream of its own whose window has the block, without its output being sent.
	const {createDeflateRaw, constants} = await import('node:zlib')
	const block = randomBytes(2000)
	const stream = createDeflateRaw({level: 9})
	const out: Buffer[] = []
	stream.on('data', (piece: Buffer) => void out.push(piece))
	const flushed = async (bytes: Buffer) => {
		out.length = 0
		await new Promise<void>((resolve) => {
			stream.write(bytes)
			stream.flush(constants.Z_SYNC_FLUSH, () => resolve())
		})
		return Buffer.concat(out)
	}
	await flushed(block)
	const packed = (await flushed(block)).subarray(0, -4)
	t.true(packed.length < 100)
	stream.destroy()
	const pipe = new Pipe()
	pipe.byte(0x80)
	pipe.byte(0x40)
	pipe.byte(packed.length)
	pipe.raw(packed)
	pipe.byte(0)
	const reader = new TokenReader(pipe, 'zlib')
	t.is(await read(reader, () => block), `[0]${block.toString('latin1')}`)
	reader.close()
})

test('tokens that are none end the session with the code of a broken stream', async (t) => {
	const broken = async (compression: Compression, ...bytes: number[]) => {
		const pipe = new Pipe()
		pipe.raw(Buffer.from(bytes))
		const reader = new TokenReader(pipe, compression)
		const error = await t.throwsAsync(async () => read(reader, () => Buffer.alloc(0)), {
			instanceOf: RsyncError,
		})
		t.is(error.code, RERR.stream)
		reader.close()
	}
	await broken('zlibx', 0x01)
	await broken('zlibx', 0x3f)
	await broken('zlibx', 0x20, 0xff, 0xff, 0xff, 0xff)
	await broken('zlibx', 0x40, 4, 0xff, 0xff, 0xff, 0xff, 0)
	t.throws(() => compressionNamed('lz4'), {instanceOf: RsyncError, message: /lz4.*zlibx/})
})
