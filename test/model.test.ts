// Thousands of interleavings of several writers, each made of a seed: whatever they do and in whatever
// order, nobody's work is lost. S3R_RUNS says how many, S3R_SEED where to begin (it is printed).

import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {serve} from '../src/serve/server.ts'
import {FOUND} from './model/found.ts'
import {Violation} from './model/history.ts'
import {Random} from './model/random.ts'
import {generate, type Plan} from './model/steps.ts'
import {World} from './model/world.ts'
import {s3r} from './support/run.ts'
import {SEED} from './support/seed.ts'

const RUNS = Number(process.env['S3R_RUNS'] ?? 1500)
/** Milliseconds after which no other is begun, unless S3R_RUNS says how many there shall be. */
const TIME = process.env['S3R_RUNS'] === undefined ? 30_000 : Infinity
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let count = 0

/** What is broken by these steps, if anything is. */
async function broken(scratch: string, plan: Plan): Promise<Violation | undefined> {
	const world = new World(mkdtempSync(join(scratch, `${(count += 1)}-`)), plan)
	try {
		await world.run()
		return undefined
	} catch (error) {
		if (error instanceof Violation) return error
		return new Violation(error instanceof Error ? (error.stack ?? error.message) : String(error))
	} finally {
		world.remove()
	}
}

/** The fewest of the steps that break something, too. */
async function shrunk(
	scratch: string,
	plan: Plan,
	first: Violation,
): Promise<{plan: Plan; violation: Violation}> {
	let [smallest, violation] = [plan, first]
	for (let at = smallest.steps.length - 1; at >= 0; at--) {
		const smaller = {...smallest, steps: smallest.steps.toSpliced(at, 1)}
		const still = await broken(scratch, smaller)
		if (still) [smallest, violation] = [smaller, still]
	}
	return {plan: smallest, violation}
}

for (const [title, plans] of Object.entries(FOUND))
	test.serial(`${title}: nothing is lost`, async (t) => {
		const scratch = mkdtempSync(join(BASE, 's3r-model-'))
		t.teardown(() => rmSync(scratch, {recursive: true, force: true}))
		for (const plan of plans) t.is((await broken(scratch, plan))?.message, undefined)
	})

test.serial('interleavings of two or three writers lose nothing', async (t) => {
	t.timeout(24 * 3600 * 1000)
	t.log(`S3R_SEED=${SEED} S3R_RUNS=${RUNS}`)
	const scratch = mkdtempSync(join(BASE, 's3r-model-'))
	const began = performance.now()
	try {
		let run = 0
		for (; run < RUNS && performance.now() - began < TIME; run++) {
			const plan = generate(new Random(SEED + run))
			const violation = await broken(scratch, plan)
			if (!violation) continue
			const found = await shrunk(scratch, plan, violation)
			t.log(JSON.stringify(found.plan, undefined, '\t'))
			t.fail(`S3R_SEED=${SEED + run} S3R_RUNS=1: ${found.violation.message}`)
			return
		}
		t.log(`${run} interleavings, ${Math.round((run / (performance.now() - began)) * 1000)} a second`)
		t.pass()
	} finally {
		rmSync(scratch, {recursive: true, force: true})
	}
})

type Lame = {
	readonly env: NodeJS.ProcessEnv
	readonly log: string[]
	readonly clone: (name: string) => Promise<string>
}

/** A server that may pass over conditions, what it was asked, and clones of a bucket of it. */
async function served(t: ExecutionContext, conditional: boolean): Promise<Lame> {
	const root = mkdtempSync(join(tmpdir(), 's3r-lame-'))
	const log: string[] = []
	const server = await serve({
		root: join(root, 'store'),
		accounts: [{accessKey: 'TESTACCESSKEY', secretKey: 'test-secret-key'}],
		fsync: false,
		conditional,
		log: (line) => log.push(line),
	})
	t.teardown(async () => {
		await server.close()
		rmSync(root, {recursive: true, force: true})
	})
	const env = {
		AWS_ENDPOINT_URL: server.endpoint,
		AWS_ACCESS_KEY_ID: 'TESTACCESSKEY',
		AWS_SECRET_ACCESS_KEY: 'test-secret-key',
		HOME: root,
	}
	// the SDK looks nowhere else
	Object.assign(process.env, env)
	return {
		env,
		log,
		clone: async (name) => {
			const cwd = join(root, name)
			mkdirSync(cwd)
			t.is((await s3r(['init', '--create-bucket', 'testrsync'], {cwd, env})).status, 0)
			return cwd
		},
	}
}

const probes = (log: readonly string[]) => log.filter((line) => line.includes('.s3r/probe')).length

test.serial(
	'a store that passes over conditions is found out once, said once, and asked before each write',
	async (t) => {
		const {env, log, clone} = await served(t, false)
		const [a, b] = [await clone('a'), await clone('b')]
		writeFileSync(join(a, 'f'), 'from a')
		const first = await s3r(['push', '-a'], {cwd: a, env})
		t.is(first.status, 0, first.stderr)
		t.regex(first.stderr, /^warning: s3:\/\/testrsync\/ has no conditional writes: .*\n$/)
		t.regex(readFileSync(join(a, '.s3rsync/config'), 'utf8'), /\tconditional = false\n/)
		t.is(probes(log), 3)

		writeFileSync(join(a, 'g'), 'more')
		log.length = 0
		const second = await s3r(['push', '-a'], {cwd: a, env})
		t.deepEqual([second.status, second.stderr, probes(log)], [0, '', 0])
		t.true(
			log.findIndex((line) => /^HEAD .*\/g 404/.test(line)) <
				log.findIndex((line) => /^PUT .*\/g/.test(line)),
		)

		writeFileSync(join(b, 'f'), 'from b')
		const rival = await s3r(['push', '-a'], {cwd: b, env})
		t.is(rival.status, 23, rival.stderr)
		t.is((await s3r(['cat-object', 'f'], {cwd: a, env})).stdout, 'from a')
	},
)

test.serial(
	'a store that obeys conditions is probed once, costs three requests for it, and keeps nothing of it',
	async (t) => {
		const {env, log, clone} = await served(t, true)
		const [a, b] = [await clone('a'), await clone('b')]
		for (let i = 0; i < 300; i++) {
			mkdirSync(join(a, `d${i % 3}`), {recursive: true})
			writeFileSync(join(a, `d${i % 3}/f${i}`), String(i))
		}
		log.length = 0
		t.deepEqual(await s3r(['push', '-a'], {cwd: a, env}), {status: 0, stdout: '', stderr: ''})
		t.is(log.length, 307)
		t.is(probes(log), 3)
		t.is((await s3r(['ls-remote', 's3://testrsync/.s3r/', '--name-only'], {cwd: a, env})).stdout, 'root\n')
		writeFileSync(join(b, 'other'), 'x')
		log.length = 0
		t.is((await s3r(['push', 'other'], {cwd: b, env})).status, 0)
		t.is(probes(log), 3)
		t.regex(readFileSync(join(b, '.s3rsync/config'), 'utf8'), /\tconditional = true\n/)
	},
)
