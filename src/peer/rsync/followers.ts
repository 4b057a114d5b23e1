// Further names of files with several (-H): each waits for the first one, of which it is made.

import type {Action} from './receiving.ts'

export class Followers {
	/** Leaders that are done, with the ETag that their objects have; undefined for those that failed. */
	readonly #leaders = new Map<number, string | undefined>()
	/** Names of files whose leader is not done. */
	readonly #followers = new Map<number, Action[]>()
	readonly #link: (action: Action, etag: string | undefined) => Promise<void>

	/** `link` makes a name of the leader's object; without an ETag it tells that this did not come. */
	constructor(link: (action: Action, etag: string | undefined) => Promise<void>) {
		this.#link = link
	}

	/** The first name of a file is done: the others are made of it. */
	led(row: number, etag: string | undefined): void {
		this.#leaders.set(row, etag)
		for (const action of this.#followers.get(row) ?? []) void this.#link(action, etag)
		this.#followers.delete(row)
	}

	/** A further name of a file: made once the first one is done. */
	async follow(leader: number, action: Action): Promise<void> {
		if (this.#leaders.has(leader)) return this.#link(action, this.#leaders.get(leader))
		const others = this.#followers.get(leader)
		if (others) others.push(action)
		else this.#followers.set(leader, [action])
	}

	/** Tells of the names of files that did not come. */
	failOrphans(): void {
		for (const [leader, actions] of this.#followers)
			if (!this.#leaders.has(leader)) for (const action of actions) void this.#link(action, undefined)
		this.#followers.clear()
	}
}
