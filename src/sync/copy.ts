// One object copied to another key of its bucket, by the store, with all that is stored beside its bytes.

import {isDeepStrictEqual} from 'node:util'
import {fatal} from '../base/errors.ts'
import type {Acl} from '../format/acl.ts'
import {noSuchObject} from '../store/errors.ts'
import {type Head, isKind, type Store} from '../store/store.ts'

export type CopyWishes = {
	/** Replaces what is there. */
	readonly force?: boolean | undefined
	readonly acl?: Acl | undefined
	/** By default that of the source. */
	readonly storageClass?: string | undefined
}

/** The head of the copy, and whether it was there already. */
export type Copied = {readonly head: Head; readonly source: Head; readonly wasThere: boolean}

/**
 * Copies `from` to `to`. What is there already is not replaced without `force`; where that is the very copy, as
 * after a run that died, all is well. Rejects with a fatal error where it is something else, and with 'not-found'
 * where there is no source.
 */
export async function copyObject(
	store: Store,
	from: string,
	to: string,
	wishes: CopyWishes,
): Promise<Copied> {
	const {force, acl, storageClass} = wishes
	const source = await store.head(from)
	if (!source) throw noSuchObject(store.bucket, from)
	const {metadata, contentType, contentEncoding, headers, etag, size} = source
	try {
		const written = await store.copy(from, to, {
			metadata,
			contentType,
			contentEncoding,
			headers,
			storageClass: storageClass ?? source.storageClass,
			acl,
			sourceIfMatch: etag,
			size,
			...(force ? {} : {ifNoneMatch: '*' as const}),
		})
		const {version, modified = Date.now()} = written
		return {head: {...source, etag: written.etag, version, modified}, source, wasThere: false}
	} catch (error) {
		const found = isKind(error, 'precondition') ? await store.head(to) : undefined
		if (!found) throw error
		const isCopy = found.etag === etag && isDeepStrictEqual(found.metadata, metadata)
		if (!isCopy) throw fatal('there is another object already', '--force replaces it', error)
		return {head: found, source, wasThere: true}
	}
}
