// Multipart uploads that are under way in the bucket and that this local side does not remember: another
// machine's, or those of a run that died before it noted them. One that is of the same file is taken up.
//
// Whoever began it may still be at it. That does no harm: an object is made of parts that are named by their
// MD5s, so nobody gets other bytes than their own, and who finds an upload gone begins anew.

import {isDeepStrictEqual} from 'node:util'
import {partSizeOf} from '../algo/parts.ts'
import {isPrivate} from '../format/acl.ts'
import {
	type Head,
	type Part,
	type Properties,
	type Store,
	StoreError,
	type Upload,
	type Written,
} from '../store/store.ts'
import type {OpenFile} from './files.ts'
import {md5OfStretch} from './pieces.ts'
import {aclOf} from './kept-acl.ts'

/** Parts that the store has, by their number. */
export type Parts = ReadonlyMap<number, Part>

export type TakenUp = {readonly id: string; readonly partSize: number; readonly listed: Parts}

export class UploadsBegun {
	readonly #store: Store
	readonly #prefix: string | undefined
	#all: Promise<readonly Upload[]> | undefined

	/** With a prefix all uploads below it are listed once; without, those of each key that is asked for. */
	constructor(store: Store, prefix?: string) {
		this.#store = store
		this.#prefix = prefix
	}

	/** The upload that was begun last of those that are of this file, by all that is known of it. */
	async find(key: string, file: OpenFile): Promise<TakenUp | undefined> {
		const uploads = await this.#of(key)
		for (const {id} of uploads.toSorted((a, b) => b.initiated - a.initiated)) {
			const listed = await partsOf(this.#store, key, id)
			const partSize = listed && sizeIfOf(file, [...listed.values()])
			if (listed && partSize !== undefined) return {id, partSize, listed}
		}
		return undefined
	}

	/**
	 * Ends the uploads of a key that have no parts, after a run that died when it had begun one and did not know its
	 * id yet. Whoever has begun another one just now begins anew.
	 */
	async endEmpty(key: string): Promise<void> {
		for (const {id} of await this.#of(key)) {
			const parts = await partsOf(this.#store, key, id)
			if (parts?.size === 0) await this.#store.abortUpload(key, id)
		}
	}

	async #of(key: string): Promise<readonly Upload[]> {
		const begun =
			this.#prefix === undefined ? list(this.#store, key) : (this.#all ??= list(this.#store, this.#prefix))
		return (await begun).filter((upload) => upload.key === key)
	}
}

async function list(store: Store, prefix: string): Promise<readonly Upload[]> {
	const uploads: Upload[] = []
	try {
		for await (const upload of store.listUploads(prefix)) uploads.push(upload)
	} catch (error) {
		// who may write but not list sends everything
		if (!isRefusal(error)) throw error
	}
	return uploads
}

/** The parts of an upload, or undefined if the store does not know it any more. */
export async function partsOf(store: Store, key: string, id: string): Promise<Parts | undefined> {
	const parts = new Map<number, Part>()
	try {
		for await (const part of store.listParts(key, id)) parts.set(part.number, part)
		return parts
	} catch (error) {
		if (error instanceof StoreError && error.kind === 'not-found') return undefined
		throw error
	}
}

/** The size of the parts, if they have those of this file and the first of them is the file's. */
function sizeIfOf(file: OpenFile, parts: readonly Part[]): number | undefined {
	const size = partSizeOf(parts, file.stat.size)
	const [first] = parts
	if (first === undefined || size === undefined) return undefined
	const md5 = md5OfStretch(file, (first.number - 1) * size, first.size)
	return md5.toString('hex') === first.etag ? size : undefined
}

/**
 * Gives an object with our bytes the properties that they were to have, if it has others: by a copy onto
 * itself. Rejects with 'precondition' if it is another object by then.
 */
export async function corrected(
	store: Store,
	key: string,
	head: Head,
	wanted: Properties,
): Promise<Written & {size: number}> {
	const {size} = head
	if (hasProperties(head, wanted) && (await isPrivateAs(store, key, wanted))) return {...head, size}
	const {etag} = head
	const written = await store.copy(key, key, {...wanted, size, sourceIfMatch: etag, ifMatch: etag})
	return {...written, size}
}

const hasProperties = (
	head: Head,
	{metadata = {}, contentType, contentEncoding, headers = {}, storageClass, tags}: Properties,
): boolean =>
	isDeepStrictEqual({...head.metadata}, {...metadata}) &&
	head.contentType === contentType &&
	head.contentEncoding === contentEncoding &&
	isDeepStrictEqual({...head.headers}, {...headers}) &&
	tags === undefined &&
	(head.storageClass ?? 'STANDARD') === (storageClass ?? 'STANDARD')

/** Whether nobody else is to see the object, and nobody can. */
const isPrivateAs = async (store: Store, key: string, {acl = 'private'}: Properties): Promise<boolean> =>
	acl === 'private' && isPrivate((await aclOf(store, key)) ?? 'private')

const isRefusal = (error: unknown): boolean =>
	error instanceof StoreError && ['denied', 'invalid', 'other'].includes(error.kind)
