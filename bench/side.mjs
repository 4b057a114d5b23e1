// One tool at one store: what is run, measured and checked.

import {rmSync} from 'node:fs'
import {CannotRun} from './work.mjs'
import {contents} from './trees.mjs'

/** How many times longer than a peer's row something may take. */
const PATIENCE = 10
/** What files take in memory, with their inodes, for each byte. */
const BESIDE = 1.25

/** One tool at one store, through the rows of a set. */
export class Side {
	#bench
	#env
	/** It failed, took too long, or did not do all of its work: what comes next would not be comparable. */
	isOut = false

	constructor(bench, tool, job) {
		this.#bench = bench
		this.tool = tool
		this.job = {...job, home: bench.work.newDir(tool.name)}
		this.#env = {...bench.work.environment(this.job.home), ...tool.configure?.(this.job)}
	}

	/** Runs what must be there before the first row, and does not measure it. */
	async prepare(...more) {
		for (const args of [...(this.tool.prepare?.(this.job) ?? []), ...more]) {
			const {status} = await this.#run(args, PATIENCE * this.#bench.options.limit)
			if (status !== 0) this.#leave(`cannot be prepared: ${this.#bench.meter.complaint()}`)
		}
	}

	/**
	 * Runs a verb of the tool and notes in the row what it cost.
	 * @param {(counted: object | undefined, into: string | undefined) => string | undefined} wrong what it did not do
	 */
	async measure(row, verb, {store, fill = false, wrong = () => undefined}) {
		if (this.isOut || this.tool[verb] === undefined) return
		if (fill) {
			this.job.into = this.#bench.work.newDir('into')
			this.#bench.work.touch(BESIDE * row.bytes)
		}
		await store?.counted?.()
		const cost = await this.#run(this.tool[verb](this.job), this.#limit)
		const counted = await store?.counted?.()
		const fault = faultOf(cost) ?? wrong(counted, this.job.into)
		this.#bench.results.add(row, this.tool.name, {...cost, counted, fault})
		if (fault !== undefined) this.#leave(`${row.id}: ${fault} ${this.#bench.meter.complaint()}`)
		else
			this.#bench.say(`${row.id}: ${this.tool.name} ${cost.wall.toFixed(2)} s, CPU ${cost.cpu.toFixed(2)} s`)
		if (fill) rmSync(this.job.into, {recursive: true})
	}

	/** A peer that is slow is ended, for it decides nothing; of s3r the report says how slow it is. */
	get #limit() {
		const {limit} = this.#bench.options
		return this.tool.name === 's3r' ? PATIENCE * limit : limit
	}

	#run(args, limit) {
		const cwd = this.tool.cwd?.(this.job) ?? this.job.home
		return this.#bench.meter.run([...this.tool.words, ...args], {cwd, env: this.#env, limit})
	}

	#leave(why) {
		this.isOut = true
		this.#bench.say(`${this.tool.name}: ${why}`)
	}
}

function faultOf({status}) {
	if (status === undefined) return 'too slow'
	return status === 0 ? undefined : `status ${status}`
}

/** What a directory lacks of what it should hold. */
export function lacks(dir, {files, bytes}) {
	const found = contents(dir)
	if (found.files === files && found.bytes === bytes) return undefined
	return `${found.files} of ${files} files, ${found.bytes} of ${bytes} bytes`
}

/** Buckets are made before a tool is asked to use them. */
export async function makeBucket(bench, job) {
	const side = new Side(bench, bench.tools.stores[0], {...job, root: bench.work.newDir('bucket')})
	await side.prepare()
	if (side.isOut) throw new CannotRun(`no bucket can be made at ${job.endpoint}`)
}
