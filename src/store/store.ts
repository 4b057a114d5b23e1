// What s3r asks of an object store: one bucket, seen through this interface only. s3.ts speaks to
// a real one, memory.ts is one in a Map, dry.ts and counted.ts wrap another. One contract suite
// (test/store.test.ts) runs on all of them.
//
// Keys are whole keys (a remote's prefix included) in Unicode. ETags are opaque and without their
// quotes; an ETag is never taken for an MD5 here. Every method rejects with a StoreError.

import {S3rError} from '../base/errors.ts'
import type {Acl, Grant} from '../format/acl.ts'
import type {ContentHeaders} from '../format/header-rules.ts'
import type {Tags} from '../format/tags.ts'
import type {FindSite} from './plane-site.ts'

export type Listed = {
	readonly key: string
	readonly etag: string
	/** Bytes stored. */
	readonly size: number
	/** The store's last-modified, milliseconds since the epoch. Never an mtime. */
	readonly modified: number
	/** S3's name of it; undefined is STANDARD. */
	readonly storageClass?: string | undefined
	/** The version, where the listing is one that knows them: `atMoment` of at.ts. */
	readonly version?: string | undefined
	/** There is a newer version by now. */
	readonly superseded?: boolean | undefined
}

/** One version of an object, or the marker that a deletion left. */
export type Version = Listed & {
	/** 'null' for what was stored while the bucket kept no versions. */
	readonly version: string
	/** Whether it is what the key shows now. */
	readonly latest: boolean
	/** A delete marker: it has no bytes, and hides the versions before it. */
	readonly deleted?: true | undefined
}

export type Head = Omit<Listed, 'key'> & {
	/** User metadata: names in lower case without `x-amz-meta-`, values as sent. */
	readonly metadata: Readonly<Record<string, string>>
	readonly contentType?: string | undefined
	readonly contentEncoding?: string | undefined
	/** What else of the headers it was stored with is answered. */
	readonly headers?: ContentHeaders | undefined
	readonly version?: string | undefined
	/** false where the store says that the ETag is no MD5, whatever it looks like (SSE-KMS, SSE-C). */
	readonly etagIsMd5?: false | undefined
}

/**
 * What a write left in the store. `modified` is not before the object's last-modified: a store that does not
 * say that one says the time of its reply. It is undefined where nothing is known of it.
 */
export type Written = {
	readonly etag: string
	readonly version?: string | undefined
	readonly modified?: number | undefined
}

/**
 * Bytes to send: in memory, or a source that can be read again from its start (for a retry), whose chunks are each good
 * until the next one is asked for. An error of the source rejects the write as it is, and nothing is stored.
 */
export type Body = Buffer | {readonly length: number; chunks(): AsyncIterable<Buffer>}

/** What vouches for a body: its MD5, or the SHA-256 in hex. */
export type BodyDigest = {readonly md5?: Buffer | undefined; readonly sha256?: string | undefined}

/**
 * The guard of a write. `ifMatch`: the key must hold this ETag. `ifNoneMatch: '*'`: the key must be
 * absent. Where it does not hold, the write rejects with 'precondition' and changes nothing.
 */
export type Condition = {readonly ifMatch?: string | undefined; readonly ifNoneMatch?: '*' | undefined}

/** An ACL as a store answers it. */
export type AclPolicy = {readonly owner: string; readonly grants: readonly Grant[]}

/**
 * What is stored beside the bytes. What is not given is S3's default, whatever the remote says: that decides by
 * itself on encryption and locks only.
 */
export type Properties = {
	readonly metadata?: Readonly<Record<string, string>> | undefined
	readonly contentType?: string | undefined
	readonly contentEncoding?: string | undefined
	readonly headers?: ContentHeaders | undefined
	readonly storageClass?: string | undefined
	readonly acl?: Acl | undefined
	/** Of a copy: without them it has those of its source. */
	readonly tags?: Tags | undefined
	/** It is deleted again at once: no lock is put on it. */
	readonly isPassing?: boolean | undefined
}

export type PutOptions = Properties &
	Condition & {
		/** MD5 of the body (16 bytes), sent as Content-MD5; the store computes it for a Buffer without. */
		readonly md5?: Buffer | undefined
		/** SHA-256 of the body in hex, where that is known. */
		readonly sha256?: string | undefined
	}

