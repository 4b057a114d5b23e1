// The hot requests over the SDK: where the data plane is switched off, and for what it does not cover.

import {Readable} from 'node:stream'
import {
	GetObjectCommand,
	type GetObjectCommandOutput,
	HeadBucketCommand,
	HeadObjectCommand,
	type HeadObjectCommandOutput,
	PutObjectCommand,
	type S3Client,
	UploadPartCommand,
} from '@aws-sdk/client-s3'
import type {ContentHeaders} from '../format/header-rules.ts'
import {md5OfBody, readBody, watched} from './body.ts'
import {customerKeyParams} from './customer-key.ts'
import type {Abort, S3Connection} from './s3-connection.ts'
import {
	bareEtag,
	digestOf,
	propertiesOf,
	quoteEtag,
	storageClassOf,
	target,
	versionOf,
	withoutFraming,
} from './s3-params.ts'
import {acl, completeUpload, copy, createUpload, ownership, remove, type Sdk} from './s3-wire-control.ts'
import {list, listBuckets, listUploads, listVersions} from './s3-wire-lists.ts'
import type {AclPolicy, Body, BodyDigest, Head, Part, Properties, Written} from './store.ts'
import type {
	BucketPage,
	CopyRequest,
	DeleteRequest,
	GetReply,
	GetRequest,
	Guard,
	ListRequest,
	Page,
	PartNumber,
	PutRequest,
	UploadPage,
	UploadPlace,
	Wire,
	VersionPage,
	VersionPlace,
} from './wire.ts'

export class SdkWire implements Wire {
	readonly #at: S3Connection
	readonly #client: S3Client
	readonly #abort: Abort

	constructor(at: S3Connection, client: S3Client, abort: Abort) {
		this.#at = at
		this.#client = client
		this.#abort = abort
	}

