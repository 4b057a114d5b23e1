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
	async send(side: Side): Promise<void> {
		const key = this.#prefix + side.key
		const sending = this.#under.get(key) ?? this.#putIfAbsent(key, side.bytes)
		this.#under.set(key, sending)
		await sending.finally(() => this.#under.delete(key))
	}

	async #putIfAbsent(key: string, bytes: Buffer): Promise<void> {
		if (!(await this.#store.head(key))) await this.#store.put(key, bytes, {})
	}
}
