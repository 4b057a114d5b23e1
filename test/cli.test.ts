// The terminal floor: options, streams, messages, statuses.

import {spawn} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setImmediate} from 'node:timers/promises'
import {PassThrough, Writable} from 'node:stream'
import {fileURLToPath} from 'node:url'
import test from 'ava'
import {EXIT, fatal, S3rError} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {byteArguments, byteDirectory} from '../src/cli/argv.ts'
import {palette} from '../src/cli/color.ts'
import {command, type Command, type Context, type Flags, type Table} from '../src/cli/command.ts'
import {humanBytes, humanDuration} from '../src/cli/human.ts'
import {Io} from '../src/cli/io.ts'
import {didYouMean} from '../src/cli/nearest.ts'
import {parse} from '../src/cli/parse.ts'
import type {RecordValues} from '../src/cli/flags.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {Progress} from '../src/cli/progress.ts'
import {interrupted} from '../src/cli/run.ts'
import {usageText} from '../src/cli/usage.ts'
import {s3r, sink} from './support/run.ts'

const PROGRAM = fileURLToPath(new URL('../commands/s3r.js', import.meta.url))

const FLAGS = {
	archive: {type: 'boolean', short: 'a', help: 'archive mode'},
	verbose: {type: 'boolean', short: 'v', count: true, negatable: true, help: 'say more'},
	delete: {type: 'boolean', negatable: true, help: 'delete'},
	'max-delete': {type: 'string', arg: 'n', help: 'not more than so many'},
	exclude: {type: 'string', short: 'e', arg: 'pattern', multiple: true, help: 'leave out'},
	include: {type: 'string', arg: 'pattern', multiple: true, help: 'keep'},
} as const satisfies Flags

const message = (flags: Flags, ...argv: string[]) => {
	try {
		parse(flags, argv)
	} catch (error) {
		if (error instanceof S3rError) return [error.status, error.message, error.hint]
		throw error
	}
	return []
}

test('options may be grouped, repeated and anywhere', (t) => {
	const {flags, args} = parse(FLAGS, ['-av', 'one', '-vv', '--delete', 'two'])
	t.deepEqual({...flags}, {archive: true, verbose: 3, delete: true})
	t.deepEqual(args, ['one', 'two'])
})

test('the last of --x and --no-x wins', (t) => {
	t.is(parse(FLAGS, ['--delete', '--no-delete']).flags.delete, false)
	t.is(parse(FLAGS, ['--no-delete', '--delete']).flags.delete, true)
	t.is(parse(FLAGS, ['-vv', '--no-verbose']).flags.verbose, 0)
	t.deepEqual(message(FLAGS, '--no-archive'), [
		129,
		"unknown option '--no-archive'",
		"did you mean '--archive'?",
	])
})

test('an option that was not given is absent', (t) => {
	t.deepEqual({...parse(FLAGS, []).flags}, {})
})

test('a value follows after a blank, "=", or the letter', (t) => {
	const values = parse(FLAGS, ['--exclude', 'a', '--exclude=b', '-ec', '-e', 'd', '-ave', 'e']).flags.exclude
	t.deepEqual(values, ['a', 'b', 'c', 'd', 'e'])
	t.is(parse(FLAGS, ['--max-delete=']).flags['max-delete'], '')
})

test('a value may begin with "-"', (t) => {
	t.deepEqual(parse(FLAGS, ['-e', '-x', '--exclude', '--', '--max-delete', '-1']).ordered, [
		{name: 'exclude', value: '-x'},
		{name: 'exclude', value: '--'},
		{name: 'max-delete', value: '-1'},
	])
})

test('the order of options that have values is kept', (t) => {
	const {ordered} = parse(FLAGS, ['--include=a', '-v', '-eb', 'file', '--include', 'c'])
	t.deepEqual(ordered, [
		{name: 'include', value: 'a'},
		{name: 'verbose', value: ''},
		{name: 'exclude', value: 'b'},
		{name: 'include', value: 'c'},
	])
})

