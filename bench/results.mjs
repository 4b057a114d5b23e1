// What was measured, and what it means: medians, the best peer of a row, and whether s3r leads.

/** A peer that is so many times slower than the fastest one is not measured again: it decides nothing. */
const HOPELESS = 4

export class Results {
	#rows = new Map()

	add(row, tool, run) {
		if (!this.#rows.has(row.id)) this.#rows.set(row.id, {...row, runs: new Map()})
		const {runs} = this.#rows.get(row.id)
		runs.set(tool, [...(runs.get(tool) ?? []), run])
	}

	/** The tools that are worth another run of this row. */
	worthwhile(row, tools) {
		const runs = this.#rows.get(row.id)?.runs
		if (runs === undefined) return tools
		const peers = [...runs].filter(([tool]) => tool !== 's3r').map(([, those]) => median(good(those), 'wall'))
		const best = Math.min(...peers.filter((wall) => wall !== undefined))
		return tools.filter(({name}) => {
			const those = runs.get(name)
			if (those === undefined) return false
			return (
				good(those).length === those.length && (name === 's3r' || median(those, 'wall') <= HOPELESS * best)
			)
		})
	}

	/** @returns {Row[]} every row that was asked for, with the figures of every tool, the fastest first */
	summary(only) {
		return [...this.#rows.values()]
			.filter(({id}) => only.test(id))
			.map((row) => judged({...row, tools: figures(row)}))
	}
}

function good(runs) {
	return runs.filter(({fault}) => fault === undefined)
}

function figures({runs, count}) {
	return [...runs]
		.map(([name, all]) => figuresOf(name, all, count))
		.toSorted((a, b) => (a.wall ?? Infinity) - (b.wall ?? Infinity))
}

function figuresOf(name, all, count) {
	const fault = all.find((run) => run.fault)?.fault
	if (fault !== undefined) return {name, fault, rounds: all.length}
	const wall = median(all, 'wall')
	const cpu = median(all, 'cpu')
	const counted = all.map((run) => run.counted).filter(Boolean)
	return {
		name,
		rounds: all.length,
		wall,
		walls: all.map((run) => run.wall).toSorted((a, b) => a - b),
		cpu,
		rate: count / wall,
		each: cpu / count,
		rss: median(all, 'rss'),
		...(counted.length > 0 && {
			requests: counted.at(-1).requests,
			refused: median(counted, 'refused'),
			bytes: median(
				counted.map((those) => ({both: those.in + those.out})),
				'both',
			),
			busy: median(
				all.map(({counted: {cpu: server}, wall: whole}) => ({share: server / whole})),
				'share',
			),
		}),
	}
}

/** The row with its best peers, and what s3r's share of their wall and CPU time says. */
function judged(row) {
	const ours = row.tools.find(({name}) => name === 's3r')
	const peers = row.tools.filter(({name, fault}) => name !== 's3r' && fault === undefined)
	const fastest = least(peers, 'wall')
	const leanest = least(peers, 'cpu')
	if (ours?.fault !== undefined || ours === undefined) return {...row, fastest, leanest, leads: false}
	if (fastest === undefined) return {...row, ours}
	const speedup = fastest.wall / ours.wall
	const saving = leanest.cpu / ours.cpu
	return {
		...row,
		ours,
		fastest,
		leanest,
		speedup,
		saving,
		leads: speedup >= 1 && (!row.isSmall || saving >= 1),
	}
}

function least(tools, what) {
	return tools.toSorted((a, b) => a[what] - b[what])[0]
}

function median(values, what) {
	const sorted = values.map((value) => value[what]).toSorted((a, b) => a - b)
	const middle = sorted.length >> 1
	return sorted.length % 2 === 1 ? sorted[middle] : mean(sorted[middle - 1], sorted[middle])
}

function mean(a, b) {
	return a === undefined ? undefined : (a + b) / 2
}
