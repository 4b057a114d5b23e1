// Which verbs a store obeys the guards of. Not every store that obeys those of a PUT obeys those of copies and deletions: of AWS it
// is known, and another is put to the test, once a run, where many of them come.

import {type Condition, isKind} from './store.ts'
import type {Guard} from './wire.ts'

export type Verb = 'put' | 'complete' | 'copy' | 'delete'

/** The one that is put to the test: before, a HEAD for each takes less. */
const TESTED = 8

/** An ETag that no object has. */
const NONE = '"00000000000000000000000000000000"'

export class Obedience {
	/** undefined while it is not known. */
	readonly #obeyed: {copy: boolean | undefined; delete: boolean | undefined}
	readonly #isWhole: boolean
	readonly #sent = {copy: 0, delete: 0}

	/** `isWhole`: of every verb, as it is known. */
	constructor(isWhole: boolean) {
		this.#isWhole = isWhole
		this.#obeyed = isWhole ? {copy: true, delete: true} : {copy: undefined, delete: undefined}
	}

	/** Whether the store is known to obey this guard, so that nobody has to look before. */
	isKnown(verb: Verb, {ifNoneMatch}: Condition): boolean {
		if (verb === 'put' || this.#isWhole) return true
		if (verb === 'complete') return false
		// of copies no other guard was tried
		return this.#obeyed[verb] === true && (verb === 'delete' || ifNoneMatch !== undefined)
	}

	/** Sends what was looked at to be guarded well, and puts the store to the test with one of them. */
	send<T>(verb: Verb, guard: Guard, send: (guard: Guard) => Promise<T>): Promise<T> {
		if (verb === 'put' || verb === 'complete' || this.#obeyed[verb] !== undefined) return send(guard)
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
		if (guard.IfNoneMatch === undefined) return done
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
