// A store in this process's memory, for tests and for what needs no network: S3's rules and order,
// its ETags, conditions, limits and ACLs, without its time.

import {createHash, hash, randomUUID} from 'node:crypto'
import type {Acl} from '../format/acl.ts'
import {shown} from '../base/quote.ts'
import {chunksOf, readBody, resolveRange} from './body.ts'
import {spelledOut} from './canned.ts'
import {
	aclsDisabled,
	archived,
	invalid,
	lockNeedsNew,
	noSuchBucket,
	noSuchObject,
	preconditionFailed,
	shownObject,
} from './errors.ts'
import {checkBucketName, checkKey, checkProperties} from './limits.ts'
import {MemoryObjects, type Stored} from './memory-objects.ts'
import {MemoryUploads} from './memory-uploads.ts'
import {MemoryVersions} from './memory-versions.ts'
import {
	type AclPolicy,
	type Body,
	type BodyDigest,
	type BucketOptions,
	type Condition,
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
	StoreError,
	type Upload,
	type Version,
	type Written,
} from './store.ts'

const OWNER = 'memory'
const ARCHIVES = new Set(['GLACIER', 'DEEP_ARCHIVE'])

export type MemoryOptions = {
	/** The bucket's name; 'memory' by default. */
	readonly bucket?: string | undefined
	/** Whether the bucket is there from the start; by default it is. */
	readonly exists?: boolean | undefined
	/** Object ownership BucketOwnerEnforced, as AWS gives every new bucket; by default ACLs work. */
	readonly aclsDisabled?: boolean | undefined
	/** The time, in milliseconds since the epoch; the system's by default. */
	readonly now?: (() => number) | undefined
}

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest()

/** A bucket in memory. */
export class MemoryStore implements Store {
	readonly bucket: string
	readonly url: string
	readonly conditional = true
	readonly signsBodies = false
	readonly #objects = new MemoryObjects()
	#exists: boolean
	#aclsDisabled: boolean
	#acl: Acl = 'private'
	/** Kept from when that was asked for. */
	#versions: MemoryVersions | undefined
	readonly #uploads: MemoryUploads
	readonly #now: () => number

	constructor(options: MemoryOptions = {}) {
		this.bucket = options.bucket ?? 'memory'
		this.url = `s3://${this.bucket}`
		this.#exists = options.exists ?? true
		this.#aclsDisabled = options.aclsDisabled ?? false
		this.#now = options.now ?? Date.now
		this.#uploads = new MemoryUploads(this.bucket)
	}

	async *list(
		prefix: string,
		options: {readonly after?: string | undefined} = {},
	): AsyncIterable<readonly Listed[]> {
		for (let after = options.after ?? ''; ;) {
			this.#needBucket()
			const {page, more} = this.#objects.page(prefix, after)
			yield page
			if (!more) return
			after = page.at(-1)?.key ?? ''
		}
	}

