#!/usr/bin/env node
// Measures s3r and its peers on the same stores in the same run, in turns, and writes the report: see README.md.

import {writeFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {chart} from './chart.mjs'
import {Meter} from './measure.mjs'
import {optionsOf, UsageError} from './options.mjs'
import {report} from './report.mjs'
import {Results} from './results.mjs'
import {largeRows} from './rows/large.mjs'
import {listRow} from './rows/list.mjs'
import {radosgwRows, treeRows} from './rows/tree.mjs'
import {walkRows} from './rows/walk.mjs'
import {startRadosgw} from './stores.mjs'
import {certificate} from './tls.mjs'
import {installed} from './tools/tools.mjs'
import {fixedSizes, mediaSizes, mixedSizes, Tree} from './trees.mjs'
import {CannotRun, machine, needDisk, Work} from './work.mjs'

const say = (line) => process.stderr.write(`${line}\n`)

/** What a run consists of, and what it has found so far. */
class Bench {
	results = new Results()
	#made = new Map()
	/** As it is when the run begins. */
	machine = machine()

	constructor(options, work, tools) {
		this.options = options
		this.work = work
		this.tools = tools
		this.say = say
		this.meter = new Meter(work)
		this.sinkProgram = work.compile('s3sink.c')
	}

	/** The same thing every time: it is made when it is first asked for. */
	once(what, make) {
		if (!this.#made.has(what)) this.#made.set(what, make())
		return this.#made.get(what)
	}

	/** A tree that all rounds share. */
	tree(name, sizes) {
		return this.once(name, () => {
			needDisk(this.work.dir, {
				bytes: 3 * sizes.reduce((sum, size) => sum + size + 4096, 0),
				files: 3 * sizes.length,
			})
			say(`making ${sizes.length} files (${name})`)
			return new Tree(this.work.newDir(name), sizes)
		})
	}
}

async function runRound(bench, round) {
	const {latencies, sizes, radosgw} = bench.options
	const small = fixedSizes(sizes.small)
	const smallRows = {
		name: 'small',
		tree: () => bench.tree('small', small),
		title: `${thousands(sizes.small)} x 4 KiB`,
	}
	const mixedTitle = `${thousands(sizes.mixed)} of 0 to 1 MiB`
	for (const latency of latencies) {
		await treeRows(bench, {...smallRows, latency})
		if (latency > 0) await treeRows(bench, {...smallRows, latency, isSlow: true, only: ['push', 'pull']})
		const mixed = () => bench.tree('mixed', mixedSizes(sizes.mixed))
		await treeRows(bench, {name: 'mixed', tree: mixed, title: mixedTitle, latency})
		const media = () => bench.tree('media', mediaSizes(sizes.media))
		await treeRows(bench, {name: 'media', tree: media, title: `${sizes.media} of 1 to 32 MiB`, latency, only: ['push', 'pull']})
		await largeRows(bench, {latency, size: sizes.large})
		await listRow(bench, {latency, keys: sizes.keys})
	}
	if (sizes.walk > 0) await walkRows(bench, {files: sizes.walk})
	if (radosgw)
		await radosgwRows(bench, {
			tree: () => bench.tree('radosgw', fixedSizes(sizes.radosgw)),
			title: `${thousands(sizes.radosgw)} x 4 KiB, radosgw`,
			radosgw: () => bench.once('radosgw store', () => startRadosgw(bench.work, say)),
			round,
		})
}

/** After each round, so that what was measured is not lost if somebody ends the next. */
function write({options, results, tools, machine: where}, round) {
	const rows = results.summary(options.only)
	const svg = options.out.replace(/(\.md)?$/, '.svg')
	writeFileSync(options.out, report({rows, tools, options, round, machine: where, chart: svg}))
	writeFileSync(svg, chart(rows))
	say(`round ${round} of ${options.rounds}: '${options.out}' is written`)
}

function thousands(count) {
	return count.toLocaleString('en')
}

async function main() {
	const options = optionsOf(process.argv.slice(2))
	if (options === undefined) return 0
	const work = new Work()
	for (const [signal, status] of [
		['SIGINT', 130],
		['SIGTERM', 143],
		['SIGHUP', 129],
	])
		process.once(signal, () => void work.close().finally(() => process.exit(status)))
	try {
		if (options.tls) work.certificate = certificate(work)
		const env = work.environment(work.dir)
		const tools = await installed(resolve(options.s3r), {only: options.tools, env})
		say(
			`measured: ${[...new Set([...tools.stores, ...tools.locals].map(({name, release}) => `${name} ${release}`))].join(', ')}`,
		)
		const bench = new Bench(options, work, tools)
		for (let round = 1; round <= options.rounds; round++) {
			await runRound(bench, round)
			write(bench, round)
		}
		return 0
	} finally {
		await work.close()
	}
}

try {
	process.exitCode = await main()
} catch (error) {
	if (!(error instanceof UsageError) && !(error instanceof CannotRun)) throw error
	say(`bench: ${error.message}`)
	process.exitCode = error instanceof UsageError ? 129 : 1
}
