// The HTTP of the data plane, held against that of node, and against servers that speak it badly.

import {once} from 'node:events'
import {type IncomingMessage, request} from 'node:http'
import {setImmediate as turn, setTimeout as sleep} from 'node:timers/promises'
import test, {type ExecutionContext} from 'ava'
import * as fc from 'fast-check'
import type {Reply, Request} from '../src/store/http.ts'
import {readHeaders} from '../src/store/http-headers.ts'
import {Transport} from '../src/store/plane-transport.ts'
import {WholeBody} from '../src/store/whole.ts'
import {type Raw, raw} from './support/raw.ts'
import {SEED} from './support/seed.ts'

const MIB = 2 ** 20
const OK = 'HTTP/1.1 200 OK\r\n'

/** A server that answers with these bytes, and then ends its side or is silent. */
const saying = (text: string | Buffer[], ends = false): Promise<Raw> =>
	raw((socket) =>
		socket.on('data', () => {
			void (async () => {
				for (const piece of typeof text === 'string' ? [Buffer.from(text, 'latin1')] : text) {
					socket.write(piece)
					await turn()
				}
				if (ends) socket.end()
			})()
		}),
	)

const OPTIONS = {connections: 1, connectTimeout: 5000, idleTimeout: 5000, pipelines: true, ca: undefined}

function transport(t: ExecutionContext, server: Raw, connections = 4): Transport {
	const http = new Transport({...OPTIONS, connections})
	t.teardown(async () => {
		http.abort(new Error('over'))
		await server.stop()
	})
	return http
}

/** Whether something comes true within seconds. */
async function soon(isSo: () => boolean): Promise<boolean> {
	for (let i = 0; i < 500 && !isSo(); i++) await sleep(10)
	return isSo()
}

const GET: Request = {method: 'GET', path: '/', lines: 'host: x\r\n'}

async function bytesOf({body}: Reply): Promise<Buffer> {
	if (Buffer.isBuffer(body)) return body
	const pieces: Buffer[] = []
	for await (const piece of body) pieces.push(Buffer.from(piece))
	return Buffer.concat(pieces)
}

// ---- what is HTTP

const aReply = fc.record({
	method: fc.constantFrom('GET', 'HEAD'),
	status: fc.constantFrom(200, 206, 204, 304, 307, 404, 500),
	informational: fc.boolean(),
	headers: fc.array(
		fc.record({
			name: fc.constantFrom(
				'ETag',
				'x-amz-meta-a',
				'X-AMZ-META-A',
				'x-amz-meta-b',
				'Server',
				'date',
				'X-~!#$%',
			),
			value: fc.stringMatching(/^[!-~\u00a0-\u00ff]?[ -~\u00a0-\u00ff]{0,20}[!-~]$/),
			space: fc.constantFrom('', ' ', '\t', '  '),
		}),
		{maxLength: 8},
	),
	framing: fc.constantFrom('length', 'chunked', 'end'),
	chunks: fc.array(fc.uint8Array({minLength: 1, maxLength: 300}), {maxLength: 6}),
	extension: fc.constantFrom('', ';a', ';a="b"'),
	trailers: fc.constantFrom('', 'x-amz-checksum: a\r\n'),
	cuts: fc.array(fc.nat(2000), {maxLength: 6}),
	streams: fc.boolean(),
})

type AReply = typeof aReply extends fc.Arbitrary<infer T> ? T : never

