// A store that pretends: reads pass through, writes change nothing and answer as if they had.

import {createHash, randomUUID} from 'node:crypto'
import {checkKey, checkProperties} from './limits.ts'
import type {Body, CopyOptions, Properties, Restoring, Store, StoreError, Written} from './store.ts'

/**
 * `store` for --dry-run. What is written gets the ETag it would have (for a source that is not in
 * memory, a made-up one: it is not read), and what S3 would refuse for its key or metadata is refused.
 */
export function dryRun(store: Store): Store {
	const check = (key: string, properties: Properties): void => {
		checkKey(store.bucket, key)
		checkProperties(store.bucket, key, properties)
	}
	return {
		bucket: store.bucket,
		url: store.url,
		signsBodies: store.signsBodies,
		get conditional() {
			return store.conditional
		},
		list: (prefix, options) => store.list(prefix, options),
		listVersions: (prefix) => store.listVersions(prefix),
		head: (key, options) => store.head(key, options),
		get: (key, options) => store.get(key, options),
		getAcl: (key) => store.getAcl(key),
		hasAcls: () => store.hasAcls(),
		bucketExists: () => store.bucketExists(),
		listUploads: (prefix) => store.listUploads(prefix),
		listParts: (key, id) => store.listParts(key, id),
		close: () => store.close(),

		async put(key, body, options = {}): Promise<Written> {
			check(key, options)
			return {etag: etagOf(body)}
		},
		async copy(_from, to, options: CopyOptions): Promise<Written> {
			check(to, options)
			return {etag: options.sourceIfMatch ?? madeUp()}
		},
		async delete(): Promise<void> {},
		async deleteMany(): Promise<ReadonlyMap<string, StoreError>> {
			return new Map()
		},
		async createUpload(key, properties): Promise<string> {
			check(key, properties)
			return randomUUID()
		},
		async uploadPart(_key, _id, _number, body): Promise<string> {
			return etagOf(body)
		},
		async copyPart(): Promise<string> {
			return madeUp()
		},
		async completeUpload(_key, _id, parts): Promise<Written> {
			return {etag: `${madeUp()}-${parts.length}`}
		},
		async abortUpload(): Promise<void> {},
		async restore(): Promise<Restoring> {
			return 'begun'
		},
		async putAcl(): Promise<void> {},
		async createBucket(): Promise<boolean> {
			return !(await store.bucketExists())
		},
		async deleteBucket(): Promise<void> {},
	}
}

const madeUp = (): string => randomUUID().replaceAll('-', '')

const etagOf = (body: Body): string =>
	Buffer.isBuffer(body) ? createHash('md5').update(body).digest('hex') : madeUp()
