// AWS Signature Version 4: who sent a request.
// Source: 'Authenticating Requests (AWS Signature Version 4)' in the S3 API reference.

import {createHash, createHmac, timingSafeEqual} from 'node:crypto'
import {type Code, S3Error} from './errors.ts'
import type {Headers, Request} from './request.ts'
import {percentEncode} from './uri.ts'

export type Account = {readonly accessKey: string; readonly secretKey: string; readonly id: string}
export type Accounts = ReadonlyMap<string, Account>

/** What continues a signature over the chunks of a body. */
export type Seed = {
	readonly signature: string
	readonly date: string
	readonly scope: string
	readonly signingKey: Buffer
}

/** Without `id`, anybody. `headers` are those that the signature vouches for. */
export type Caller = {
	readonly id?: string | undefined
	readonly headers: Headers
	readonly seed?: Seed | undefined
}

type Claim = {
	readonly accessKey: string
	/** yyyymmdd/region/service/aws4_request */
	readonly scope: string
	readonly signedHeaders: readonly string[]
	readonly signature: string
	readonly date: string
	readonly payload: string
	readonly malformed: Code
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SKEW_MS = 15 * 60 * 1000
const LONGEST_S = 7 * 24 * 3600

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data, 'latin1').digest()

/** Compares two signatures in constant time. */
export function sameSignature(computed: string, given: string): boolean {
	const [a, b] = [Buffer.from(computed), Buffer.from(given)]
	return a.length === b.length && timingSafeEqual(a, b)
}

/** The signature of a string that begins with the algorithm, the date and the scope. */
export const sign = (key: Buffer, text: string): string => hmac(key, text).toString('hex')

/** Milliseconds since the epoch of 'yyyymmddThhmmssZ', or NaN. */
function parseDate(date: string): number {
	const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
	return m === null ? NaN : Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`)
}

/** The ISO basic form of the Date header, for clients that send no x-amz-date. */
function fromHttpDate(date: string | undefined): string {
	const time = Date.parse(date ?? '')
	if (Number.isNaN(time))
		throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date')
	return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')
}

function claimInHeader(authorization: string, {headers}: Request): Claim {
	const malformed = 'AuthorizationHeaderMalformed'
	if (!authorization.startsWith(`${ALGORITHM} `))
		throw new S3Error(
			'InvalidRequest',
			`The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
		)
	const part = (name: string) => new RegExp(`[ ,]${name}=([^, ]+)`).exec(authorization)?.[1] ?? ''
	const payload = headers['x-amz-content-sha256']
	if (payload === undefined)
		throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
	return {
		...credential(part('Credential'), malformed),
		signedHeaders: part('SignedHeaders').split(';'),
		signature: part('Signature'),
		date: headers['x-amz-date'] ?? fromHttpDate(headers['date']),
		payload,
		malformed,
	}
}

function claimInQuery({query, headers}: Request): Claim {
	const malformed = 'AuthorizationQueryParametersError'
	if (query.get('X-Amz-Algorithm') !== ALGORITHM) throw new S3Error(malformed)
	return {
		...credential(query.get('X-Amz-Credential') ?? '', malformed),
		signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
		signature: query.get('X-Amz-Signature') ?? '',
		date: query.get('X-Amz-Date') ?? '',
		payload: query.get('X-Amz-Content-Sha256') ?? headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
		malformed,
	}
}

/** Splits 'key/yyyymmdd/region/s3/aws4_request'; a key may hold '/'. Any region will do. */
function credential(text: string, malformed: Code): {accessKey: string; scope: string} {
	const m = /^(.+)\/(\d{8}\/[^/]+\/s3\/aws4_request)$/.exec(text)
	if (m?.[1] === undefined || m[2] === undefined) throw new S3Error(malformed)
	return {accessKey: m[1], scope: m[2]}
}

