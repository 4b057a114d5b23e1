// The versions of objects, key by key.

import {isKeyWithin} from '../format/key.ts'
import type {Store, Version} from '../store/store.ts'

/** All versions of `key`, and with `below` of each key below it: the newest first, a list for each key. */
export async function* versionsOf(
	store: Store,
	key: string,
	below: boolean,
): AsyncIterable<readonly Version[]> {
	let gathered: Version[] = []
	for await (const page of store.listVersions(key))
		for (const version of page) {
			if (gathered[0] && gathered[0].key !== version.key) {
				yield gathered
				gathered = []
			}
			if (version.key === key || (below && isKeyWithin(version.key, key))) gathered.push(version)
		}
	if (gathered.length > 0) yield gathered
}