test('"-" and negative numbers are operands, "--" ends the options', (t) => {
	t.deepEqual(parse(FLAGS, ['-', '-1', '-12', '-12', '-0.5', '-v', '--', '-v', '--delete']).args, [
		'-',
		'-1',
		'-12',
		'-12',
		'-0.5',
		'-v',
		'--delete',
	])
	const digit = {from0: {type: 'boolean', short: '0', help: ''}} as const satisfies Flags
	t.true(parse(digit, ['-0']).flags.from0)
})

test('arguments are bytes', (t) => {
	const name = '\u00c3\u00bc\u00ff'
	const {args, ordered} = parse(FLAGS, [name, `--exclude=${name}`])
	t.deepEqual(args, [name])
	t.deepEqual(ordered, [{name: 'exclude', value: name}])
})

test('an unknown option is a usage error, and the one that was meant is named', (t) => {
	t.deepEqual(message(FLAGS, '--delte'), [129, "unknown option '--delte'", "did you mean '--delete'?"])
	t.deepEqual(message(FLAGS, '--max'), [129, "unknown option '--max'", "did you mean '--max-delete'?"])
	t.deepEqual(message(FLAGS, '--zebra'), [129, "unknown option '--zebra'", undefined])
	t.deepEqual(message(FLAGS, '--constructor'), [129, "unknown option '--constructor'", undefined])
	t.deepEqual(message(FLAGS, '-x'), [129, "unknown option '-x'", undefined])
	t.deepEqual(message(FLAGS, '-axv'), [129, "unknown option '-x' in '-axv'", undefined])
	t.deepEqual(message(FLAGS, '-avh'), [129, "unknown option '-h' in '-avh'", undefined])
})

test('a value where none belongs, or none where one does, is a usage error', (t) => {
	t.deepEqual(message(FLAGS, '--max-delete'), [129, "option '--max-delete' needs a value", undefined])
	t.deepEqual(message(FLAGS, '--delete=yes'), [129, "option '--delete' takes no value", undefined])
})

test('-h and --help win over errors behind them, but are values where a value belongs', (t) => {
	t.is(parse(FLAGS, ['file', '-h', '--bogus']).asks, 'usage')
	t.is(parse(FLAGS, ['-v', '--help']).asks, 'manual')
	t.is(parse(FLAGS, ['-e', '-h']).asks, undefined)
	t.is(parse(FLAGS, ['--', '-h']).asks, undefined)
})

test('the nearest name is found, if one is near', (t) => {
	const known = ['push', 'pull', 'ls-remote', 'ls-local', 'put']
	t.is(didYouMean('psuh', known), "did you mean 'push'?")
	t.is(didYouMean('ls-remotes', known), "did you mean 'ls-remote'?")
	t.is(didYouMean('ls-rem', known), "did you mean 'ls-remote'?")
	t.is(didYouMean('frobnicate', known), undefined)
	t.is(didYouMean('p', []), undefined)
})

test('-h shows the synopsis and every option', (t) => {
	const c: Command = {
		name: 'x',
		summary: '',
		synopsis: ['[-av] <file>', '[--one <value>] [--two <value> [<three>]] [--four <value>] [--five] [<six>]'],
		flags: {...FLAGS, 'an-option-that-is-wide': {type: 'string', arg: 'value', help: 'goes on below'}},
		run: async () => 0,
	}
	t.is(
		usageText(c),
		`usage: s3r x [-av] <file>
   or: s3r x [--one <value>] [--two <value> [<three>]] [--four <value>] [--five]
             [<six>]

    -a, --archive             archive mode
    -v, --[no-]verbose        say more
    --[no-]delete             delete
    --max-delete <n>          not more than so many
    -e, --exclude <pattern>   leave out
    --include <pattern>       keep
    --an-option-that-is-wide <value>
                              goes on below`,
	)
})

