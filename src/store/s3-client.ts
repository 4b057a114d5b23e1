// The SDK's client, made only when something asks for it.

import {Agent as HttpAgent} from 'node:http'
import {Agent as HttpsAgent} from 'node:https'
import {S3Client} from '@aws-sdk/client-s3'
import type {HttpOptions} from './http.ts'
import type {Way} from './plane-site.ts'

const silent = {trace() {}, debug() {}, info() {}, warn() {}, error() {}}

/** A client that tries once: the loop that tries again is S3Connection's. */
export function makeClient(
	way: Way,
	{connections, connectTimeout, idleTimeout, ca}: HttpOptions,
	checksums: 'when-supported' | 'when-required',
): S3Client {
	const agent = {keepAlive: true, maxSockets: connections, maxFreeSockets: Infinity}
	const calculation = checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
	// it would say on stderr which version of node it wants next year
	process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
	return new S3Client({
		...(way.endpoint === undefined ? {} : {endpoint: way.endpoint}),
		...(way.profile === undefined ? {} : {profile: way.profile}),
		region: async () => way.region(),
		forcePathStyle: way.pathStyle,
		...(way.accelerate === undefined ? {} : {useAccelerateEndpoint: way.accelerate}),
		...(way.dualstack === undefined ? {} : {useDualstackEndpoint: way.dualstack}),
		...(way.fips === undefined ? {} : {useFipsEndpoint: way.fips}),
		maxAttempts: 1,
		requestChecksumCalculation: calculation,
		responseChecksumValidation: calculation,
		// the header alone would hold nothing back, because our agents are shared
		expectContinueHeader: false,
		logger: silent,
		requestHandler: {
			httpAgent: new HttpAgent(agent),
			httpsAgent: new HttpsAgent(ca === undefined ? agent : {...agent, ca}),
			connectionTimeout: connectTimeout,
			socketTimeout: idleTimeout,
			logger: silent,
		},
	})
}
