// Which verbs a store obeys the guards of. Not every store that obeys those of a PUT obeys those of copies and deletions: of AWS it
// is known, and another is put to the test, once a run, where many of them come.

import {isKind} from './store.ts'
import type {Guard} from './wire.ts'

/** What is guarded. That of a copy over an object is another than that of one to where nothing is, which can be tried. */
export type Verb = 'put' | 'complete' | 'copy' | 'copy over' | 'delete'

/** The one that is put to the test: before, a HEAD for each takes less. */
const TESTED = 8

/** An ETag that no object has. */
const NONE = '"00000000000000000000000000000000"'

export class Obedience {
	/** undefined while it is to be found out. */
	readonly #obeyed: Record<Verb, boolean | undefined>
	/** How many of these were sent. */
	readonly #sent = {copy: 0, delete: 0}

	/** `isWhole`: of every verb, as it is known. */
	constructor(isWhole: boolean) {
		const tried = isWhole || undefined
		this.#obeyed = {put: true, complete: isWhole, copy: tried, 'copy over': isWhole, delete: tried}
	}

	/** Whether the store is known to obey the guard of this verb, so that nobody has to look before. */
	isKnown(verb: Verb): boolean {
		return this.#obeyed[verb] === true
	}

	/** Sends what was looked at to be guarded well, and puts the store to the test with one of them. */
	send<T>(verb: Verb, guard: Guard, send: (guard: Guard) => Promise<T>): Promise<T> {
		if (this.#obeyed[verb] !== undefined || (verb !== 'copy' && verb !== 'delete')) return send(guard)
		if (++this.#sent[verb] !== TESTED) return send(guard)
		return verb === 'delete' ? this.#delete(guard, send) : this.#copy(guard, send)
	}

	/** Deletes under a guard that cannot hold: a store that passes over it does what was to be done. */
	async #delete<T>(guard: Guard, send: (guard: Guard) => Promise<T>): Promise<T> {
		try {
			const done = await send({IfMatch: NONE})
			this.#obeyed.delete = false
			return done
		} catch (error) {
			if (!isKind(error, 'precondition')) throw error
			this.#obeyed.delete = true
			return send(guard)
		}
	}

	/** Copies twice to where nothing was: a store that passes over the guard has the same there again. */
	async #copy<T>(guard: Guard, send: (guard: Guard) => Promise<T>): Promise<T> {
		const done = await send(guard)
		try {
			const again = await send(guard)
			this.#obeyed.copy = false
			return again
		} catch (error) {
			this.#obeyed.copy = isKind(error, 'precondition')
			return done
		}
	}
}