/** What a PUT of a file is told. Written out, as all is that is made for each file (entry.ts): a spread takes a microsecond. */
export const putOptions = (
	{metadata, contentType, contentEncoding, headers, storageClass, acl, tags}: Properties,
	{ifMatch, ifNoneMatch}: Condition,
	md5: Buffer,
	sha256?: string,
): PutOptions => ({
	metadata,
	contentType,
	contentEncoding,
	headers,
	storageClass,
	acl,
	tags,
	ifMatch,
	ifNoneMatch,
	md5,
	sha256,
})

export type GetOptions = {
	/** First and last byte, both included; `last` absent: to the end. */
	readonly range?: {readonly first: number; readonly last?: number | undefined} | undefined
	/** Rejects with 'precondition' if the object is another one by now. */
	readonly ifMatch?: string | undefined
	readonly version?: string | undefined
	/** For much that is read once: a piece of the body need be good only until the next one is asked for. */
	readonly lent?: boolean | undefined
	/** Bytes that there are to come, where that is known: requests for few go together. */
	readonly size?: number | undefined
}

export type Got = {
	/** `size` is that of the whole object, also for a range. */
	readonly head: Head
	/** The bytes. To be read to its end or returned from; otherwise its connection stays taken. */
	readonly body: AsyncIterable<Buffer>
}

export type CopyOptions = Properties &
	Condition & {
		/** The source must hold this ETag. Ceph 16 does not look: who must know compares a head before. */
		readonly sourceIfMatch?: string | undefined
		readonly sourceVersion?: string | undefined
		/** Bytes of the source; above COPY_LIMIT the copy is made of parts. */
		readonly size: number
	}

export type DeleteOptions = {readonly ifMatch?: string | undefined; readonly version?: string | undefined}

/** Bytes `first` to `last` (both included) of an object. */
export type PartSource = {
	readonly key: string
	readonly first: number
	readonly last: number
	readonly ifMatch?: string | undefined
}

export type Part = {readonly number: number; readonly etag: string; readonly size: number}
export type Upload = {
	readonly key: string
	readonly id: string
	/** Milliseconds since the epoch. */ readonly initiated: number
}

export type BucketOptions = {
	readonly acl?: Acl | undefined
	readonly versioning?: boolean | undefined
	readonly objectLock?: boolean | undefined
}

/** The largest object that one CopyObject copies, and the largest single PUT: 5 GiB (S3 limits). */
export const COPY_LIMIT = 5 * 2 ** 30

/** How a copy of what is archived is asked for. */
export type RestoreOptions = {
	/** How long the copy stays. */
	readonly days: number
	/** How quickly it comes: S3's name of it. */
	readonly tier: (typeof TIERS)[number]
	readonly version?: string | undefined
}
export const TIERS = ['Standard', 'Bulk', 'Expedited'] as const

/** A restore is begun by this request, is under way already, or is done. */
export type Restoring = 'begun' | 'under way' | 'done'

export interface Store {
	/** The bucket's name. */
	readonly bucket: string
	/** For messages: `s3://bucket` and the endpoint if it is not AWS's. */
	readonly url: string

	/**
	 * Lists the keys under `prefix` in the byte order of UTF-8. Every request yields its page, of 1,000
	 * keys or fewer, also an empty one. `after` begins behind that key.
	 */
	list(prefix: string, options?: {readonly after?: string | undefined}): AsyncIterable<readonly Listed[]>

	/**
	 * Lists every version and delete marker under `prefix`, the keys in the same order and the newest first
	 * of each, a page a request. In a bucket that keeps none, every object is its one version 'null'.
	 */
	listVersions(prefix: string): AsyncIterable<readonly Version[]>

	/** The object's head, or undefined where there is none. */
	head(key: string, options?: {readonly version?: string | undefined}): Promise<Head | undefined>

	/** Opens an object for reading; rejects with 'not-found' where there is none. */
	get(key: string, options?: GetOptions): Promise<Got>

	/** Stores an object of at most COPY_LIMIT bytes. The store has verified its MD5 when this resolves. */
	put(key: string, body: Body, options?: PutOptions): Promise<Written>

	/**
	 * Copies within the bucket, on the server. The properties given replace the source's; what is not
	 * given is dropped, not kept. `from === to` replaces an object's metadata.
	 */
	copy(from: string, to: string, options: CopyOptions): Promise<Written>