/** A presigned request may live for X-Amz-Expires seconds, a signed one for the clock's skew. */
function checkTime(claim: Claim, expires: string | undefined, now: number): void {
	const time = parseDate(claim.date)
	if (Number.isNaN(time) || !claim.scope.startsWith(claim.date.slice(0, 8)))
		throw new S3Error(claim.malformed)
	if (time - now > SKEW_MS) throw new S3Error('RequestTimeTooSkewed')
	if (expires === undefined) {
		if (now - time > SKEW_MS) throw new S3Error('RequestTimeTooSkewed')
		return
	}
	const seconds = Number(expires)
	if (!/^\d+$/.test(expires) || seconds > LONGEST_S) throw new S3Error(claim.malformed)
	if (now > time + seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired')
}

/** Host and every x-amz-* header must be signed, so that nobody can add to a signed request. */
function checkSignedHeaders({signedHeaders, malformed}: Claim, headers: Headers): void {
	if (!signedHeaders.includes('host')) throw new S3Error(malformed)
	const unsigned = Object.keys(headers).find(
		(name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
	)
	if (unsigned !== undefined)
		throw new S3Error(
			'AccessDenied',
			`There were headers present in the request which were not signed: ${unsigned}`,
		)
}

const byteOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** A header as it was sent; a client may name one that is none, such as 'constructor'. */
const sentHeader = (headers: Headers, name: string): string =>
	Object.hasOwn(headers, name) ? (headers[name] ?? '') : ''

function canonicalRequest(request: Request, claim: Claim): string {
	const query = request.parameters
		.filter(([name]) => name !== 'X-Amz-Signature')
		.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
		.toSorted(byteOrder)
	const headers = claim.signedHeaders.map(
		(name) => `${name}:${sentHeader(request.headers, name).trim().replace(/ +/g, ' ')}\n`,
	)
	return [
		request.method,
		percentEncode(request.path, true),
		query.join('&'),
		headers.join(''),
		claim.signedHeaders.join(';'),
		claim.payload,
	].join('\n')
}

const signingKeys = new Map<string, Buffer>()
const CACHED = 64

/** The key of a day, region and service; kept, because it takes four HMACs. */
function signingKey(secret: string, scope: string): Buffer {
	const name = `${scope}/${secret}`
	const known = signingKeys.get(name)
	if (known !== undefined) return known
	const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`) as Buffer
	if (signingKeys.size >= CACHED) signingKeys.clear()
	signingKeys.set(name, key)
	return key
}

/** Parameters that the presigner moved from headers count as such; its checksum is that of no body. */
function hoisted({query, headers}: Request): Headers {
	const moved = [...query].filter(([name]) => /^x-amz-(?!checksum-|sdk-)/.test(name))
	return moved.length === 0 ? headers : {...headers, ...Object.fromEntries(moved)}
}

/**
 * Finds out who sent a request, by its Authorization header or its presigned query.
 * Without either, anybody did.
 */
export function authenticate(request: Request, accounts: Accounts, now: number): Caller {
	const {headers, query} = request
	const presigned = query.has('X-Amz-Signature') || query.has('X-Amz-Credential')
	if (query.has('AWSAccessKeyId')) throw new S3Error('InvalidRequest', `Please use ${ALGORITHM}.`)
	if (headers['authorization'] === undefined && !presigned) return {headers}
	const claim = presigned ? claimInQuery(request) : claimInHeader(headers['authorization'] ?? '', request)

	const account = accounts.get(claim.accessKey)
	if (account === undefined) throw new S3Error('InvalidAccessKeyId')
	checkTime(claim, presigned ? (query.get('X-Amz-Expires') ?? '') : undefined, now)
	checkSignedHeaders(claim, headers)
	const key = signingKey(account.secretKey, claim.scope)
	const digest = sha256(Buffer.from(canonicalRequest(request, claim), 'latin1'))
	const signature = sign(key, [ALGORITHM, claim.date, claim.scope, digest].join('\n'))
	if (!sameSignature(signature, claim.signature)) throw new S3Error('SignatureDoesNotMatch')
	return {
		id: account.id,
		headers: presigned ? hoisted(request) : headers,
		seed: {signature, date: claim.date, scope: claim.scope, signingKey: key},
	}
}
