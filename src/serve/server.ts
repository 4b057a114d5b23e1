// The server: listens, answers, closes.

import {once} from 'node:events'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {fatal, reason} from '../base/errors.ts'
import {answer} from './answer.ts'
import type {Service} from './call.ts'
import {Disk} from './disk.ts'
import {S3Error} from './errors.ts'
import {type Account, sha256} from './signature.ts'

export type ServeOptions = {
	/** The directory of the store; it is made if it is not there. */
	readonly root: string
	/** Who may sign requests. Each pair is an account of its own. */
	readonly accounts: readonly {readonly accessKey: string; readonly secretKey: string}[]
	/** Default 127.0.0.1. */
	readonly host?: string | undefined
	/** Default 0: any free one. */
	readonly port?: number | undefined
	/** Whether an answered write survives a loss of power. Default true. */
	readonly fsync?: boolean | undefined
	/** New buckets are as AWS makes them since April 2023: no ACLs, no public access. */
	readonly aclsDisabled?: boolean | undefined
	/** false: If-Match and If-None-Match of writes are passed over, as stores do that do not know them. */
	readonly conditional?: boolean | undefined
	/** Milliseconds that a client may be silent. Default 30,000. */
	readonly patience?: number | undefined
	/** Milliseconds until what is archived and asked for can be read; 0 by default. */
	readonly restoreTime?: number | undefined
	/** Called with one line a request. */
	readonly log?: ((line: string) => void) | undefined
}

export type Serving = {
	/** As in 'http://127.0.0.1:9000'. */
	readonly endpoint: string
	readonly port: number
	/** Ends what is under way, and resolves when all is on the disk. */
	close(): Promise<void>
}

const PATIENCE_MS = 30_000
const IDLE_MS = 60_000
const CONNECTIONS_LIMIT = 1024
/** How long `close` waits for requests that are under way. */
const GRACE_MS = 1000

/** The canonical id of an account: the same for the same access key, always. */
const idOf = (accessKey: string): string => sha256(`s3r account ${accessKey}`)

function serviceOf(options: ServeOptions): Service {
	const accounts = options.accounts.map((a): [string, Account] => [
		a.accessKey,
		{...a, id: idOf(a.accessKey)},
	])
	const disabled = options.aclsDisabled === true
	const all = {
		BlockPublicAcls: true,
		IgnorePublicAcls: true,
		BlockPublicPolicy: true,
		RestrictPublicBuckets: true,
	}
	return {
		accounts: new Map(accounts),
		disk: new Disk(options.root, options.fsync ?? true),
		ownership: disabled ? 'BucketOwnerEnforced' : 'ObjectWriter',
		publicAccessBlock: disabled ? all : undefined,
		conditional: options.conditional ?? true,
		patience: options.patience ?? PATIENCE_MS,
		restoreTime: options.restoreTime ?? 0,
	}
}

/** A line about one request; a presigned URL is a credential until it expires, so it loses its signature. */
function logLine(message: IncomingMessage, status: number, error: unknown, since: number): string {
	const why = error === undefined ? '' : ` ${error instanceof S3Error ? error.code : reason(error)}`
	const target = message.url?.replace(/(X-Amz-Signature=)[^&]*/gi, '$1***')
	return `${message.method} ${target} ${status}${why} ${(performance.now() - since).toFixed(1)} ms`
}

async function listen(server: Server, host: string, port: number): Promise<void> {
	server.listen(port, host)
	try {
		await once(server, 'listening')
	} catch (error) {
		throw fatal(`cannot listen on ${host}:${port}: ${reason(error)}`, undefined, error)
	}
}

/**
 * Starts an S3 server on a directory.
 *
 * @throws S3rError when the directory cannot be used or the port is taken
 */
export async function serve(options: ServeOptions): Promise<Serving> {
	const service = serviceOf(options)
	const active = new Set<Promise<void>>()
	const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
		const since = performance.now()
		const {status, error} = await answer(message, response, service)
		options.log?.(logLine(message, status, error, since))
	}
	const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
		const task = handle(message, response).finally(() => active.delete(task))
		active.add(task)
	}
	const server = createServer({
		headersTimeout: service.patience,
		requestTimeout: 0,
		keepAliveTimeout: IDLE_MS,
		connectionsCheckingInterval: Math.min(1000, service.patience),
	})
	server.maxConnections = CONNECTIONS_LIMIT
	server.timeout = IDLE_MS
	server.on('request', onRequest)
	server.on('checkContinue', onRequest)
	const host = options.host ?? '127.0.0.1'
	try {
		await listen(server, host, options.port ?? 0)
	} catch (error) {
		await service.disk.close()
		throw error
	}
	const {port} = server.address() as AddressInfo

	const close = async (): Promise<void> => {
		const closed = once(server, 'close')
		server.close()
		server.closeIdleConnections()
		const hurry = setTimeout(() => server.closeAllConnections(), GRACE_MS)
		await closed
		clearTimeout(hurry)
		await Promise.all(active)
		await service.disk.close()
	}
	return {endpoint: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, close}
}
