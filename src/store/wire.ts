// The hot requests, each as one attempt: what the data plane and the SDK both can do. The loop that tries
// again, guards and words are above, and the same for both.

import type {
	AclPolicy,
	Body,
	BodyDigest,
	Bucket,
	Head,
	Listed,
	Part,
	Properties,
	Upload,
	Written,
	Version,
} from './store.ts'

/** The guard of a write as it is sent. */
export type Guard = {readonly IfMatch?: string; readonly IfNoneMatch?: '*'}

export type PutRequest = {
	readonly properties: Properties
	readonly md5: Buffer | undefined
	/** In hex, where it is known. */
	readonly sha256?: string | undefined
	readonly guard: Guard
}

export type CopyRequest = {
	/** Without tags the copy has those of its source. */
	readonly properties: Properties
	readonly guard: Guard
	/** Bytes of the source. */
	readonly size: number
	/** The ETag that the source must hold, bare. */
	readonly sourceIfMatch?: string | undefined
	readonly sourceVersion?: string | undefined
}

export type DeleteRequest = {readonly guard: Guard; readonly version?: string | undefined}

export type GetRequest = {
	/** As HTTP says it: `bytes=0-9`. */
	readonly range?: string | undefined
	/** An ETag, bare. */
	readonly ifMatch?: string | undefined
	readonly version?: string | undefined
	readonly lent?: boolean | undefined
	readonly size?: number | undefined
}

export type GetReply = {
	/** `size` is that of the whole object. */
	readonly head: Head
	/** Bytes to come; 0 if nobody said it. */
	readonly length: number
	/** Small ones have arrived already. */
	readonly body: Buffer | AsyncIterable<Buffer>
}

export type ListRequest = {
	readonly prefix: string
	readonly after?: string | undefined
	/** Of the page before. */
	readonly token?: string | undefined
	readonly limit?: number | undefined
	/** Keys that hold it behind the prefix are told up to it only, as `prefixes`. */
	readonly delimiter?: string | undefined
}

export type Page = {
	readonly objects: readonly Listed[]
	/** Only where there was a delimiter. */
	readonly prefixes?: readonly string[] | undefined
	/** The token of the next page, if there is one. */
	readonly next?: string | undefined
}

export type BucketPage = {readonly buckets: readonly Bucket[]; readonly next?: string | undefined}

/** Where a page of versions begins: behind this one. */
export type VersionPlace = {readonly key: string; readonly version?: string | undefined}

export type VersionPage = {
	/** In the order of Store.listVersions. */
	readonly versions: readonly Version[]
	/** Where the next page begins, if there is one. */
	readonly next?: VersionPlace | undefined
}

export type PartNumber = {readonly key: string; readonly id: string; readonly number: number}

/** Where a page of uploads begins: behind this one. */
export type UploadPlace = {readonly key: string; readonly id: string}

export type UploadPage = {
	readonly uploads: readonly Upload[]
	/** Where the next page begins, if there is one. */
	readonly next?: UploadPlace | undefined
}

/** Every request rejects with what s3-retry.ts understands: an SdkError, or an error of the system. */
export interface Wire {
	put(key: string, body: Body, request: PutRequest): Promise<Written>
	/** Resolves to the ETag. Without a digest something else vouches for the bytes. */
	uploadPart(part: PartNumber, body: Body, digest: BodyDigest): Promise<string>
	/** Begins an upload of parts; resolves to its id. */
	createUpload(key: string, properties: Properties): Promise<string>
	/** Makes the object of its parts. The ETag is '' where the store says none; a failure behind a good status rejects like any other. */
	completeUpload(key: string, id: string, parts: readonly Part[], guard: Guard): Promise<Written>
	listUploads(prefix: string, after: UploadPlace | undefined): Promise<UploadPage>
	/** Copies up to COPY_LIMIT bytes. A failure that is told behind a good status rejects like any other. */
	copy(from: string, to: string, request: CopyRequest): Promise<Written>
	delete(key: string, request: DeleteRequest): Promise<void>
	/** The ACL of a key, or with undefined of the bucket. */
	acl(key: string | undefined): Promise<AclPolicy>
	/** Who owns the objects of the bucket: S3's name of the rule, or '' where there is none. */
	ownership(): Promise<string>
	get(key: string, request: GetRequest): Promise<GetReply>
	head(key: string, version: string | undefined): Promise<Head>
	headBucket(): Promise<void>
	list(request: ListRequest): Promise<Page>
	listVersions(prefix: string, after: VersionPlace | undefined): Promise<VersionPage>
	/** The buckets of the account; `token` is that of the page before. */
	listBuckets(token: string | undefined): Promise<BucketPage>
}
