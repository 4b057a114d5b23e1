// What the store over the SDK does when things go wrong, and on stores that are not quite S3.

import {writeFile} from 'node:fs/promises'
import type {ServerResponse} from 'node:http'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {S3rError} from '../src/base/errors.ts'
import type {Remote} from '../src/format/remote.ts'
import {serve, type Serving} from '../src/serve/server.ts'
import {listBuckets, openStore} from '../src/store/open.ts'
import {S3Connection} from '../src/store/s3-connection.ts'
import {copyInParts} from '../src/store/s3-copy-parts.ts'
import {Guards} from '../src/store/s3-guard.ts'
import {findPlace} from '../src/store/s3-profile.ts'
import {COPY_LIMIT, type Kind, type Store} from '../src/store/store.ts'
import {testServer, type TestServer} from './support/server.ts'
import {
	all,
	type AwsHome,
	awsHome,
	bytes,
	contentOf,
	credentials,
	fails,
	hex,
	keysOf,
	MIB,
	pagesOf,
	read,
	source,
} from './support/store.ts'
import {type Answer, refuse, type Stub, stub} from './support/stub.ts'

const SECRET = 'stub-secret-key'
const ATTEMPTS = 3

let home: AwsHome
let embedded: TestServer
let modern: Serving

test.before(async () => {
	home = await awsHome()
	process.env['AWS_MAX_ATTEMPTS'] = String(ATTEMPTS)
	embedded = await testServer()
	// as AWS makes its buckets since April 2023
	const accounts = [{accessKey: 'STUBACCESSKEY', secretKey: SECRET}]
	modern = await serve({root: join(home.directory, 'modern'), accounts, fsync: false, aclsDisabled: true})
	const key = embedded.env['AWS_ACCESS_KEY_ID']
	await home.write(
		['[profile empty]\nregion = us-east-1'],
		[
			credentials('stub', 'STUBACCESSKEY', SECRET),
			credentials('embedded', key, embedded.env['AWS_SECRET_ACCESS_KEY']),
			credentials('other', embedded.other['AWS_ACCESS_KEY_ID'], embedded.other['AWS_SECRET_ACCESS_KEY']),
			credentials('wrong-secret', key, SECRET),
			credentials('wrong-key', 'NOSUCHKEY', SECRET),
		],
	)
})

test.after.always(async () => {
	await Promise.all([embedded.stop(), modern.close(), home.remove()])
})

let made = 0
const newName = (): string => `s3r-test-${++made}`

const at = (endpoint: string, remote: Partial<Remote> = {}, options = {}): Promise<Store> =>
	openStore({bucket: 'bucket', prefix: '', endpoint, profile: 'stub', ...remote}, options)

const onEmbedded = (remote: Partial<Remote> = {}): Promise<Store> =>
	at(embedded.endpoint, {profile: 'embedded', bucket: newName(), ...remote})

/** A store on a stub that answers so, both ended with the test. */
async function answering(
	t: ExecutionContext,
	answer: Answer,
	remote: Partial<Remote> = {},
	options = {},
): Promise<{store: Store; asked: Stub['asked']}> {
	const server = await stub(answer)
	const store = await at(server.endpoint, remote, options)
	t.teardown(async () => {
		store.close()
		await server.stop()
	})
	return {store, asked: server.asked}
}

const ok = (response: ServerResponse, headers: Record<string, string> = {}, body = ''): void => {
	response.writeHead(200, {etag: '"0"', ...headers}).end(body)
}
const slowDown = (response: ServerResponse) =>
	refuse(response, 503, 'SlowDown', {message: 'Please reduce your request rate.'})

test('a request that the store is too busy for is sent again', async (t) => {
	const {store, asked} = await answering(t, (_, response, n) => (n < 3 ? slowDown(response) : ok(response)))
	t.is((await store.put('key', bytes('hello'))).etag, '0')
	t.deepEqual(
		asked.map(({body}) => body.toString()),
		['hello', 'hello', 'hello'],
	)
})

test('a source is read anew for each try', async (t) => {
	const {store, asked} = await answering(t, (_, response, n) => (n < 3 ? slowDown(response) : ok(response)))
	let opened = 0
	const body = source('he', 'llo')
	const chunks = () => {
		opened++
		return body.chunks()
	}
	await store.put('key', {length: 5, chunks})
	t.is(opened, 3)
	t.deepEqual(
		asked.map((one) => one.body.toString()),
		['hello', 'hello', 'hello'],
	)
})

