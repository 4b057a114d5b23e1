// The report, in Markdown: first where s3r does not lead, then the ratios, then all figures, and how they came about.

import {basename} from 'node:path'
import {whyBehind} from './why.mjs'

/** @param {{rows: object[], tools: object, options: object, round: number, machine: object, chart: string}} run */
export function report(run) {
	return `${[
		'# s3r and its peers, measured',
		about(run),
		`![files a second and CPU time a file](${basename(run.chart)})`,
		...behind(run.rows),
		'## Ratios',
		'Of the fastest peer of each row: its wall time divided by that of s3r (2.00: s3r takes half as long), and in the CPU column the same for the peer that needs the least. The rows where s3r does not lead come first.',
		ratios(run.rows),
		'## All figures',
		...run.rows.map(figures),
		'## How it was measured',
		method(run),
		'## Tools',
		...toolsOf(run),
	].join('\n\n')}\n`
}

function about({machine, options, round}) {
	const rounds = round === 1 ? 'one round' : `medians of ${round} rounds`
	const scale = options.smaller ? ` Not of the full size: \`${options.smaller}\`.` : ''
	const tls = options.tls ? ' Over TLS, by haproxy before the store on the same machine.' : ''
	const {cores, cpu, memory, fileSystem, kernel, node, load} = machine
	return (
		`One run on one machine, ${rounds}, in turns.${scale}${tls} ` +
		`${cores} cores (${cpu}), ${(memory / 2 ** 30).toFixed(0)} GiB of memory, files on ${fileSystem}, Linux ${kernel}, Node ${node.slice(1)}; a load of ${load.toFixed(1)} when it began.${load > cores ? ' Others worked on it at the same time: CPU says more than wall time.' : ''}`
	)
}

function behind(rows) {
	const lost = rows.filter(({leads}) => leads === false)
	if (lost.length === 0) return []
	return [
		'## Where s3r does not lead',
		lost.map((row) => `- **${row.title}${at(row)}**: ${reason(row)}${because(row)}.`).join('\n'),
	]
}

function because(row) {
	const why = row.ours && whyBehind(row)
	return why ? `. Why: ${why}` : ''
}

function reason({ours, fastest, leanest, speedup, saving, tools}) {
	if (ours === undefined)
		return `no result: ${tools.find(({name}) => name === 's3r')?.fault ?? 'not measured'}`
	const wall = `${fastest.name} takes ${seconds(fastest.wall)}, s3r ${seconds(ours.wall)}`
	const cpu = `${leanest.name} needs ${seconds(leanest.cpu)} of CPU, s3r ${seconds(ours.cpu)}`
	return [speedup < 1 && wall, saving < 1 && cpu].filter(Boolean).join('; ')
}

function ratios(rows) {
	const sorted = rows.toSorted((a, b) => Number(a.leads ?? true) - Number(b.leads ?? true))
	return table(
		['row', 's3r', 'fastest peer', 'times as fast', 's3r CPU', 'least CPU', 'times less CPU', ''],
		sorted.map((row) => [
			`${row.title}${at(row)}`,
			row.ours ? rate(row, row.ours) : '-',
			row.fastest ? `${row.fastest.name}, ${rate(row, row.fastest)}` : '-',
			row.speedup?.toFixed(2) ?? '-',
			row.ours ? each(row, row.ours) : '-',
			row.leanest ? `${row.leanest.name}, ${each(row, row.leanest)}` : '-',
			row.saving?.toFixed(2) ?? '-',
			remark(row),
		]),
	)
}

function remark(row) {
	if (row.isServerBound) return 'server-bound'
	return isSinkBusy(row.ours) || isSinkBusy(row.fastest) ? 'sink is busy' : ''
}

function isSinkBusy(tool) {
	return tool?.busy > 0.8
}

function figures(row) {
	const lines = row.tools.map((tool) =>
		tool.fault
			? [tool.name, tool.fault, ...Array.from({length: 7}, () => '')]
			: [
					tool.name,
					spread(tool),
					rate(row, tool),
					seconds(tool.cpu),
					each(row, tool),
					`${(tool.rss / 2 ** 20).toFixed(0)} MiB`,
					requests(tool.requests),
					tool.bytes === undefined ? '-' : bytes(tool.bytes),
					tool.busy === undefined ? '-' : `${(100 * tool.busy).toFixed(0)} %`,
				],
	)
	const head = [
		'tool',
		'wall',
		'rate',
		'CPU',
		`CPU a ${row.unit}`,
		'peak memory',
		'requests',
		'on the wire',
		'sink busy',
	]
	const once = row.tools.filter(({rounds, fault}) => rounds === 1 && !fault).map(({name}) => name)
	const isMixed = row.tools.some(({rounds}) => rounds > 1) && once.length > 0
	return `### ${row.title}${at(row)}\n\n${table(head, lines)}${isMixed ? `\n\nOne round only: ${once.join(', ')}.` : ''}`
}

