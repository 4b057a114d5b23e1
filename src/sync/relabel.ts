// New metadata for bytes that the store holds already: a server-side copy, onto the object itself
// or, for a renamed or duplicated file, from the object that has its content.

import {isDeepStrictEqual} from 'node:util'
import type {Path} from '../base/path.ts'
import type {Local} from '../format/entry.ts'
import {type Ruled, ruled} from '../format/header-rules.ts'
import {decodeFields, type Known, known, type Metadata} from '../format/metadata.ts'
import {
	type Condition,
	type Head,
	isKind,
	StoreError,
	type Properties,
	type Store,
	type Written,
} from '../store/store.ts'
import {type CargoOptions, describe} from './cargo.ts'
import type {KeptAcls} from './kept-acl.ts'
import type {SideObjects} from './side-objects.ts'

/** What an object gets, and where from. */
export type Relabel = {
	/** The file whose attributes it gets, without those of its object. */
	readonly path: Path
	readonly local: Local
	/** The key of the object that has the bytes, and its ETag; and the key that gets them, which may be the same. */
	readonly from: string
	readonly etag: string | undefined
	readonly to: string
	/** What guards the write, where the keys differ. */
	readonly guard: Condition
}

export type RelabelOptions = CargoOptions & {
	readonly store: Store
	readonly acls: KeptAcls
	/** Stores what the metadata refers to, before the object itself. */
	readonly sides: Pick<SideObjects, 'send'>
}

/**
 * Gives `to` the bytes of `from` with the attributes of a file. What the object had besides (other tools' metadata, its
 * content type and encoding, its ACL when it is the same object) is kept. Rejects with 'precondition' if either changed,
 * 'not-found' if the source is gone; `heard` is the head of the source, where that is known.
 */
export async function relabel(
	wanted: Relabel,
	options: RelabelOptions,
	heard?: Head,
): Promise<{readonly written: Written; readonly size: number}> {
	const {path, local, from, to} = wanted
	const {store, stored, acls} = options
	const isSame = from === to
	const [head, acl] = await Promise.all([heard ?? store.head(from), isSame ? acls.of(from) : stored?.acl])
	if (!head) throw new StoreError('not-found', 'NoSuchKey', 'the object is gone')
	const isPacked = decodeFields(head.metadata['s3r']).original !== undefined
	const etagIsMd5 = head.etag === local.md5 || isPacked
	const kept = isSame && options.files.xattrs === undefined ? xattrsOf(head, local) : {}
	const {properties, side} = describe({path, local}, options, {etagIsMd5, original: isPacked, kept})
	if (head.etag !== wanted.etag) {
		// the reply to this very copy got lost: it gave an object of parts another ETag
		if (isSame && isOurs(head, properties.metadata)) return {written: head, size: head.size}
		throw new StoreError('precondition', 'PreconditionFailed', 'the object changed')
	}
	if (side) await options.sides.send(side)
	const said = ruled(stored?.headers ?? [], path)
	const metadata = Object.assign(othersOf(head.metadata), properties.metadata)
	try {
		const written = await store.copy(from, to, {
			sourceIfMatch: head.etag,
			size: head.size,
			...properties,
			metadata,
			acl,
			...(isSame ? keptOf(head, said) : {contentEncoding: head.contentEncoding}),
			...(isSame ? {} : wanted.guard),
		})
		return {written, size: head.size}
	} catch (error) {
		// the reply to this very copy got lost, or the copy was delivered twice
		const found = isKind(error, 'precondition') ? await store.head(to) : undefined
		const isSameContent = head.etag !== local.md5 || found?.etag === head.etag
		if (!found || !isSameContent || !isDeepStrictEqual(found.metadata, metadata)) throw error
		return {written: found, size: found.size}
	}
}

const OURS = new Set(['file-permissions', 'file-owner', 'file-group', 'file-mtime', 'mtime', 's3r'])

/** What an object keeps that gets new attributes, but for what the rules say of it. */
const keptOf = ({contentType, contentEncoding, headers, storageClass}: Head, said: Ruled): Properties => ({
	contentType: said.contentType ?? contentType,
	contentEncoding,
	headers: {...headers, ...said.headers},
	storageClass,
	tags: undefined,
})

/** Whether an object has the metadata that it was to get. */
const isOurs = (head: Head, metadata: Metadata = {}): boolean =>
	[...OURS].every((name) => head.metadata[name] === metadata[name])

/** The xattrs that an object has of a file whose own are not looked at, and that came without them. */
function xattrsOf(head: Head, local: Local): Known {
	const {xattrs, xattrsAt} = decodeFields(head.metadata['s3r'])
	return local.xattrs === undefined ? known({xattrs, xattrsAt}) : {}
}

/** The metadata that is not s3r's. */
const othersOf = (metadata: Metadata): Record<string, string> =>
	Object.fromEntries(Object.entries(metadata).filter(([name]) => !OURS.has(name)))