/** The bytes of a reply, and the pieces in which they come. */
function piecesOf({
	status,
	informational,
	headers,
	framing,
	chunks,
	extension,
	trailers,
	cuts,
	method,
}: AReply): Buffer[] {
	const isEmpty = method === 'HEAD' || status === 204 || status === 304
	const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
	const lines = headers.map(({name, value, space}) => `${name}:${space}${value}${space}\r\n`)
	if (framing === 'chunked') lines.push('Transfer-Encoding: chunked\r\n')
	if (framing === 'length') lines.push(`content-length: ${length}\r\n`)
	const bodies =
		framing === 'chunked'
			? [
					...chunks.map((chunk) => [`${chunk.length.toString(16)}${extension}\r\n`, chunk, '\r\n']).flat(),
					`0\r\n${trailers}\r\n`,
				]
			: chunks
	const parts = [
		...(informational ? ['HTTP/1.1 100 Continue\r\n\r\n'] : []),
		`HTTP/1.1 ${status} Some Reason\r\n`,
		...lines,
		'\r\n',
		...(isEmpty ? [] : bodies),
	]
	const bytes = Buffer.concat(
		parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
	)
	const at = [...new Set(cuts.map((cut) => cut % bytes.length))]
		.filter((cut) => cut > 0)
		.toSorted((a, b) => a - b)
	return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length))
}

/** What node makes of it. */
async function byNode(
	origin: string,
	method: string,
): Promise<{status: number; headers: object; body: string}> {
	const [reply] = (await once(request(origin, {method, agent: false}).end(), 'response')) as [IncomingMessage]
	const headers = new Map<string, string>()
	for (let i = 0; i < reply.rawHeaders.length; i += 2) {
		const name = (reply.rawHeaders[i] ?? '').toLowerCase()
		const before = headers.get(name)
		headers.set(
			name,
			before === undefined ? (reply.rawHeaders[i + 1] ?? '') : `${before}, ${reply.rawHeaders[i + 1]}`,
		)
	}
	const pieces: Buffer[] = []
	for await (const piece of reply) pieces.push(piece as Buffer)
	return {
		status: reply.statusCode ?? 0,
		headers: Object.fromEntries(headers),
		body: Buffer.concat(pieces).toString('latin1'),
	}
}

test('headers are told apart whose names are the same up to a place, or come more than once', (t) => {
	const aLine = fc.record({
		name: fc.constantFrom('ETag', 'Date', 'etag', 'x-amz-meta-a', 'x-amz-meta-ab'),
		value: fc.constantFrom('', '1', ' 2\t', 'a: b'),
	})
	const heads = fc.array(fc.array(aLine, {maxLength: 4}), {minLength: 1, maxLength: 8})
	const property = fc.property(heads, (all) => {
		for (const lines of all) {
			const wanted = new Map<string, string>()
			for (const {name, value} of lines) {
				const before = wanted.get(name.toLowerCase())
				wanted.set(name.toLowerCase(), before === undefined ? value.trim() : `${before}, ${value.trim()}`)
			}
			const text = lines.map(({name, value}) => `${name}:${value}\r\n`).join('')
			const got = readHeaders(`${text}\r\nbody: 1`, 0, Math.max(0, text.length - 2))
			t.deepEqual(got.toObject(), Object.fromEntries(wanted))
			for (const name of ['etag', 'date', 'x-amz-meta-a', 'x-amz-meta-ab', 'ETag']) {
				t.is(got.get(name), wanted.get(name))
				t.is(got.has(name), wanted.has(name))
			}
		}
	})
	fc.assert(property, {numRuns: 500})
})

test('a reply is read as node reads it, however it comes', async (t) => {
	await fc.assert(
		fc.asyncProperty(aReply, async (reply) => {
			const server = await saying(piecesOf(reply), reply.framing === 'end')
			const http = new Transport(OPTIONS)
			try {
				const {method} = reply
				const got = await http.exchange(server.origin, {...GET, method, streams: reply.streams})
				const ours = {
					status: got.status,
					headers: got.headers.toObject(),
					body: (await bytesOf(got)).toString('latin1'),
				}
				t.deepEqual(ours, await byNode(server.origin, method))
			} finally {
				http.abort(new Error('over'))
				await server.stop()
			}
		}),
		{numRuns: 150, seed: SEED},
	)
})

