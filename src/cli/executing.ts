// What send-objects and fetch-objects share: the lines on stdin become items, and the line of each item
// is printed when it is done.

import {usage} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {IndexSession} from '../repo/session.ts'
import {chosen} from '../sync/chosen.ts'
import type {Events} from '../sync/events.ts'
import type {Direction, PlanItem} from '../sync/plan.ts'
import type {Context, Flags, Values} from './command.ts'
import {numberOf} from './filters.ts'
import {
	chosenFlags,
	dryRunFlags,
	progressFlags,
	recordFlags,
	remoteFlags,
	stdinFlags,
	verboseFlags,
} from './flags.ts'
import {askedLines} from './input.ts'
import {RecordPrinter} from './print.ts'
import {deleteFlags} from './choices.ts'
import {Report, reportFlags} from './transfer.ts'

/** What is read and printed; verbosity has no place here, for the lines are the output. */
export const lineFlags = {...stdinFlags, ...recordFlags} as const satisfies Flags

export const executeFlags = {
	'max-delete': deleteFlags['max-delete'],
	force: deleteFlags.force,
	...dryRunFlags,
	quiet: verboseFlags.quiet,
	stats: reportFlags.stats,
	'max-requests': reportFlags['max-requests'],
	...progressFlags,
	...chosenFlags,
	...remoteFlags,
} as const satisfies Flags
type ExecuteValues = Values<typeof lineFlags & typeof executeFlags>

/** A run of such a command. */
export class Execution {
	readonly report: Report
	readonly events: Events
	readonly #context: Context
	readonly #flags: ExecuteValues
	readonly #direction: Direction
	readonly #printer: RecordPrinter
	readonly #maxDelete: number | undefined

	constructor(context: Context, direction: Direction, flags: ExecuteValues) {
		requireStdin(flags)
		this.#context = context
		this.#flags = flags
		this.#direction = direction
		this.#printer = new RecordPrinter(context.io, flags)
		this.#maxDelete = numberOf('max-delete', flags['max-delete'])
		this.report = new Report(context, direction, flags)
		this.events = {
			...this.report.events,
			done: (item) => {
				this.report.events.done(item)
				this.report.print(() => this.#printer.print({...item.line, etag: item.entry.remote?.etag}))
			},
		}
	}

	/** The items that the lines on stdin ask for. */
	items(session: IndexSession): AsyncIterable<PlanItem> {
		return chosen(askedLines(this.#context.io, this.#flags.null ?? false), {
			session,
			direction: this.#direction,
			force: this.#flags.force,
			maxDelete: this.#maxDelete,
			failed: (path: Path, error) => this.events.failed(path, error),
		})
	}
}

/** A usage error without --stdin: some day there may be another way to say what is meant. */
export function requireStdin(flags: Values<typeof stdinFlags>): void {
	if (!flags.stdin) throw usage("'--stdin' is missing", 'the lines to work on are read from standard input')
}
