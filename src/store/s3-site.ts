// Where a bucket is and what its requests are signed with, as the SDK would do it: it prepares a request, and
// that is looked at instead of being sent.

import {HeadBucketCommand, type S3Client} from '@aws-sdk/client-s3'
import type {Site} from './plane-site.ts'

/** Where the SDK keeps what it has found out. */
const CONTEXT = '__smithy_context'

/** What the SDK has found out when it is about to sign, as far as it is looked at. */
type Prepared = {
	readonly endpointV2?: {
		readonly url: URL
		readonly properties?: {readonly authSchemes?: readonly {readonly name: string}[]}
	}
	readonly [CONTEXT]?: {
		readonly selectedHttpAuthScheme?: {
			readonly httpAuthOption: {
				readonly signingProperties?: {readonly signingName?: string; readonly signingRegion?: string}
			}
			readonly identity: {
				readonly accessKeyId?: string
				readonly secretAccessKey?: string
				readonly sessionToken?: string
				readonly expiration?: Date
			}
		}
	}
}

/** The site of a bucket; undefined where requests are not signed with Signature Version 4 for S3. */
export async function siteOf(client: S3Client, bucket: string): Promise<Site | undefined> {
	let prepared: Prepared = {}
	const command = new HeadBucketCommand({Bucket: bucket})
	command.middlewareStack.addRelativeTo(
		(_next: unknown, context: object) => async () => {
			prepared = context
			return {output: {$metadata: {}}, response: undefined}
		},
		{relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'prepared'},
	)
	await client.send(command)
	const {httpAuthOption, identity} = prepared[CONTEXT]?.selectedHttpAuthScheme ?? {}
	const {signingName, signingRegion} = httpAuthOption?.signingProperties ?? {}
	const {url, properties} = prepared.endpointV2 ?? {}
	const {accessKeyId, secretAccessKey, sessionToken, expiration} = identity ?? {}
	if (url === undefined || url.search !== '' || properties?.authSchemes?.[0]?.name !== 'sigv4')
		return undefined
	if (!accessKeyId || !secretAccessKey || signingRegion === undefined || signingName !== 's3')
		return undefined
	return {
		origin: url.origin,
		host: url.host,
		path: url.pathname.replace(/\/$/, ''),
		region: signingRegion,
		credentials: {accessKeyId, secretAccessKey, sessionToken},
		expires: expiration?.getTime(),
	}
}
