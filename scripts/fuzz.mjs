// Fuzzes every parser of foreign bytes, or those named, until it is stopped: `npm run fuzz [-- <target>...]`.
//
//	S3R_RUNS	inputs for each target before the next has its turn; 20,000 by default
//	S3R_ROUNDS	turns, without end by default
//	S3R_SEED	where to begin
//
// What it finds is made as small as it goes and written to test/fuzz/found/, where the tests look.

import {createHash} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {failure, shrunk} from '../build/test/fuzz/attempt.js'
import {inputFor} from '../build/test/fuzz/mutate.js'
import {TARGETS} from '../build/test/fuzz/targets.js'
import {Random} from '../build/test/model/random.js'

const RUNS = Number(process.env.S3R_RUNS ?? 20_000)
const ROUNDS = Number(process.env.S3R_ROUNDS ?? Infinity)
const SEED = Number(process.env.S3R_SEED ?? Date.now() % 1_000_000_000)
const FOUND = 'test/fuzz/found'

const names = process.argv.slice(2)
const targets = TARGETS.filter(({name}) => names.length === 0 || names.includes(name))
const random = new Random(SEED)
const seen = new Set()
let count = 0
const began = performance.now()
console.log(`S3R_SEED=${SEED}, ${targets.length} targets`)

for (let round = 0; round < ROUNDS; round++) {
	for (const target of targets)
		for (let run = 0; run < RUNS; run++, count++) {
			const input = inputFor(target, random)
			const why = await failure(target, input)
			if (why === undefined) continue
			// one of a kind: the place that it was thrown from
			const kind = `${target.name} ${/\n.*/.exec(why)?.[0] ?? why.slice(0, 20)}`
			if (seen.has(kind)) continue
			seen.add(kind)
			const small = await shrunk(target, input)
			mkdirSync(FOUND, {recursive: true})
			const file = `${FOUND}/${target.name}.${createHash('md5').update(small).digest('hex').slice(0, 8)}`
			writeFileSync(file, small)
			console.log(`${file}: ${why.split('\n', 6).join('\n')}`)
		}
	const seconds = (performance.now() - began) / 1000
	console.log(`${count} inputs in ${Math.round(seconds)} s, ${seen.size} kinds of failures`)
}
process.exitCode = seen.size > 0 ? 1 : 0
