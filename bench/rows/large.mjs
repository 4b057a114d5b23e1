// One large file, up and down.

import {join} from 'node:path'
import {lacks, Side} from '../side.mjs'
import {BUCKET, Sink} from '../stores.mjs'
import {makeFile} from '../trees.mjs'
import {needDisk, needMemory} from '../work.mjs'

/** The rows at a sink of its own for each tool, one after the other, for it keeps all in memory. */
export async function largeRows(bench, {latency, size}) {
	const title = `one file of ${readable(size)}`
	const rest = {latency, unit: 'MB', count: size / 1e6, bytes: size}
	const up = {...rest, id: `large up ${latency} ms`, title: `push, ${title}`}
	const down = {...rest, id: `large down ${latency} ms`, title: `pull, ${title}`}
	const isAsked = ({id}) => bench.options.only.test(id)
	if (!isAsked(up) && !isAsked(down)) return
	const file = bench.once('large file', () => made(bench, size))
	for (const tool of bench.results.worthwhile(up, bench.tools.stores)) {
		needMemory(1.1 * size)
		// what is touched for the first time costs the sink more than what it does with it
		const sink = await Sink.start(bench.work, bench.sinkProgram, {latency, memory: 1.05 * size})
		const {endpoint, account} = sink
		const root = bench.work.newDir('large')
		const side = new Side(bench, tool, {endpoint, account, bucket: BUCKET, latency, file, root})
		const isThere = ({stored}) => (stored === size ? undefined : `${stored} of ${size} bytes`)
		await side.measure(up, 'upload', {store: sink, wrong: isThere})
		if (isAsked(down))
			await side.measure(down, 'download', {
				store: sink,
				fill: true,
				wrong: (_, into) => lacks(into, {files: 1, bytes: size}),
			})
		await sink.stop()
	}
}

function made(bench, size) {
	needDisk(bench.work.dir, {bytes: 2.3 * size, files: 10})
	const file = join(bench.work.newDir('file'), 'large.bin')
	makeFile(file, size)
	return file
}

function readable(size) {
	return size >= 2 ** 30 ? `${+(size / 2 ** 30).toFixed(1)} GiB` : `${Math.round(size / 2 ** 20)} MiB`
}
