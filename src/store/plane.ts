// The data plane: the hot requests without the SDK, at a tenth of its work.

import type {Remote} from '../format/remote.ts'
import {readAcl} from './acl-page.ts'
import {readBuckets} from './buckets-page.ts'
import {isFailure, readCopied} from './copied.ts'
import type {HeaderList, Reply} from './http.ts'
import {type CustomerKey, customerKeyHeaders, sourceKeyHeaders} from './customer-key.ts'
import {readPage} from './list-page.ts'
import {Refusal} from './plane-errors.ts'
import {
	copyHeaders,
	getHeaders,
	guardHeaders,
	headIn,
	md5Headers,
	propertyHeaders,
	writtenIn,
} from './plane-headers.ts'
import {readOwnership} from './ownership-page.ts'
import {type Outgoing, PlaneSender, type SenderOptions} from './plane-sender.ts'
import {Room} from './room.ts'
import type {AclPolicy, Body, BodyDigest, Head, Part, Properties, Written} from './store.ts'
import {completionOf, readCompleted, readCreated, readUploads} from './uploads-page.ts'
import {encodeKey} from './uri.ts'
import {readVersions} from './versions-page.ts'
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
	VersionPage,
	VersionPlace,
	Wire,
} from './wire.ts'

/** The status that a failure stands for whose reply began with a good one, as the SDK takes it. */
const UNAVAILABLE = 503
/** An object of this size comes as quickly as any reply, and is copied as quickly. */
const BRIEF = 32 * 2 ** 10

export type PlaneOptions = SenderOptions & {
	readonly bucket: string
	readonly customerKey: CustomerKey | undefined
	/** The SDK, for what the plane does not cover. */
	readonly sdk: () => Promise<Wire>
}

export class Plane implements Wire {
	readonly #bucket: string
	readonly #remote: Partial<Remote>
	readonly #sender: PlaneSender
	readonly #sdk: () => Promise<Wire>
	/** Of requests on bytes that may be encrypted with the customer's key. */
	readonly #key: HeaderList
	/** Of those on a copy's source, beside. */
	readonly #sourceKey: HeaderList
	/** Those that are not in use. */
	readonly #rooms: Room[] = []

	constructor({bucket, customerKey, sdk, ...how}: PlaneOptions) {
		this.#bucket = bucket
		this.#remote = how.remote
		this.#sender = new PlaneSender(how)
		this.#sdk = sdk
		this.#key = customerKeyHeaders(customerKey)
		this.#sourceKey = sourceKeyHeaders(customerKey)
	}

	put(key: string, body: Body, request: PutRequest): Promise<Written> {
		if (!isVouched(body, request.md5)) return this.#sdk().then((sdk) => sdk.put(key, body, request))
		const headers = [
			...md5Headers(request.md5),
			...guardHeaders(request.guard),
			...propertyHeaders(this.#remote, request.properties),
			...this.#key,
		]
		const {sha256} = request
		return this.#sender.send(
			{method: 'PUT', path: encodeKey(key), headers, body, sha256, isBrief: true},
			written,
		)
	}