test('a large body comes whole, in chunks or not, and is lent in memory that is used again', async (t) => {
	const content = Buffer.from(Array.from({length: 3 * MIB}, (_, i) => (i * 7) % 251))
	for (const isChunked of [false, true]) {
		const size = 70_001
		const parts = Array.from({length: Math.ceil(content.length / size)}, (_, i) =>
			content.subarray(i * size, (i + 1) * size),
		)
		const server = await saying(
			isChunked
				? [
						Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'),
						...parts.flatMap((part) => [
							Buffer.from(`${part.length.toString(16)}\r\n`),
							part,
							Buffer.from('\r\n'),
						]),
						Buffer.from('0\r\n\r\n'),
					]
				: [Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`), ...parts],
		)
		const http = transport(t, server)
		for (const how of [{}, {streams: true}, {streams: true, lends: true}]) {
			const reply = await http.exchange(server.origin, {...GET, ...how})
			t.is(Buffer.isBuffer(reply.body), !('streams' in how))
			t.true((await bytesOf(reply)).equals(content))
		}
		// what is lent is full each time
		const {body} = await http.exchange(server.origin, {...GET, streams: true, lends: true})
		const sizes: number[] = []
		for await (const piece of body as AsyncIterable<Buffer>) sizes.push(piece.length)
		t.deepEqual(
			sizes,
			Array.from({length: 12}, () => MIB / 4),
		)
		t.is(server.came.length, 1)
	}
})

test('a body of some size comes into its place, which is used again where it was lent and is given back', async (t) => {
	const content = Buffer.from(Array.from({length: 200_000}, (_, i) => (i * 7) % 251))
	const pieces = [0, 1, 70_000, 140_000].map((at, i, all) => content.subarray(at, all[i + 1]))
	const server = await saying([Buffer.from(`${OK}content-length: ${content.length}\r\n\r\n`), ...pieces])
	const http = transport(t, server)
	const bodyOf = async (how: Partial<Request>) => {
		const {body} = await http.exchange(server.origin, {...GET, streams: true, ...how})
		t.true(content.equals(body as Buffer))
		return body as Buffer
	}
	const own = await bodyOf({})
	const lent = await bodyOf({lends: true})
	const other = await bodyOf({lends: true})
	t.is(new Set([own.buffer, lent.buffer, other.buffer]).size, 3)
	new WholeBody(own).giveBack()
	new WholeBody(lent).giveBack()
	t.is((await bodyOf({lends: true})).buffer, lent.buffer)
	t.not((await bodyOf({lends: true})).buffer, own.buffer)
	t.true(content.equals(own) && content.equals(other))
	t.is(server.came.length, 1)
	// what comes behind it would be taken for the next reply
	const behind = Buffer.from(`${OK}content-length: 1\r\n\r\nx`)
	const talkative = await saying([
		Buffer.from(`${OK}content-length: ${content.length}\r\n\r\n`),
		content.subarray(0, 100_000),
		Buffer.concat([content.subarray(100_000), behind]),
	])
	const again = transport(t, talkative, 1)
	const replies = await Promise.all([0, 1].map(() => again.exchange(talkative.origin, GET)))
	for (const reply of replies) t.true(content.equals(await bytesOf(reply)))
	t.is(talkative.came.length, 2)
})

// ---- what is none

for (const [title, text] of Object.entries({
	'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
	'the beginning of another protocol': '\u0015\u0003\u0001',
	'a status that is none': 'HTTP/1.1 20 OK\r\n\r\n',
	'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
	'another protocol that is to follow': 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
	'a line that is no header': `${OK}content-length 0\r\n\r\n`,
	'a header without a name': `${OK}: 0\r\n\r\n`,
	'a space behind a name': `${OK}content-length : 0\r\n\r\n`,
	'a header that goes on in the next line': `${OK}x: a\r\n b\r\n\r\n`,
	'two lengths': `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
	'a length that is none': `${OK}content-length: 0x1\r\n\r\na`,
	'a length below zero': `${OK}content-length: -1\r\n\r\n`,
	'a length and chunks': `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
	'an encoding that nobody asked for': `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
	'a chunk without a size': `${OK}transfer-encoding: chunked\r\n\r\nx\r\n\r\n`,
	'a chunk of a size below zero': `${OK}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n`,
	'a chunk that is too large to be one': `${OK}transfer-encoding: chunked\r\n\r\nfffffffffffff\r\n\r\n`,
	'a chunk longer than it says': `${OK}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
	'a line among chunks without its end': `${OK}transfer-encoding: chunked\r\n\r\n1\nab\r\n0\r\n\r\n`,
	'an endless line among chunks': `${OK}transfer-encoding: chunked\r\n\r\n${'0'.repeat(20_000)}`,
	'an endless head': `${OK}x: ${'x'.repeat(70_000)}`,
}))
	test(`${title} is no HTTP, and that is told at once`, async (t) => {
		const server = await saying(text)
		const http = transport(t, server)
		const started = performance.now()
		await t.throwsAsync(http.exchange(server.origin, GET), {code: 'HPE_INVALID'})
		t.true(performance.now() - started < 4000)
	})

test('a reply that is cut off is an error, and of one that is continued what came is given before', async (t) => {
	const server = await saying(`${OK}content-length: 5\r\n\r\nabc`, true)
	const http = transport(t, server)
	await t.throwsAsync(http.exchange(server.origin, GET), {code: 'ECONNRESET'})
	const {body} = await http.exchange(server.origin, {...GET, streams: true})
	const pieces: string[] = []
	const reading = (async () => {
		for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece.toString())
	})()
	await t.throwsAsync(reading, {code: 'ECONNRESET'})
	t.deepEqual(pieces, ['abc'])
})

test('a server that is silent is given up, one that never takes the connection too', async (t) => {
	const server = await saying('')
	t.teardown(() => server.stop())
	const silent = new Transport({...OPTIONS, idleTimeout: 100})
	await t.throwsAsync(silent.exchange(server.origin, GET), {code: 'ETIMEDOUT', message: 'timed out'})
	// TEST-NET-1 of RFC 5737 is nobody; where there is no way to it that is told instead
	const far = new Transport({...OPTIONS, connectTimeout: 100})
	const error = await t.throwsAsync<NodeJS.ErrnoException>(far.exchange('http://192.0.2.1:9', GET))
	t.regex(String(error?.code), /^(ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|EACCES)$/)
	if (error?.code === 'ETIMEDOUT') t.is(error.syscall, 'connect')
})

// ---- connections

test('a connection is used again only where its reply allows it', async (t) => {
	for (const [reply, kept] of [
		[`${OK}content-length: 1\r\n\r\na`, true],
		['HTTP/1.1 204 No Content\r\n\r\n', true],
		['HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n', true],
		['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
		[`${OK}connection: x, Close\r\ncontent-length: 0\r\n\r\n`, false],
		// what follows would be taken for the next reply
		[`${OK}content-length: 1\r\n\r\na${OK}content-length: 1\r\n\r\nb`, false],
	] as const) {
		const server = await saying(reply)
		const http = transport(t, server)
		for (let i = 0; i < 3; i++)
			t.is(
				(await bytesOf(await http.exchange(server.origin, GET))).toString(),
				reply.includes('\na') ? 'a' : '',
			)
		t.is(server.came.length, kept ? 1 : 3, reply)
	}
})

test('one that the server closes is not used again, and there are never more than there may be', async (t) => {
	const server = await raw((socket, connection) =>
		socket.on('data', () => {
			socket.write(`${OK}content-length: 0\r\n\r\n`)
			if (connection === 1) setTimeout(() => socket.end(), 20)
		}),
	)
	const http = transport(t, server, 2)
	await http.exchange(server.origin, GET)
	await sleep(100)
	await Promise.all(Array.from({length: 20}, () => http.exchange(server.origin, GET)))
	t.true(server.came.length <= 3)
})

test('a request says what it was given', async (t) => {
	const server = await saying(`${OK}content-length: 0\r\n\r\n`)
	const http = transport(t, server)
	const lines = 'host: h:1\r\nx-amz-meta-a: b\u00e9\r\n'
	await http.exchange(server.origin, {method: 'PUT', path: '/b/k?x=y', lines, body: Buffer.from('body')})
	await http.exchange(server.origin, {method: 'PUT', path: '/empty', lines: 'host: h\r\n'})
	await http.exchange(server.origin, {method: 'DELETE', path: '/gone', lines: 'host: h\r\n'})
	t.is(
		Buffer.concat(server.came.flat()).toString('latin1'),
		'PUT /b/k?x=y HTTP/1.1\r\nhost: h:1\r\nx-amz-meta-a: b\u00e9\r\ncontent-length: 4\r\n\r\nbody' +
			'PUT /empty HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n' +
			'DELETE /gone HTTP/1.1\r\nhost: h\r\n\r\n',
	)
})

test('a body comes from its source as fast as it is taken, and is left where the reply comes first', async (t) => {
	let given = 0
	let isLeft = false
	async function* source(chunks: number): AsyncGenerator<Buffer> {
		try {
			for (let i = 0; i < chunks; i++) {
				given++
				yield Buffer.alloc(MIB)
				await turn()
			}
		} finally {
			isLeft = true
		}
	}
	const slow = await raw((socket) => {
		socket.pause()
		setTimeout(() => socket.resume(), 200)
		let bytes = 0
		socket.on('data', (chunk) => {
			bytes += chunk.length
			if (bytes > 40 * MIB) socket.write(`${OK}content-length: 0\r\n\r\n`)
		})
	})
	const lines = `host: x\r\ncontent-length: ${40 * MIB}\r\n`
	const sending = transport(t, slow).exchange(slow.origin, {
		method: 'PUT',
		path: '/',
		lines,
		body: source(40),
	})
	await sleep(100)
	t.true(given < 20)
	t.is((await sending).status, 200)
	t.is(given, 40)
	const refusing = await raw((socket) => {
		socket.once('data', () => {
			socket.pause()
			socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
		})
	})
	isLeft = false
	const refused = await transport(t, refusing).exchange(refusing.origin, {
		method: 'PUT',
		path: '/',
		lines,
		body: source(40),
	})
	t.is(refused.status, 403)
	t.true(await soon(() => isLeft))
})

test('a source that fails ends its request with its own error', async (t) => {
	const server = await saying('')
	async function* source(): AsyncGenerator<Buffer> {
		yield Buffer.from('a')
		throw new Error('the source failed')
	}
	const http = transport(t, server)
	await t.throwsAsync(
		http.exchange(server.origin, {
			method: 'PUT',
			path: '/',
			lines: 'host: x\r\ncontent-length: 2\r\n',
			body: source(),
		}),
		{message: 'the source failed'},
	)
})

test('what is under way, waits or comes later ends with the error that ends it all', async (t) => {
	const server = await saying('')
	const http = transport(t, server, 1)
	const asked = [1, 2, 3].map(() => t.throwsAsync(http.exchange(server.origin, GET), {message: 'enough'}))
	setTimeout(() => http.abort(new Error('enough')), 30)
	await Promise.all(asked)
	await t.throwsAsync(http.exchange(server.origin, GET), {message: 'enough'})
})

test('a connection that is closed is closed when its request is done', async (t) => {
	let closed = 0
	const server = await raw((socket) => {
		socket.on('close', () => closed++)
		socket.on('data', () => setTimeout(() => socket.write(`${OK}content-length: 0\r\n\r\n`), 50))
	})
	const http = transport(t, server, 2)
	await http.exchange(server.origin, GET)
	const later = http.exchange(server.origin, GET)
	http.close()
	t.is((await later).status, 200)
	t.true(await soon(() => closed === 1))
})
