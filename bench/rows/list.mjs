// A list of many keys.

import {Side} from '../side.mjs'
import {BUCKET, Sink} from '../stores.mjs'

/** The row at a sink that holds the keys, for all tools: nothing is written. */
export async function listRow(bench, {latency, keys}) {
	const row = {
		id: `list ${latency} ms`,
		title: `list of ${keys.toLocaleString('en')} keys`,
		latency,
		unit: 'key',
		count: keys,
	}
	if (!bench.options.only.test(row.id)) return
	const sink = await Sink.start(bench.work, bench.sinkProgram, {latency, keys})
	const {endpoint, account} = sink
	for (const tool of bench.results.worthwhile(row, bench.tools.stores)) {
		const side = new Side(bench, tool, {
			endpoint,
			account,
			bucket: BUCKET,
			latency,
			root: bench.work.newDir('list'),
		})
		await side.prepare()
		const wrong = () => (bench.meter.lines() < keys ? `${bench.meter.lines()} of ${keys} keys` : undefined)
		await side.measure(row, 'list', {store: sink, wrong})
	}
	await sink.stop()
}