test("after AWS_MAX_ATTEMPTS tries the store's own words are told", async (t) => {
	const {store, asked} = await answering(t, (_, response) => slowDown(response))
	const {message} = await fails(t, 'other', store.put('key', bytes('')))
	t.regex(message, /^'http:.*' failed for 's3:\/\/bucket\/key': please reduce your request rate \(503\)$/)
	t.is(asked.length, ATTEMPTS)
})

test('a connection that is cut is tried again', async (t) => {
	const {store, asked} = await answering(t, (_, response, n) => (n === 1 ? response.destroy() : ok(response)))
	await store.put('key', bytes('1'))
	t.is(asked.length, 2)
})

test('a download that breaks goes on where it stopped, pinned to the same object', async (t) => {
	const {store, asked} = await answering(t, (_, response, n) => {
		const whole = {etag: '"e"', 'content-length': '10'}
		if (n === 1) response.writeHead(200, whole).write('0123', () => response.destroy())
		else response.writeHead(206, {etag: '"e"', 'content-range': 'bytes 4-9/10'}).end('456789')
	})
	t.is(await contentOf(store, 'key'), '0123456789')
	t.like(asked[1]?.headers, {range: 'bytes=4-', 'if-match': '"e"'})
})

test('a download that is left early gives its connection up', async (t) => {
	const {store} = await answering(
		t,
		(_, response) => void response.writeHead(200, {'content-length': String(2 * MIB)}).write('x'),
	)
	for await (const chunk of (await store.get('key')).body) {
		t.is(chunk.toString(), 'x')
		break
	}
})

test("a write whose answer was lost is not taken for somebody else's", async (t) => {
	const answer =
		(etag: string): Answer =>
		({method}, response, n) => {
			if (n === 1) response.destroy()
			else if (method === 'HEAD') ok(response, {etag})
			else refuse(response, 412, 'PreconditionFailed')
		}
	const ours = await answering(t, answer(`"${hex('hello')}"`))
	t.is((await ours.store.put('key', bytes('hello'), {ifNoneMatch: '*'})).etag, hex('hello'))
	const theirs = await answering(t, answer(`"${hex('other')}"`))
	await fails(t, 'precondition', theirs.store.put('key', bytes('hello'), {ifNoneMatch: '*'}))
})

test('an upload whose completion was lost is complete', async (t) => {
	const etag = `${hex(Buffer.from(hex('a'), 'hex'))}-1`
	const {store} = await answering(t, ({method}, response, n) => {
		if (n === 1) response.destroy()
		else if (method === 'HEAD') ok(response, {etag: `"${etag}"`})
		else refuse(response, 404, 'NoSuchUpload')
	})
	t.is((await store.completeUpload('key', 'id', [{number: 1, etag: hex('a'), size: 1}], {})).etag, etag)
})

const scopes = (asked: Stub['asked']) =>
	asked.map(({headers}) => /Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1])

test('a bucket is found in another region', async (t) => {
	const region = 'eu-central-1'
	const moved: Record<string, (response: ServerResponse) => void> = {
		GET: (response) => refuse(response, 301, 'PermanentRedirect', {headers: {'x-amz-bucket-region': region}}),
		HEAD: (response) => void response.writeHead(400, {'x-amz-bucket-region': region}).end(),
		PUT: (response) =>
			refuse(response, 400, 'AuthorizationHeaderMalformed', {more: `<Region>${region}</Region>`}),
	}
	const requests: Record<string, (store: Store) => Promise<unknown>> = {
		GET: (store) => contentOf(store, 'key'),
		HEAD: (store) => store.head('key'),
		PUT: (store) => store.put('key', source('1')),
	}
	for (const [method, request] of Object.entries(requests)) {
		const {store, asked} = await answering(t, (one, response, n) =>
			n === 1 ? moved[one.method]?.(response) : ok(response),
		)
		await request(store)
		await store.head('key')
		t.deepEqual(scopes(asked), ['us-east-1', region, region], method)
	}
	const {store} = await answering(t, (one, response) =>
		scopes([one])[0] === region ? ok(response) : moved['GET']?.(response),
	)
	await t.notThrowsAsync(
		Promise.all(['a', 'b', 'c', 'd'].map((key) => store.put(key, bytes('')))),
		'also by several at once',
	)
	const lost = await answering(t, (_, response, n) =>
		refuse(response, 301, 'PermanentRedirect', {headers: {'x-amz-bucket-region': `eu-${n}`}}),
	)
	await fails(t, 'other', lost.store.get('key'))
	t.is(lost.asked.length, 3, 'but not for ever')
})

