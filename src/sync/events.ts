// What the work tells those who called for it: values only, no text but an error's own.

import {EXIT} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {Entry, Was} from '../format/entry.ts'
import type {DiffLine} from '../format/record.ts'

/** One item that is done, or cannot be. */
export type Done = {
	readonly line: DiffLine
	readonly entry: Entry
	/** What the other side had in its place, where that is known: to itemize the change. */
	readonly was?: Was | undefined
	/** For 'R': the path of the object that it was copied from. */
	readonly from?: Path | undefined
}

export type Events = {
	readonly done: (item: Done) => void
	/** An item that was not done; the work goes on. */
	readonly failed: (path: Path, error: unknown) => void
	/** A source file that was gone when it was to be read. */
	readonly vanished: (path: Path) => void
	/** Something that could not be kept or restored; told once a kind. */
	readonly warn: (kind: string, message: string) => void
	/** Bytes that went over, for a progress bar. */
	readonly moved: (bytes: number, path: Path) => void
}

/** Counts what events say, for the exit status. */
export class Tally {
	failures = 0
	conflicts = 0
	vanished = 0

	/** rsync's exit status for it. */
	get status(): number {
		if (this.failures > 0 || this.conflicts > 0) return EXIT.partial
		return this.vanished > 0 ? EXIT.vanished : EXIT.ok
	}

	/** `events`, counted here on their way. */
	counting(events: Events): Events {
		return {
			...events,
			done: (item) => {
				if (item.line.status === 'C') this.conflicts++
				events.done(item)
			},
			failed: (path, error) => {
				this.failures++
				events.failed(path, error)
			},
			vanished: (path) => {
				this.vanished++
				events.vanished(path)
			},
		}
	}
}
