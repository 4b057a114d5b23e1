#!/usr/bin/env node
// What a command costs before it does anything: user and system time of whole processes, in turns, as medians.
//
//     node bench/startup.mjs [ROUNDS]      25 by default; the store is s3sink, with 100 keys

import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {Meter} from './measure.mjs'
import {BUCKET, Sink} from './stores.mjs'
import {installed} from './tools/tools.mjs'
import {Work} from './work.mjs'

const PROGRAM = resolve('dist/s3r.js')
const NODE = [process.execPath]
const S3R = [process.execPath, PROGRAM]

/** Without the network, then with one request. */
const OURS = [
	['node -e 0', [...NODE, '-e', '0']],
	['s3r version', [...S3R, 'version']],
	['s3r ls-index', [...S3R, 'ls-index']],
	['s3r ls-local', [...S3R, 'ls-local']],
	['s3r ls-buckets', [...S3R, 'ls-buckets']],
	['s3r ls-remote', [...S3R, 'ls-remote']],
	['s3r cat-object', [...S3R, 'cat-object', `s3://${BUCKET}/d000/e000/file-000.txt`]],
	['s3r ls-uploads', [...S3R, 'ls-uploads']],
]

/** What has another environment than the others. */
const WITH_PROFILE = ['s3r cat-object, keys in a profile', OURS[6][1]]

async function main(rounds) {
	const work = new Work()
	try {
		const meter = new Meter(work)
		const sink = await Sink.start(work, work.compile('s3sink.c'), {keys: 100})
		const job = {endpoint: sink.endpoint, account: sink.account, bucket: BUCKET, latency: 0}
		const env = work.environment(work.dir)
		const {stores, locals} = await installed(PROGRAM, {env})
		const cwd = localSide(work, {...env, ...stores[0].configure({...job, home: work.dir})})
		const runs = [
			...OURS.map(([title, words]) => ({title, words, env: {...env, ...stores[0].configure(job)}})),
			{title: WITH_PROFILE[0], words: WITH_PROFILE[1], env: {...env, ...profile(work, job)}},
			...locals.slice(1).map(({name, words, version}) => ({
				title: `${name} ${version.join(' ')}`,
				words: [...words, ...version],
				env,
			})),
			...stores.slice(1).map((tool) => {
				const home = work.newDir(tool.name)
				const given = {...job, home}
				return {
					title: `${tool.name}: list 100 keys`,
					words: [...tool.words, ...tool.list(given)],
					env: {...env, ...tool.configure(given)},
				}
			}),
		]
		for (let round = 0; round < rounds; round++) for (const run of runs) await measure(meter, run, cwd)
		print(runs)
	} finally {
		await work.close()
	}
}

/** A local side with an index of 20 files. */
function localSide(work, env) {
	const dir = work.newDir('local')
	for (let i = 0; i < 20; i++) writeFileSync(join(dir, `file-${i}`), `${i}\n`)
	for (const words of [['init', BUCKET], ['index']]) {
		const {status, stderr} = spawnSync(process.execPath, [PROGRAM, ...words], {
			cwd: dir,
			env,
			encoding: 'utf8',
		})
		if (status !== 0) throw new Error(`s3r ${words.join(' ')}: ${stderr}`)
	}
	return dir
}

/** The settings with the keys in a file. */
function profile(work, {endpoint, account}) {
	const file = join(work.newDir('profile'), 'credentials')
	writeFileSync(
		file,
		`[default]\naws_access_key_id = ${account.accessKey}\naws_secret_access_key = ${account.secretKey}\n`,
	)
	return {
		AWS_SHARED_CREDENTIALS_FILE: file,
		AWS_CONFIG_FILE: '/nonexistent',
		AWS_REGION: 'us-east-1',
		AWS_ENDPOINT_URL: endpoint,
	}
}

async function measure(meter, run, cwd) {
	const {cpu, status} = await meter.run(run.words, {cwd, env: run.env, limit: 60})
	run.failed ||= status !== 0
	;(run.times ??= []).push(cpu * 1000)
}

function print(runs) {
	const median = ({times}) => times.toSorted((a, b) => a - b)[times.length >> 1]
	const base = median(runs[0])
	console.log('| | CPU, ms (median) | least | above node | times node |\n|---|---|---|---|---|')
	for (const run of runs) {
		if (run.failed) {
			console.log(`| ${run.title} | failed | | | |`)
			continue
		}
		const time = median(run)
		const cells = [
			time.toFixed(1),
			Math.min(...run.times).toFixed(1),
			(time - base).toFixed(1),
			(time / base).toFixed(2),
		]
		console.log(`| ${run.title} | ${cells.join(' | ')} |`)
	}
}

await main(Number(process.argv[2] ?? 25))