test('a clock that is wrong is made up for, and told when that does not help', async (t) => {
	const HOUR = 3600_000
	const date = new Date(Date.now() + HOUR).toUTCString()
	const skewed = (response: ServerResponse) =>
		refuse(response, 403, 'RequestTimeTooSkewed', {headers: {date}})
	const {store, asked} = await answering(t, (_, response, n) =>
		n === 1 ? skewed(response) : ok(response, {date}),
	)
	await store.put('key', bytes(''))
	t.is(asked.length, 2)
	const hour = (one: (typeof asked)[number] | undefined) => String(one?.headers['x-amz-date']).slice(0, 11)
	t.not(hour(asked[0]), hour(asked[1]))

	const hopeless = await answering(t, (_, response) => skewed(response))
	const error = await fails(t, 'skew', hopeless.store.put('key', bytes('')))
	t.regex(error.message, /^the clock of this machine and that of 'http:.*' differ too much$/)
	t.regex(error.hint ?? '', /set this machine's clock/)
})

const ANSWERS: readonly (readonly [status: number, code: string, kind: Kind, message: RegExp])[] = [
	[400, 'InvalidStorageClass', 'invalid', /^the store refuses 's3:\/\/bucket\/key': told so$/],
	[400, 'ExpiredToken', 'denied', /: the session token has expired$/],
	[400, 'InvalidBucketName', 'invalid', /^bucket name 'bucket' is not allowed$/],
	[400, 'AccessControlListNotSupported', 'acls-disabled', /^bucket 'bucket' has ACLs disabled/],
	[403, 'AccessDenied', 'denied', /^access denied to 's3:\/\/bucket\/key'$/],
	[403, 'SignatureDoesNotMatch', 'denied', /: the signature does not match \(is the secret key right\?\)$/],
	[403, 'InvalidAccessKeyId', 'denied', /^access denied to 's3:\/\/bucket\/key': the access key is unknown$/],
	[403, 'InvalidObjectState', 'archived', /is archived and must be restored/],
	[404, 'NoSuchBucket', 'no-bucket', /^no such bucket 'bucket'$/],
	[404, 'NoSuchKey', 'not-found', /^no such object 's3:\/\/bucket\/key'$/],
	[405, 'MethodNotAllowed', 'other', /does not allow this/],
	[412, 'PreconditionFailed', 'precondition', /has changed meanwhile$/],
	[501, 'NotImplemented', 'other', /does not implement this/],
]

for (const [status, code, kind, message] of ANSWERS)
	test(`${code} is told in one line`, async (t) => {
		const {store} = await answering(t, (_, response) => refuse(response, status, code))
		const error = await fails(t, kind, store.get('key'))
		t.regex(error.message, message)
		t.is(error.code, code)
	})

test('Block Public Access is named where it is what denies', async (t) => {
	const message =
		'User: x is not authorized because public access control lists (ACLs) are prevented by the BlockPublicAcls setting'
	const {store} = await answering(t, (_, response) => refuse(response, 403, 'AccessDenied', {message}))
	const error = await fails(t, 'denied', store.putAcl('key', 'public-read'))
	t.is(error.message, "access denied to 's3://bucket/key': Block Public Access is on")
	t.regex(error.hint ?? '', /s3r create-bucket --acl public-read bucket/)
})

test('what a HEAD cannot say is asked for', async (t) => {
	const {store} = await answering(t, ({method}, response) =>
		method === 'HEAD' ? void response.writeHead(403).end() : refuse(response, 403, 'SignatureDoesNotMatch'),
	)
	t.regex((await fails(t, 'denied', store.head('key'))).message, /the signature does not match/)
	t.regex((await fails(t, 'denied', store.bucketExists())).message, /the signature does not match/)
})

test('whether it is the bucket that is missing is asked once', async (t) => {
	const {store, asked} = await answering(t, ({url}, response) =>
		url === '/bucket/' ? ok(response) : void response.writeHead(404).end(),
	)
	t.is(await store.head('a'), undefined)
	t.is(await store.head('b'), undefined)
	t.deepEqual(
		asked.map(({url}) => url),
		['/bucket/a', '/bucket/', '/bucket/b'],
	)
})

test('a server that is not S3 is told so', async (t) => {
	const page = '<!doctype html><html><body>welcome<br></body></html>'
	const {store} = await answering(
		t,
		(_, response) => void response.writeHead(200, {'content-type': 'text/html'}).end(page),
	)
	t.regex((await fails(t, 'network', pagesOf(store))).message, /^'http:.*' does not answer as S3 does$/)
})

test('an interrupted store ends its requests, also those that wait for another try', async (t) => {
	const interrupt = new AbortController()
	const {signal} = interrupt
	const hanging = await answering(t, () => void setTimeout(() => interrupt.abort(), 50), {}, {signal})
	const busy = await answering(t, (_, response) => slowDown(response), {}, {signal})
	const sending = await answering(t, () => {}, {}, {signal})
	for (const request of [
		hanging.store.get('key'),
		busy.store.put('key', bytes('')),
		sending.store.put('key', source('1')),
	]) {
		const error = await fails(t, 'interrupted', request)
		t.is(error.status, 130)
	}
	await fails(t, 'interrupted', hanging.store.head('key'))
	t.is(hanging.asked.length, 1)
})

test('a store that falls silent is given up', async (t) => {
	const {store} = await answering(t, () => {}, {}, {idleTimeout: 50})
	t.regex((await fails(t, 'network', store.get('key'))).message, /^cannot reach 'http:.*': timed out$/)
})

test('a store that cannot be reached is told at once', async (t) => {
	const server = await stub(() => {})
	await server.stop()
	const started = performance.now()
	const refused = await fails(t, 'network', (await at(server.endpoint)).head('key'))
	t.is(refused.message, `cannot reach '${server.endpoint}': connection refused`)
	t.is(refused.code, 'ECONNREFUSED')
	const unknown = await fails(t, 'network', (await at('https://no-such-host.invalid')).get('key'))
	t.regex(
		unknown.message,
		/^cannot reach 'https:\/\/no-such-host.invalid': (no such host|its name cannot be resolved)$/,
	)
	t.true(performance.now() - started < 10_000)
	const plain = await stub((_, response) => ok(response))
	t.teardown(() => plain.stop())
	const tls = await fails(t, 'network', (await at(plain.endpoint.replace('http:', 'https:'))).get('key'))
	t.regex(tls.message, /: it does not speak TLS$/)
})

test('an endpoint that is none is an error of usage', async (t) => {
	for (const endpoint of ['localhost:9000', 'nonsense', 'ftp://host', 'http://user:secret-key@host']) {
		const error = await t.throwsAsync(at(endpoint), {instanceOf: S3rError})
		t.is(error.status, 129)
		t.notRegex(`${error.message} ${error.hint}`, /secret-key/)
	}
})

test('without credentials it is said where they go', async (t) => {
	const empty = await fails(t, 'denied', (await onEmbedded({profile: 'empty'})).head('key'))
	t.regex(empty.message, /^no credentials .*for 's3:\/\//)
	t.regex(empty.hint ?? '', /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/)
	await fails(t, 'denied', (await onEmbedded({profile: 'none-such'})).head('key'))
	const {endpoint} = embedded
	await fails(t, 'denied', listBuckets({endpoint}))
})

test('wrong credentials are told apart', async (t) => {
	const bucket = newName()
	await (await onEmbedded({bucket})).createBucket()
	const as = (profile: string) => onEmbedded({bucket, profile})
	const about = `access denied to 's3://${bucket}/key'`
	t.is(
		(await fails(t, 'denied', (await as('wrong-secret')).put('key', bytes('')))).message,
		`${about}: the signature does not match (is the secret key right?)`,
	)
	t.is(
		(await fails(t, 'denied', (await as('wrong-key')).head('key'))).message,
		`${about}: the access key is unknown`,
	)
	t.is((await fails(t, 'denied', (await as('other')).head('key'))).message, about)
	t.is(
		(await fails(t, 'denied', (await as('other')).bucketExists())).message,
		`access denied to bucket '${bucket}'`,
	)
	await fails(t, 'denied', (await as('other')).createBucket())
})

test('buckets are listed', async (t) => {
	const bucket = newName()
	await (await onEmbedded({bucket})).createBucket()
	const found = await listBuckets({endpoint: embedded.endpoint, profile: 'embedded'})
	const {created = 0} = found.find(({name}) => name === bucket) ?? {}
	t.true(Math.abs(created - Date.now()) < 60_000)
	t.deepEqual(await listBuckets({endpoint: embedded.endpoint, profile: 'other'}), [])
})

test('a name that no bucket can have is refused with its reason', async (t) => {
	const why = {
		ab: 'it must have 3 to 63 characters',
		Upper: 'only lower-case letters',
		'-ab': 'it must begin',
		'a..b': 'two dots',
		'1.2.3.4': 'an IP address',
	}
	for (const [bucket, reason] of Object.entries(why)) {
		const {message} = await fails(t, 'invalid', (await onEmbedded({bucket})).createBucket())
		t.true(
			message.startsWith(`bucket name '${bucket}' is not allowed: `) && message.includes(reason),
			message,
		)
	}
})

test('where ACLs are disabled it is said so, and a bucket made with one has them', async (t) => {
	const open = (bucket: string) => at(modern.endpoint, {bucket})
	const anonymous = async (bucket: string) => (await fetch(`${modern.endpoint}/${bucket}/key`)).status
	const [plain, open1] = [newName(), newName()]
	const closed = await open(plain)
	t.true(await closed.createBucket())
	await closed.put('key', bytes('1'), {acl: 'private'})
	t.false(await closed.hasAcls())
	for (const refused of [
		closed.put('key', bytes('2'), {acl: 'public-read'}),
		closed.putAcl('key', 'public-read'),
		closed.putAcl(undefined, 'public-read'),
		closed.createUpload('key', {acl: 'public-read'}),
	]) {
		const error = await fails(t, 'acls-disabled', refused)
		t.is(error.message, `bucket '${plain}' has ACLs disabled (object ownership BucketOwnerEnforced)`)
		t.true(error.hint?.includes(`s3r create-bucket --acl public-read ${plain}`))
		t.true(error.hint?.includes('--create-bucket --acl public-read'))
	}
	t.is(await anonymous(plain), 403)
	t.false(await closed.createBucket())
	await fails(t, 'acls-disabled', closed.putAcl('key', 'public-read'))

	const opened = await open(open1)
	t.true(await opened.createBucket({acl: 'public-read'}))
	await opened.put('key', bytes('1'), {acl: 'public-read'})
	t.is(await anonymous(open1), 200)

	// the remedy of the hint
	t.false(await closed.createBucket({acl: 'public-read'}))
	await closed.putAcl('key', 'public-read')
	t.is(await anonymous(plain), 200)
})

test('a private bucket is made without touching what protects it', async (t) => {
	const {store, asked} = await answering(t, ({method}, response) =>
		method === 'HEAD' ? void response.writeHead(404).end() : ok(response),
	)
	t.true(await store.createBucket({acl: 'private'}))
	t.deepEqual(
		asked.map(({method, url}) => `${method} ${url}`),
		['HEAD /bucket/', 'PUT /bucket/'],
	)
})

test('a store without conditional writes is found out, and the guard checked before', async (t) => {
	const held = new Set(['', 'key'])
	const {store, asked} = await answering(t, ({method, url, headers}, response) => {
		const key = url.replace(/^\/bucket\/|\?.*/g, '')
		if (method === 'HEAD') return held.has(key) ? ok(response) : void response.writeHead(404).end()
		if (headers['if-none-match'] !== undefined) return refuse(response, 501, 'NotImplemented')
		held.add(key)
		return ok(response)
	})
	t.true(store.conditional)
	await store.put('new', bytes(''), {ifNoneMatch: '*'})
	t.false(store.conditional)
	await fails(t, 'precondition', store.put('key', bytes(''), {ifNoneMatch: '*'}))
	const before = asked.length
	await store.put('next', bytes(''), {ifNoneMatch: '*'})
	t.deepEqual(
		asked.slice(before).map(({method}) => method),
		['HEAD', 'PUT'],
	)
})

/** A store of objects with the ETag '0', which obeys the guards of copies and deletions or passes over them. */
const obedient = (t: ExecutionContext, obeys: boolean) => {
	const held = new Set(['', ...Array.from({length: 9}, (_, i) => `old${i}`)])
	return answering(t, ({method, url, headers}, response) => {
		const key = url.replace(/^\/bucket\/|\?.*/g, '')
		const {'if-none-match': absent, 'if-match': etag} = headers
		if (method === 'HEAD') return held.has(key) ? ok(response) : void response.writeHead(404).end()
		const isBlocked = (absent !== undefined && held.has(key)) || (etag !== undefined && etag !== '"0"')
		if (obeys && isBlocked) return refuse(response, 412, 'PreconditionFailed')
		if (method === 'DELETE') held.delete(key)
		else held.add(key)
		return ok(
			response,
			{},
			headers['x-amz-copy-source'] === undefined
				? ''
				: '<CopyObjectResult><ETag>"0"</ETag></CopyObjectResult>',
		)
	})
}

for (const obeys of [true, false])
	test(`that a store ${obeys ? 'obeys' : 'passes over'} the guards of copies and deletions is found out with the eighth`, async (t) => {
		const {store, asked} = await obedient(t, obeys)
		const copy = (i: number) => store.copy(`old${i}`, `new${i}`, {size: 1, ifNoneMatch: '*', metadata: {}})
		const erase = (i: number) => store.delete(`new${i}`, {ifMatch: '0'})
		for (const [work, verb] of [
			[copy, 'PUT'],
			[erase, 'DELETE'],
		] as const) {
			const asks = async (i: number): Promise<string[]> => {
				const before = asked.length
				await work(i)
				return asked.slice(before).map(({method}) => method)
			}
			for (let i = 0; i < 7; i++) t.deepEqual((await asks(i)).slice(-2), ['HEAD', verb])
			// the second of the same is what tells
			t.deepEqual(await asks(7), ['HEAD', verb, ...(verb === 'PUT' || obeys ? [verb] : [])])
			t.deepEqual(await asks(8), obeys ? [verb] : ['HEAD', verb])
		}
		if (obeys) await fails(t, 'precondition', store.copy('old0', 'old1', {size: 1, ifNoneMatch: '*'}))
	})

test('a store that takes If-Match only without quotes is found out', async (t) => {
	const {store, asked} = await answering(t, ({method, headers}, response) => {
		if (method === 'HEAD' || headers['if-match'] === '0') ok(response)
		else refuse(response, 412, 'PreconditionFailed')
	})
	await fails(t, 'precondition', store.put('key', bytes(''), {ifMatch: 'other'}))
	await store.put('key', bytes(''), {ifMatch: '0'})
	const before = asked.length
	await store.put('key', bytes(''), {ifMatch: '0'})
	t.is(asked.length, before + 1)
})

test('keys of a listing are decoded only where they were encoded', async (t) => {
	const page = (key: string, encoding: string) =>
		`<ListBucketResult>${encoding}<Contents><Key>${key}</Key><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>`
	const encoded = await answering(t, (_, response) =>
		ok(response, {}, page('a+b%2Bc%0A%C3%BC', '<EncodingType>url</EncodingType>')),
	)
	t.deepEqual(await keysOf(encoded.store), ['a b+c\nü'])
	const plain = await answering(t, (_, response) => ok(response, {}, page('a+b%20c', '')))
	t.deepEqual(await keysOf(plain.store), ['a+b%20c'])
})

test('what the remote asks for is sent with every object', async (t) => {
	const remote = {sse: 'aws:kms', sseKmsKeyId: 'key-id', requesterPays: true}
	const {store, asked} = await answering(
		t,
		(_, response) => ok(response, {'x-amz-server-side-encryption': 'aws:kms'}),
		remote,
	)
	const grants = [{permission: 'READ', grantee: {id: 'abc'}}] as const
	await store.put('key', bytes('hello'), {storageClass: 'STANDARD_IA', acl: {grants}})
	t.like(asked[0]?.headers, {
		'x-amz-server-side-encryption': 'aws:kms',
		'x-amz-server-side-encryption-aws-kms-key-id': 'key-id',
		'x-amz-request-payer': 'requester',
		'x-amz-storage-class': 'STANDARD_IA',
		'x-amz-grant-read': 'id="abc"',
		'content-length': '5',
		'content-md5': Buffer.from(hex('hello'), 'hex').toString('base64'),
	})
	t.false((await store.head('key'))?.etagIsMd5)
})

test('a copy above the limit is made of parts, with its properties', async (t) => {
	const bucket = newName()
	const store = await onEmbedded({bucket})
	await store.createBucket()
	const content = Buffer.concat([Buffer.alloc(5 * MIB, '1'), Buffer.alloc(5 * MIB, '2'), bytes('tail')])
	await store.put('from a+b', content)
	const at5 = await S3Connection.open(
		{bucket, prefix: '', endpoint: embedded.endpoint, profile: 'embedded'},
		{},
	)
	const copying = (options: {sourceIfMatch?: string; ifNoneMatch?: '*'} = {}) =>
		copyInParts(
			at5,
			new Guards(at5),
			'from a+b',
			'to',
			{size: content.length, metadata: {a: 'b'}, ...options},
			5 * MIB,
		)
	await fails(t, 'precondition', copying({sourceIfMatch: hex('other')}))
	t.regex((await copying({sourceIfMatch: hex(content)})).etag, /-3$/)
	t.like(await store.head('to'), {size: content.length, metadata: {a: 'b'}})
	t.true((await read((await store.get('to')).body)).equals(content))
	await fails(t, 'precondition', copying({ifNoneMatch: '*'}))
	t.deepEqual(await all(store.listUploads('')), [])
	await store.copy('to', 'to', {size: COPY_LIMIT + 1, metadata: {c: 'd'}})
	t.like(await store.head('to'), {size: content.length, metadata: {c: 'd'}})
	await fails(t, 'not-found', store.copy('none', 'to', {size: COPY_LIMIT + 1}))
})

test('the endpoint and region come from the remote, the environment, or the profile, in this order', async (t) => {
	const file = join(home.directory, 'places')
	await writeFile(
		file,
		[
			'[default]',
			'region = eu-west-1 ; a comment',
			'[profile work]',
			'region=eu-west-2',
			'endpoint_url = https://work.example',
			'[profile both]',
			'endpoint_url = https://both.example',
			'services = mine',
			'[services mine]',
			'ec2 =',
			'  endpoint_url = https://ec2.example',
			's3 =',
			'  endpoint_url = https://s3.example',
			'[profile off]',
			'endpoint_url = https://off.example',
			'ignore_configured_endpoint_urls = true',
		].join('\n'),
	)
	const env = {AWS_CONFIG_FILE: file}
	const place = (where: Partial<Remote>, more: NodeJS.ProcessEnv = {}) => findPlace(where, {...env, ...more})
	t.deepEqual(await place({}), {endpoint: undefined, region: 'eu-west-1'})
	t.deepEqual(await place({profile: 'work'}), {endpoint: 'https://work.example', region: 'eu-west-2'})
	t.deepEqual(await place({}, {AWS_PROFILE: 'both'}), {endpoint: 'https://s3.example', region: undefined})
	t.deepEqual(await place({profile: 'off'}), {endpoint: undefined, region: undefined})
	t.deepEqual(await place({profile: 'none'}), {endpoint: undefined, region: undefined})
	t.deepEqual(
		await place({profile: 'work'}, {AWS_DEFAULT_REGION: 'x', AWS_ENDPOINT_URL: 'https://a.example'}),
		{
			endpoint: 'https://a.example',
			region: 'x',
		},
	)
	t.deepEqual(
		await place(
			{endpoint: 'https://o.example', region: 'r'},
			{AWS_REGION: 'x', AWS_ENDPOINT_URL_S3: 'https://a.example'},
		),
		{endpoint: 'https://o.example', region: 'r'},
	)
	t.deepEqual(
		await place(
			{},
			{AWS_ENDPOINT_URL: 'https://a.example', AWS_ENDPOINT_URL_S3: 'https://b.example', AWS_REGION: 'x'},
		),
		{endpoint: 'https://b.example', region: 'x'},
	)
	t.like(
		await place(
			{profile: 'work'},
			{AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL: 'https://a.example'},
		),
		{
			endpoint: undefined,
		},
	)
})
