// The data plane: the hot requests without the SDK, at a tenth of its work.

import type {Remote} from '../format/remote.ts'
import {watched} from './body.ts'
import {readAcl} from './acl-page.ts'
import {readBuckets} from './buckets-page.ts'
import {isFailure, readCopied} from './copied.ts'
import type {HeaderList, HttpOptions, Reply, Request} from './http.ts'
import {type CustomerKey, customerKeyHeaders, sourceKeyHeaders} from './customer-key.ts'
import {readPage} from './list-page.ts'
import {Refusal} from './plane-errors.ts'
import {
	copyHeaders,
	getHeaders,
	guardHeaders,
	headIn,
	md5Headers,
	payerHeaders,
	propertyHeaders,
	timeIn,
	writtenIn,
} from './plane-headers.ts'
import {readOwnership} from './ownership-page.ts'
import {Transport} from './plane-transport.ts'
import {Room} from './room.ts'
import {type FindSite, Location, type Site} from './plane-site.ts'
import {EMPTY, payloadHash, UNSIGNED} from './sigv4.ts'
import type {AclPolicy, Body, Head, Written} from './store.ts'
import {encodeKey, queryOf} from './uri.ts'
import {readVersions} from './versions-page.ts'
import type {
	BucketPage,
	CopyRequest,
	DeleteRequest,
	GetReply,
	GetRequest,
	ListRequest,
	Page,
	PartNumber,
	PutRequest,
	VersionPage,
	VersionPlace,
	Wire,
} from './wire.ts'

export type PlaneOptions = {
	readonly bucket: string
	readonly remote: Partial<Remote>
	readonly customerKey: CustomerKey | undefined
	readonly site: Site
	/** Finds it again when the region turns out to be another, or the credentials expire. */
	readonly find: FindSite
	readonly region: () => string
	readonly http: HttpOptions
	/** The SDK, for what the plane does not cover. */
	readonly sdk: () => Promise<Wire>
	/** Ends every request under way when it is aborted. */
	readonly signal: AbortSignal | undefined
}

/** How far the store's clock may be from ours before we follow it, in milliseconds: as the SDK does it. */
const SKEW = 240_000

/** The status that a failure stands for whose reply began with a good one, as the SDK takes it. */
const UNAVAILABLE = 503

type Outgoing = Pick<Request, 'method' | 'streams' | 'lends' | 'room'> & {
	/** Behind the bucket's, percent-encoded. */
	readonly path: string
	readonly query?: Readonly<Record<string, string>> | undefined
	readonly headers?: HeaderList
	readonly body?: Body
	/** The signature vouches for a body in memory, also where the connection does. */
	readonly signsBody?: boolean
}

export class Plane implements Wire {
	readonly #bucket: string
	readonly #remote: Partial<Remote>
	readonly #location: Location
	readonly #http: Transport
	readonly #sdk: () => Promise<Wire>
	readonly #signal: AbortSignal | undefined
	readonly #payer: HeaderList
	/** Of requests on bytes that may be encrypted with the customer's key. */
	readonly #key: HeaderList
	/** Of those on a copy's source, beside. */
	readonly #sourceKey: HeaderList
	/** Those that are not in use. */
	readonly #rooms: Room[] = []
	/** What has to be added to our clock, in milliseconds. */
	#offset = 0

