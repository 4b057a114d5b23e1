// What is made for each file has one hidden class (HACKING.md): V8 finds what it looks for in its caches, and asks nobody.

import {execFile} from 'node:child_process'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import test from 'ava'
import {s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'

const PROGRAM = fileURLToPath(new URL('../commands/s3r.js', import.meta.url))
const BUCKET = 'classes'

let server: TestServer
const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-classes-')))

test.before(async () => {
	server = await testServer()
	// a store that is opened in this process looks for it there
	Object.assign(process.env, server.env, {AWS_EC2_METADATA_DISABLED: 'true'})
})
test.after.always(async () => {
	await server.stop()
	fs.rmSync(base, {recursive: true, force: true})
})

const run = promisify(execFile)

/** A piece of code of ours or Node's, by where V8 put it. */
type Code = {readonly from: number; readonly to: number; readonly isOurs: boolean}

/** How often code of ours had to ask the runtime where something is in an object, by the log of one thread. */
function missesIn(log: string): number {
	const codes: Code[] = []
	let count = 0
	for (const line of log.split('\n')) {
		const [what = '', first = '', , , address = '', size = '', name = ''] = line.split(',')
		if (what === 'code-creation') {
			const from = Number(address)
			codes.push({from, to: from + Number(size), isOurs: name.includes('/build/')})
		} else if (/^(Keyed)?(Load|Store)IC$/.test(what)) {
			const at = Number(first)
			if (codes.findLast(({from, to}) => from <= at && at < to)?.isOurs === true) count++
		}
	}
	return count
}

/** The same of all threads of a run. */
async function misses(cwd: string, ...argv: readonly string[]): Promise<number> {
	const logs = fs.mkdtempSync(join(base, 'log-'))
	const how = ['--log-ic', `--logfile=${logs}/v8.log`, '--logfile-per-isolate']
	const env = {...process.env, S3R_THREADS: '1'}
	await run(process.execPath, [...how, PROGRAM, ...argv], {cwd, env})
	const read = (name: string) => missesIn(fs.readFileSync(`${logs}/${name}`, 'latin1'))
	return fs.readdirSync(logs).reduce((sum, name) => sum + read(name), 0)
}

/** A tree of so many files, and how often V8 asked in a push of it, of all its files touched, and in a clone. */
async function missesOf(count: number): Promise<{push: number; touch: number; clone: number}> {
	const name = `of-${count}`
	const root = join(base, name)
	fs.mkdirSync(root)
	for (let i = 0; i < count; i++) fs.writeFileSync(`${root}/file ${i}`, `content ${i}`)
	await s3r(['init', '--create-bucket', `${BUCKET}/${name}`], {cwd: root, env: server.env})
	const push = await misses(root, 'push', '-a')
	for (let i = 0; i < count; i++) fs.utimesSync(`${root}/file ${i}`, 1, 1_000_000_000 + i)
	const touch = await misses(root, 'push', '-a')
	const clone = await misses(base, 'clone', '-a', `${BUCKET}/${name}`, `clone-${count}`)
	return {push, touch, clone}
}

test('objects that are made for each file have the class of those of the file before', async (t) => {
	const [few, many] = [await missesOf(500), await missesOf(1500)]
	for (const verb of ['push', 'touch', 'clone'] as const) {
		const each = (many[verb] - few[verb]) / 1000
		t.log(`${verb}: ${each} a file`)
		t.true(each < 4, `${verb}: ${each} a file`)
	}
})
