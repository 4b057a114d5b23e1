// Where a bucket is reached: the endpoint and region that the remote, the environment and the AWS
// profile name, in that order. The SDK's own rules miss the endpoint of a profile that was chosen by
// option, and AWS_DEFAULT_REGION, which every other client reads.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html

import {fatal, usage} from '../base/errors.ts'
import {profileIn, readAwsConfig, type Sections} from './aws-files.ts'
import type {Where} from './open.ts'

/** What is known of where to go; an undefined endpoint is AWS's own, an undefined region unknown. */
export type Place = {readonly endpoint: string | undefined; readonly region: string | undefined}

/** Finds the endpoint and region of a remote; reads the AWS config file only if it must. */
export async function findPlace(where: Where, env: NodeJS.ProcessEnv = process.env): Promise<Place> {
	const place = await lookUp(where, env)
	if (where.allowHttp !== true || where.sseCustomerKeyFile !== undefined) refuseHttp(place.endpoint)
	return place
}

const LOOPBACK = /^(?:127(?:\.\d+){3}|\[::1\]|(?:.*\.)?localhost)$/

/** What goes over plain HTTP can be read, and changed, by everybody on its way: only this machine is near enough. */
function refuseHttp(endpoint: string | undefined): void {
	if (endpoint === undefined) return
	const {protocol, hostname, origin} = new URL(endpoint)
	if (protocol !== 'http:' || LOOPBACK.test(hostname)) return
	throw fatal(
		`'${origin}' is plain HTTP, which everybody on the way can read`,
		"use https; or allow it with 's3r config remote.origin.allow-http true', or once with S3R_ALLOW_HTTP=1",
	)
}

async function lookUp(where: Where, env: NodeJS.ProcessEnv): Promise<Place> {
	const ignored = env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true'
	const fromEnv = ignored ? undefined : env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL']
	const endpoint = where.endpoint ?? fromEnv
	const region = where.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined)
	if (endpoint !== undefined && region !== undefined) return {endpoint: checkEndpoint(endpoint), region}
	const profile = where.profile ?? env['AWS_PROFILE'] ?? 'default'
	const found = inProfile(await readAwsConfig(env), profile)
	const configured = ignored ? undefined : found.endpoint
	return {endpoint: checkEndpoint(endpoint ?? configured), region: region ?? found.region}
}

function checkEndpoint(endpoint: string | undefined): string | undefined {
	if (endpoint === undefined) return undefined
	const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
	if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '')
		throw usage(
			`'${endpoint}' is not an endpoint`,
			'an endpoint is a URL such as https://s3.example.com:9000',
		)
	if (url.username !== '' || url.password !== '')
		throw usage(
			'an endpoint cannot hold a user name or a password',
			'give credentials in the environment or a profile',
		)
	return endpoint
}

function inProfile(sections: Sections, profile: string): Place {
	const section = profileIn(sections, profile)
	const services = sections.get(`services ${section?.get('services') ?? ''}`)
	const ignored = section?.get('ignore_configured_endpoint_urls') === 'true'
	const endpoint = services?.get('s3.endpoint_url') ?? section?.get('endpoint_url')
	return {endpoint: ignored ? undefined : endpoint, region: section?.get('region')}
}
