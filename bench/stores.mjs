// The stores that are measured on: the neutral endpoint of s3sink.c, and radosgw where it can be started.

import {execFile} from 'node:child_process'
import {createInterface} from 'node:readline'
import {promisify} from 'node:util'
import {TlsProxy} from './tls.mjs'
import {CannotRun, stop} from './work.mjs'

const run = promisify(execFile)

/** The one bucket of every store. */
export const BUCKET = 'bench'

/** An endpoint in memory that costs next to nothing, and counts. */
export class Sink {
	#child
	#lines
	#proxy

	/**
	 * @param {{latency?: number, isSlow?: boolean, keys?: number, memory?: number}} options milliseconds that the way is long,
	 * or that it takes itself for each request of a connection, one after the other; empty objects that are there; bytes that
	 * are touched before anything is measured. Where the run has a certificate, it is reached over TLS.
	 */
	static async start(work, program, {latency = 0, isSlow = false, keys = 0, memory = 0} = {}) {
		const sink = new Sink()
		const words = [program, '0', '-c', isSlow ? '-t' : '-l', String(latency), '-n', `${BUCKET}:${keys}`]
		if (memory > 0) words.push('-m', String(Math.ceil(memory / 2 ** 20)))
		sink.#child = work.start(words, {stdio: ['ignore', 'pipe', 'inherit']})
		sink.#lines = createInterface({input: sink.#child.stdout})[Symbol.asyncIterator]()
		const {value = ''} = await sink.#lines.next()
		sink.endpoint = /^ready (.*)$/.exec(value)?.[1]
		if (sink.endpoint === undefined) throw new CannotRun('s3sink does not start')
		if (work.certificate === undefined) return sink
		sink.#proxy = await TlsProxy.start(work, {pem: work.certificate.pem, port: new URL(sink.endpoint).port})
		sink.endpoint = sink.#proxy.endpoint
		return sink
	}

	/** Credentials that are not looked at. */
	account = {accessKey: 'BENCHACCESSKEY', secretKey: 'bench-secret-key'}

	/** What was counted since the last time: requests by kind, bytes on the wire, its own CPU time, and what it holds. */
	async counted() {
		this.#child.kill('SIGUSR1')
		const {value} = await this.#lines.next()
		return JSON.parse(value)
	}

	async stop() {
		await this.#proxy?.stop()
		await stop(this.#child)
	}
}

/** A Ceph radosgw of its own; undefined if there is none to be had here, and why is said. */
export async function startRadosgw(work, say) {
	const script = 'scripts/start-rgw.sh'
	try {
		const {stdout} = await run(script, ['start'], {timeout: 400_000, killSignal: 'SIGTERM'})
		const values = Object.fromEntries(
			[...stdout.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, unquoted(value)]),
		)
		work.atEnd(() => run(script, ['stop', values.S3R_RGW_DIR]))
		return {
			endpoint: values.AWS_ENDPOINT_URL,
			account: {accessKey: values.AWS_ACCESS_KEY_ID, secretKey: values.AWS_SECRET_ACCESS_KEY},
		}
	} catch (error) {
		say(
			`no rows on radosgw: ${String(error.stderr ?? error.message)
				.trim()
				.split('\n')
				.at(-1)}`,
		)
		return undefined
	}
}

function unquoted(value) {
	return value.replace(/;$/, '').replace(/^(['"])(.*)\1$/, '$2')
}