function method({options, tools}) {
	const {sizes, limit, latencies} = options
	return [
		'- The endpoint is `bench/s3sink.c`, compiled for this processor: one thread that answers, two that take the MD5 of large bodies, several together, everything in memory that was touched before, no authentication, so that the client is what is measured. ' +
			`The way to it is ${latencies.join(' or ')} ms long: so long after its request a reply leaves, whatever else was asked on that connection meanwhile. ` +
			'Where it is said to take as long for each, it does not look at the next request of a connection before. It is the same to tools that wait for each reply; s3r sends small requests behind each other where their replies come together (pipelining), and so over a long way, but not to a slow store. ' +
			'Where it is busy for more than 80 % of the time, it may be what is measured: "sink is busy". ' +
			'"On the wire" is what it read and wrote, with headers; refused requests are among the requests.',
		'- Where files lie in memory (tmpfs), as much as a pull brings is written and removed before it: a virtual machine pays for memory when it is first used, and the first tool of a row would pay for all.',
		'- Rows on radosgw are server-bound: the store needs ten times the time of the client.',
		'- CPU is user and system time of all processes of a tool, memory is the peak of its largest process (`bench/measure.c`).',
		'- Each row starts where the one before it ended: first push, nothing changed, new bytes in one of a hundred files, a new time for all, another name for a directory. ' +
			'What a tool left at the store or on the disk is counted after each run; one that did not do everything has no figures.',
		`- A peer's run that takes longer than ${limit} s is ended: "too slow". A peer that is four times slower than the fastest one is measured once.`,
		`- The files are made from a seed: ${sizes.small} of 4 KiB; ${sizes.mixed} of log-normal sizes, half of them under 8 KiB; ${sizes.media} of 1 to 32 MiB; incompressible. They were in the page cache.`,
		'- Tools do not do the same work: s3r keeps modes, owners and times, and verifies every download; rclone keeps times; the others neither. Touched files whose bytes are the same cost s3cmd and s4cmd nothing at the store, which goes on telling the old time.',
		...(tools.missing.length > 0
			? [`- Not installed or not asked for, and so not measured: ${tools.missing.join(', ')}.`]
			: []),
	].join('\n')
}

const SAMPLE = {
	endpoint: 'http://ENDPOINT',
	account: {accessKey: 'KEY', secretKey: 'SECRET'},
	bucket: 'BUCKET',
	latency: 0,
	home: 'HOME',
	root: 'TREE',
	data: 'TREE/data',
	into: 'EMPTY',
	file: 'FILE',
}
const VERBS = ['push', 'sync', 'mirror', 'pull', 'upload', 'download', 'list', 'walk', 'status']

function toolsOf({tools, rows}) {
	const measured = new Set(rows.flatMap((row) => row.tools.map(({name}) => name)))
	const all = new Map([...tools.stores, ...tools.locals].map((tool) => [tool.name, tool]))
	return [...all.values()].filter(({name}) => measured.has(name)).map(toolOf)
}

function toolOf(tool) {
	const program = tool.name
	const lines = VERBS.filter((verb) => tool[verb]).map(
		(verb) => `${verb.padEnd(9)}${[program, ...tool[verb](SAMPLE)].join(' ')}`,
	)
	const settings = tool.settings ? [`Settings: ${tool.settings}`] : []
	return [
		`### ${tool.name} ${tool.release}`,
		['```', ...new Set(lines), '```'].join('\n'),
		...settings,
		`Flags from: ${tool.sources.map((source) => (source.includes('://') ? `<${source}>` : `\`${source}\``)).join(', ')}`,
	].join('\n\n')
}

function at({latency, isSlow, isServerBound, id}) {
	if (isServerBound || id.startsWith('walk')) return ''
	return isSlow ? `, a store that takes ${latency} ms for each` : `, ${latency} ms`
}

function rate({unit}, tool) {
	const count = tool.rate >= 100 ? Math.round(tool.rate).toLocaleString('en') : tool.rate.toPrecision(3)
	return unit === 'MB' ? `${count} MB/s` : `${count} ${unit}s/s`
}

function each({unit}, tool) {
	const micros = 1e6 * tool.each
	return unit === 'MB'
		? `${(micros / 1000).toPrecision(3)} ms`
		: `${micros >= 100 ? Math.round(micros) : micros.toPrecision(3)} µs`
}

function seconds(value) {
	return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} s`
}

/** The median, and between what the rounds lay. */
function spread({wall, walls}) {
	return walls.length > 1
		? `${seconds(wall)} (${seconds(walls[0])} to ${seconds(walls.at(-1))})`
		: seconds(wall)
}

function bytes(value) {
	return value >= 1e9 ? `${(value / 1e9).toFixed(2)} GB` : `${(value / 1e6).toPrecision(3)} MB`
}

function requests(kinds) {
	if (kinds === undefined) return '-'
	const counted = Object.entries(kinds).map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`)
	return counted.length > 0 ? counted.join(', ') : 'none'
}

function table(head, lines) {
	const row = (cells) => `| ${cells.join(' | ')} |`
	return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n')
}
