// HTTP over TLS, and by names.

import {createRequire, syncBuiltinESMExports} from 'node:module'
import {mkdtempSync, rmSync} from 'node:fs'
import type {LookupAddress} from 'node:dns'
import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises'
import {Worker} from 'node:worker_threads'
import test, {type ExecutionContext} from 'ava'
import type {Request} from '../src/store/http.ts'
import {Addresses} from '../src/store/http-origin.ts'
import {Transport} from '../src/store/plane-transport.ts'
import {certificate, hasOpenssl} from './support/certificate.ts'

const dns = createRequire(import.meta.url)('node:dns') as typeof import('node:dns')

const NAME = 'store.test'

/** Has the name looked up by `answer`, which may fail. */
function namesAre(t: ExecutionContext, answer: () => readonly LookupAddress[]): void {
	const {lookup} = dns
	const theirs = (...words: Parameters<typeof lookup>) => {
		if (words[0] !== NAME) return lookup(...words)
		const done = words.at(-1) as unknown as (error: Error | null, found?: unknown) => void
		try {
			const found = answer()
			setImmediate(() => done(null, found))
		} catch (error) {
			setImmediate(() => done(error as Error))
		}
	}
	dns.lookup = theirs as unknown as typeof lookup
	syncBuiltinESMExports()
	t.teardown(() => {
		dns.lookup = lookup
		syncBuiltinESMExports()
	})
}

/** Says 200 to whatever it is sent, in a thread, so that it answers while this one is busy; to a GET with 8 MiB of which no two words are the same. */
const SERVER = `
const {parentPort, workerData} = require('node:worker_threads')
let connections = 0
const large = Buffer.from(Uint32Array.from({length: 2 ** 21}, (_, i) => i).buffer)
const server = require('node:https')
	.createServer(workerData, (request, response) => {
		const body = request.method === 'GET' ? large : ''
		request.resume().on('end', () => response.writeHead(200, {'content-length': body.length}).end(body))
	})
	.on('secureConnection', () => connections++)
	.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
parentPort.on('message', () => parentPort.postMessage(connections))
`

/** Such a server; undefined without openssl. */
async function server(t: ExecutionContext) {
	if (!hasOpenssl()) {
		t.log('SKIPPED: openssl is not installed')
		t.pass()
		return undefined
	}
	const dir = mkdtempSync(join(tmpdir(), 's3r-tls-'))
	const {cert, key} = certificate(dir, `DNS:${NAME}`)
	rmSync(dir, {recursive: true})
	const worker = new Worker(SERVER, {eval: true, workerData: {cert: cert.toString(), key: key.toString()}})
	const [port] = (await once(worker, 'message')) as [number]
	const ca = [cert.toString()]
	const http = new Transport({connections: 16, connectTimeout: 5000, idleTimeout: 5000, pipelines: true, ca})
	t.teardown(async () => {
		http.abort(new Error('over'))
		await worker.terminate()
	})
	return {
		put: (body: Buffer) => http.exchange(`https://${NAME}:${port}`, {...PUT, body}),
		get: () => http.exchange(`https://${NAME}:${port}`, GET),
		async connections(): Promise<number> {
			worker.postMessage('')
			const [count] = (await once(worker, 'message')) as [number]
			return count
		},
	}
}

/** Does nothing for so many milliseconds, nor lets anything else be done. */
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const PUT: Request = {method: 'PUT', path: '/', lines: `host: ${NAME}\r\n`}
const GET: Request = {...PUT, method: 'GET', streams: true, lends: true}
const HOME: LookupAddress = {address: '127.0.0.1', family: 4}

test.serial('over TLS a connection carries one request after the other', async (t) => {
	namesAre(t, () => [HOME])
	const https = await server(t)
	if (!https) return
	const body = Buffer.alloc(4096)
	for (let i = 0; i < 20; i++) {
		await turn()
		const reply = https.put(body)
		// node says in the next turn that all was sent, after it has seen what came by then
		block(20)
		t.is((await reply).status, 200)
	}
	t.is(await https.connections(), 1)
})

test.serial(
	'connections that are opened together ask for their name once, and again when it had no answer',
	async (t) => {
		let asked = 0
		namesAre(t, () => {
			if (++asked === 1) throw Object.assign(new Error('no such name'), {code: 'ENOTFOUND'})
			return [HOME]
		})
		const https = await server(t)
		if (!https) return
		const body = Buffer.alloc(4096)
		await t.throwsAsync(https.put(body), {code: 'ENOTFOUND'})
		await Promise.all(Array.from({length: 8}, () => https.put(body)))
		t.true((await https.connections()) > 1)
		t.is(asked, 2)
	},
)

test.serial('the addresses of a name are used in turn, those of one kind before the others', async (t) => {
	const [a, b, other] = [
		{address: '192.0.2.1', family: 4},
		{address: '192.0.2.2', family: 4},
		{address: '2001:db8::1', family: 6},
	]
	namesAre(t, () => [a, other, b])
	const {lookup} = new Addresses()
	const ask = (all: boolean) =>
		new Promise((resolve) => lookup(NAME, {all}, (_, address, family) => resolve([address, family])))
	t.deepEqual(await ask(true), [[a, b, other], undefined])
	t.deepEqual(await ask(true), [[b, a, other], undefined])
	t.deepEqual(await ask(false), [a.address, 4])
	t.deepEqual(await ask(false), [b.address, 4])
})

test.serial(
	'what is lent over TLS stays as it came until more is asked for, and comes in large pieces',
	async (t) => {
		namesAre(t, () => [HOME])
		const https = await server(t)
		if (!https) return
		const {body} = await https.get()
		let word = 0
		let pieces = 0
		for await (const piece of body as AsyncIterable<Buffer>) {
			// node gives what it has decrypted, whether it was asked for or not
			if (++pieces % 3 === 0) await sleep(2)
			const found = new Uint32Array(Uint8Array.from(piece).buffer)
			t.true(
				found.every((value, i) => value === word + i),
				`piece ${pieces}, from word ${word} on`,
			)
			word += found.length
		}
		t.is(word, 2 ** 21)
		t.true(pieces < 128, `${pieces} pieces`)
	},
)

test.serial('a connection reads on when the end of a body came while nobody waited for more', async (t) => {
	namesAre(t, () => [HOME])
	const https = await server(t)
	if (!https) return
	for (let i = 0; i < 5; i++) {
		const {body} = await https.get()
		// so that the end comes with what is before it, and is not waited for
		for await (const _ of body as AsyncIterable<Buffer>) await sleep(5)
		t.is((await https.put(Buffer.alloc(1))).status, 200)
	}
})
