// Names of owners as the objects of one remote have them: a list of files on the wire has one name for an id.

import {toUnicode} from '../../base/path.ts'
import type {Owners} from '../../sync/attributes.ts'

type Table = Map<number, string | undefined>

export class OwnerNames implements Owners {
	readonly #users: Table
	readonly #groups: Table

	constructor(
		users: Iterable<readonly [number, string]> = [],
		groups: Iterable<readonly [number, string]> = [],
	) {
		this.#users = new Map(users)
		this.#groups = new Map(groups)
	}

	/** As names come on the wire: byte strings. What is no Unicode has no name. */
	static ofWire(users: ReadonlyMap<number, string>, groups: ReadonlyMap<number, string>): OwnerNames {
		const readable = (names: ReadonlyMap<number, string>) =>
			[...names].flatMap(([id, name]): [number, string][] => {
				const text = toUnicode(name)
				return text === undefined || text === '' ? [] : [[id, text]]
			})
		return new OwnerNames(readable(users), readable(groups))
	}

	/** Notes the name of a user, unless another one was noted. */
	user(uid: number, name: string | undefined): void {
		if (!this.#users.has(uid)) this.#users.set(uid, name)
	}

	group(gid: number, name: string | undefined): void {
		if (!this.#groups.has(gid)) this.#groups.set(gid, name)
	}

	userName(uid: number): string | undefined {
		return this.#users.get(uid)
	}

	groupName(gid: number): string | undefined {
		return this.#groups.get(gid)
	}

	/** For a file that keeps them. */
	toJSON(): {readonly users: [number, string][]; readonly groups: [number, string][]} {
		const named = (table: Table) =>
			[...table].flatMap(([id, name]): [number, string][] => (name === undefined ? [] : [[id, name]]))
		return {users: named(this.#users), groups: named(this.#groups)}
	}
}
