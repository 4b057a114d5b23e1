// AWS Signature Version 4 in the Authorization header, for S3: what the SDK's signer does, with the key of
// the day and the text of the second kept.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

import {createHmac, hash} from 'node:crypto'
import {HeaderTexts} from './header-text.ts'
import {HmacKey} from './hmac.ts'
import type {HeaderList} from './http.ts'
import {queryOf} from './uri.ts'

export type Credentials = {
	readonly accessKeyId: string
	readonly secretAccessKey: string
	readonly sessionToken?: string | undefined
}

/** The value of `payload` for a body that is not signed, as over TLS. */
export const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** The SHA-256 of nothing. */
export const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The value of `payload` for a signed body. */
export const payloadHash = (body: Buffer): string => hash('sha256', body, 'hex')

export type Unsigned = {
	readonly method: string
	/** The path, percent-encoded once. */
	readonly path: string
	/** The query, encoded and in the order of its names; '' for none. */
	readonly query: string
	/** All to be signed, `host` among them. */
	readonly headers: Readonly<HeaderList>
	readonly payload: string
}

export type Presigned = {
	readonly method: string
	/** The path, percent-encoded once. */
	readonly path: string
	/** Names and values, not encoded. */
	readonly query: Readonly<Record<string, string>>
	/** The Host header. */
	readonly host: string
	/** Seconds; S3 allows seven days. */
	readonly expires: number
}

/** Signs requests to one region with one set of credentials. */
export class Signer {
	readonly #credentials: Credentials
	readonly #region: string
	readonly #texts = new HeaderTexts()
	#second = Number.NaN
	/** `YYYYMMDDTHHMMSSZ`, and `YYYYMMDD/region/s3/aws4_request` with its key. */
	#time = ''
	#scope = ''
	#key = new HmacKey(Buffer.alloc(0))

	constructor(credentials: Credentials, region: string) {
		this.#credentials = credentials
		this.#region = region
	}

	/**
	 * The headers of a request sent `now`, in milliseconds since the epoch, as the lines that are sent: those given and the signature.
	 * Throws where a value would end its line.
	 */
	sign({method, path, query, headers, payload}: Unsigned, now: number): string {
		this.#turnTo(Math.floor(now / 1000))
		const {accessKeyId, sessionToken} = this.#credentials
		const all: HeaderList = [...headers, ['x-amz-content-sha256', payload], ['x-amz-date', this.#time]]
		if (sessionToken !== undefined) all.push(['x-amz-security-token', sessionToken])
		const {names, signed, sent} = this.#texts.of(all)
		const signature = this.#signature(`${method}\n${path}\n${query}\n${signed}\n\n${names}\n${payload}`)
		return `${sent}\r\nauthorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${this.#scope}, SignedHeaders=${names}, Signature=${signature}\r\n`
	}

	/**
	 * The query of a request that whoever has it may send until `expires` seconds after `now`: that given, and the
	 * signature. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
	 */
	presign({method, path, query, host, expires}: Presigned, now: number): string {
		this.#turnTo(Math.floor(now / 1000))
		const {accessKeyId, sessionToken} = this.#credentials
		const all = queryOf({
			...query,
			'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
			'X-Amz-Content-Sha256': UNSIGNED,
			'X-Amz-Credential': `${accessKeyId}/${this.#scope}`,
			'X-Amz-Date': this.#time,
			'X-Amz-Expires': String(expires),
			'X-Amz-SignedHeaders': 'host',
			...(sessionToken === undefined ? {} : {'X-Amz-Security-Token': sessionToken}),
		})
		const canonical = `${method}\n${path}\n${all}\nhost:${host}\n\nhost\n${UNSIGNED}`
		return `${all}&X-Amz-Signature=${this.#signature(canonical)}`
	}

	#signature(canonical: string): string {
		const digest = hash('sha256', canonical, 'hex')
		return this.#key.sign(`AWS4-HMAC-SHA256\n${this.#time}\n${this.#scope}\n${digest}`)
	}

	#turnTo(second: number): void {
		if (second === this.#second) return
		this.#second = second
		this.#time = new Date(second * 1000).toISOString().replaceAll(/[:-]|\.\d+/g, '')
		const scope = `${this.#time.slice(0, 8)}/${this.#region}/s3/aws4_request`
		if (scope === this.#scope) return
		this.#scope = scope
		this.#key = new HmacKey(
			scope
				.split('/')
				.reduce<Buffer | string>(
					(key, part) => createHmac('sha256', key).update(part).digest(),
					`AWS4${this.#credentials.secretAccessKey}`,
				) as Buffer,
		)
	}
}
