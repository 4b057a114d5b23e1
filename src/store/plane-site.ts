// Where the data plane finds a bucket, and what it signs with. The SDK knows (s3-site.ts); only where
// there is nothing to find out is it not asked, because loading it takes longer than a request.

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
	'AWS_CREDENTIAL_EXPIRATION',
	'AWS_PROFILE',
	'AWS_SIGV4A_SIGNING_REGION_SET',
	'AWS_USE_DUALSTACK_ENDPOINT',
	'AWS_USE_FIPS_ENDPOINT',
]
/** Names that the SDK takes for more than a bucket: ARNs, directory buckets. */
const EXOTIC = /:|--x-s3$|\.mrap$/

/**
 * The site of a bucket in the path of an endpoint that is given, with the credentials of the environment:
 * what the SDK would answer. undefined wherever there is more to it.
 */
export function plainSite(
	{bucket, endpoint, profile, pathStyle, region, accelerate, dualstack, fips}: Way,
	env: NodeJS.ProcessEnv = process.env,
): Site | undefined {
	const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']]
	if (!accessKeyId || !secretAccessKey || endpoint === undefined || profile !== undefined) return undefined
	if (accelerate === true || dualstack === true || fips === true) return undefined
	const {origin, host, pathname, search} = new URL(endpoint)
	if (!pathStyle || search !== '' || EXOTIC.test(bucket) || RULES.some((name) => env[name])) return undefined
	return {
		origin,
		host,
		path: `${pathname.replace(/\/$/, '')}/${encodeURIComponent(bucket)}`,
		region: region(),
		credentials: {accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined},
	}
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
