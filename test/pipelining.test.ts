// Small requests that go together on a connection: where they do, and that nothing is lost where a store does not take it.

import type {Socket} from 'node:net'
import {setImmediate as nextTurn} from 'node:timers/promises'
import test, {type ExecutionContext} from 'ava'
import * as fc from 'fast-check'
import type {HttpOptions, Request} from '../src/store/http.ts'
import {openStore} from '../src/store/open.ts'
import {Pipelining} from '../src/store/pipelining.ts'
import type {Store} from '../src/store/store.ts'
import {Transport} from '../src/store/plane-transport.ts'
import {type Raw, raw} from './support/raw.ts'
import {SEED} from './support/seed.ts'

type Asked = {readonly path: string; readonly body: string}

/** Serves what comes on a connection by `answer`, which is given as many requests as came at once. */
const serving =
	(answer: (requests: readonly Asked[], socket: Socket) => void) =>
	(socket: Socket): void => {
		let begun = ''
		socket.on('data', (chunk) => {
			begun += chunk.toString('latin1')
			const requests: Asked[] = []
			for (;;) {
				const end = begun.indexOf('\r\n\r\n') + 4
				if (end < 4) break
				const head = begun.slice(0, end)
				const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
				if (begun.length < end + length) break
				requests.push({path: head.split(' ')[1] ?? '', body: begun.slice(end, end + length)})
				begun = begun.slice(end + length)
			}
			if (requests.length > 0) answer(requests, socket)
		})
	}

const reply = (body: string, headers = ''): string =>
	`HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`

/** The reply to a request tells its path. */
const echo = ({path}: Asked): string => reply(path)

const BRIEF: Request = {method: 'GET', path: '/', lines: 'host: h:1\r\n', isBrief: true}

type Client = {
	/** What is answered to a request for this path. */
	readonly ask: (path: string, how?: Partial<Request>) => Promise<string>
	/** Asks so often, one after the other, that two are tried together next. */
	readonly meet: () => Promise<void>
	/** Asks for so many at once, and tells of each what came of it, or the code of its error. */
	readonly askMany: (count: number) => Promise<string[]>
}

function client(t: ExecutionContext, server: Raw, options: Partial<HttpOptions> = {}): Client {
	const http = new Transport({
		connections: 64,
		connectTimeout: 5000,
		idleTimeout: 5000,
		pipelines: true,
		ca: undefined,
		...options,
	})
	t.teardown(async () => {
		http.abort(new Error('over'))
		await server.stop()
	})
	const ask = async (path: string, how: Partial<Request> = {}) => {
		const {body} = await http.exchange(server.origin, {...BRIEF, path, ...how})
		if (Buffer.isBuffer(body)) return body.toString()
		let text = ''
		for await (const piece of body) text += piece.toString()
		return text
	}
	const askMany = (count: number) =>
		Promise.all(namesOf(count).map((path) => ask(path).catch((error) => error.code)))
	const meet = async () => {
		for (let i = 0; i < 128; i++) await ask('/a')
	}
	return {ask, askMany, meet}
}

const namesOf = (count: number): string[] => Array.from({length: count}, (_, i) => `/${i}`)

/** How many requests came at once on these connections, each time; each has these words once. */
const atOnce = (came: Raw['came'], words = 'host: h:1'): number[] =>
	came.flat().map((chunk) => chunk.toString('latin1').split(words).length - 1)

const mostAtOnce = (came: Raw['came'], words?: string): number => Math.max(...atOnce(came, words))

/** How often several came at once. */
const togetherAt = (came: Raw['came']): number => atOnce(came).filter((count) => count > 1).length

test.serial(
	'small requests of a turn go together where the second is answered at once, once a store has shown that it takes two',
	async (t) => {
		const server = await raw(serving((requests, socket) => socket.write(requests.map(echo).join(''))))
		const {ask, askMany, meet} = client(t, server)
		await meet()
		t.is(mostAtOnce(server.came), 1)
		t.deepEqual(await askMany(4), namesOf(4))
		t.is(mostAtOnce(server.came), 2)
		t.deepEqual(await askMany(32), namesOf(32))
		t.is(mostAtOnce(server.came), 8)
		t.true(server.came.length <= 4)
		// one that brings much, or takes long, goes alone
		const large = {method: 'PUT', body: Buffer.alloc(9000)} as const
		const asked = [
			ask('/x', large),
			ask('/y', {isBrief: false}),
			ask('/z', {...large, body: Buffer.alloc(9)}),
		]
		t.deepEqual(await Promise.all(asked), ['/x', '/y', '/z'])
		const long = `/${'x'.repeat(20_000)}`
		t.deepEqual(await Promise.all([ask(long), ask(long)]), [long, long])
	},
)

