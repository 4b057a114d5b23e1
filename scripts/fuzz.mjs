// Fuzzes every parser of foreign bytes, or those named, until it is stopped: `npm run fuzz [-- <target>...]`.
//
//	S3R_RUNS	inputs for each target before the next has its turn; 20,000 by default
//	S3R_ROUNDS	turns, without end by default
//	S3R_SEED	where to begin
//
// What it finds is made as small as it goes and written to test/fuzz/found/, where the tests look. The work is
// done in a thread: one that hangs is ended, and its input kept.

import {createHash} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {isMainThread, parentPort, Worker, workerData} from 'node:worker_threads'
import {failure, shrunk} from '../build/test/fuzz/attempt.js'
import {inputFor} from '../build/test/fuzz/mutate.js'
import {TARGETS} from '../build/test/fuzz/targets.js'
import {Random} from '../build/test/model/random.js'

const FOUND = 'test/fuzz/found'
/** Milliseconds after which a thread that tries one input hangs. */
const PATIENCE = 30_000
const LONGEST = 4096

/** Writes an input that did harm; returns where. */
function keep(target, input) {
	mkdirSync(FOUND, {recursive: true})
	const file = `${FOUND}/${target}.${createHash('md5').update(input).digest('hex').slice(0, 8)}`
	writeFileSync(file, input)
	return file
}

/** Shared with the thread: how many inputs were begun, and the length, target and bytes of the last. */
const views = (shared) => ({
	state: new Int32Array(shared, 0, 3),
	input: new Uint8Array(shared, 12, LONGEST),
})

async function work({shared, seed, runs, names}) {
	const {state, input: place} = views(shared)
	const random = new Random(seed)
	const seen = new Set()
	for (const [i, target] of TARGETS.entries()) {
		if (names.length > 0 && !names.includes(target.name)) continue
		for (let run = 0; run < runs; run++) {
			const input = inputFor(target, random)
			place.set(input)
			state[1] = input.length
			state[2] = i
			Atomics.add(state, 0, 1)
			const why = await failure(target, input)
			if (why === undefined) continue
			// one of a kind: the place that it was thrown from
			const kind = `${target.name} ${/\n.*/.exec(why)?.[0] ?? why.slice(0, 20)}`
			if (seen.has(kind)) continue
			seen.add(kind)
			parentPort.postMessage([keep(target.name, await shrunk(target, input)), why])
		}
	}
}

/** One turn of all targets in a thread of its own; resolves to how many inputs it took and what it found. */
function turn(options) {
	const shared = new SharedArrayBuffer(12 + LONGEST)
	const {state, input} = views(shared)
	const worker = new Worker(new URL(import.meta.url), {workerData: {...options, shared}})
	let found = 0
	let last = -1
	const watch = setInterval(() => {
		if (Atomics.load(state, 0) === last) {
			found++
			const file = keep(TARGETS[state[2]].name, Buffer.from(input.subarray(0, state[1])))
			console.log(`${file}: it hangs`)
			void worker.terminate()
		}
		last = Atomics.load(state, 0)
	}, PATIENCE)
	worker.on('message', ([file, why]) => {
		found++
		console.log(`${file}: ${why.split('\n', 6).join('\n')}`)
	})
	return new Promise((resolve, reject) => {
		worker.on('error', reject)
		worker.on('exit', () => {
			clearInterval(watch)
			resolve({count: Atomics.load(state, 0), found})
		})
	})
}

async function main() {
	const runs = Number(process.env.S3R_RUNS ?? 20_000)
	const rounds = Number(process.env.S3R_ROUNDS ?? Infinity)
	const seed = Number(process.env.S3R_SEED ?? Date.now() % 1_000_000_000)
	const began = performance.now()
	let [count, found] = [0, 0]
	for (let round = 0; round < rounds; round++) {
		const done = await turn({seed: seed + round, runs, names: process.argv.slice(2)})
		count += done.count
		found += done.found
		const seconds = Math.round((performance.now() - began) / 1000)
		console.log(`S3R_SEED=${seed + round}: ${count} inputs in ${seconds} s, ${found} failures`)
	}
	process.exitCode = found > 0 ? 1 : 0
}

if (isMainThread) await main()
else await work(workerData)
