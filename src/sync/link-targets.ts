// Where a hard link can be made to, instead of fetching the same file again.

import type {Path} from '../base/path.ts'
import {type Entry, inSync, isRelinked, remoteIsBase} from '../format/entry.ts'
import type {IndexSession} from '../repo/session.ts'
import {sameContent} from './plan.ts'

/** One path of each hard-link group that is, or will soon be, on the disk. */
export class LinkTargets {
	readonly #session: IndexSession
	#groups: Map<string, Promise<Path | undefined>> | undefined

	constructor(session: IndexSession) {
		this.#session = session
	}

	/** A path of the group, once it is there; undefined where there is none. */
	find(link: string): Promise<Path | undefined> | undefined {
		return this.#all().get(link)
	}

	/** Says that a member of the group is being made; who asks meanwhile waits for it. */
	making(link: string, path: Path, done: Promise<void>): void {
		this.#all().set(
			link,
			done.then(
				() => path,
				() => undefined,
			),
		)
	}

	#all(): Map<string, Promise<Path | undefined>> {
		if (this.#groups) return this.#groups
		const groups = new Map<string, Promise<Path | undefined>>()
		const {index} = this.#session
		for (let row = 0; row < index.count; row++) {
			if (!index.hasLocal(row)) continue
			const entry = index.entry(row)
			const link = groupOf(entry)
			if (link !== undefined) groups.set(link, Promise.resolve(entry.path))
		}
		this.#groups = groups
		return groups
	}
}

/** The group of a name whose file has what the remote has, as far as that is known. */
function groupOf(entry: Entry): string | undefined {
	const {local, base} = entry
	// of a group that an ended pull did not get far with, a scan finds one name, and no group
	if (remoteIsBase(entry) && isRelinked(entry)) return base?.was?.link
	return inSync(entry) || sameContent(entry) ? local?.link : undefined
}
