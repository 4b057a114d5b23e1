// A real rsync client whose other end is played by the test: bridge.mjs is its remote shell.

import {execFile, spawnSync} from 'node:child_process'
import {mkdtemp, rm, writeFile, mkdir} from 'node:fs/promises'
import {createServer, type AddressInfo, type Socket} from 'node:net'
import {join, resolve} from 'node:path'
import {errnoOf} from '../../src/base/errors.ts'
import {fromUnicode} from '../../src/base/path.ts'
import {serve, type Target} from '../../src/peer/rsync/session.ts'
import {splitWords} from '../../src/peer/rsync/words.ts'

export const RSYNC = process.env['S3R_TEST_RSYNC'] ?? 'rsync'
export const HAS_RSYNC = spawnSync(RSYNC, ['--version']).error === undefined
const BRIDGE = resolve('test/support/bridge.mjs')

export type Ran = {readonly status: number; readonly stdout: string; readonly stderr: string}
/** What a session is served with, as it is when it begins. */
export type Served = Pick<Target, 'store' | 'memory' | 'signatures'>

export type Bridge = {
	/** What a client's environment needs. */
	readonly env: NodeJS.ProcessEnv
	/** Resolve to the statuses of the sessions that were begun. */
	readonly ended: Promise<number>[]
	/** Runs rsync in the directory `w` of the bridge's, with any host served here. */
	rsync(...args: string[]): Promise<Ran>
	close(): void
}

/** Nobody. */
const NAMES = {idOf: () => undefined, nameOf: () => undefined}

/** `dir` is for what a session keeps while it runs, and for `w`. */
export async function startBridge(dir: string, served: () => Served): Promise<Bridge> {
	const ended: Promise<number>[] = []
	const server = createServer((socket) => void ended.push(session(socket, dir, served)))
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
	const env = {
		...process.env,
		BRIDGE_PORT: String((server.address() as AddressInfo).port),
		BRIDGE_STATUS: join(dir, 'status'),
		RSYNC_RSH: `${process.execPath} ${BRIDGE}`,
	}
	const rsync = (...args: string[]): Promise<Ran> =>
		new Promise((done) => {
			execFile(RSYNC, args, {cwd: join(dir, 'w'), env, timeout: 60_000}, (error, stdout, stderr) =>
				done({status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr}),
			)
		})
	return {env, ended, rsync, close: () => void server.close()}
}

/** The status of a session whose client went before they had agreed on anything; whatever else went wrong is an error. */
function gone(error: unknown): number {
	if (errnoOf(error) !== 'EPIPE') throw error
	return 12
}

async function session(socket: Socket, dir: string, served: () => Served): Promise<number> {
	socket.on('error', () => {})
	const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
	let begun = Buffer.alloc(0)
	while (!begun.includes(10)) {
		const next = await chunks.next()
		if (next.done) return 12
		begun = Buffer.concat([begun, next.value])
	}
	const argv = JSON.parse(begun.subarray(0, begun.indexOf(10)).toString()) as string[]
	const rest = begun.subarray(begun.indexOf(10) + 1)
	const input = (async function* () {
		if (rest.length > 0) yield rest
		yield* {[Symbol.asyncIterator]: () => chunks}
	})()
	const words = splitWords(argv.slice(2).map(fromUnicode))
	const scratch = await mkdtemp(join(dir, 'scratch-'))
	await mkdir(join(scratch, 'uploads'))
	const target: Target = {
		...served(),
		prefix: '',
		stored: undefined,
		scratch: {root: '/', dir: scratch},
		accounts: {users: NAMES, groups: NAMES},
		close: () => {},
	}
	const write = (bytes: Buffer) =>
		new Promise<void>((done, fail) => socket.write(bytes, (error) => (error ? fail(error) : done())))
	const status = await serve(
		{input, write},
		{words, open: async () => target, umask: 0o022, self: {uid: 0, gid: 0}, say: () => {}},
	).catch(gone)
	await writeFile(join(dir, 'status'), String(status))
	socket.end()
	await rm(scratch, {recursive: true, force: true})
	return status
}
