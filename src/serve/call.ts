// What a handler is called with, and what it answers.

import type {Span} from './blobs.ts'
import type {Bucket} from './bucket.ts'
import type {Disk} from './disk.ts'
import {S3Error} from './errors.ts'
import type {Ownership, PublicAccessBlock} from './model.ts'
import type {Payload} from './payload.ts'
import type {Headers, Request} from './request.ts'
import type {Accounts, Caller} from './signature.ts'
import {type Element, NAMESPACE, parseXml, renderXml, type Tree} from './xml.ts'

export type Service = {
	readonly accounts: Accounts
	readonly disk: Disk
	/** What new buckets get. */
	readonly ownership: Ownership
	readonly publicAccessBlock: PublicAccessBlock | undefined
	/** Whether the conditions of writes are looked at. */
	readonly conditional: boolean
	/** Milliseconds until the copy of what is archived can be read. */
	readonly restoreTime: number
	/** Milliseconds that a client may be silent. */
	readonly patience: number
}

/** A document of 1,000 keys of 1,024 bytes, or of 10,000 parts, fits well. */
const DOCUMENT_LIMIT = 4 << 20

export class Call {
	readonly request: Request
	readonly caller: Caller
	readonly payload: Payload
	readonly service: Service

	constructor(request: Request, caller: Caller, payload: Payload, service: Service) {
		this.request = request
		this.caller = caller
		this.payload = payload
		this.service = service
	}

	/** The headers that the caller's signature vouches for. */
	get headers(): Headers {
		return this.caller.headers
	}

	get query(): ReadonlyMap<string, string> {
		return this.request.query
	}

	get key(): string {
		return this.request.key
	}

	get bucket(): Bucket {
		const bucket = this.service.disk.buckets.get(this.request.bucket)
		if (bucket === undefined) throw new S3Error('NoSuchBucket')
		return bucket
	}

	/** The body, a document whose root is `root`; undefined without a body. */
	async document(root: string): Promise<Element | undefined> {
		const text = await this.payload.text(DOCUMENT_LIMIT)
		return text === '' ? undefined : parseXml(text, root)
	}

	/** As `document`, when there must be one. */
	async requiredDocument(root: string): Promise<Element> {
		const document = await this.document(root)
		if (document === undefined) throw new S3Error('MalformedXML')
		return document
	}

	/** A parameter that is a number from 0 to `most`; larger ones are cut. */
	number(name: string, most: number): number {
		const value = this.query.get(name)
		if (value === undefined || value === '') return most
		if (!/^\d{1,10}$/.test(value))
			throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within range`)
		return Math.min(Number(value), most)
	}
}

/** Bytes of files that are held until `release` is called. */
export type Slice = {
	readonly spans: readonly Span[]
	readonly length: number
	readonly release: () => void
}

export type Reply = {
	readonly status?: number
	readonly headers?: Readonly<Record<string, string>>
	readonly body?: string | Slice
}

export type Handler = (call: Call) => Reply | Promise<Reply>

/** An answer with a document in S3's namespace. */
export function xmlReply(
	root: string,
	children: {readonly [name: string]: Tree},
	headers: Readonly<Record<string, string>> = {},
): Reply {
	return {
		headers: {...headers, 'content-type': 'application/xml'},
		body: renderXml(root, {'@xmlns': NAMESPACE, ...children}),
	}
}

export const NO_CONTENT: Reply = {status: 204}

/** A time as documents show it. */
export const isoTime = (time: number): string => new Date(time).toISOString()

/** An ETag as headers and documents show it. */
export const quoted = (etag: string): string => `"${etag}"`
