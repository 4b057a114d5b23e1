// Runs every transcript of test/commands against the bundled program, each in a directory of its own
// and, where it asks for one, against an S3 server of its own.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {Readable} from 'node:stream'
import test from 'ava'
import {
	formatOutput,
	matches,
	type Output,
	outputLines,
	parseTranscript,
	type Step,
} from './support/transcript.ts'
import {testServer} from './support/server.ts'

/** Transcripts under way at once. */
const WIDTH = 2

const temporary = realpathSync(mkdtempSync(join(tmpdir(), 's3r-commands-')))
mkdirSync(join(temporary, 'bin'))
symlinkSync(resolve('dist/s3r.js'), join(temporary, 'bin', 's3r'))
test.after.always(() => rmSync(temporary, {recursive: true, force: true}))

/** All bytes, as a byte string: a transcript is compared to the byte. */
async function textOf(stream: Readable): Promise<string> {
	const chunks: Buffer[] = []
	for await (const chunk of stream) chunks.push(chunk as Buffer)
	return Buffer.concat(chunks).toString('latin1')
}

async function runStep({command}: Step, cwd: string, env: NodeJS.ProcessEnv): Promise<Output> {
	const script = Buffer.from(command, 'latin1').toString()
	const child = spawn('bash', ['-c', script], {cwd, env, stdio: ['ignore', 'pipe', 'pipe']})
	const closed = once(child, 'close') as Promise<[number | null]>
	const [stdout, stderr, [status]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), closed])
	return {stdout: outputLines(stdout), stderr: outputLines(stderr), status: status ?? -1}
}

/** The first step that does something else than it says; those after it would fail for its sake. */
async function firstFailure(steps: readonly Step[], cwd: string, env: NodeJS.ProcessEnv) {
	for (const step of steps) {
		const actual = await runStep(step, cwd, env)
		if (!matches(step, actual)) return {step, actual}
	}
	return undefined
}

const show = (output: Output) => Buffer.from(formatOutput(output), 'latin1').toString()
const about = ({title, command}: Step) => `${title}\n\n$ ${command}`

let free = WIDTH
const waiting: (() => void)[] = []

async function inTurn(work: () => Promise<void>): Promise<void> {
	if (free === 0) await new Promise<void>((go) => waiting.push(go))
	else free--
	try {
		await work()
	} finally {
		const next = waiting.shift()
		if (next === undefined) free++
		else next()
	}
}

for (const file of readdirSync('test/commands').filter((f) => f.endsWith('.txt')))
	test(file.replace(/\.txt$/, ''), (t) =>
		inTurn(async () => {
			const cwd = join(temporary, file)
			const home = join(temporary, `${file}.home`)
			mkdirSync(cwd)
			mkdirSync(home)
			const {store, steps} = parseTranscript(readFileSync(join('test/commands', file), 'latin1'))
			const server = store ? await testServer() : undefined
			const env = {
				PATH: `${join(temporary, 'bin')}:${process.env['PATH']}`,
				HOME: home,
				TMPDIR: temporary,
				LC_ALL: 'C.UTF-8',
				TZ: 'UTC',
				AWS_EC2_METADATA_DISABLED: 'true',
				...server?.env,
			}
			try {
				const failed = await firstFailure(steps, cwd, env)
				t.is(failed && show(failed.actual), failed && show(failed.step), failed && about(failed.step))
			} finally {
				await server?.stop()
			}
		}),
	)