	/**
	 * Deletes an object; one that is absent already is no error. With `ifMatch`: 'precondition' if it changed.
	 * With `version` that version, or that delete marker, is gone for good.
	 */
	delete(key: string, options?: DeleteOptions): Promise<void>

	/**
	 * Deletes any number of keys, 1,000 a request, without conditions; resolves to the keys that failed
	 * and why. What stops the whole (no bucket, no network) rejects.
	 */
	deleteMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoreError>>

	/** Begins a multipart upload and resolves to its id. */
	createUpload(key: string, properties: Properties): Promise<string>
	/**
	 * Uploads one part; resolves to its ETag. The store has verified the bytes by then: by the digest, or what it has
	 * for a Buffer without, and the Buffer is the caller's again.
	 */
	uploadPart(key: string, id: string, number: number, body: Body, digest?: BodyDigest): Promise<string>
	/** Makes a part of another object's bytes; resolves to its ETag. Not every store obeys `ifMatch` here. */
	copyPart(key: string, id: string, number: number, source: PartSource): Promise<string>
	/** Makes the object of its parts, which are in ascending order. */
	completeUpload(key: string, id: string, parts: readonly Part[], condition: Condition): Promise<Written>
	/** Ends an upload and drops its parts; one that is gone already is no error. */
	abortUpload(key: string, id: string): Promise<void>
	listUploads(prefix: string): AsyncIterable<Upload>
	listParts(key: string, id: string): AsyncIterable<Part>

	/** Asks for a readable copy of an archived object, which comes in minutes or hours. */
	restore(key: string, options: RestoreOptions): Promise<Restoring>

	/** The owner and grants of a key, or with undefined of the bucket; never a canned name. */
	getAcl(key: string | undefined): Promise<AclPolicy>
	/** Whether objects have ACLs of their own; true where the store does not say it. */
	hasAcls(): Promise<boolean>
	/** Replaces an ACL; 'acls-disabled' where the bucket has none (AWS's default since April 2023). */
	putAcl(key: string | undefined, acl: Acl): Promise<void>

	/** Whether the bucket exists and answers to us; 'denied' if it is somebody else's. */
	bucketExists(): Promise<boolean>
	/**
	 * Creates the bucket, or finds that it is ours already, which is no error (`false`). With an `acl`
	 * other than private the bucket, new or not, has its object ownership set to BucketOwnerPreferred, so
	 * that ACLs work, and with a public one the public access block lifted for ACLs; then it gets that ACL.
	 * Without, nothing of an existing bucket is touched. With `versioning` it keeps versions from now on. With
	 * `objectLock` it is a new one whose versions can be locked; one that exists is refused then.
	 */
	createBucket(options?: BucketOptions): Promise<boolean>
	/** Deletes the bucket, which must be empty. */
	deleteBucket(): Promise<void>

	/** Whether the SHA-256 of what is sent is part of the signature, as over plain HTTP. */
	readonly signsBodies: boolean
	/** Whether the store honours If-None-Match and If-Match on writes; undefined while that is not known. */
	readonly conditional: boolean | undefined
	/** Finds that out, where it is not known, as the first guarded write does: with an object of its own. Rejects as that write would. */
	readonly showGuards?: (() => Promise<void>) | undefined
	/** For who reaches the same bucket by a store of another thread; see OpenOptions. */
	readonly findSite?: FindSite | undefined
	/** Ends idle connections. */
	close(): void
}

export type Bucket = {
	readonly name: string
	/** Milliseconds since the epoch. */ readonly created?: number | undefined
}

/** What went wrong, as far as callers tell it apart. */
export type Kind =
	| 'not-found'
	| 'no-bucket'
	| 'precondition'
	| 'denied'
	| 'acls-disabled'
	| 'invalid'
	| 'archived'
	| 'skew'
	| 'network'
	| 'interrupted'
	| 'other'

/** An error of the store. `code` is S3's own ('NoSuchKey') or the system's ('ECONNREFUSED'). */
export class StoreError extends S3rError {
	readonly kind: Kind
	readonly code: string

	constructor(
		kind: Kind,
		code: string,
		message: string,
		options: {status?: number; hint?: string | undefined; cause?: unknown} = {},
	) {
		super(message, options)
		this.kind = kind
		this.code = code
	}
}

/** Whether `error` is a StoreError of this kind. */
export const isKind = (error: unknown, kind: Kind): error is StoreError =>
	error instanceof StoreError && error.kind === kind