	uploadPart(part: PartNumber, body: Body, digest: BodyDigest): Promise<string> {
		const {md5, sha256} = digest
		if (!isVouched(body, md5 ?? sha256)) return this.#sdk().then((sdk) => sdk.uploadPart(part, body, digest))
		const query = {partNumber: String(part.number), uploadId: part.id}
		const outgoing: Outgoing = {
			method: 'PUT',
			path: encodeKey(part.key),
			query,
			headers: [...md5Headers(md5), ...this.#key],
			body,
			signsBody: md5 === undefined,
			sha256,
		}
		return this.#sender.send(outgoing, (reply) => written(reply).etag)
	}

	async createUpload(key: string, properties: Properties): Promise<string> {
		const outgoing: Outgoing = {
			method: 'POST',
			path: encodeKey(key),
			query: {uploads: ''},
			headers: [...propertyHeaders(this.#remote, properties), ...this.#key],
		}
		const id = await this.#sender.send(outgoing, ({body}) => readCreated(body as Buffer))
		return id ?? (await this.#sdk()).createUpload(key, properties)
	}

	async completeUpload(key: string, id: string, parts: readonly Part[], guard: Guard): Promise<Written> {
		const outgoing: Outgoing = {
			method: 'POST',
			path: encodeKey(key),
			query: {uploadId: id},
			headers: [['content-type', 'application/xml'], ...guardHeaders(guard)],
			body: completionOf(parts),
			signsBody: true,
		}
		const {told = '', version} = await this.#outcome(outgoing, (body) => readCompleted(body) || undefined)
		return {etag: told, version}
	}

	async listUploads(prefix: string, after: UploadPlace | undefined): Promise<UploadPage> {
		const query: Record<string, string> = {'encoding-type': 'url', prefix, uploads: ''}
		if (after !== undefined) query['key-marker'] = after.key
		if (after !== undefined) query['upload-id-marker'] = after.id
		return (await this.#document(query, readUploads)) ?? (await this.#sdk()).listUploads(prefix, after)
	}

	async copy(from: string, to: string, request: CopyRequest): Promise<Written> {
		const headers = [
			...propertyHeaders(this.#remote, request.properties),
			...this.#key,
			...this.#sourceKey,
			...copyHeaders(this.#bucket, from, request),
			...guardHeaders(request.guard),
		]
		const isBrief = request.size <= BRIEF
		const outgoing: Outgoing = {method: 'PUT', path: encodeKey(to), headers, isBrief}
		const {told, version} = await this.#outcome(outgoing, readCopied)
		return told === undefined ? (await this.#sdk()).copy(from, to, request) : {version, ...told}
	}

	async delete(key: string, {guard, version}: DeleteRequest): Promise<void> {
		const [path, query] = [encodeKey(key), versionQuery(version)]
		await this.#sender.send(
			{method: 'DELETE', path, query, headers: guardHeaders(guard), isBrief: true},
			whole,
		)
	}

	async acl(key: string | undefined): Promise<AclPolicy> {
		const path = key === undefined ? '' : encodeKey(key)
		return (await this.#document({acl: ''}, readAcl, path)) ?? (await this.#sdk()).acl(key)
	}

	async ownership(): Promise<string> {
		return (await this.#document({ownershipControls: ''}, readOwnership)) ?? (await this.#sdk()).ownership()
	}

	get(key: string, request: GetRequest): Promise<GetReply> {
		const outgoing: Outgoing = {
			method: 'GET',
			path: encodeKey(key),
			query: versionQuery(request.version),
			headers: [...getHeaders(request), ...this.#key],
			streams: true,
			lends: request.lent === true,
			isBrief: request.size !== undefined && request.size <= BRIEF,
		}
		return this.#sender.send(outgoing, ({headers, body}) => ({
			head: headIn(headers),
			length: Number(headers.get('content-length') ?? 0),
			body,
		}))
	}

	head(key: string, version: string | undefined): Promise<Head> {
		const [path, query] = [encodeKey(key), versionQuery(version)]
		const outgoing: Outgoing = {method: 'HEAD', path, query, headers: this.#key, isBrief: true}
		return this.#sender.send(outgoing, ({headers}) => headIn(headers))
	}

	async headBucket(): Promise<void> {
		await this.#sender.send({method: 'HEAD', path: ''}, whole)
	}

	async list(request: ListRequest): Promise<Page> {
		const {prefix, after, token, limit, delimiter} = request
		const query: Record<string, string> = {'encoding-type': 'url', 'list-type': '2', prefix}
		if (after !== undefined) query['start-after'] = after
		if (token !== undefined) query['continuation-token'] = token
		if (limit !== undefined) query['max-keys'] = String(limit)
		if (delimiter !== undefined) query['delimiter'] = delimiter
		return (await this.#document(query, readPage)) ?? (await this.#sdk()).list(request)
	}

	async listVersions(prefix: string, after: VersionPlace | undefined): Promise<VersionPage> {
		const query: Record<string, string> = {'encoding-type': 'url', prefix, versions: ''}
		if (after !== undefined) query['key-marker'] = after.key
		if (after?.version !== undefined) query['version-id-marker'] = after.version
		return (await this.#document(query, readVersions)) ?? (await this.#sdk()).listVersions(prefix, after)
	}

	async listBuckets(token: string | undefined): Promise<BucketPage> {
		const query = token === undefined ? undefined : {'continuation-token': token}
		return (await this.#document(query, readBuckets)) ?? (await this.#sdk()).listBuckets(token)
	}

	close(): void {
		this.#sender.close()
	}

	/** What is read of the reply to a request that may fail behind a good status, for what it asks for may take long. */
	async #outcome<T>(
		outgoing: Outgoing,
		read: (body: Buffer) => T | undefined,
	): Promise<{readonly told: T | undefined; readonly version: string | undefined}> {
		const {headers, body} = await this.#sender.send(outgoing, whole)
		const told = read(body as Buffer)
		if (told === undefined && isFailure(body as Buffer))
			throw new Refusal(UNAVAILABLE, headers.toObject(), body as Buffer)
		return {told, version: headers.get('x-amz-version-id')}
	}

	/**
	 * What is read from the document in a reply; undefined if it is not like any other: it is asked for again, by those
	 * who can read every XML.
	 */
	async #document<T>(
		query: Outgoing['query'],
		read: (body: Buffer) => T | undefined,
		path = '',
	): Promise<T | undefined> {
		const room = this.#rooms.pop() ?? new Room()
		try {
			return await this.#sender.send({method: 'GET', path, query, room}, ({body}) => read(body as Buffer))
		} finally {
			this.#rooms.push(room)
		}
	}
}

const whole = (reply: Reply): Reply => reply
const written = ({headers}: Reply): Written => writtenIn(headers)

/** Whether something vouches for the bytes on their way; for a stream without a digest the SDK knows more. */
const isVouched = (body: Body, digest: Buffer | string | undefined): boolean =>
	Buffer.isBuffer(body) || digest !== undefined

const versionQuery = (version: string | undefined): Record<string, string> | undefined =>
	version === undefined ? undefined : {versionId: version}
