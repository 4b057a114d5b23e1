// Where the data plane finds a bucket, and what it signs with. The SDK knows (s3-site.ts); only where
// there is nothing to find out is it not asked, because loading it takes longer than a request.

import {plainCredentials} from './plane-credentials.ts'
import {type Credentials, Signer} from './sigv4.ts'

export type Site = {
	/** 'https://host:port'. */
	readonly origin: string
	/** The Host header. */
	readonly host: string
	/** The path of the bucket, percent-encoded, without a final '/'; '' if it is in the host. */
	readonly path: string
	/** The region that is signed for. */
	readonly region: string
	readonly credentials: Credentials
	/** When the credentials expire, in milliseconds since the epoch. */
	readonly expires?: number | undefined
}

/** What the place of a bucket depends on. */
export type Way = {
	readonly bucket: string
	/** undefined is AWS's own. */
	readonly endpoint: string | undefined
	readonly profile: string | undefined
	readonly pathStyle: boolean
	/** Amazon's endpoints of a kind, which the SDK knows. */
	readonly accelerate?: boolean | undefined
	readonly dualstack?: boolean | undefined
	readonly fips?: boolean | undefined
	/** As far as it is known by now. */
	readonly region: () => string
}

/** Finds the site; undefined if the plane cannot go there. Rejects as the SDK does. */
export type FindSite = () => Promise<Site | undefined>

/** How long before they expire credentials are renewed, in milliseconds: as the SDK does it. */
const EARLY = 300_000

/** With one of these the SDK has rules of its own. */
const RULES = [
	'AWS_AUTH_SCHEME_PREFERENCE',
	'AWS_SIGV4A_SIGNING_REGION_SET',
	'AWS_USE_DUALSTACK_ENDPOINT',
	'AWS_USE_FIPS_ENDPOINT',
]
/** Names that the SDK takes for more than a bucket: ARNs, directory buckets, access points. */
const EXOTIC = /:|--\w+-s3$|-s3alias$|\.mrap$/
/** Names that can stand before the one of a host. */
const HOSTABLE = /^[a-z\d][a-z\d-]{1,61}[a-z\d]$/
/** The regions of AWS's public partition; others have other domains. */
const PUBLIC = /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/

/**
 * The site of a bucket, or of the account where `bucket` is '', as the SDK would answer it, wherever that follows
 * from its name, and the credentials lie in the environment or in a profile that holds nothing else. undefined
 * wherever there is more to it.
 */
export async function plainSite(way: Way, env: NodeJS.ProcessEnv = process.env): Promise<Site | undefined> {
	const place = placeOf(way)
	if (place === undefined || hasRules(way, env)) return undefined
	const credentials = await plainCredentials(way, env)
	return credentials && {...place, region: way.region(), credentials}
}

/** Whether there is something that the SDK has rules for. */
const hasRules = ({bucket, accelerate, dualstack, fips}: Way, env: NodeJS.ProcessEnv): boolean =>
	accelerate === true ||
	dualstack === true ||
	fips === true ||
	EXOTIC.test(bucket) ||
	RULES.some((name) => env[name])

const placeOf = (way: Way): Pick<Site, 'origin' | 'host' | 'path'> | undefined =>
	way.endpoint === undefined ? amazonPlace(way) : endpointPlace(way, new URL(way.endpoint))

/** The bucket in the path of an endpoint. */
function endpointPlace({bucket, pathStyle}: Way, {origin, host, pathname, search}: URL) {
	if (search !== '' || !(pathStyle || bucket === '')) return undefined
	const base = pathname.replace(/\/$/, '')
	return {origin, host, path: bucket === '' ? base : `${base}/${encodeURIComponent(bucket)}`}
}

/** The bucket in the name of one of AWS's own hosts. */
function amazonPlace({bucket, pathStyle, region}: Way) {
	if (!PUBLIC.test(region()) || (bucket !== '' && (pathStyle || !HOSTABLE.test(bucket)))) return undefined
	const host = `${bucket === '' ? '' : `${bucket}.`}s3.${region()}.amazonaws.com`
	return {origin: `https://${host}`, host, path: ''}
}

export type Located = {readonly site: Site; readonly signer: Signer}

/** A site that is found anew when the region turns out to be another, or the credentials expire. */
export class Location {
	readonly #find: FindSite
	readonly #region: () => string
	#found: Located
	/** The region it was found for. */
	#for: string
	#finding: Promise<Located> | undefined

	constructor(find: FindSite, region: () => string, site: Site) {
		this.#find = find
		this.#region = region
		this.#for = region()
		this.#found = located(site)
	}

	/** What is known and holds `now`. */
	known(now: number): Located | undefined {
		const {expires} = this.#found.site
		const holds = this.#for === this.#region() && (expires === undefined || now < expires - EARLY)
		return holds ? this.#found : undefined
	}

	async find(): Promise<Located> {
		this.#finding ??= this.#renew().finally(() => (this.#finding = undefined))
		return this.#finding
	}

	async #renew(): Promise<Located> {
		const region = this.#region()
		const site = await this.#find()
		if (site !== undefined) this.#found = located(site)
		this.#for = region
		return this.#found
	}
}

const located = (site: Site): Located => ({site, signer: new Signer(site.credentials, site.region)})
