// Objects that the metadata of others refer to: what does not fit into them.

import type {Store} from '../store/store.ts'
import type {Side} from './cargo.ts'

export class SideObjects {
	readonly #store: Store
	readonly #prefix: string
	/** Those that are being stored, by their keys. */
	readonly #under = new Map<string, Promise<void>>()

	constructor({store, prefix}: {readonly store: Store; readonly prefix: string}) {
		this.#store = store
		this.#prefix = prefix
	}

	/** Stores one that is not there, once, though several ask for it at a time. */
	send(side: Side): Promise<void> {
		const key = this.#prefix + side.key
		const known = this.#under.get(key)
		if (known !== undefined) return known
		const sending = this.#putIfAbsent(key, side.bytes).finally(() => this.#under.delete(key))
		this.#under.set(key, sending)
		return sending
	}

	async #putIfAbsent(key: string, bytes: Buffer): Promise<void> {
		if (!(await this.#store.head(key))) await this.#store.put(key, bytes, {})
	}
}
