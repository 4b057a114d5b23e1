// A process that runs one command and dies, or is refused something, at the n-th thing that it does to the
// disk or to the store. What it runs is the release's code: node:fs and the store are wrapped around it.
//
// The first half is for tests; the second is what the process runs.

import {type ChildProcess, fork} from 'node:child_process'
import {once} from 'node:events'
import fs from 'node:fs'
import {syncBuiltinESMExports} from 'node:module'
import {fileURLToPath} from 'node:url'
import {openStore} from '../../src/store/open.ts'
import type {Got, Store} from '../../src/store/store.ts'
import {type Result, s3r} from './run.ts'

export type Task = {
	readonly argv: readonly string[]
	readonly cwd: string
	readonly env: NodeJS.ProcessEnv
	/** The point that it happens at, counted from 1. */
	readonly at: number
	/** SIGKILL, or the system's refusal: once, or from then on of whatever needs room or a writable disk. */
	readonly how: 'kill' | 'EIO' | 'ENOSPC' | 'EROFS'
}

export type Outcome = {
	/** Undefined of a process that was killed. */
	readonly result: Result | undefined
	/** What it was about to do at the point; undefined where it ended before. */
	readonly point: string | undefined
}

const spare: ChildProcess[] = []
const chunks = fileURLToPath(new URL('killer-chunks', import.meta.url))
const bundle = `${chunks}/killer.mjs`

/** Bundles this file and all that it needs, in chunks, so that a process reads little more than it runs: a task takes 0.6 of the time. */
export async function prepareTasks(): Promise<void> {
	const {build} = await import('esbuild')
	await build({
		entryPoints: [fileURLToPath(import.meta.url)],
		outdir: chunks,
		outExtension: {'.js': '.mjs'},
		bundle: true,
		splitting: true,
		platform: 'node',
		format: 'esm',
		minifyWhitespace: true,
		mainFields: ['module', 'main'],
		external: ['koffi', 'esbuild'],
		banner: {
			js: "import {createRequire as requireFrom} from 'node:module'; const require = requireFrom(import.meta.url)",
		},
		logLevel: 'error',
	})
}

function child(): ChildProcess {
	const started = fork(bundle, ['run'], {
		execArgv: [],
		stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
	})
	spare.push(started)
	return started
}

/** Runs a task in a process of its own. The next one is started meanwhile, for that takes longer than the task. */
export async function runTask(task: Task): Promise<Outcome> {
	const worker = spare.shift() ?? child()
	if (spare.includes(worker)) spare.splice(spare.indexOf(worker), 1)
	if (spare.length === 0) child()
	let point = ''
	let result: Result | undefined
	worker.stdout?.on('data', (said: Buffer) => (point += said.toString()))
	worker.on('message', (message: {result: Result}) => ({result} = message))
	worker.send(task)
	await once(worker, 'close')
	if (point === '' && result === undefined) throw new Error('the process died by itself')
	return {result, point: point === '' ? undefined : point}
}

/** Ends the processes that wait for a task. */
export function endSpares(): void {
	for (const waiting of spare.splice(0)) waiting.kill('SIGKILL')
}

// ---- the process

let task: Task | undefined
let count = 0
const say = fs.writeSync

/** Something is about to be done: where it is the point, that does not come to pass. */
function reach(what: string, system: {readonly errno?: boolean; readonly grows?: boolean} = {}): void {
	if (task === undefined) return
	const {how, at} = task
	if (how !== 'kill' && system.errno !== true) return
	// a full disk refuses what needs room, and nothing else
	if (how === 'ENOSPC' && system.grows !== true) return
	count++
	if (count < at || (count > at && how === 'EIO')) return
	if (count === at) say(1, what)
	if (how !== 'kill') {
		throw Object.assign(new Error(`${how}: refused, ${what}`), {code: how, syscall: what})
	}
	process.kill(process.pid, 'SIGKILL')
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

type Call = (...args: unknown[]) => unknown

const DISK: Readonly<Record<string, 'grows' | 'changes'>> = {
	writeFileSync: 'grows',
	mkdirSync: 'grows',
	mkdtempSync: 'grows',
	symlinkSync: 'grows',
	linkSync: 'grows',
	renameSync: 'changes',
	unlinkSync: 'changes',
	rmSync: 'changes',
	rmdirSync: 'changes',
	ftruncateSync: 'changes',
	fsyncSync: 'changes',
	fchmodSync: 'changes',
	chmodSync: 'changes',
	fchownSync: 'changes',
	lchownSync: 'changes',
}

function wrapDisk(): void {
	const all = fs as unknown as Record<string, Call>
	for (const [name, kind] of Object.entries(DISK)) {
		const call = all[name] as Call
		all[name] = (...args) => {
			reach(name, {errno: true, grows: kind === 'grows'})
			return call(...args)
		}
	}
	const {openSync, writeSync} = fs
	const {O_WRONLY, O_RDWR, O_CREAT} = fs.constants
	all['openSync'] = (...args) => {
		const flags = args[1] ?? 'r'
		const writes = typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR | O_CREAT)) !== 0 : flags !== 'r'
		if (writes) reach('openSync', {errno: true, grows: true})
		return (openSync as Call)(...args)
	}
	all['writeSync'] = (...args) => {
		reach('writeSync', {errno: true, grows: true})
		if (task?.how === 'kill') {
			if (count + 1 === task.at) writeHalf(...args)
			reach('the other half of writeSync')
		}
		return (writeSync as Call)(...args)
	}
	syncBuiltinESMExports()
}

function writeHalf(...[fd, data, at, length, position]: unknown[]): void {
	const isText = typeof data === 'string'
	const bytes = isText ? Buffer.from(data) : (data as Buffer)
	const from = isText || typeof at !== 'number' ? 0 : at
	const all = isText || typeof length !== 'number' ? bytes.length - from : length
	say(fd as number, bytes, from, all >> 1, typeof position === 'number' ? position : null)
}

/** A store with a point before each request, and one behind it: the store has done it, and nobody knows. */
function wrapStore(store: Store): Store {
	const around = async (name: string, call: () => unknown): Promise<unknown> => {
		reach(name)
		const result = await call()
		reach(`behind ${name}`)
		return name === 'get' ? {...(result as Got), body: halting((result as Got).body)} : result
	}
	return new Proxy(store, {
		get(target, name) {
			const value: unknown = Reflect.get(target, name, target)
			if (typeof value !== 'function') return value
			const call = (value as Call).bind(target)
			if (name === 'close') return call
			if (!String(name).startsWith('list'))
				return (...args: unknown[]) => around(String(name), () => call(...args))
			return (...args: unknown[]) => {
				reach(String(name))
				return call(...args)
			}
		},
	})
}

async function* halting(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
	for await (const piece of body) {
		reach('a piece of a body')
		yield piece
	}
}

async function main(): Promise<void> {
	const [given] = (await once(process, 'message')) as [Task]
	Object.assign(process.env, given.env)
	wrapDisk()
	task = given
	const result = await s3r(given.argv, {
		cwd: given.cwd,
		env: given.env,
		openStore: async (remote, options) => wrapStore(await openStore(remote, options)),
	})
	task = undefined
	process.send?.({result}, () => process.exit())
}

if (process.argv[2] === 'run' && process.send !== undefined) await main()
