// Opens the store behind a remote. The SDK is loaded here, lazily, so that what needs no network
// does not pay for it.

import type {Remote} from '../format/remote.ts'
import type {FindSite} from './plane-site.ts'
import type {Bucket, Store} from './store.ts'

export type OpenOptions = {
	/** Aborts every request under way, and every later one, with 'interrupted'. */
	readonly signal?: AbortSignal | undefined
	/** Is told each time that the store asks for fewer requests (503 SlowDown, 429). */
	readonly onSlowDown?: (() => void) | undefined
	/**
	 * Has a store that is not AWS's own, and of which it is not known, probed before the first guarded write:
	 * whether it obeys guards. Is told the answer.
	 */
	readonly onProbed?: ((conditional: boolean) => void) | undefined
	/**
	 * Is asked where the bucket is and what is signed with before the SDK looks for that: whoever else has found it need not ask a
	 * process, or a server, for credentials again.
	 */
	readonly findSite?: FindSite | undefined
	/** Connections at once; 512 by default. */
	readonly maxSockets?: number | undefined
	/** Milliseconds of silence after which a connection is given up; two minutes by default. */
	readonly idleTimeout?: number | undefined
	/** Milliseconds that the first retry waits at most, each later one twice as long; 200 by default. */
	readonly firstWait?: number | undefined
}

/** Where buckets are, without one. */
export type Where = Pick<Remote, 'endpoint' | 'region' | 'profile' | 'allowHttp' | 'sseCustomerKeyFile'>

/** The functions below, as what is injected in tests. */
export type OpenStore = (remote: Remote, options?: OpenOptions) => Promise<Store>
export type ListBuckets = (where: Where, options?: OpenOptions) => Promise<readonly Bucket[]>

const loadS3 = () => import('./s3.ts')

/**
 * Opens the bucket of a remote. No request is made: that the bucket exists, and the credentials,
 * show at the first one.
 */
export const openStore: OpenStore = async (remote, options = {}) => (await loadS3()).openS3(remote, options)

/** The buckets of the account, by name. */
export const listBuckets: ListBuckets = async (where, options = {}) =>
	(await loadS3()).listBuckets(where, options)

/** What a URL allows who has it, in how many seconds. */
export type Presign = {readonly method: 'GET' | 'PUT'; readonly key: string; readonly expires: number}

export type Presigner = {
	/** The URL, signed now. */
	readonly urlOf: (request: Presign) => string
	/** When the credentials expire, and every URL with them, in milliseconds since the epoch. */
	readonly expires: number | undefined
	close(): void
}

/** What signs URLs of a bucket; no request is made. */
export async function openPresigner(remote: Remote): Promise<Presigner> {
	await loadS3()
	return (await import('./s3-presign.ts')).presigner(remote)
}
