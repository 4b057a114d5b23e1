// A remote: a bucket, a prefix in it, and how it is reached.

import type {HeaderRule} from './header-rules.ts'

/** The `[remote "x"]` section of the config, or what a URL and the options said. */
export type Remote = {
	readonly bucket: string
	/** '' or a prefix that ends in '/'. */
	readonly prefix: string
	readonly endpoint?: string | undefined
	readonly region?: string | undefined
	readonly profile?: string | undefined
	/** Keys in the path, not the host name; by default so for every custom endpoint. */
	readonly pathStyle?: boolean | undefined
	/** AWS's own endpoints for long ways, for IPv6, and with certified cryptography. */
	readonly accelerate?: boolean | undefined
	readonly dualstack?: boolean | undefined
	readonly fips?: boolean | undefined
	readonly acl?: string | undefined
	/** `permission=grantee`, with commas between several. */
	readonly grant?: string | undefined
	/** `key=value`, with commas between several. */
	readonly tag?: string | undefined
	readonly storageClass?: string | undefined
	readonly sse?: string | undefined
	readonly sseKmsKeyId?: string | undefined
	/** The file of the key for encryption with a key of the customer's (SSE-C), an absolute name. */
	readonly sseCustomerKeyFile?: string | undefined
	readonly lockMode?: string | undefined
	/** A date, or how long from each write on. */
	readonly retainUntil?: string | undefined
	readonly legalHold?: boolean | undefined
	/** Headers by the names of files: `[header "*.html"]`. */
	readonly headers?: readonly HeaderRule[] | undefined
	readonly requesterPays?: boolean | undefined
	/** Plain HTTP also to an endpoint that is not this machine. */
	readonly allowHttp?: boolean | undefined
	/** Whether the store obeys If-None-Match and If-Match of writes, once that was found out. */
	readonly conditional?: boolean | undefined
	/** When the SDK sends checksums of its own: by default 'when-supported' on AWS, else 'when-required'. */
	readonly checksum?: 'when-supported' | 'when-required' | undefined
}

/** `s3://bucket/prefix`, as messages show it. */
export const remoteUrl = (remote: Remote): string => `s3://${remote.bucket}/${remote.prefix}`
