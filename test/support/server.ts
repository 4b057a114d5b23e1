// An S3 server for a test: of its own, empty, in this process.

import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {serve} from '../../src/serve/server.ts'

export type TestServer = {
	readonly endpoint: string
	/** What a program needs to use it. */
	readonly env: Readonly<Record<string, string>>
	/** The same for another account, which owns nothing. */
	readonly other: Readonly<Record<string, string>>
	stop(): Promise<void>
}

const ACCOUNTS = [
	{accessKey: 'TESTACCESSKEY', secretKey: 'test-secret-key'},
	{accessKey: 'OTHERACCESSKEY', secretKey: 'other-secret-key'},
] as const

/** Starts a server on a free port of 127.0.0.1. */
export async function testServer(options: {readonly restoreTime?: number} = {}): Promise<TestServer> {
	const root = await mkdtemp(join(tmpdir(), 's3r-server-'))
	const server = await serve({root, accounts: ACCOUNTS, fsync: false, ...options})
	const [env, other] = ACCOUNTS.map(({accessKey, secretKey}) => ({
		AWS_ENDPOINT_URL: server.endpoint,
		AWS_ACCESS_KEY_ID: accessKey,
		AWS_SECRET_ACCESS_KEY: secretKey,
		AWS_REGION: 'us-east-1',
	}))
	const stop = async () => {
		await server.close()
		await rm(root, {recursive: true, force: true})
	}
	return {endpoint: server.endpoint, env: env ?? {}, other: other ?? {}, stop}
}
