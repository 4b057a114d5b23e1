// Ceph's radosgw, the faithful S3 server, for the tests that trust nothing less. scripts/start-rgw.sh
// says where its programs come from; where it cannot start, the tests say so loudly and go on.

import {execFile} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import type {TestServer} from './server.ts'

const SCRIPT = fileURLToPath(new URL('../../../scripts/start-rgw.sh', import.meta.url))
const run = promisify(execFile)

/**
 * What radosgw does otherwise than S3, and what the tests therefore do not ask of it. Everything else
 * that the contract says holds there too.
 */
export const RGW_GAPS = {
	/** x-amz-copy-source-if-match of UploadPartCopy is ignored, in every version up to 20.2. */
	copyPartIfMatch: 'radosgw makes a part of a source whose ETag is another one',
	/** x-amz-copy-source-if-match of CopyObject is ignored by 16.2, which Debian 12 has; 18.2 and 20.2 obey. */
	copyIfMatch: 'radosgw copies a source whose ETag is another one',
	/** 500 InternalError instead of 404 NoSuchUpload. */
	completeGoneUpload: 'radosgw takes the completion of an aborted upload for one that is under way',
} as const

/** Starts one, empty, with two accounts; undefined, and a loud line, if that cannot be done here. */
export async function startRgw(): Promise<TestServer | undefined> {
	try {
		const {stdout} = await run('bash', [SCRIPT, 'start'], {timeout: 400_000})
		const said = new Map(
			[...stdout.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
		)
		const of = (name: string) => said.get(name) ?? ''
		const account = (key: string, secret: string) => ({
			AWS_ENDPOINT_URL: of('AWS_ENDPOINT_URL'),
			AWS_ACCESS_KEY_ID: of(key),
			AWS_SECRET_ACCESS_KEY: of(secret),
			AWS_REGION: of('AWS_REGION'),
		})
		return {
			endpoint: of('AWS_ENDPOINT_URL'),
			env: account('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'),
			other: account('S3R_TEST_KEY2', 'S3R_TEST_SECRET2'),
			stop: async () => void (await run('bash', [SCRIPT, 'stop', of('S3R_RGW_DIR')])),
		}
	} catch (error) {
		const why = String((error as {stderr?: string}).stderr ?? error).trim()
		process.stderr.write(`# radosgw did not start: ${why.split('\n').at(-1)}\n`)
		return undefined
	}
}
