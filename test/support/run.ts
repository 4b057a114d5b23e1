// Runs a command in this process and returns what it printed.

import {PassThrough, Readable, Writable} from 'node:stream'
import {COMMANDS} from '../../commands/table.ts'
import {fromUnicode} from '../../src/base/path.ts'
import type {Table} from '../../src/cli/command.ts'
import {Io} from '../../src/cli/io.ts'
import {run} from '../../src/cli/run.ts'
import type {OpenStore} from '../../src/store/open.ts'

/** `stdout` and `stderr` are byte strings. */
export type Result = {readonly status: number; readonly stdout: string; readonly stderr: string}

export type RunOptions = {
	readonly stdin?: string | Buffer | Readable
	/** Unicode. */
	readonly cwd?: string
	readonly env?: NodeJS.ProcessEnv
	readonly signal?: AbortSignal
	/** 022 by default. */
	readonly umask?: number
	readonly table?: Table
	/** Instead of one that keeps everything. */
	readonly stdout?: Writable
	/** stdout and stderr claim to be terminals. */
	readonly terminal?: boolean
	readonly secrets?: readonly string[]
	readonly openStore?: OpenStore
}

/** A stream that keeps what is written to it. */
export function sink(terminal = false): {readonly stream: Writable; text(): string} {
	const chunks: Buffer[] = []
	const stream = new Writable({
		write(chunk: Buffer, _encoding, done) {
			chunks.push(Buffer.from(chunk))
			done()
		},
	})
	return {
		stream: Object.assign(stream, {isTTY: terminal, columns: 80}),
		text: () => Buffer.concat(chunks).toString('latin1'),
	}
}

/** `s3r <argv>`, with arguments in Unicode. */
export async function s3r(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
	const out = sink(options.terminal)
	const err = sink(options.terminal)
	const {stdin = ''} = options
	const signal = options.signal ?? new AbortController().signal
	const io = new Io(
		{
			stdin: stdin instanceof Readable ? stdin : new PassThrough().end(stdin),
			stdout: options.stdout ?? out.stream,
			stderr: err.stream,
		},
		{signal, secrets: options.secrets ?? []},
	)
	const status = await run(argv.map(fromUnicode), {
		io,
		cwd: fromUnicode(options.cwd ?? '/'),
		env: options.env ?? {},
		signal,
		umask: options.umask ?? 0o022,
		table: options.table ?? COMMANDS,
		openStore: options.openStore,
	})
	return {status, stdout: out.text(), stderr: err.text()}
}