	async put(key: string, body: Body, {properties, md5, guard}: PutRequest): Promise<Written> {
		const given = {
			...target(this.#at, key),
			...propertiesOf(this.#at, properties),
			...digestOf(md5),
			...guard,
		}
		const output = await this.#sendBody(body, (Body, abort) =>
			this.#client.send(new PutObjectCommand({...given, Body, ContentLength: body.length}), abort),
		)
		return {etag: bareEtag(output.ETag), version: output.VersionId}
	}

	async uploadPart({key, id, number}: PartNumber, source: Body, {md5}: BodyDigest): Promise<string> {
		// to the SDK nothing but an MD5 vouches for a stream
		const body = md5 === undefined ? await readBody(source) : source
		const vouched = digestOf(md5 ?? md5OfBody(body))
		const given = {...this.#encrypted(key), ...vouched, UploadId: id, PartNumber: number}
		const {ETag} = await this.#sendBody(body, (Body, abort) =>
			this.#client.send(new UploadPartCommand({...given, Body, ContentLength: body.length}), abort),
		)
		return bareEtag(ETag)
	}

	copy(from: string, to: string, request: CopyRequest): Promise<Written> {
		return copy(this.#sdk, from, to, request)
	}

	createUpload(key: string, properties: Properties): Promise<string> {
		return createUpload(this.#sdk, key, properties)
	}

	completeUpload(key: string, id: string, parts: readonly Part[], guard: Guard): Promise<Written> {
		return completeUpload(this.#sdk, key, id, parts, guard)
	}

	listUploads(prefix: string, after: UploadPlace | undefined): Promise<UploadPage> {
		return listUploads(this.#sdk, prefix, after)
	}

	delete(key: string, request: DeleteRequest): Promise<void> {
		return remove(this.#sdk, key, request)
	}

	acl(key: string | undefined): Promise<AclPolicy> {
		return acl(this.#sdk, key)
	}

	ownership(): Promise<string> {
		return ownership(this.#sdk)
	}

	async get(key: string, {range, ifMatch, version}: GetRequest): Promise<GetReply> {
		const output = await this.#client.send(
			new GetObjectCommand({
				...this.#encrypted(key),
				...versionOf(version),
				...(ifMatch === undefined ? {} : {IfMatch: quoteEtag(ifMatch)}),
				...(range === undefined ? {} : {Range: range}),
			}),
			this.#abort,
		)
		const {ContentRange, ContentLength: length = 0} = output
		const size =
			ContentRange === undefined ? length : Number(ContentRange.slice(ContentRange.lastIndexOf('/') + 1))
		return {head: headOf(output, size), length, body: output.Body as AsyncIterable<Buffer>}
	}

	async head(key: string, version: string | undefined): Promise<Head> {
		const given = {...this.#encrypted(key), ...versionOf(version)}
		const output = await this.#client.send(new HeadObjectCommand(given), this.#abort)
		return headOf(output, output.ContentLength ?? 0)
	}

	async headBucket(): Promise<void> {
		await this.#client.send(new HeadBucketCommand({Bucket: this.#at.bucket}), this.#abort)
	}

	list(request: ListRequest): Promise<Page> {
		return list(this.#sdk, request)
	}

	listVersions(prefix: string, after: VersionPlace | undefined): Promise<VersionPage> {
		return listVersions(this.#sdk, prefix, after)
	}

	listBuckets(token: string | undefined): Promise<BucketPage> {
		return listBuckets(this.#sdk, token)
	}

	get #sdk(): Sdk {
		return {at: this.#at, client: this.#client, abort: this.#abort}
	}

	/** The parameters of a request on bytes that may be encrypted with the customer's key. */
	#encrypted(key: string) {
		return {...target(this.#at, key), ...customerKeyParams(this.#at.customerKey)}
	}

	/** Calls `send` with what the SDK takes as a body; when a source fails, the request is aborted. */
	async #sendBody<T>(body: Body, send: (payload: Buffer | Readable, abort: Abort) => Promise<T>): Promise<T> {
		if (Buffer.isBuffer(body)) return send(body, this.#abort)
		const broken = new AbortController()
		const source = watched(body)
		const stream = Readable.from(copies(source.chunks), {objectMode: false})
		stream.on('error', () => broken.abort())
		const {abortSignal} = this.#abort
		const either = abortSignal === undefined ? broken.signal : AbortSignal.any([abortSignal, broken.signal])
		try {
			return await send(stream, {abortSignal: either})
		} catch (error) {
			throw source.failure ?? error
		} finally {
			stream.destroy()
		}
	}
}

/** The chunks of a source for whoever keeps some of them while it asks for more. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
	for await (const chunk of chunks) yield Buffer.from(chunk)
}

const headOf = (output: HeadObjectCommandOutput | GetObjectCommandOutput, size: number): Head => ({
	etag: bareEtag(output.ETag),
	size,
	modified: output.LastModified?.getTime() ?? 0,
	storageClass: storageClassOf(output.StorageClass),
	metadata: output.Metadata ?? {},
	contentType: output.ContentType,
	contentEncoding: withoutFraming(output.ContentEncoding),
	headers: headersIn(output),
	version: output.VersionId,
	...(isEncryptedEtag(output) ? {etagIsMd5: false} : {}),
})

/** What else was stored with the object; undefined where there is nothing. */
function headersIn(output: HeadObjectCommandOutput | GetObjectCommandOutput): ContentHeaders | undefined {
	const found = Object.entries({
		'cache-control': output.CacheControl,
		'content-disposition': output.ContentDisposition,
		'content-language': output.ContentLanguage,
		expires: output.ExpiresString,
		'x-amz-website-redirect-location': output.WebsiteRedirectLocation,
	}).filter(([, value]) => value !== undefined)
	return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** Under a key that is not S3's own, the ETag is that of what is stored, not of what was sent. */
const isEncryptedEtag = (output: HeadObjectCommandOutput | GetObjectCommandOutput): boolean =>
	output.ServerSideEncryption?.startsWith('aws:kms') === true || output.SSECustomerAlgorithm !== undefined