	async *listVersions(prefix: string): AsyncIterable<readonly Version[]> {
		this.#needBucket()
		if (this.#versions) yield* this.#versions.pages(prefix)
		else
			for await (const page of this.list(prefix))
				yield page.map((listed) => ({...listed, version: 'null', latest: true}))
	}

	async head(key: string, options: {readonly version?: string | undefined} = {}): Promise<Head | undefined> {
		this.#needBucket()
		return this.#find(key, options.version)?.head
	}

	async get(key: string, options: GetOptions = {}): Promise<Got> {
		const {head, bytes, restored} = this.#need(key, options.version)
		if (options.ifMatch !== undefined && options.ifMatch !== head.etag)
			throw preconditionFailed(this.bucket, key, options)
		if (ARCHIVES.has(head.storageClass ?? '') && !restored) throw archived(this.bucket, key)
		const {start, end} = resolveRange(this.bucket, key, bytes.length, options.range)
		return {head, body: chunksOf(bytes.subarray(start, end))}
	}

	async put(key: string, body: Body, options: PutOptions = {}): Promise<Written> {
		this.#check(key, options)
		const bytes = Buffer.from(await readBody(body))
		const digest = md5(bytes)
		this.#checkDigest(key, digest, options.md5)
		this.#checkSha256(key, bytes, options)
		this.#checkCondition(key, options)
		return this.#store(key, bytes, digest.toString('hex'), options)
	}

	async copy(from: string, to: string, options: CopyOptions): Promise<Written> {
		this.#check(to, options)
		const {head, bytes} = this.#need(from, options.sourceVersion)
		if (options.sourceIfMatch !== undefined && options.sourceIfMatch !== head.etag)
			throw preconditionFailed(this.bucket, from, {ifMatch: options.sourceIfMatch})
		this.#checkCondition(to, options)
		return this.#store(to, bytes, md5(bytes).toString('hex'), options)
	}

	async delete(key: string, options: DeleteOptions = {}): Promise<void> {
		this.#needBucket()
		if (this.#versions && options.version !== undefined) return this.#deleteVersion(key, options.version)
		const found = this.#find(key, options.version)
		if (found === undefined && !this.#versions) return
		this.#checkCondition(key, {ifMatch: options.ifMatch})
		this.#versions?.add({key, id: randomUUID(), modified: this.#now()})
		this.#objects.delete(key)
	}

	/** Drops a version, or a marker: the one before it is what the key shows then. */
	#deleteVersion(key: string, id: string): void {
		this.#versions?.delete(key, id)
		const object = this.#versions?.newest(key)?.object
		if (object) this.#objects.set(object)
		else this.#objects.delete(key)
	}

	async deleteMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoreError>> {
		for (const key of keys) await this.delete(key)
		return new Map()
	}

	async createUpload(key: string, properties: Properties): Promise<string> {
		this.#check(key, properties)
		return this.#uploads.create(key, properties, this.#now())
	}

	async uploadPart(
		key: string,
		id: string,
		number: number,
		body: Body,
		digest: BodyDigest = {},
	): Promise<string> {
		this.#needBucket()
		const bytes = Buffer.from(await readBody(body))
		if (digest.md5 !== undefined) this.#checkDigest(key, md5(bytes), digest.md5)
		this.#checkSha256(key, bytes, digest)
		return this.#uploads.add(key, id, number, bytes)
	}

	async copyPart(key: string, id: string, number: number, source: PartSource): Promise<string> {
		const {head, bytes} = this.#need(source.key)
		if (source.ifMatch !== undefined && source.ifMatch !== head.etag)
			throw preconditionFailed(this.bucket, source.key, {ifMatch: source.ifMatch})
		const {start, end} = resolveRange(this.bucket, source.key, bytes.length, source)
		if (end !== source.last + 1)
			throw invalid('InvalidRange', `${shownObject(this.bucket, source.key)} ends before byte ${source.last}`)
		return this.#uploads.add(key, id, number, bytes.subarray(start, end))
	}

	async completeUpload(
		key: string,
		id: string,
		parts: readonly Part[],
		condition: Condition,
	): Promise<Written> {
		this.#needBucket()
		const {bytes, etag, properties} = this.#uploads.join(key, id, parts)
		this.#checkCondition(key, condition)
		this.#uploads.drop(id)
		return this.#store(key, bytes, etag, properties)
	}

	async abortUpload(_key: string, id: string): Promise<void> {
		this.#needBucket()
		this.#uploads.drop(id)
	}

	async *listUploads(prefix: string): AsyncIterable<Upload> {
		this.#needBucket()
		yield* this.#uploads.list(prefix)
	}

	async *listParts(key: string, id: string): AsyncIterable<Part> {
		this.#needBucket()
		yield* this.#uploads.listParts(key, id)
	}

	async restore(key: string, {version}: RestoreOptions): Promise<Restoring> {
		const found = this.#need(key, version)
		if (!ARCHIVES.has(found.head.storageClass ?? ''))
			throw invalid('InvalidObjectState', `${shownObject(this.bucket, key)} is not archived`)
		const before = found.restored
		found.restored = true
		return before ? 'done' : 'begun'
	}

	async getAcl(key: string | undefined): Promise<AclPolicy> {
		this.#needBucket()
		return spelledOut(key === undefined ? this.#acl : this.#need(key).acl, OWNER)
	}

	async hasAcls(): Promise<boolean> {
		this.#needBucket()
		return !this.#aclsDisabled
	}

	async putAcl(key: string | undefined, acl: Acl): Promise<void> {
		this.#needBucket()
		this.#checkAcl(acl)
		if (key === undefined) this.#acl = acl
		else this.#need(key).acl = acl
	}

	async bucketExists(): Promise<boolean> {
		return this.#exists
	}

	async createBucket({acl, versioning, objectLock}: BucketOptions = {}): Promise<boolean> {
		const created = !this.#exists
		if (!created && objectLock === true) throw lockNeedsNew(this.bucket)
		if (created) checkBucketName(this.bucket)
		this.#exists = true
		if ((versioning === true || objectLock === true) && !this.#versions) {
			this.#versions = new MemoryVersions()
			for (const object of this.#objects.all())
				this.#versions.add({key: object.key, id: 'null', modified: object.head.modified, object})
		}
		if (acl === undefined) return created
		if (acl !== 'private') this.#aclsDisabled = false
		this.#acl = acl
		return created
	}

	async deleteBucket(): Promise<void> {
		this.#needBucket()
		if (this.#objects.size > 0 || (this.#versions?.size ?? 0) > 0)
			throw new StoreError('other', 'BucketNotEmpty', `bucket ${shown(this.bucket)} is not empty`)
		this.#exists = false
	}

	close(): void {}

	#needBucket(): void {
		if (!this.#exists) throw noSuchBucket(this.bucket)
	}

	#find(key: string, version?: string): Stored | undefined {
		if (version === undefined || (version === 'null' && !this.#versions)) return this.#objects.get(key)
		return this.#versions?.find(key, version)?.object
	}

	#need(key: string, version?: string): Stored {
		this.#needBucket()
		const found = this.#find(key, version)
		if (found === undefined) throw noSuchObject(this.bucket, key)
		return found
	}

	#check(key: string, properties: Properties): void {
		checkKey(this.bucket, key)
		checkProperties(this.bucket, key, properties)
		this.#needBucket()
		this.#checkAcl(properties.acl)
	}

	#checkAcl(acl: Acl | undefined): void {
		if (this.#aclsDisabled && acl !== undefined && acl !== 'private' && acl !== 'bucket-owner-full-control')
			throw aclsDisabled(this.bucket)
	}

	#checkSha256(key: string, bytes: Buffer, {sha256}: BodyDigest): void {
		if (sha256 !== undefined && sha256 !== hash('sha256', bytes))
			throw invalid('XAmzContentSHA256Mismatch', `${shownObject(this.bucket, key)}: the SHA-256 is another`)
	}

	#checkDigest(key: string, actual: Buffer, promised: Buffer | undefined): void {
		if (promised !== undefined && !promised.equals(actual))
			throw invalid('BadDigest', `${shownObject(this.bucket, key)} arrived with another MD5 than was sent`)
	}

	#checkCondition(key: string, condition: Condition): void {
		const found = this.#find(key)
		const held =
			(condition.ifNoneMatch === undefined || found === undefined) &&
			(condition.ifMatch === undefined || condition.ifMatch === found?.head.etag)
		if (!held) throw preconditionFailed(this.bucket, key, condition)
	}

	#store(key: string, bytes: Buffer, etag: string, properties: Properties): Written {
		const modified = this.#now()
		const {
			metadata = {},
			contentType = 'binary/octet-stream',
			contentEncoding,
			headers,
			acl = 'private',
		} = properties
		const storageClass = properties.storageClass === 'STANDARD' ? undefined : properties.storageClass
		const head = {
			etag,
			size: bytes.length,
			modified,
			storageClass,
			metadata,
			contentType,
			contentEncoding,
			headers,
		}
		const version = this.#versions && randomUUID()
		const object = {key, bytes, head: {...head, version}, acl}
		this.#objects.set(object)
		if (version !== undefined) this.#versions?.add({key, id: version, modified, object})
		return {etag, version, modified}
	}
}
