// Bytes that nobody meant, for every parser of what others wrote: no error but those for users, no hang, and
// what was read is written as it was. S3R_RUNS inputs for each; scripts/fuzz.mjs goes on for as long as is wanted.

import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {failure, shrunk} from './fuzz/attempt.ts'
import {inputFor} from './fuzz/mutate.ts'
import {TARGETS} from './fuzz/targets.ts'
import {Random} from './model/random.ts'
import {SEED} from './support/seed.ts'

const RUNS = Number(process.env['S3R_RUNS'] ?? 2000)
const FOUND = 'test/fuzz/found'

for (const target of TARGETS) {
	const runs = Math.ceil(RUNS / (target.cost ?? 1))
	test.serial(`${target.name}: ${runs} inputs do no harm`, async (t) => {
		t.timeout(3600 * 1000)
		t.log(`S3R_SEED=${SEED}`)
		const random = new Random(SEED)
		for (const sample of target.samples) t.is(await failure(target, sample), undefined)
		for (let run = 0; run < runs; run++) {
			const input = inputFor(target, random)
			const why = await failure(target, input)
			if (why === undefined) continue
			t.log(`input in base64: ${(await shrunk(target, input)).toString('base64')}`)
			t.fail(why)
			return
		}
		t.pass()
	})
}

test('what was found once is not found again', async (t) => {
	for (const file of readdirSync(FOUND)) {
		const target = TARGETS.find(({name}) => file.startsWith(`${name}.`))
		if (target) t.is(await failure(target, readFileSync(join(FOUND, file))), undefined, file)
		else t.fail(`no target for ${file}`)
	}
})
