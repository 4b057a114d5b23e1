// The parts of the rsync protocol that need no session: arguments, checksums, tokens. What a client sends is asked
// of the real one, where there is one.

import {execFile, spawnSync} from 'node:child_process'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {RERR, RsyncError} from '../src/peer/rsync/errors.ts'
import {parseServerArgs, type ServerOptions} from '../src/peer/rsync/options.ts'
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
	'-a --files-from=/dev/null': {...archiveBut('recurse'), relative: true, filesFrom: '-', from0: true},
	'-a --files-from=:list': {...archiveBut('recurse'), relative: true, filesFrom: 'list'},
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
		'-M--munge-links file h:',
		'-M--crtimes file h:',
		'-M--chmod=g-w file h:',
	]) {
		const words = await sent(...args.split(' '))
		const error = t.throws(() => parseServerArgs(words), {instanceOf: RsyncError})
		t.is(error.code, RERR.unsupported)
		t.regex(error.message, /^the rsync option --[\w=-]+ is not supported: [^\n]+[^.\n]$/)
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
