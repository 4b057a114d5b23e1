// Thousands of interleavings of several writers, each made of a seed: whatever they do and in whatever
// order, nobody's work is lost. S3R_RUNS says how many, S3R_SEED where to begin (it is printed).

import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import {Violation} from './model/history.ts'
import {Random} from './model/random.ts'
import {generate, type Plan} from './model/steps.ts'
import {World} from './model/world.ts'

const RUNS = Number(process.env['S3R_RUNS'] ?? 1500)
const SEED = Number(process.env['S3R_SEED'] ?? Date.now() % 1_000_000_000)
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

test(`${RUNS} interleavings of two or three writers lose nothing`, async (t) => {
	t.timeout(24 * 3600 * 1000)
	t.log(`S3R_SEED=${SEED} S3R_RUNS=${RUNS}`)
	const scratch = mkdtempSync(join(BASE, 's3r-model-'))
	const began = performance.now()
	try {
		for (let run = 0; run < RUNS; run++) {
			const plan = generate(new Random(SEED + run))
			const violation = await broken(scratch, plan)
			if (!violation) continue
			const found = await shrunk(scratch, plan, violation)
			t.log(JSON.stringify(found.plan, undefined, '\t'))
			t.fail(`S3R_SEED=${SEED + run} S3R_RUNS=1: ${found.violation.message}`)
			return
		}
		t.log(`${Math.round((RUNS / (performance.now() - began)) * 1000)} interleavings a second`)
		t.pass()
	} finally {
		rmSync(scratch, {recursive: true, force: true})
	}
})
