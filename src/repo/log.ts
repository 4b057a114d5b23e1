// What was pushed and pulled: `.s3rsync/log`, a JSON object a line for each run that did something, the latest last.
// It is for people, and for scripts that ask what happened; nothing depends on it. See s3r-log(1).

import {appendFileSync, readFileSync, renameSync, statSync, writeFileSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, fromBytes, fromUnicode, type Path, toUnicode} from '../base/path.ts'
import {fromSurrogateEscaped, surrogateEscaped} from '../format/json.ts'
import {type DiffLine, formatDiff, parseLine, type Status} from '../format/record.ts'
import {join, type Place} from './find.ts'

/** Bytes of the log; when it has more, its older half goes. */
const LIMIT = 4 * 2 ** 20
/** Items of one run that are kept. */
const ITEMS = 1000

export type Run = {
	/** When it began, as `2026-11-25T22:51:12.123Z`, and how many seconds it took. */
	readonly time: string
	readonly took: number
	readonly command: string
	readonly remote: string
	/** The exit status; absent of one that did not come to its end. */
	readonly status?: number | undefined
	readonly bytes: number
	readonly failed: number
	/** How many items there were of each status. */
	readonly counts: Readonly<Partial<Record<Status, number>>>
	/** The first of them. */
	readonly items: readonly DiffLine[]
}

const fileOf = ({dir}: Place): Path => join(dir, 'log')

/** The record of one run, while it goes. */
export class RunLog {
	readonly #place: Place
	readonly #began = Date.now()
	readonly #run: Pick<Run, 'command' | 'remote'>
	readonly #counts = new Map<Status, number>()
	readonly #items: string[] = []

	constructor(place: Place, command: string, remote: string) {
		this.#place = place
		this.#run = {command, remote}
	}

	/** Takes note of an item that is done. */
	add(line: DiffLine): void {
		if (line.status === '=') return
		this.#counts.set(line.status, (this.#counts.get(line.status) ?? 0) + 1)
		if (this.#items.length < ITEMS) this.#items.push(surrogateEscaped(formatDiff(line, true)))
	}

	/** Appends the record, if there is anything to tell. Throws where that fails. */
	end({status, failed, bytes}: Pick<Run, 'status' | 'failed' | 'bytes'>): void {
		if (this.#counts.size === 0 && failed === 0) return
		const run = {
			time: new Date(this.#began).toISOString(),
			took: (Date.now() - this.#began) / 1000,
			...this.#run,
			status,
			bytes,
			failed,
			counts: Object.fromEntries(this.#counts),
			items: this.#items,
		}
		const file = fileOf(this.#place)
		makeRoom(file)
		appendFileSync(forFs(file), `${JSON.stringify(run)}\n`, {mode: 0o600})
	}
}

/** Drops the older half of a log that is full: whole lines. */
function makeRoom(file: Path): void {
	const size = statSync(forFs(file), {throwIfNoEntry: false})?.size ?? 0
	if (size <= LIMIT) return
	const bytes = readFileSync(forFs(file))
	const from = bytes.indexOf('\n', bytes.length >> 1) + 1
	writeFileSync(forFs(`${file}.new`), bytes.subarray(from), {mode: 0o600})
	renameSync(forFs(`${file}.new`), forFs(file))
}

/** The runs of a local side, the latest first. Lines that are not whole, as of one that was killed, are passed over. */
export function* readLog(place: Place): Generator<Run> {
	const lines = textOf(fileOf(place)).split('\n')
	for (let at = lines.length - 1; at >= 0; at--) {
		const run = parseRun(lines[at] ?? '')
		if (run) yield run
	}
}

function textOf(file: Path): Path {
	try {
		return fromBytes(readFileSync(forFs(file)))
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return ''
		throw fatal(`cannot read '${file}': ${reason(error)}`, undefined, error)
	}
}

function parseRun(line: Path): Run | undefined {
	if (line === '') return undefined
	try {
		const {items, ...run} = JSON.parse(toUnicode(line) ?? '') as Omit<Run, 'items'> & {items: string[]}
		const isWhole = typeof run.time === 'string' && typeof run.counts === 'object' && Array.isArray(items)
		return isWhole ? {...run, remote: fromUnicode(run.remote), items: items.flatMap(itemOf)} : undefined
	} catch {
		return undefined
	}
}

function itemOf(text: string): DiffLine[] {
	const {status, record} = parseLine(fromSurrogateEscaped(text) ?? '', true)
	return status === undefined ? [] : [{status, record}]
}