test.serial('replies to requests that went together are told apart, however they come', async (t) => {
	const server = await raw(
		serving((requests, socket) => {
			const text = requests
				.map(({path}) => (path.length % 2 ? echo({path, body: ''}) : chunked(path)))
				.join('')
			void (async () => {
				const at = Number(requests[0]?.path.split('-')[1] ?? 0)
				// in one piece what is tried first, and enough of the others for most to go on together
				const size = at % 60 || text.length
				for (let i = 0; i < text.length; i += size) {
					socket.write(text.slice(i, i + size), 'latin1')
					if (i % 4 === 0) await nextTurn()
				}
			})()
		}),
	)
	const {ask, meet} = client(t, server)
	await meet()
	await Promise.all([ask('/a'), ask('/b')])
	await fc.assert(
		fc.asyncProperty(
			fc.array(
				fc.tuple(fc.nat(59), fc.nat(30)).map(([size, length]) => `/-${size}-${'x'.repeat(length)}`),
				{minLength: 1, maxLength: 12},
			),
			async (paths) => {
				t.deepEqual(await Promise.all(paths.map((path) => ask(path))), paths)
			},
		),
		{numRuns: 60, seed: SEED},
	)
	t.true(togetherAt(server.came) > 10)
})

const chunked = (body: string): string =>
	`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Answers all that came on a connection by now, so many milliseconds later, as over a long way. */
const far = (requests: readonly Asked[], socket: Socket): void =>
	void setTimeout(() => socket.write(requests.map(echo).join('')), 15)

/** Takes so many milliseconds for each request of a connection, one after the other. */
const slow = (requests: readonly Asked[], socket: Socket): void => {
	requests.forEach((one, i) => void setTimeout(() => socket.write(echo(one)), 15 * (i + 1)))
}

test.serial('they go together however long the way is', async (t) => {
	const server = await raw(serving(far))
	const {askMany, meet} = client(t, server)
	await meet()
	t.deepEqual(await askMany(4), namesOf(4))
	t.deepEqual(await askMany(32), namesOf(32))
	t.is(mostAtOnce(server.came), 8)
})

test.serial(
	'a store that takes its time for each has two together only to find that, and ever more rarely; one that must be asked once only has none',
	async (t) => {
		const server = await raw(serving(slow))
		const {askMany, meet} = client(t, server)
		await meet()
		for (let i = 0; i < 4; i++) t.deepEqual(await askMany(64), namesOf(64))
		t.is(mostAtOnce(server.came), 2)
		t.is(togetherAt(server.came), 1)
		const once = await raw(serving(far))
		const careful = client(t, once, {pipelines: false})
		await careful.meet()
		for (let i = 0; i < 3; i++) t.deepEqual(await careful.askMany(8), namesOf(8))
		t.is(mostAtOnce(once.came), 1)
	},
)

/** Answers what goes together or alone until so many were answered, each group by its own number of milliseconds. */
function answerAll(pipelining: Pipelining, answers: number, spreadOf: (depth: number) => number): number[] {
	const depths: number[] = []
	for (let done = 0; done < answers;) {
		const depth = Math.min(pipelining.depth, answers - done)
		const carrier = {depth, spread: depth > 1 ? spreadOf(depth) : 0, isOver: false, end: () => {}}
		pipelining.sent(carrier)
		pipelining.answered(carrier)
		done += depth
		depths.push(depth)
	}
	return depths
}

const countOf = (depths: readonly number[], depth: number): number =>
	depths.filter((one) => one === depth).length

test('two are tried after 128 answers, and after twice as many each time that the second took its time', (t) => {
	const pipelining = new Pipelining(true)
	const depths = answerAll(pipelining, 128 + 256 + 512 + 1024 + 6, (depth) => 3 * (depth - 1))
	t.is(countOf(depths, 1), 128 + 256 + 512 + 1024)
	t.deepEqual([depths.indexOf(2), countOf(depths, 2)], [128, 3])
})

test('what is late now and then goes on together; where most are late each goes alone again, until two are tried', (t) => {
	const pipelining = new Pipelining(true)
	let count = 0
	const someLate = answerAll(pipelining, 128 + 2 + 80 * 8, () => (++count % 3 === 0 ? 30 : 0.1))
	t.is(countOf(someLate, 8), 80)
	const allLate = answerAll(pipelining, 16 * 8 + 256 + 2, (depth) => (depth === 2 ? 0 : 8))
	t.deepEqual([countOf(allLate, 8), countOf(allLate, 1), countOf(allLate, 2)], [16, 256, 1])
	t.is(pipelining.depth, 8)
	// most of a sample are cut short by the end of a connection that the store announced; one end that it did not is enough
	for (let i = 0; i < 8; i++) pipelining.failed({isOver: true})
	t.is(pipelining.depth, 8)
	pipelining.failed({isOver: false})
	t.is(pipelining.depth, 1)
	const cut = new Pipelining(true)
	answerAll(cut, 128 + 2, () => 0)
	for (let i = 0; i < 16; i++) cut.failed({isOver: true})
	t.is(cut.depth, 1)
})

/** Whether all goes well, one by one, once two that went together did not, and that only one of those failed, with this code. */
async function isGivenUp(
	t: ExecutionContext,
	server: Raw,
	code: string,
	how: Partial<HttpOptions> = {},
): Promise<void> {
	const {askMany, meet} = client(t, server, how)
	await meet()
	const came = await askMany(8)
	t.deepEqual(
		came.filter((what) => !what.startsWith('/')),
		[code],
	)
	const before = server.came.flat().length
	t.deepEqual(await askMany(8), namesOf(8))
	t.is(server.came.flat().length, before + 8)
}

test.serial(
	'where a store forgets what came behind a request, that is sent again, and nothing behind another any more',
	async (t) => {
		const forgetful = () => raw(serving(([first], socket) => socket.write(echo(first as Asked))))
		await isGivenUp(t, await forgetful(), 'ETIMEDOUT')
		// others wait for a connection while two are tried, and are none that go together
		await isGivenUp(t, await forgetful(), 'ETIMEDOUT', {connections: 2})
	},
)

test.serial('and where it ends the connection', async (t) => {
	const server = await raw(
		serving(([first, ...others], socket) => {
			socket.write(reply(first?.path ?? '', others.length > 0 ? 'connection: close\r\n' : ''))
			if (others.length > 0) socket.end()
		}),
	)
	await isGivenUp(t, server, 'ECONNRESET')
})

test.serial('and where it says what is no HTTP behind a reply', async (t) => {
	const server = await raw(
		serving((requests, socket) => {
			socket.write(requests.map((one, i) => (i === 0 ? echo(one) : 'garbage\r\n\r\n')).join(''))
		}),
	)
	await isGivenUp(t, server, 'ECONNRESET')
})

test.serial('and where it refuses what came behind, and the connection with it', async (t) => {
	const server = await raw(
		serving(([first, ...others], socket) => {
			socket.write(echo(first as Asked))
			if (others.length > 0) socket.end('HTTP/1.1 400 Bad\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
		}),
	)
	await isGivenUp(t, server, 'ECONNRESET')
})

test.serial('what turns out to be long is asked for again, alone', async (t) => {
	const size = 2 ** 20 + 1
	const server = await raw(
		serving((requests, socket) => {
			for (const one of requests) socket.write(one.path === '/long' ? reply('x'.repeat(size)) : echo(one))
		}),
	)
	const {ask, askMany, meet} = client(t, server)
	await meet()
	await askMany(2)
	const how = {streams: true}
	const together = await Promise.allSettled(['/long', '/b'].map((path) => ask(path, how)))
	t.deepEqual(
		together.map((one) => one.status === 'rejected' && one.reason.code),
		['ECONNRESET', 'ECONNRESET'],
	)
	t.is((await ask('/long', how)).length, size)
})

/** The store that a server is; both end with the test. */
async function storeAt(t: ExecutionContext, server: Raw): Promise<Store> {
	process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'none'
	const store = await openStore(
		{bucket: 'bucket', prefix: '', endpoint: server.origin, region: 'us-east-1'},
		{firstWait: 1},
	)
	t.teardown(async () => {
		store.close()
		await server.stop()
	})
	return store
}

test.serial('a store that loses all that comes behind a request has each object in the end', async (t) => {
	const stored = new Map<string, string>()
	const server = await raw(
		serving(([first], socket) => {
			const {path, body} = first as Asked
			stored.set(path, body)
			socket.write(reply('', 'etag: "e"\r\n'))
		}),
	)
	const store = await storeAt(t, server)
	const put = async (name: string) => store.put(name, Buffer.from(name))
	for (let i = 0; i < 128; i++) await put('first')
	const names = namesOf(40).map((name) => name.slice(1))
	await Promise.all(names.map(put))
	t.deepEqual(
		names.map((name) => stored.get(`/bucket/${name}`)),
		names,
	)
})

test.serial(
	'a server that ends each connection after a hundred requests, and forgets what came behind, has several together all the same',
	async (t) => {
		const stored = new Map<string, string>()
		const answered = new Map<Socket, number>()
		let ended = 0
		const server = await raw(
			serving((requests, socket) => {
				for (const {path, body} of requests) {
					const count = (answered.get(socket) ?? 0) + 1
					if (count > 100) return
					answered.set(socket, count)
					stored.set(path, body)
					socket.write(reply('', `etag: "e"\r\n${count === 100 ? 'connection: close\r\n' : ''}`))
					if (count === 100) socket.end(() => ended++)
				}
			}),
		)
		const store = await storeAt(t, server)
		const names = namesOf(2000).map((name) => name.slice(1))
		for (let i = 0; i < names.length; i += 32)
			await Promise.all(names.slice(i, i + 32).map((name) => store.put(name, Buffer.from(name))))
		t.deepEqual(
			names.filter((name) => stored.get(`/bucket/${name}`) !== name),
			[],
		)
		t.true(ended > 10)
		t.is(mostAtOnce(server.came.slice(-5), 'PUT /bucket/'), 8)
	},
)