test('arguments that are not UTF-8 are read from /proc', (t) => {
	const directory = mkdtempSync(join(tmpdir(), 's3r-'))
	const cmdline = join(directory, 'cmdline')
	writeFileSync(cmdline, Buffer.from('node\0--flag\0s3r.js\0put\0\xff\xfe\0\0', 'latin1'))
	t.deepEqual(byteArguments(['put', '\ufffd\ufffd', ''], cmdline), ['put', '\xff\xfe', ''])
	t.deepEqual(byteArguments(['put', 'ü'], '/nonexistent'), ['put', '\xc3\xbc'])
	t.deepEqual(byteArguments(['\ufffd'], '/nonexistent'), ['\xef\xbf\xbd'])
	t.is(
		byteDirectory(() => '/ü'),
		'/\xc3\xbc',
	)
	t.is(
		byteDirectory(() => '/\ufffd', '/nonexistent'),
		'/\xef\xbf\xbd',
	)
	rmSync(directory, {recursive: true})
})

// Streams.

const io = (stdin: string | PassThrough = '', terminal = false, secrets: string[] = []) => {
	const [out, err] = [sink(terminal), sink(terminal)]
	const input = typeof stdin === 'string' ? new PassThrough().end(stdin) : stdin
	return {io: new Io({stdin: input, stdout: out.stream, stderr: err.stream}, {secrets}), out, err}
}

/** A stdout that fails with this code. */
const broken = (code: string) =>
	new Writable({
		write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), {code})),
	})

test('records are gathered and written as bytes', async (t) => {
	const {io: streams, out} = io()
	await streams.record('\xff a')
	await streams.record('b', true)
	t.is(out.text(), '')
	await streams.write(Buffer.from('body'))
	t.is(out.text(), '\xff a\nb\0body')
	for (let i = 0; i < 7000; i++) await streams.record('123456789')
	t.is(out.text().length, 10 + 65540, 'a chunk is 64 KiB and the rest of a record')
	await streams.flush()
	t.is(out.text().length, 10 + 70000)
})

test('what little is said needs no stream, unless it would wait; what is much has one', async (t) => {
	const direct: Buffer[] = []
	const out = sink()
	const streams = new Io(
		{stdin: new PassThrough(), stdout: out.stream, stderr: out.stream},
		{
			direct: (bytes) => {
				// not all at once, as write(2) may
				direct.push(bytes.subarray(0, 30_000))
				return direct.at(-1)?.length ?? 0
			},
		},
	)
	await streams.write(Buffer.from('a'.repeat(31_000)))
	await streams.write(Buffer.from('b'))
	t.is(out.text(), '')
	await streams.write(Buffer.from('c'.repeat(2000)))
	await streams.write(Buffer.from('d'))
	t.is(Buffer.concat(direct).toString(), `${'a'.repeat(31_000)}b`)
	t.is(out.text(), `${'c'.repeat(2000)}d`)
})

test('a stdout that takes no more for now gets the rest by its stream, one that fails ends the command', async (t) => {
	const out = sink()
	const saying = (code: string) => {
		let calls = 0
		const direct = () => {
			if (calls++ > 0) throw Object.assign(new Error(code), {code})
			return 3
		}
		return new Io({stdin: new PassThrough(), stdout: out.stream, stderr: out.stream}, {direct})
	}
	const full = saying('EAGAIN')
	await full.write(Buffer.from('abcdef'))
	await full.write(Buffer.from('ghi'))
	t.is(out.text(), 'defghi')
	const gone = saying('EPIPE')
	await t.throwsAsync(gone.write(Buffer.from('abcdef')), {message: 'the reader of stdout went away'})
	await t.throwsAsync(gone.write(Buffer.from('g')))
	await t.throwsAsync(saying('ENOSPC').write(Buffer.from('abcdef')), {message: /no space left/})
	t.is(out.text(), 'defghi')
})

