// What is asked for: options, and how much of everything that means.

import {parseArgs} from 'node:util'

const USAGE = `usage: node bench/run.mjs [<option>...]

    --quick            a tenth of everything (and 1 GiB instead of 5): for people who wait for it
    --scale <factor>   so many times as many files, keys and bytes
    --rounds <n>       measure everything so often, in turns; the report shows medians (default 3)
    --only <regex>     only the rows whose name matches, e.g. 'small push', 'list.* 20 ms'
    --tools <a,b>      only these tools (s3r is always there)
    --latency <ms,ms>  latencies of the way to the store (default 0,20); where there is one, small
                       files also go to a store that takes as long for each
    --limit <seconds>  end a peer's run that takes longer (default 300, with --quick 60)
    --million          the rows on 1,000,000 files with --quick too
    --tls              over TLS, by haproxy before the store, on the same machine; not on radosgw
    --no-radosgw       not the rows on radosgw
    --s3r <file>       the program to measure (default dist/s3r.js)
    --out <file>       the report (default bench/REPORT.md); the chart lies beside it, as .svg
`

const GIB = 2 ** 30
const FULL = {small: 100_000, mixed: 20_000, media: 250, large: 5 * GIB, keys: 1_000_000, walk: 1_000_000, radosgw: 5000}
const QUICK = {small: 10_000, mixed: 2000, media: 100, large: GIB, keys: 100_000, walk: 0, radosgw: 1000}

/** An option that cannot be; the message is for the user. */
export class UsageError extends Error {}

/** What the command line asks for; undefined if it asks for help, which has been given. */
export function optionsOf(args) {
	const {values} = parse(args)
	if (values.help) return void process.stdout.write(USAGE)
	const scale = positive('scale', values.scale ?? '1')
	const sizes = {...(values.quick ? QUICK : FULL)}
	if (values.million) sizes.walk = FULL.walk
	return {
		smaller: [values.quick && '--quick', scale !== 1 && `--scale ${scale}`].filter(Boolean).join(' '),
		rounds: Math.ceil(positive('rounds', values.rounds ?? '3')),
		limit: positive('limit', values.limit ?? (values.quick ? '60' : '300')),
		latencies: (values.latency ?? '0,20').split(',').map((latency) => notNegative('latency', latency)),
		only: pattern(values.only ?? ''),
		tools: values.tools?.split(','),
		tls: values.tls ?? false,
		radosgw: !values['no-radosgw'] && !values.tls,
		s3r: values.s3r ?? 'dist/s3r.js',
		out: values.out ?? 'bench/REPORT.md',
		sizes: Object.fromEntries(Object.entries(sizes).map(([what, size]) => [what, Math.round(size * scale)])),
	}
}

function parse(args) {
	const string = {type: 'string'}
	const boolean = {type: 'boolean'}
	try {
		return parseArgs({
			args,
			options: {
				quick: boolean,
				scale: string,
				rounds: string,
				only: string,
				tools: string,
				latency: string,
				limit: string,
				million: boolean,
				tls: boolean,
				'no-radosgw': boolean,
				s3r: string,
				out: string,
				help: {...boolean, short: 'h'},
			},
		})
	} catch (error) {
		throw new UsageError(error.message)
	}
}

function notNegative(name, text) {
	const value = Number(text)
	if (text === '' || !(value >= 0)) throw new UsageError(`--${name}: '${text}' is not a number`)
	return value
}

function positive(name, text) {
	const value = notNegative(name, text)
	if (value === 0) throw new UsageError(`--${name}: it cannot be 0`)
	return value
}

function pattern(text) {
	try {
		return new RegExp(text)
	} catch {
		throw new UsageError(`--only: '${text}' is not a regular expression`)
	}
}
