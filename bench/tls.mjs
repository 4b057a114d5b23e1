// TLS before a sink: haproxy, which does nothing else, and a certificate that all tools are told to trust.

import {spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {connect, createServer} from 'node:net'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {CannotRun, stop} from './work.mjs'

/** A certificate of 'localhost', once a run: where it lies, alone and with its key. */
export function certificate(work) {
	const dir = join(work.dir, 'certificate')
	mkdirSync(dir)
	const [cert, key, pem] = ['cert', 'key', 'pem'].map((name) => join(dir, name))
	const how = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
	const words = ['req', ...how.split(' '), '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]
	if (spawnSync('openssl', words).status !== 0) throw new CannotRun('--tls takes openssl, to make a certificate')
	writeFileSync(pem, readFileSync(cert) + readFileSync(key))
	return {cert, pem}
}

export class TlsProxy {
	#child

	/** @param {string} pem the certificate and its key; `port` is that of the server behind it */
	static async start(work, {pem, port}) {
		const proxy = new TlsProxy()
		const own = await freePort()
		const file = join(work.newDir('haproxy'), 'haproxy.cfg')
		writeFileSync(file, configOf({own, port, pem}))
		proxy.#child = work.start(['haproxy', '-q', '-f', file], {stdio: ['ignore', 'inherit', 'inherit']})
		// where there is no haproxy nobody answers, which is said below
		proxy.#child.on('error', () => {})
		proxy.endpoint = `https://localhost:${own}`
		if (!(await answers(own, proxy.#child))) throw new CannotRun('--tls takes haproxy, which does not start')
		return proxy
	}

	async stop() {
		await stop(this.#child)
	}
}

function configOf({own, port, pem}) {
	return `global
	nbthread 2
	maxconn 8192
defaults
	mode tcp
	timeout connect 5s
	timeout client 300s
	timeout server 300s
frontend tls
	bind 127.0.0.1:${own} ssl crt ${pem} alpn http/1.1
	default_backend sink
backend sink
	server sink 127.0.0.1:${port}
`
}

/** One that nobody listens on at the moment. */
async function freePort() {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const {port} = server.address()
	server.close()
	await once(server, 'close')
	return port
}

/** Whether somebody listens there within seconds. */
async function answers(port, child) {
	for (let i = 0; i < 100 && child.exitCode === null; i++) {
		const socket = connect(port, '127.0.0.1')
		const isThere = await once(socket, 'connect').then(
			() => true,
			() => false,
		)
		socket.destroy()
		if (isThere) return true
		await sleep(50)
	}
	return false
}