	constructor({bucket, remote, customerKey, site, find, region, http, sdk, signal}: PlaneOptions) {
		this.#bucket = bucket
		this.#remote = remote
		this.#location = new Location(find, region, site)
		this.#http = new Transport(http)
		this.#sdk = sdk
		this.#payer = payerHeaders(remote)
		this.#key = customerKeyHeaders(customerKey)
		this.#sourceKey = sourceKeyHeaders(customerKey)
		this.#signal = signal
		// one listener, however many requests there are
		signal?.addEventListener('abort', this.#abort, {once: true})
		// it may have been aborted while it was found out where the bucket is
		if (signal?.aborted === true) this.#abort()
	}

	async put(key: string, body: Body, request: PutRequest): Promise<Written> {
		if (!isVouched(body, request.md5)) return (await this.#sdk()).put(key, body, request)
		const headers = [
			...propertyHeaders(this.#remote, request.properties),
			...this.#key,
			...guardHeaders(request.guard),
			...md5Headers(request.md5),
		]
		const reply = await this.#send({method: 'PUT', path: encodeKey(key), headers, body})
		return writtenIn(reply.headers)
	}

	async uploadPart(part: PartNumber, body: Body, md5: Buffer | undefined): Promise<string> {
		if (!isVouched(body, md5)) return (await this.#sdk()).uploadPart(part, body, md5)
		const query = {partNumber: String(part.number), uploadId: part.id}
		const reply = await this.#send({
			method: 'PUT',
			path: encodeKey(part.key),
			query,
			headers: [...md5Headers(md5), ...this.#key],
			body,
			signsBody: md5 === undefined,
		})
		return writtenIn(reply.headers).etag
	}

	async copy(from: string, to: string, request: CopyRequest): Promise<Written> {
		const headers = [
			...propertyHeaders(this.#remote, request.properties),
			...this.#key,
			...this.#sourceKey,
			...copyHeaders(this.#bucket, from, request),
			...guardHeaders(request.guard),
		]
		const reply = await this.#send({method: 'PUT', path: encodeKey(to), headers})
		const body = reply.body as Buffer
		const copied = readCopied(body)
		if (copied !== undefined) return {...copied, version: reply.headers.get('x-amz-version-id')}
		if (isFailure(body)) throw new Refusal(UNAVAILABLE, reply.headers, body)
		return (await this.#sdk()).copy(from, to, request)
	}

	async delete(key: string, {guard, version}: DeleteRequest): Promise<void> {
		await this.#send({
			method: 'DELETE',
			path: encodeKey(key),
			query: versionQuery(version),
			headers: guardHeaders(guard),
		})
	}

	async acl(key: string | undefined): Promise<AclPolicy> {
		const path = key === undefined ? '' : encodeKey(key)
		return (await this.#document({acl: ''}, readAcl, path)) ?? (await this.#sdk()).acl(key)
	}

	async ownership(): Promise<string> {
		return (await this.#document({ownershipControls: ''}, readOwnership)) ?? (await this.#sdk()).ownership()
	}

	async get(key: string, request: GetRequest): Promise<GetReply> {
		const path = encodeKey(key)
		const query = versionQuery(request.version)
		const {headers, body} = await this.#send({
			method: 'GET',
			path,
			query,
			headers: [...getHeaders(request), ...this.#key],
			streams: true,
			lends: request.lent === true,
		})
		return {head: headIn(headers), length: Number(headers.get('content-length') ?? 0), body}
	}

	async head(key: string, version: string | undefined): Promise<Head> {
		return headIn(
			(
				await this.#send({
					method: 'HEAD',
					path: encodeKey(key),
					query: versionQuery(version),
					headers: this.#key,
				})
			).headers,
		)
	}

	async headBucket(): Promise<void> {
		await this.#send({method: 'HEAD', path: ''})
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
		this.#signal?.removeEventListener('abort', this.#abort)
		this.#http.close()
	}

	readonly #abort = (): void => this.#http.abort(new Error('interrupted', {cause: this.#signal?.reason}))

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
			const {body} = await this.#send({method: 'GET', path, query, room})
			return read(body as Buffer)
		} finally {
			this.#rooms.push(room)
		}
	}

	async #send({method, path, query, headers = [], body, signsBody, ...how}: Outgoing): Promise<Reply> {
		const {site, signer} = this.#location.known(Date.now()) ?? (await this.#location.find())
		const offset = this.#offset
		const unsigned = {
			method,
			path: `${site.path}/${path}`,
			query: query === undefined ? '' : queryOf(query),
			headers: [...headers, ...this.#payer, ['host', site.host] as const],
			payload: payloadOf(body, signsBody === true || site.origin.startsWith('http:')),
		}
		const signed = signer.sign(unsigned, Date.now() + offset)
		const target = unsigned.query === '' ? unsigned.path : `${unsigned.path}?${unsigned.query}`
		const request = {method, path: target, headers: signed, ...how}
		const reply = await this.#exchange(site.origin, request, body)
		if (reply.status < 300) return reply
		throw this.#refusal(reply, offset)
	}

	async #exchange(origin: string, request: Request, body: Body | undefined): Promise<Reply> {
		if (body === undefined) return this.#http.exchange(origin, request)
		if (Buffer.isBuffer(body)) return this.#http.exchange(origin, {...request, body})
		request.headers.push(['content-length', String(body.length)])
		const source = watched(body)
		try {
			return await this.#http.exchange(origin, {...request, body: source.chunks})
		} catch (error) {
			throw source.failure ?? error
		}
	}

	/** The error in a reply; where the clocks differ, follows the store's. */
	#refusal({status, headers, body}: Reply, offset: number): Refusal {
		const ahead = (timeIn(headers, 'date') ?? Date.now() + offset) - Date.now()
		const skewed = status >= 400 && status < 500 && Math.abs(ahead - offset) > SKEW
		if (skewed) this.#offset = ahead
		return new Refusal(status, headers, body as Buffer, skewed)
	}
}

/** Whether something vouches for the bytes on their way; for a stream of unknown MD5 the SDK knows more. */
const isVouched = (body: Body, md5: Buffer | undefined): boolean => Buffer.isBuffer(body) || md5 !== undefined

/** Over TLS a body need not be signed that an MD5 vouches for, and one that is not in memory cannot be. */
const payloadOf = (body: Body | undefined, isSigned: boolean): string =>
	body === undefined ? EMPTY : Buffer.isBuffer(body) && isSigned ? payloadHash(body) : UNSIGNED

const versionQuery = (version: string | undefined): Record<string, string> | undefined =>
	version === undefined ? undefined : {versionId: version}
