// Other versions of rsync than the system's, which scripts/get-rsyncs.sh brings: each sends a tree, finds it
// unchanged, brings it back and deletes, over both transports.

import {execFileSync, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync} from 'node:fs'
import {appendFile, mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {PassThrough} from 'node:stream'
import test from 'ava'
import {client} from './support/parity.ts'
import {s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'

const WHERE = 'build/rsyncs'
const VERSIONS = existsSync(WHERE)
	? readdirSync(WHERE)
			.map((name) => ({name, program: resolve(WHERE, name, 'rsync')}))
			.filter(({program}) => existsSync(program))
	: []

const TREE = `
mkdir -p tree/d/sub tree/empty; cd tree; seq 300000 >big; echo x >d/sub/'a b'; ln d/sub/'a b' d/hard; ln -s big link
mkfifo fifo; setfattr -n user.note -v hello big; setfacl -m u:1234:r d/hard; chmod 2750 d; : >zero
find . -exec touch -h -d '2007-06-13 15:19:15.123456789' {} +
`

let dir = ''
let store: TestServer
let url = ''
let stop = async (): Promise<void> => {}

test.before(async () => {
	if (VERSIONS.length === 0) return
	dir = await mkdtemp(join(tmpdir(), 's3r-versions-'))
	store = await testServer()
	const env = {...store.env, XDG_CACHE_HOME: join(dir, 'cache'), HOME: dir, AWS_EC2_METADATA_DISABLED: 'true'}
	Object.assign(process.env, env)
	execFileSync('bash', ['-c', TREE], {cwd: dir})
	const made = await s3r(['create-bucket', 'testrsync'], {env})
	if (made.status !== 0) throw new Error(made.stderr)
	const interrupt = new AbortController()
	const stdout = new PassThrough()
	const ended = s3r(['daemon', '--port', '0', '--signatures', '1G'], {
		cwd: dir,
		env,
		signal: interrupt.signal,
		stdout,
	})
	const [first] = (await once(stdout, 'data')) as [Buffer]
	url = first.toString().trim()
	stop = async () => {
		interrupt.abort()
		await ended
	}
})
test.after.always(async () => {
	await stop()
	if (dir === '') return
	await store.stop()
	await rm(dir, {recursive: true, force: true})
})

const canCompare = process.getuid?.() === 0 && spawnSync('rsync', ['--version']).error === undefined
if (VERSIONS.length === 0) test.skip(`there are none in ${WHERE}`, () => {})
for (const {name, program} of canCompare ? VERSIONS : [])
	for (const transport of ['daemon', 'rsh'] as const)
		test.serial(`the rsync of ${name} keeps everything, over ${transport}`, async (t) => {
			const at = `${name}-${transport}/`
			const remote = transport === 'daemon' ? `${url}testrsync/${at}` : `testrsync:${at}`
			const how =
				transport === 'daemon'
					? []
					: ['-e', `${process.execPath} ${resolve('dist/s3r.js')} rsh --signatures 1G`]
			const run = async (...args: string[]) => client([...how, ...args], dir, {}, program)
			const back = join(dir, `back-${name}-${transport}`)
			t.like(await run('-aHAXz', 'tree/', remote), {status: 0, stderr: ''})
			t.like(await run('-aHAXi', '--delete', 'tree/', remote), {status: 0, lines: [], stderr: ''})
			t.like(await run('-aHAXz', remote, `${back}/`), {status: 0, stderr: ''})
			const differences = execFileSync('rsync', ['-aincHAX', '--delete', 'tree/', `${back}/`], {cwd: dir})
			t.is(differences.toString(), '')
			await appendFile(join(back, 'big'), 'more')
			const more = await run('-aHAX', '--stats', `${back}/`, remote)
			t.is(more.status, 0)
			t.is(
				more.lines.find((line) => line.startsWith('Matched')),
				'Matched data: 1,988,096 bytes',
			)
			const deleted = await run('-ai', '--delete', '--protocol=29', '--exclude=d', 'tree/empty/', remote)
			t.like(deleted, {status: 0, stderr: ''})
			t.is(deleted.lines.filter((line) => line.startsWith('*deleting')).length, 5)
		})
