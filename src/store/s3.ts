// The store over S3: the hot requests by the data plane, the others by the SDK, which is loaded for the first
// of them. With its s3-*.ts rooms, each for one subject, the only files that import it.

import type {Acl} from '../format/acl.ts'
import type {Remote} from '../format/remote.ts'
import {checkKey, checkProperties} from './limits.ts'
import type {OpenOptions, Where} from './open.ts'
import type {FindSite} from './plane-site.ts'
import {S3Connection} from './s3-connection.ts'
import {copy} from './s3-copy.ts'
import {deleteOne} from './s3-delete.ts'
import {get} from './s3-get.ts'
import {Guards} from './s3-guard.ts'
import {bucketExists, head} from './s3-head.ts'
import {hasAcls} from './s3-ownership.ts'
import {list, listAllBuckets, listVersions} from './s3-list.ts'
import {put, uploadPart} from './s3-send.ts'
import {completeUpload, createUpload, listUploads} from './s3-upload.ts'
import {
	type AclPolicy,
	type Body,
	type BodyDigest,
	type Bucket,
	type BucketOptions,
	type Condition,
	COPY_LIMIT,
	type CopyOptions,
	type DeleteOptions,
	type GetOptions,
	type Got,
	type Head,
	type Listed,
	type Part,
	type PartSource,
	type Properties,
	type PutOptions,
	type RestoreOptions,
	type Restoring,
	type Store,
	type StoreError,
	type Upload,
	type Version,
	type Written,
} from './store.ts'

const control = () => import('./s3-control.ts')

/** See openStore. */
export const openS3 = async (remote: Remote, options: OpenOptions): Promise<Store> =>
	new S3Store(await S3Connection.open(remote, options), options.onProbed)

/** See listBuckets of open.ts. */
export async function listBuckets(where: Where, options: OpenOptions): Promise<readonly Bucket[]> {
	// a remote says where its account is too
	const at = await S3Connection.open({...where, bucket: ''}, options)
	try {
		return await listAllBuckets(at)
	} finally {
		at.close()
	}
}

class S3Store implements Store {
	readonly bucket: string
	readonly url: string
	readonly signsBodies: boolean
	readonly showGuards = () => this.#guards.show()
	readonly findSite: FindSite = () => this.#at.site()
	readonly #at: S3Connection
	readonly #guards: Guards

	constructor(at: S3Connection, onProbed: OpenOptions['onProbed']) {
		this.bucket = at.bucket
		this.url = at.aws ? `s3://${at.bucket}` : `s3://${at.bucket} at ${at.endpoint}`
		this.signsBodies = at.endpoint.startsWith('http:')
		this.#at = at
		this.#guards = new Guards(at, onProbed)
	}

	get conditional(): boolean | undefined {
		return this.#guards.conditional
	}

	list(
		prefix: string,
		options: {readonly after?: string | undefined} = {},
	): AsyncIterable<readonly Listed[]> {
		return list(this.#at, prefix, options.after)
	}

	listVersions(prefix: string): AsyncIterable<readonly Version[]> {
		return listVersions(this.#at, prefix)
	}

	head(key: string, options: {readonly version?: string | undefined} = {}): Promise<Head | undefined> {
		return this.#refused(key) ?? head(this.#at, key, options.version)
	}

	get(key: string, options: GetOptions = {}): Promise<Got> {
		return this.#refused(key) ?? get(this.#at, key, options)
	}

	put(key: string, body: Body, options: PutOptions = {}): Promise<Written> {
		return this.#refused(key, options) ?? put(this.#at, this.#guards, key, body, options)
	}

	async copy(from: string, to: string, options: CopyOptions): Promise<Written> {
		checkKey(this.bucket, from)
		this.#check(to, options)
		const copier = options.size > COPY_LIMIT ? (await control()).copyInParts : copy
		return copier(this.#at, this.#guards, from, to, options)
	}

	async delete(key: string, options: DeleteOptions = {}): Promise<void> {
		checkKey(this.bucket, key)
		return deleteOne(this.#at, this.#guards, key, options)
	}

	async deleteMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoreError>> {
		for (const key of keys) checkKey(this.bucket, key)
		return (await control()).deleteMany(this.#at, this.#guards, keys)
	}

	async createUpload(key: string, properties: Properties): Promise<string> {
		this.#check(key, properties)
		return createUpload(this.#at, key, properties)
	}

	uploadPart(key: string, id: string, number: number, body: Body, digest: BodyDigest = {}): Promise<string> {
		return uploadPart(this.#at, {key, id, number}, body, digest)
	}

	async copyPart(key: string, id: string, number: number, source: PartSource): Promise<string> {
		checkKey(this.bucket, source.key)
		return (await control()).copyPart(this.#at, key, id, number, source)
	}

	completeUpload(key: string, id: string, parts: readonly Part[], condition: Condition): Promise<Written> {
		return completeUpload(this.#at, this.#guards, key, id, parts, condition)
	}

	async abortUpload(key: string, id: string): Promise<void> {
		return (await control()).abortUpload(this.#at, key, id)
	}

	listUploads(prefix: string): AsyncIterable<Upload> {
		return listUploads(this.#at, prefix)
	}

	async *listParts(key: string, id: string): AsyncIterable<Part> {
		yield* (await control()).listParts(this.#at, key, id)
	}

	async restore(key: string, options: RestoreOptions): Promise<Restoring> {
		checkKey(this.bucket, key)
		return (await control()).restore(this.#at, key, options)
	}

	async getAcl(key: string | undefined): Promise<AclPolicy> {
		return this.#at.ask({key}, (wire) => wire.acl(key))
	}

	hasAcls(): Promise<boolean> {
		return hasAcls(this.#at)
	}

	async putAcl(key: string | undefined, acl: Acl): Promise<void> {
		return (await control()).putAcl(this.#at, key, acl)
	}

	bucketExists(): Promise<boolean> {
		return bucketExists(this.#at)
	}

	async createBucket(options: BucketOptions = {}): Promise<boolean> {
		return (await control()).createBucket(this.#at, options)
	}

	async deleteBucket(): Promise<void> {
		return (await control()).deleteBucket(this.#at)
	}

	close(): void {
		this.#at.close()
	}

	#check(key: string, properties: Properties | undefined): void {
		checkKey(this.bucket, key)
		if (properties !== undefined) checkProperties(this.bucket, key, properties)
	}

	/** What no store can hold, as a rejection; undefined where there is nothing against it. */
	#refused(key: string, properties?: Properties): Promise<never> | undefined {
		try {
			this.#check(key, properties)
			return undefined
		} catch (error) {
			return Promise.reject(error)
		}
	}
}
