// Very many files on disk: what looking at each costs, and finding that none changed. The peers talk to no store.

import {rmSync} from 'node:fs'
import {Side} from '../side.mjs'
import {BUCKET, Sink} from '../stores.mjs'
import {fixedSizes, Tree} from '../trees.mjs'
import {needDisk} from '../work.mjs'

const BLOCK = 4096

/** The rows on `files` small files, which all hold the same: nobody reads them here. */
export async function walkRows(bench, {files}) {
	const many = `${files.toLocaleString('en')} files`
	const rest = {latency: 0, unit: 'file', count: files, bytes: 0}
	const rows = [
		{...rest, id: 'walk all', verb: 'walk', title: `look at ${many}`},
		{...rest, id: 'walk nochange', verb: 'status', title: `find that none of ${many} changed`},
	].filter(({id}) => bench.options.only.test(id))
	if (rows.length === 0) return
	const {tree, sides} = await prepared(bench, files, rows)
	for (const row of rows)
		for (const side of sides) {
			const isWalk = row.verb === 'walk'
			const wrong = ({requests} = {requests: {}}) =>
				!isWalk && Object.keys(requests).length > 0 ? 'requests were made' : undefined
			await side.measure(row, row.verb, {store: side.store, fill: isWalk, wrong})
		}
	// on tmpfs all of it lies in memory, git's repositories too, and the next round needs that for one large file
	for (const {store} of sides) await store?.stop()
	for (const dir of [tree.root, ...sides.map(({job}) => job.home)]) rmSync(dir, {recursive: true})
}

/** Each tool has seen all files once, and s3r has sent them; that is not measured. */
async function prepared(bench, files, rows) {
	needDisk(bench.work.dir, {bytes: 2 * files * BLOCK, files: 1.1 * files})
	bench.say(`making ${files} files, and letting git and s3r know them`)
	const tree = new Tree(bench.work.newDir('walk'), fixedSizes(files, 16), {alike: true})
	const sides = []
	for (const tool of bench.tools.locals) {
		if (!rows.some(({verb}) => tool[verb])) continue
		const sink = tool.push ? await Sink.start(bench.work, bench.sinkProgram) : undefined
		const {endpoint, account} = sink ?? {}
		const side = new Side(bench, tool, {
			endpoint,
			account,
			bucket: BUCKET,
			latency: 0,
			root: tree.root,
			data: tree.data,
		})
		side.store = sink
		await side.prepare(
			...(tool.push && rows.some(({verb}) => verb === 'status') ? [tool.push(side.job)] : []),
		)
		sides.push(side)
	}
	return {tree, sides}
}