test('answers are flushed before more input is waited for', async (t) => {
	const stdin = new PassThrough()
	const {io: streams, out} = io(stdin)
	const answers = (async () => {
		for await (const record of streams.stdinRecords(false)) await streams.record(record.toUpperCase())
	})()
	stdin.write('a\nb\nc')
	await setImmediate()
	t.is(out.text(), 'A\nB\n')
	await streams.record('from a worker that was slow')
	t.is(out.text(), 'A\nB\nfrom a worker that was slow\n')
	stdin.end('d\n')
	await answers
	await streams.flush()
	t.is(out.text(), 'A\nB\nfrom a worker that was slow\nCD\n')
})

test('records on stdin end with NUL if asked', async (t) => {
	const seen = []
	for await (const record of io('a\nb\0\xc3\xbc').io.stdinRecords(true)) seen.push(record)
	t.deepEqual(seen, ['a\nb', fromUnicode('\xc3\xbc')])
})

test('a message is safe to look at', (t) => {
	const {io: streams, err} = io('', false, ['wJalrXUtnFEMI', 'test'])
	streams.say('fatal: \u001b[2J \r \u007f\tand\n\xff')
	streams.say('a secret is wJalrXUtnFEMI, testrsync is none')
	streams.say('not bytes: 中')
	t.is(
		err.text(),
		'fatal: \\033[2J \\015 \\177\tand\n\xff\na secret is ***, testrsync is none\nnot bytes: \xe4\xb8\xad\n',
	)
})

// Statuses.

const table = (run: (context: Context, flags: object, args: readonly string[]) => Promise<number>): Table => {
	const row = (c: Command) => ({group: 'plumbing' as const, summary: '', load: async () => ({default: c})})
	const base = {summary: '', synopsis: ['[<file>]']}
	return {
		x: row(command({...base, name: 'x', flags: {}, arity: [0, 1], run})),
		two: row(command({...base, name: 'two', flags: {}, arity: [2, 2], run})),
		raw: row(command({...base, name: 'raw', flags: {}, raw: true, run})),
	}
}
const failing = (error: unknown): Table =>
	table(async (context) => {
		await context.io.record('so far')
		throw error
	})

test('what a command resolves to is the status', async (t) => {
	t.deepEqual(await s3r(['x'], {table: table(async () => 23)}), {status: 23, stdout: '', stderr: ''})
})

test('a fatal error says what, and what to type', async (t) => {
	t.deepEqual(await s3r(['x'], {table: failing(fatal("cannot read 'y'", 'type z'))}), {
		status: 128,
		stdout: 'so far\n',
		stderr: "fatal: cannot read 'y'\nhint: type z\n",
	})
})

test('an error of the system is fatal, in its words', async (t) => {
	const error = Object.assign(new Error('ENOENT: …'), {code: 'ENOENT', syscall: 'open', path: 'ü\n'})
	const {status, stderr} = await s3r(['x'], {table: failing(error)})
	t.is(status, 128)
	t.is(stderr, "fatal: open '\xc3\xbc\\n': no such file or directory\n")
	const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {code: 'ECONNREFUSED'})
	t.is((await s3r(['x'], {table: failing(refused)})).stderr, 'fatal: connect ECONNREFUSED 127.0.0.1:1\n')
})

test('a bug is called one, and shows its stack only when asked', async (t) => {
	const bug = new TypeError('x is not a function')
	const {status, stderr} = await s3r(['x'], {table: failing(bug)})
	t.is(status, 128)
	t.regex(stderr, /^fatal: internal error: x is not a function\nhint: .*S3R_DEBUG=1.*\n$/)
	t.regex((await s3r(['x'], {table: failing(bug), env: {S3R_DEBUG: '1'}})).stderr, /^ +at /m)
	const ours = Object.assign(new Error('bad argument'), {code: 'ERR_INVALID_ARG_TYPE'})
	t.regex((await s3r(['x'], {table: failing(ours)})).stderr, /^fatal: internal error: bad argument\n/)
})

