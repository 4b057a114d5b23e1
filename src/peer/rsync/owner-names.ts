// Names of owners as the objects of one remote have them: a list of files on the wire has one name for an id.

import {toUnicode} from '../../base/path.ts'
import type {Owners} from '../../sync/attributes.ts'

type Table = Map<number, string | undefined>
/** Ids and their names; null for one that has none. */
export type Pairs = readonly (readonly [id: number, name: string | null])[]

export class OwnerNames implements Owners {
	readonly #users: Table
	readonly #groups: Table

	constructor(users: Pairs = [], groups: Pairs = []) {
		const table = (pairs: Pairs): Table => new Map(pairs.map(([id, name]) => [id, name ?? undefined]))
		this.#users = table(users)
		this.#groups = table(groups)
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

	/** Whether an id has a name here, or none, and another one there. */
	contradicts(other: OwnerNames): boolean {
		const differ = (ours: Table, theirs: Table) =>
			[...ours].some(([id, name]) => theirs.has(id) && theirs.get(id) !== name)
		return differ(this.#users, other.#users) || differ(this.#groups, other.#groups)
	}

	userName(uid: number): string | undefined {
		return this.#users.get(uid)
	}

	groupName(gid: number): string | undefined {
		return this.#groups.get(gid)
	}

	/** For a file that keeps them, those without a name too. */
	toJSON(): {readonly users: Pairs; readonly groups: Pairs} {
		const pairs = (table: Table): Pairs => [...table].map(([id, name]) => [id, name ?? null])
		return {users: pairs(this.#users), groups: pairs(this.#groups)}
	}
}
