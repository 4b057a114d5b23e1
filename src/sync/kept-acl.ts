// The ACLs that copies would drop.

import {type Acl, isPrivate} from '../format/acl.ts'
import {type Store, StoreError} from '../store/store.ts'

/** Objects from which on it pays to ask first whether there are ACLs at all. */
const FROM = 8

/** The ACLs of a bucket's objects, which are not asked for where there are none. */
export class KeptAcls {
	readonly #store: Store
	#asked = 0
	#any: Promise<boolean> | undefined

	constructor(store: Store) {
		this.#store = store
	}

	/** The ACL that a copy of this object onto itself has to set again, where there is one to keep. */
	async of(key: string): Promise<Acl | undefined> {
		if (this.#asked++ >= FROM && !(await (this.#any ??= this.#store.hasAcls()))) return undefined
		return aclOf(this.#store, key)
	}
}

/** The ACL of an object, where it is another than every new one has. */
export async function aclOf(store: Store, key: string): Promise<Acl | undefined> {
	try {
		const acl = await store.getAcl(key)
		return isPrivate(acl) ? undefined : acl
	} catch (error) {
		// who may write but not read ACLs cannot keep them
		if (error instanceof StoreError && ['denied', 'invalid', 'other'].includes(error.kind)) return undefined
		throw error
	}
}