test('too few and too many arguments are usage errors', async (t) => {
	const commands = table(async () => 0)
	t.deepEqual(await s3r(['two', 'a'], {table: commands}), {
		status: EXIT.usage,
		stdout: '',
		stderr: 'usage: an argument is missing\nhint: s3r two [<file>]\n',
	})
	t.is((await s3r(['x', 'a', 'b\n'], {table: commands})).stderr, "usage: unexpected argument 'b\\n'\n")
})

test('the arguments of a raw command are its own', async (t) => {
	const commands = table(async ({io: streams}, _flags, args) => {
		await streams.record(args.join(' '))
		return 0
	})
	t.is(
		(await s3r(['raw', '-l', 'user', '--server', '-h'], {table: commands})).stdout,
		'-l user --server -h\n',
	)
	t.is((await s3r(['raw', '-h'], {table: commands})).stdout, 'usage: s3r raw [<file>]\n')
})

test('a reader that went away is status 141, silently', async (t) => {
	const result = await s3r(['x'], {table: table(async () => 0), stdout: broken('EPIPE')})
	t.is(result.status, 0, 'nothing was written, nothing failed')
	const lines = table(async ({io: streams}) => {
		await streams.record('x')
		return 0
	})
	t.deepEqual(await s3r(['x'], {table: lines, stdout: broken('EPIPE')}), {
		status: 141,
		stdout: '',
		stderr: '',
	})
})

test('a full disk is fatal', async (t) => {
	const result = await s3r(['help'], {stdout: broken('ENOSPC')})
	t.is(result.status, 128)
	t.is(result.stderr, 'fatal: cannot write to stdout: no space left on device\n')
})

test('an interrupted command ends with the status of the signal, silently', async (t) => {
	for (const [number, status] of [
		[2, 130],
		[15, 143],
		[1, 129],
	] as const) {
		const stop = new AbortController()
		const stdin = new PassThrough()
		const reading = table(async ({io: streams}) => {
			for await (const record of streams.stdinRecords(false)) await streams.record(record)
			return 0
		})
		const result = s3r(['x'], {table: reading, stdin, signal: stop.signal})
		stdin.write('answered\n')
		await setImmediate()
		stop.abort(interrupted(number))
		t.deepEqual(await result, {status, stdout: 'answered\n', stderr: ''})
	}
})

test('a second signal ends the process, whatever it waits for to exit', async (t) => {
	// as with a thread that waits for a mount that does not answer
	const waits = 'data:text/javascript,process.exit = () => {}; setInterval(() => {}, 1000)'
	const child = spawn(process.execPath, ['--import', waits, PROGRAM, 'version'])
	const ended = once(child, 'exit')
	await once(child.stdout, 'data')
	child.kill('SIGINT')
	child.kill('SIGTERM')
	const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
	const [status, signal] = (await ended) as [number | null, string | null]
	clearTimeout(patience)
	t.is(status, null)
	t.true(signal === 'SIGINT' || signal === 'SIGTERM', String(signal))
})

test('a command that ends well in spite of a signal is not interrupted', async (t) => {
	const stop = new AbortController()
	const serving = table(async ({signal}) => {
		await once(signal, 'abort')
		return EXIT.ok
	})
	const result = s3r(['x'], {table: serving, signal: stop.signal})
	await setImmediate()
	stop.abort(interrupted(15))
	t.is((await result).status, 0)
})

// Records.

