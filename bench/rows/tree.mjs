// The rows on a tree of files: a first push, and then the days after it.

import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {lacks, makeBucket, Side} from '../side.mjs'
import {BUCKET, Sink} from '../stores.mjs'
import {needMemory} from '../work.mjs'

/** In the order in which they are run: each starts where the one before it ended. */
const STEPS = [
	{step: 'push', verb: 'push', title: 'first push'},
	{step: 'nochange', verb: 'sync', title: 'push, nothing changed'},
	{step: 'changed', verb: 'sync', title: 'push, 1 % changed', change: (tree) => tree.change()},
	{step: 'touch', verb: 'sync', title: 'push, all touched', change: (tree) => tree.touch()},
	{step: 'rename', verb: 'mirror', title: 'push, a directory renamed', change: (tree) => tree.rename()},
	{step: 'pull', verb: 'pull', title: 'pull'},
]
/** S3 and what compares times tell seconds: what was sent and what is changed later must not fall into one. */
const A_SECOND = 1100
/** What the sink keeps beside an object's bytes, and malloc between them. */
const OBJECT_OVERHEAD = 1800

/**
 * The rows at the sink, or only some of them; every tool has a sink of its own. The latency is that of the way, or, where it
 * `isSlow`, of the sink, which takes as long for each request of a connection.
 */
export async function treeRows(bench, {name, tree, title, latency, isSlow = false, only}) {
	const steps = only ? STEPS.filter(({step}) => only.includes(step)) : STEPS
	const rows = rowsOf(bench, {name, title, latency, isSlow, suffix: ` ${latency} ms${isSlow ? ' each' : ''}`}, steps)
	if (rows === undefined) return
	const tools = bench.results.worthwhile(rows.first, bench.tools.stores)
	// what is touched for the first time costs the sink more than what it does with it
	const memory = tree().bytes + tree().files * OBJECT_OVERHEAD
	needMemory(tools.length * memory)
	const sinks = new Map()
	for (const tool of tools) sinks.set(tool, await Sink.start(bench.work, bench.sinkProgram, {latency, isSlow, memory}))
	await runSteps(bench, {
		tree: tree(),
		rows,
		tools,
		latency,
		storeOf: (tool) => ({...placeAt(sinks.get(tool)), bucket: BUCKET}),
	})
	for (const sink of sinks.values()) await sink.stop()
}

/** The main rows at a radosgw, which all tools share: a bucket for each. */
export async function radosgwRows(bench, {tree, title, radosgw, round}) {
	const steps = STEPS.filter(({step}) => ['push', 'nochange', 'pull'].includes(step))
	const rows = rowsOf(bench, {name: 'radosgw', title, latency: 0, suffix: '', isServerBound: true}, steps)
	if (rows === undefined) return
	const tools = bench.results.worthwhile(rows.first, bench.tools.stores)
	const place = placeAt(await radosgw())
	if (place.endpoint === undefined) return
	for (const tool of tools)
		await makeBucket(bench, {...place, bucket: `${BUCKET}-${round}-${tool.name}`, latency: 0})
	const storeOf = (tool) => ({...place, bucket: `${BUCKET}-${round}-${tool.name}`})
	await runSteps(bench, {tree: tree(), rows, tools, latency: 0, storeOf})
}

function placeAt(store) {
	return {store, endpoint: store?.endpoint, account: store?.account}
}

/** The rows that are asked for, with the first push that they all need; undefined if none is. */
function rowsOf(bench, {name, title, suffix, ...rest}, steps) {
	const all = steps.map(({step, ...how}) => ({
		...rest,
		...how,
		id: `${name} ${step}${suffix}`,
		title: `${how.title}, ${title}`,
		unit: 'file',
		isSmall: name !== 'media',
	}))
	const asked = all.filter(({id}) => bench.options.only.test(id))
	if (asked.length === 0) return undefined
	const [first] = all
	return {first, all: asked.includes(first) ? asked : [first, ...asked]}
}

async function runSteps(bench, {tree, rows, tools, latency, storeOf}) {
	rmSync(join(tree.root, '.s3rsync'), {recursive: true, force: true})
	const sides = tools.map((tool) => {
		const {store, ...place} = storeOf(tool)
		return {store, side: new Side(bench, tool, {...place, latency, root: tree.root, data: tree.data})}
	})
	for (const {side} of sides) await side.prepare()
	for (const step of rows.all) {
		const changed = step.change ? await later(() => step.change(tree)) : 0
		const row = {...step, count: tree.files, bytes: tree.bytes}
		for (const {side, store} of sides) {
			const wrong =
				step.verb === 'pull'
					? (_, into) => lacks(into, tree)
					: (counted) => notThere(counted, tree, row, changed)
			await side.measure(row, step.verb, {store, fill: step.verb === 'pull', wrong})
		}
	}
}

async function later(change) {
	await pause(A_SECOND)
	const changed = change()
	await pause(A_SECOND)
	return changed
}

/** What the sink does not hold, or was not told. */
function notThere(counted, tree, {verb}, changed) {
	if (counted === undefined) return undefined
	const {objects, stored, requests} = counted
	const most = tree.files + tree.directories + 1
	if (stored !== tree.bytes || objects < tree.files || objects > most)
		return `${objects} objects for ${tree.files} files, ${stored} of ${tree.bytes} bytes`
	const sent = (requests.PutObject ?? 0) + (requests.CompleteMultipartUpload ?? 0)
	const isChange = verb === 'sync' && changed > 0 && changed < tree.files
	return isChange && sent < changed ? `${sent} of ${changed} changed files` : undefined
}
