// A remote: a bucket, a prefix in it, and how it is reached.

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
	readonly acl?: string | undefined
	readonly storageClass?: string | undefined
	readonly sse?: string | undefined
	readonly sseKmsKeyId?: string | undefined
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
