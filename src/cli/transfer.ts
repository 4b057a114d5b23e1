// What push, pull and their plumbing share: their options, and what they say of each item.

import {EXIT} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {quote, shown} from '../base/quote.ts'
import {reason, S3rError} from '../base/errors.ts'
import {costOf, formatDollars, type Prices} from '../format/price.ts'
import {formatDiff} from '../format/record.ts'
import {requests, sumOf, type Counts} from '../store/counted.ts'
import {type Events, Tally} from '../sync/events.ts'
import type {Outcome} from '../sync/push.ts'
import {tooManyDeletions} from '../sync/push.ts'
import type {Direction} from '../sync/plan.ts'
import {backupFlags, deleteFlags, narrowFlags} from './choices.ts'
import type {Context, Flags, Values} from './command.ts'
import {chosenFlags, dryRunFlags, filterFlags, progressFlags, remoteFlags, verboseFlags} from './flags.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import type {Place} from '../repo/find.ts'
import {RunLog} from '../repo/log.ts'
import {humanBytes} from './human.ts'
import {itemized} from './itemized.ts'
import {Progress} from './progress.ts'

/** What is preserved and looked at, with rsync's letters. */
export const preserveFlags = {
	archive: {type: 'boolean', short: 'a', help: 'archive mode: everything is preserved but -HAX'},
	'hard-links': {type: 'boolean', short: 'H', help: 'preserve hard links'},
	acls: {type: 'boolean', short: 'A', help: 'preserve POSIX ACLs'},
	xattrs: {type: 'boolean', short: 'X', help: 'preserve extended attributes'},
	checksum: {type: 'boolean', short: 'c', help: 'read every file again, whatever its times say'},
	'one-file-system': {type: 'boolean', short: 'x', help: 'do not cross file system boundaries'},
} as const satisfies Flags

export const reportFlags = {
	'itemize-changes': {type: 'boolean', short: 'i', help: 'print what changed about each item, as rsync does'},
	stats: {type: 'boolean', help: 'print what was transferred, the requests, and what they cost'},
	'max-requests': {type: 'string', arg: 'n', help: 'stop before more requests than this'},
} as const satisfies Flags

export const transferFlags = {
	...preserveFlags,
	...deleteFlags,
	...narrowFlags,
	...backupFlags,
	...dryRunFlags,
	...verboseFlags,
	...reportFlags,
	...progressFlags,
	...filterFlags,
	...chosenFlags,
	...remoteFlags,
} as const satisfies Flags

export type ReportValues = Values<
	typeof verboseFlags & typeof reportFlags & typeof progressFlags & typeof dryRunFlags
>

/** What is told of requests, and how many there may be. */
export const costFlags = {
	stats: reportFlags.stats,
	'max-requests': reportFlags['max-requests'],
} as const satisfies Flags

/** What was asked of a store, and what that costs. */
export type Bill = {readonly counts: Counts; readonly prices: () => Prices | undefined}

/** Tells a person, on the command's streams, what the work says of itself. */
export class Report {
	readonly tally = new Tally()
	readonly events: Events
	/** Aborted as the command's own, and when nobody reads any more what is printed. */
	readonly signal: AbortSignal
	readonly #context: Context
	readonly #flags: ReportValues
	readonly #direction: Direction
	readonly #progress: Progress
	readonly #warned = new Set<string>()
	#items = 0
	#moved = 0
	readonly #stop = new AbortController()
	#printing: Promise<void> = Promise.resolve()
	#log: RunLog | undefined
	#status: number | undefined

