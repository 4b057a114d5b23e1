// Objects that arguments name: the stores they are in, what lies below a key, and which file of the
// local side a key is of.

import type {Path} from '../base/path.ts'
import {pathOf} from '../format/key.ts'
import type {Remote} from '../format/remote.ts'
import {chosenRemote} from '../repo/remotes.ts'
import type {Listed, Store} from '../store/store.ts'
import type {Context} from './command.ts'
import type {RemoteValues} from './flags.ts'
import {openRemote, type Opened} from './opening.ts'
import {lookup} from './work.ts'

export type StoresOptions = {
	/** Nothing is written to them. */
	readonly pretend?: boolean | undefined
	/** As they were then, in milliseconds since the epoch. */
	readonly at?: number | undefined
	/** Of each. */
	readonly maxRequests?: number | undefined
	/** Is told when one asks for fewer requests. */
	readonly onSlowDown?: (() => void) | undefined
}

/** What tells the store of a remote from that of another. */
export const storeName = ({endpoint, bucket}: Remote): string => `${endpoint} ${bucket}`

/** The stores of one command, each opened when it is first asked for. */
export class Stores {
	readonly #context: Context
	readonly #options: StoresOptions
	readonly #opened = new Map<string, Promise<Opened>>()

	constructor(context: Context, options: StoresOptions = {}) {
		this.#context = context
		this.#options = options
	}

	/** The store that a remote is in. */
	async of(remote: Remote): Promise<Store> {
		return (await this.open(remote)).store
	}

	/** The same, with what is asked of it. */
	open(remote: Remote): Promise<Opened> {
		const name = storeName(remote)
		const opened = this.#opened.get(name) ?? openRemote(this.#context, remote, this.#options)
		this.#opened.set(name, opened)
		return opened
	}

	/** What is asked of each. */
	async bills(): Promise<readonly Opened[]> {
		return Promise.all(this.#opened.values())
	}

	async close(): Promise<void> {
		for (const opened of this.#opened.values()) (await opened).store.close()
	}
}

/** An object as a listing or a head tells of it. */
export type Found = Pick<Listed, 'key' | 'etag' | 'size' | 'modified' | 'version'>

/** The object of this key, if there is one, and all below `key/`; everything for ''. */
export async function* objectsBelow(store: Store, key: string): AsyncIterable<Found> {
	const head = key === '' || key.endsWith('/') ? undefined : await store.head(key)
	if (head) yield {key, ...head}
	for await (const page of store.list(key === '' || key.endsWith('/') ? key : `${key}/`)) yield* page
}

/** The remote of the local side that the command is called in, if there is one. */
export const ownRemote = (context: Context, flags: RemoteValues): Remote | undefined => {
	const where = lookup(context, flags)
	return where.place && chosenRemote(where)?.remote
}

/** The path that a key has below the remote `own`; undefined where it is not in there, or not the name of a file. */
export function pathBelowRemote(own: Remote | undefined, remote: Remote, key: string): Path | undefined {
	if (own?.bucket !== remote.bucket || own.endpoint !== remote.endpoint) return undefined
	return key.startsWith(own.prefix) && key !== own.prefix ? pathOf(key.slice(own.prefix.length)) : undefined
}