test('records are printed in the form that was asked for', async (t) => {
	const record = {
		path: 'd/\u00c3\u00bc\n',
		mode: 0o100644,
		size: 3,
		mtime: 1_500_000_000_000_000_001n,
	} as const
	const printed = async (flags: RecordValues, status?: 'M') => {
		const {io: streams, out} = io()
		const printer = new RecordPrinter(streams, flags)
		await (status === undefined ? printer.record(record) : printer.diff({status, record}))
		await streams.flush()
		return out.text()
	}
	t.is(await printed({}), '100644 3 1500000000.000000001 -\t"d/\u00c3\u00bc\\n"\n')
	t.is(await printed({null: true}), '100644 3 1500000000.000000001 -\td/\u00c3\u00bc\n\0')
	t.is(await printed({}, 'M'), 'M 100644 3 1500000000.000000001 -\t"d/\u00c3\u00bc\\n"\n')
	t.is(await printed({'name-only': true}), '"d/\u00c3\u00bc\\n"\n')
	t.is(await printed({'name-only': true, null: true}, 'M'), 'd/\u00c3\u00bc\n\0')
	t.is(await printed({format: '%(size) %(path)%09%(status)', null: true}, 'M'), '3 d/\u00c3\u00bc\n\tM\0')
	const json = JSON.parse(Buffer.from(await printed({json: true}, 'M'), 'latin1').toString())
	t.like(json, {path: 'd/ü\n', size: 3, status: 'M', mtime: '1500000000.000000001'})
	await t.throwsAsync(printed({json: true, format: 'x'}), {
		message: "options '--json' and '--format' exclude each other",
	})
})

// Progress and colour.

test('progress is drawn for a terminal that asked, ten times a second, and erased', (t) => {
	const {io: streams, err} = io('', true)
	let now = 0
	const progress = new Progress(streams, {asked: true, total: 4 * 1024 * 1024, now: () => now})
	progress.add(0, 'x')
	t.is(err.text(), '')
	now = 100
	progress.add(1024 * 1024, 'some/file')
	now = 150
	progress.add(1024, 'some/file')
	t.is(
		err.text(),
		'\xe2\x96\x88'.repeat(4) + ' '.repeat(13) + ' 25%  1.0 MiB of 4.0 MiB  10.0 MiB/s  0:00  some/file',
	)
	streams.say('error: said between')
	t.is(err.text().slice(-24), '\r\u001b[Kerror: said between\n')
	now = 350
	progress.add(1024 * 1024, `d/${'\xc3\xbc'.repeat(50)}`)
	progress.end()
	t.regex(err.text(), / 50% {2}2\.0 MiB of 4\.0 MiB.* {2}(\xc3\xbc)+\r\u001b\[K$/)
})

test('progress is silent unless it was asked for and a terminal is there', (t) => {
	for (const [asked, terminal] of [
		[false, true],
		[true, false],
	] as const) {
		const {io: streams, err} = io('', terminal)
		let now = 0
		const progress = new Progress(streams, {asked, now: () => (now += 1000)})
		progress.add(1, 'x')
		progress.end()
		t.is(err.text(), '')
	}
})

test('quantities for people', (t) => {
	t.deepEqual([0, 1023, 1024, 1536, 5 * 2 ** 30, 2 ** 70].map(humanBytes), [
		'0 bytes',
		'1023 bytes',
		'1.0 KiB',
		'1.5 KiB',
		'5.0 GiB',
		'1024.0 EiB',
	])
	t.deepEqual([0, 9.4, 61, 3723].map(humanDuration), ['0:00', '0:09', '1:01', '1:02:03'])
})

test('colour is for terminals, NO_COLOR and FORCE_COLOR decide, --color above all', async (t) => {
	const colored = async (terminal: boolean, env: NodeJS.ProcessEnv, when?: string) =>
		(await palette(io('', terminal).io, 'stdout', env, when)).red('x') !== 'x'
	t.true(await colored(true, {}))
	t.false(await colored(false, {}))
	t.false(await colored(true, {NO_COLOR: '1'}))
	t.false(await colored(true, {TERM: 'dumb'}))
	t.true(await colored(false, {FORCE_COLOR: '1'}))
	t.false(await colored(true, {FORCE_COLOR: '0'}))
	t.true(await colored(false, {NO_COLOR: '1'}, 'always'))
	t.false(await colored(true, {FORCE_COLOR: '1'}, 'never'))
	await t.throwsAsync(colored(true, {}, 'sometimes'), {message: "bad value 'sometimes' of '--color'"})
})