	constructor(context: Context, direction: Direction, flags: ReportValues) {
		this.#context = context
		this.signal = AbortSignal.any([context.signal, this.#stop.signal])
		this.#direction = direction
		this.#flags = flags
		this.#progress = new Progress(context.io, {asked: flags.progress ?? false})
		this.events = this.tally.counting({
			done: (item) => {
				const {status} = item.line
				if (status !== '=' && status !== 'C') this.#items++
				this.#log?.add(item.line)
				if (flags['itemize-changes'])
					this.#print(`${itemized(item, direction)} ${quote(item.line.record.path)}`)
				else if (flags.verbose) this.#print(formatDiff(item.line, false))
				if (status === 'C') this.#conflict(item.line.record.path)
			},
			failed: (path, error) => this.#say(`error: ${shown(path)}: ${reason(error)}`, error),
			vanished: (path) => this.#say(`warning: ${shown(path)} vanished before it could be read`),
			warn: (kind, message) => this.#warn(kind, message),
			moved: (bytes, path) => {
				this.#moved += bytes
				this.#progress.add(bytes, path)
			},
		})
	}

	/** Takes note of what is to be transferred in all, where somebody looks. */
	get onExpected(): ((bytes: number) => void) | undefined {
		return this.#progress.isShown ? (bytes) => this.#progress.expect(bytes) : undefined
	}

	/** Keeps a record of this run in the log of a local side, which `endLog` writes. Nothing that pretends has one. */
	keepLog(place: Place, command: string, remote: Remote): void {
		if (!this.#flags['dry-run']) this.#log = new RunLog(place, command, remoteUrl(remote))
	}

	/** Writes the record, whether the run came to its end or not. A log that cannot be written is said. */
	endLog(): void {
		const {failures} = this.tally
		try {
			this.#log?.end({status: this.#status, failed: failures, bytes: this.#moved})
		} catch (error) {
			this.#warn('log', reason(error))
		}
		this.#log = undefined
	}

	/** Prints in the order of the calls; who reads slowly holds up the end, not each item. */
	print(line: () => Promise<void> | undefined): void {
		this.#printing = this.#printing.then(line).catch((error: unknown) => this.#stop.abort(error))
	}

	#print(line: string): void {
		this.print(() => this.#context.io.record(line))
	}

	#say(line: string, error?: unknown): void {
		this.#context.io.say(line)
		if (error instanceof S3rError && error.hint !== undefined && !this.#warned.has(error.hint)) {
			this.#warned.add(error.hint)
			this.#context.io.say(`hint: ${error.hint}`)
		}
	}

	#warn(kind: string, message: string): void {
		if (this.#warned.has(kind) || this.#flags.quiet) return
		this.#warned.add(kind)
		this.#context.io.say(`warning: ${WARNINGS[kind] ?? kind}: ${message}`)
	}

	#conflict(path: Path): void {
		this.#say(`error: ${shown(path)}: it changed both here and on the remote`)
		const hint =
			this.#direction === 'push'
				? "'s3r pull --backup' keeps both, 's3r push --force' lets this side win"
				: "'--backup' keeps both, '--force' lets the remote win"
		if (this.#warned.has(hint)) return
		this.#warned.add(hint)
		this.#context.io.say(`hint: ${hint}`)
	}

	/** Ends the report; resolves to the exit status. */
	async finish(
		outcome: Outcome,
		opened: Bill | readonly Bill[] | undefined,
		maxDelete?: number,
	): Promise<number> {
		this.#progress.end()
		await this.#printing
		this.#stop.signal.throwIfAborted()
		if (this.#flags.stats) this.#stats(opened === undefined ? [] : [opened].flat())
		if (outcome.unread) this.#context.io.say('warning: some files could not be read, so nothing was deleted')
		if (outcome.tooMany !== undefined) throw tooManyDeletions(outcome.tooMany, maxDelete ?? 0)
		this.#status = this.tally.status === EXIT.ok && outcome.unread ? EXIT.partial : this.tally.status
		return this.#status
	}

	#stats(bills: readonly Bill[]): void {
		const {io} = this.#context
		const counts = sumOf(bills.map((bill) => bill.counts))
		const pretend = this.#flags['dry-run'] === true
		const bytes = pretend ? counts.sent + counts.received : this.#moved
		io.say(`items: ${this.#items} done, ${this.tally.failures} failed, ${this.tally.conflicts} in conflict`)
		io.say(`bytes: ${bytes} (${humanBytes(bytes)})`)
		const kinds = Object.entries(counts)
			.filter(([kind, n]) => n > 0 && kind !== 'sent' && kind !== 'received')
			.map(([kind, n]) => `${kind} ${n}`)
		io.say(`requests: ${requests(counts)}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`)
		const costs = bills.flatMap((bill) => {
			const prices = bill.prices()
			return prices ? [costOf(bill.counts, prices)] : []
		})
		if (costs.length === 0) return
		const cost = formatDollars(costs.reduce((sum, one) => sum + one))
		io.say(`cost: ${cost}${pretend ? ', estimated' : ''}`)
	}
}

const WARNINGS: Readonly<Record<string, string>> = {
	owner: 'owners were not restored',
	mode: 'modes were not restored',
	xattr: 'extended attributes were not restored',
	acl: 'ACLs were not restored',
	device: 'devices were not restored',
	times: 'times were not restored exactly',
	special: 'special files were skipped',
	log: 'the log could not be written',
}
