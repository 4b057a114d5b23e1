// The embedded S3 server, beyond what every S3 promises: crashes, restarts, races and hostile clients.

import {spawn} from 'node:child_process'
import {createHash, createHmac, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs'
import {request, type IncomingMessage, type OutgoingHttpHeaders} from 'node:http'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {buffer, text} from 'node:stream/consumers'
import {setTimeout} from 'node:timers/promises'
import {type PutObjectCommandInput, S3} from '@aws-sdk/client-s3'
import anyTest, {type ExecutionContext, type TestFn} from 'ava'
import {Crc32, Crc32c, Crc64Nvme, combine, type Hasher} from '../src/serve/crc.ts'
import {SortedKeys} from '../src/serve/keys.ts'
import {matches} from '../src/serve/policy.ts'
import {serve, type ServeOptions, type Serving} from '../src/serve/server.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

const A = {accessKey: 'first', secretKey: 'first-secret'}
const B = {accessKey: 'second', secretKey: 'second-secret'}
const KEY = 'a/b'

type Store = {
	readonly root: string
	readonly serving: Serving
	readonly s3: S3
	readonly other: S3
	/** Closes the server and starts another on the same directory. */
	restart(more?: Partial<ServeOptions>): Promise<Store>
}
const test = anyTest as TestFn<{closing: (() => Promise<void>)[]; temporary: string}>

test.beforeEach((t) => {
	t.context = {closing: [], temporary: mkdtempSync(join(tmpdir(), 's3r-serve-'))}
})
test.afterEach.always(async (t) => {
	for (const close of t.context.closing) await close()
	rmSync(t.context.temporary, {recursive: true})
})

type T = ExecutionContext<{closing: (() => Promise<void>)[]; temporary: string}>

const client = (endpoint: string, {accessKey, secretKey}: typeof A) =>
	new S3({
		endpoint,
		region: 'us-east-1',
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: {accessKeyId: accessKey, secretAccessKey: secretKey},
	})

/** A server with a bucket 'bucket' of the first account. */
async function start(t: T, options: Partial<ServeOptions> = {}): Promise<Store> {
	const root = options.root ?? join(t.context.temporary, 'root')
	const serving = await serve({root, accounts: [A, B], fsync: false, ...options})
	let open = true
	const close = async () => {
		if (open) await serving.close()
		open = false
	}
	t.context.closing.push(close)
	const s3 = client(serving.endpoint, A)
	await s3.createBucket({Bucket: 'bucket'})
	const restart = async (more: Partial<ServeOptions> = {}) => {
		await close()
		return start(t, {...options, root, ...more})
	}
	return {root, serving, s3, other: client(serving.endpoint, B), restart}
}

const at = {Bucket: 'bucket', Key: KEY}
const put = ({s3}: Store, Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}) =>
	s3.putObject({...at, Body: typeof Body === 'string' ? Buffer.from(Body) : Body, ...more})
const got = async ({s3}: Store, more = {}) => buffer((await s3.getObject({...at, ...more})).Body as Readable)
const gotText = async (store: Store, more = {}) => (await got(store, more)).toString()

/** The code that an operation is refused with. */
async function refusal(t: T, operation: Promise<unknown>): Promise<string> {
	const error = await t.throwsAsync<Error & {Code?: string}>(operation)
	return error?.Code ?? error?.name ?? ''
}

/** The files of a bucket, whole and unfinished. */
const files = (root: string, bucket = 'bucket') =>
	['objects', 'tmp'].flatMap((folder) =>
		readdirSync(join(root, bucket, folder), {recursive: true, encoding: 'utf8'}).filter((f) =>
			statSync(join(root, bucket, folder, f)).isFile(),
		),
	)

/** Waits for the files that are left: removing one is no part of an answer. */
async function hasFiles(t: T, {root}: {readonly root: string}, count: number): Promise<void> {
	for (let tries = 0; tries < 1000 && files(root).length !== count; tries++) await setTimeout(5)
	t.is(files(root).length, count)
}

const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const basic = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')

/** The headers of a signed request, and what continues its signature over chunks. */
function signed(
	store: Store,
	method: string,
	path: string,
	more: Record<string, string> = {},
	time = Date.now(),
) {
	const date = basic(time)
	const headers: Record<string, string> = {
		host: new URL(store.serving.endpoint).host,
		'x-amz-date': date,
		'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
		...more,
	}
	const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`
	const names = Object.keys(headers).toSorted()
	const [where = '', query = ''] = path.split('?')
	const canonical = [
		method,
		where,
		query,
		...names.map((n) => `${n}:${headers[n]}`),
		'',
		names.join(';'),
		headers['x-amz-content-sha256'],
	].join('\n')
	const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${A.secretKey}`)
	const sign = (...lines: string[]) => hmac(key, lines.join('\n')).toString('hex')
	const signature = sign('AWS4-HMAC-SHA256', date, scope, sha256(canonical))
	const authorization = `AWS4-HMAC-SHA256 Credential=${A.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
	return {headers: {...headers, authorization}, date, scope, signature, sign}
}

/** Sends a request and resolves to the status and the code of its error. */
async function send(
	{serving}: Store,
	method: string,
	path: string,
	headers: OutgoingHttpHeaders = {},
	body: Buffer | string = '',
): Promise<string> {
	// As it is: a URL would lose its '..'.
	const sent = request({
		port: serving.port,
		path,
		method,
		headers: {'content-length': Buffer.byteLength(body), ...headers},
	})
	sent.end(body)
	const [reply] = (await once(sent, 'response')) as [IncomingMessage]
	const code = /<Code>(.*?)<\/Code>/.exec(await text(reply))?.[1]
	return `${reply.statusCode}${code === undefined ? '' : ` ${code}`}`
}

const sendSigned = (
	store: Store,
	method: string,
	path: string,
	body: Buffer | string,
	more = {},
	time = Date.now(),
) => send(store, method, path, signed(store, method, path, more, time).headers, body)

test('keys are sorted by their bytes, whatever the order they come and go in', (t) => {
	const keys = new SortedKeys()
	const model = new Set<string>()
	for (let i = 0; i < 20_000; i++) {
		const key = randomBytes(2).toString('latin1')
		if (i % 3 === 2) {
			keys.delete(key)
			model.delete(key)
		} else {
			keys.add(key)
			model.add(key)
		}
	}
	const sorted = [...model].toSorted((a, b) =>
		Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
	)
	t.deepEqual([...keys.from('')], sorted)
	const middle = sorted[sorted.length >>> 1] ?? ''
	t.deepEqual([...keys.from(`${middle}\0`)], sorted.slice((sorted.length >>> 1) + 1))
})

test('the CRCs have the check values of the catalogue, and those of parts combine', (t) => {
	const crc = (hasher: Hasher, data: string | Buffer) => {
		hasher.update(Buffer.from(data))
		return hasher.digest()
	}
	const kinds = [
		['CRC32', () => new Crc32(), 'cbf43926'],
		['CRC32C', () => new Crc32c(), 'e3069283'],
		['CRC64NVME', () => new Crc64Nvme(), 'ae8b14860a799888'],
	] as const
	for (const [name, make, check] of kinds) {
		t.is(crc(make(), '123456789').toString('hex'), check)
		const parts = [1000, 1000, 17, 0].map((size) => randomBytes(size))
		const combined = combine(
			name,
			parts.map((part) => ({crc: crc(make(), part), size: part.length})),
		)
		t.deepEqual(combined, crc(make(), Buffer.concat(parts)))
	}
})

test('the patterns of a policy match as those of S3', (t) => {
	t.true(matches('a*c?', 'abbcd'))
	t.true(matches('*', ''))
	t.false(matches('a?', 'a'))
	t.false(matches('a*b', 'abc'))
	t.false(matches(`${'*a'.repeat(20)}b`, 'a'.repeat(2000)))
})

test('a restart keeps objects, metadata, ACLs, tags, versions and uploads', async (t) => {
	const before = await start(t, {fsync: true})
	const {s3} = before
	await put(before, 'ü', {Metadata: {m: '1'}, Tagging: 'a=%C3%BC', ACL: 'public-read', ContentType: 'x/y'})
	await s3.putBucketVersioning({Bucket: 'bucket', VersioningConfiguration: {Status: 'Enabled'}})
	const {VersionId} = await put(before, 'newer')
	await s3.deleteObject({Bucket: 'bucket', Key: KEY})
	await s3.putObject({Bucket: 'bucket', Key: 'ü€😀\n', Body: Buffer.from('odd')})
	const {UploadId} = await s3.createMultipartUpload({Bucket: 'bucket', Key: 'big'})
	const upload = {Bucket: 'bucket', Key: 'big', UploadId, PartNumber: 1}
	const {ETag} = await s3.uploadPart({...upload, Body: Buffer.from('part')})

	const after = await before.restart()
	t.is(await refusal(t, got(after)), 'NoSuchKey')
	t.is(await gotText(after, {VersionId}), 'newer')
	const old = await after.s3.getObject({...at, VersionId: 'null'})
	t.is(await text(old.Body as Readable), 'ü')
	t.deepEqual([old.Metadata, old.ContentType, old.TagCount], [{m: '1'}, 'x/y', 1])
	t.is((await after.s3.getObjectTagging({...at, VersionId: 'null'})).TagSet?.[0]?.Value, 'ü')
	t.is((await after.s3.getObjectAcl({...at, VersionId: 'null'})).Grants?.length, 2)
	const listed = await after.s3.listObjectVersions({Bucket: 'bucket'})
	t.deepEqual(
		listed.Versions?.map((v) => [v.Key, v.IsLatest]),
		[
			[KEY, false],
			[KEY, false],
			['ü€😀\n', true],
		],
	)
	t.is(listed.DeleteMarkers?.length, 1)
	await after.s3.completeMultipartUpload({...upload, MultipartUpload: {Parts: [{PartNumber: 1, ETag}]}})
	t.is(await gotText(after, {Key: 'big'}), 'part')
	await hasFiles(t, after, 4)
})

test('the log is rewritten when most of it no longer counts', async (t) => {
	const store = await start(t)
	for (let i = 0; i < 1200; i++) await sendSigned(store, 'PUT', '/bucket/a/b', String(i))
	const log = join(store.root, 'bucket', 'log')
	const long = statSync(log).size
	const after = await store.restart()
	t.true(statSync(log).size < long / 100)
	t.is(await gotText(after), '1199')
	await hasFiles(t, after, 1)
})

test('a server killed in the middle of a PUT leaves the old object and nothing else', async (t) => {
	const store = await start(t)
	await put(store, 'old')
	await store.serving.close()
	t.context.closing.length = 0
	const module = new URL('../src/serve/server.js', import.meta.url).href
	const options = JSON.stringify({root: store.root, accounts: [A], fsync: false})
	const program = `import {serve} from '${module}'; console.log((await serve(${options})).endpoint)`
	const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	const [line] = (await once(child.stdout, 'data')) as [Buffer]
	const killed = {...store, serving: {...store.serving, endpoint: String(line).trim()}}

	await t.throwsAsync(serve({root: store.root, accounts: [A]}), {message: /held by process \d+$/})
	const sent = request(`${killed.serving.endpoint}/bucket/a/b`, {
		method: 'PUT',
		headers: {...signed(killed, 'PUT', '/bucket/a/b').headers, 'content-length': 1_000_000},
	})
	sent.on('error', () => {})
	sent.write(Buffer.alloc(500_000))
	while (
		!files(store.root).some(
			(f) => statSync(join(store.root, 'bucket/tmp', f), {throwIfNoEntry: false})?.size === 500_000,
		)
	)
		await setTimeout(5)
	child.kill('SIGKILL')
	await once(child, 'exit')

	await hasFiles(t, store, 2)
	const after = await start(t)
	t.is(await gotText(after), 'old')
	await hasFiles(t, after, 1)
})

test('a torn last line never happened, and a file that no line names is swept away', async (t) => {
	const store = await start(t)
	await put(store, 'kept')
	await store.serving.close()
	t.context.closing.length = 0
	appendFileSync(join(store.root, 'bucket/log'), '[{"remove":["a/b","nu')
	mkdirSync(join(store.root, 'bucket/objects/zz'))
	writeFileSync(join(store.root, 'bucket/objects/zz/zz00'), 'orphan')
	mkdirSync(join(store.root, '.new-half-made'))
	const after = await start(t)
	t.is(await gotText(after), 'kept')
	await hasFiles(t, after, 1)
	t.false(existsSync(join(store.root, '.new-half-made')))
	await put(after, 'next')
	t.is(await gotText(await after.restart()), 'next')
})

test('a damaged log is said, not served', async (t) => {
	const store = await start(t)
	await store.serving.close()
	t.context.closing.length = 0
	writeFileSync(join(store.root, 'bucket/log'), 'no JSON\n', {flag: 'a'})
	await t.throwsAsync(serve({root: store.root, accounts: [A]}), {
		message: /bucket\/log' is damaged at byte \d+/,
	})
})

test('a clock may be wrong by a quarter of an hour', async (t) => {
	const store = await start(t)
	const minutes = (n: number) => sendSigned(store, 'PUT', '/bucket/a/b', 'x', {}, Date.now() + n * 60_000)
	t.is(await minutes(-14), '200')
	t.is(await minutes(14), '200')
	t.is(await minutes(-16), '403 RequestTimeTooSkewed')
	t.is(await minutes(16), '403 RequestTimeTooSkewed')
})

test('a header that is not signed cannot be added to a signed request', async (t) => {
	const store = await start(t)
	const {headers} = signed(store, 'PUT', '/bucket/a/b')
	t.is(
		await send(store, 'PUT', '/bucket/a/b', {...headers, 'x-amz-acl': 'public-read'}, 'x'),
		'403 AccessDenied',
	)
	t.is(await send(store, 'PUT', '/bucket/a/c', headers, 'x'), '403 SignatureDoesNotMatch')
})

test('a body that is not what its hash, its length or its checksum says is refused', async (t) => {
	const store = await start(t)
	await put(store, 'old')
	const other = {'x-amz-content-sha256': sha256('other')}
	t.is(await sendSigned(store, 'PUT', '/bucket/a/b', 'x', other), '400 XAmzContentSHA256Mismatch')
	t.is(
		await sendSigned(store, 'PUT', '/bucket/a/b', 'x', {'x-amz-checksum-sha1': 'AAAA'}),
		'400 InvalidRequest',
	)
	t.is(await sendSigned(store, 'PUT', '/bucket/a/b', 'x', {'content-md5': 'AAAA'}), '400 InvalidDigest')
	t.is(await gotText(store), 'old')
	await hasFiles(t, store, 1)
})

/** A body in signed chunks with a signed trailer, and its headers. */
function chunked(store: Store, chunks: readonly string[], trailer: string) {
	const data = [...chunks, '']
	const head = signed(store, 'PUT', '/bucket/a/b', {
		'content-encoding': 'aws-chunked',
		'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
		'x-amz-decoded-content-length': String(chunks.join('').length),
		'x-amz-trailer': 'x-amz-checksum-crc32',
	})
	let previous = head.signature
	const link = (kind: string, ...digests: string[]) =>
		(previous = head.sign(`AWS4-HMAC-SHA256-${kind}`, head.date, head.scope, previous, ...digests))
	const lines = data.map((chunk) => {
		const signature = link('PAYLOAD', sha256(''), sha256(chunk))
		return `${chunk.length.toString(16)};chunk-signature=${signature}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
	})
	const last = link('TRAILER', sha256(`${trailer}\n`))
	return {
		headers: head.headers,
		body: `${lines.join('')}${trailer}\r\nx-amz-trailer-signature:${last}\r\n\r\n`,
	}
}

test('signed chunks and trailers are verified one by one', async (t) => {
	const store = await start(t)
	const crc = new Crc32()
	crc.update(Buffer.from('hello world'))
	const trailer = `x-amz-checksum-crc32:${crc.digest().toString('base64')}`
	const {headers, body} = chunked(store, ['hello ', 'world'], trailer)
	const sendBody = (changed: string) => send(store, 'PUT', '/bucket/a/b', headers, changed)
	t.is(await sendBody(body), '200')
	t.is(await gotText(store), 'hello world')
	t.is((await store.s3.headObject(at)).ContentEncoding, undefined)

	t.is(await sendBody(body.replace('world', 'World')), '403 SignatureDoesNotMatch')
	t.is(await sendBody(body.replace(trailer, 'x-amz-checksum-crc32:AAAAAA==')), '403 SignatureDoesNotMatch')
	t.is(
		await sendBody(body.replace('\r\nx-amz-trailer', '\r\nx: y\r\nx-amz-trailer')),
		'403 SignatureDoesNotMatch',
	)
	t.is(await sendBody(body.slice(0, -2)), '400 IncompleteBody')
	t.is(await sendBody('f'.repeat(2000)), '400 MalformedTrailerError')
	const wrong = chunked(store, ['hello ', 'world'], 'x-amz-checksum-crc32:AAAAAA==')
	t.is(await send(store, 'PUT', '/bucket/a/b', wrong.headers, wrong.body), '400 BadDigest')
	await hasFiles(t, store, 1)
})

// alone, for the others would make an honest client dawdle too
test.serial('a client that dawdles is cut off, and what it sent is gone', async (t) => {
	const store = await start(t, {patience: 500})
	const {port} = store.serving
	const slow = connect(port, '127.0.0.1')
	slow.write('PUT /bucket/x HTTP/1.1\r\nhost: x\r\n')
	slow.resume()
	const closed = once(slow, 'close')
	const stalled = request(`${store.serving.endpoint}/bucket/a/b`, {
		method: 'PUT',
		headers: {...signed(store, 'PUT', '/bucket/a/b').headers, 'content-length': 100},
	})
	stalled.write('some')
	stalled.on('response', (response) => stalled.destroy(new Error(`answered ${response.statusCode}`)))
	const [error] = (await once(stalled, 'error')) as [NodeJS.ErrnoException]
	t.is(error.code, 'ECONNRESET')
	await closed
	await hasFiles(t, store, 0)
	t.is(await sendSigned(store, 'PUT', '/bucket/a/b', 'x'), '200')
})

test('hostile heads and documents are refused', async (t) => {
	const store = await start(t)
	const md5 = (body: string) => ({'content-md5': createHash('md5').update(body).digest('base64')})
	const post = (body: string) => sendSigned(store, 'POST', '/bucket?delete=', body, md5(body))
	const entity = '<!DOCTYPE d [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'
	t.is(await post(entity), '400 MalformedXML')
	t.is(await post(`<Delete>${'<a>'.repeat(200_000)}`), '400 MalformedXML')
	t.is(await post(`<Delete>${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}</Delete>`), '400 MalformedXML')
	t.is(await post('x'.repeat(5 << 20)), '400 MalformedXML')
	t.is(await post('<Delete>'), '400 MalformedXML')
	t.is(await send(store, 'GET', '/', {'x-long': 'x'.repeat(20_000)}), '431')
	t.is(await send(store, 'GET', '/bucket/%ff'), '400 InvalidURI')
	t.is(await send(store, 'GET', '/bucket/%zz'), '400 InvalidURI')
	t.is(await send(store, 'GET', '/bucket/../../etc/passwd'), '403 AccessDenied')
})

test.serial('of twenty racers one wins, with every write on the disk', async (t) => {
	const store = await start(t, {fsync: true})
	// Each write has bytes of its own: one that stored again what is there would leave the ETag that the others ask for.
	const race = async (condition: {IfNoneMatch: string} | {IfMatch: string | undefined}) => {
		const racers = Array.from({length: 20}, (_, i) =>
			put(store, `${JSON.stringify(condition)} ${i}`, condition),
		)
		return (await Promise.allSettled(racers)).filter((r) => r.status === 'fulfilled').map((r) => r.value.ETag)
	}
	const created = await race({IfNoneMatch: '*'})
	t.is(created.length, 1)
	const replaced = await race({IfMatch: created[0]})
	t.is(replaced.length, 1)
	t.is((await store.s3.headObject(at)).ETag, replaced[0])
	await hasFiles(t, store, 1)
})

test('a reader gets the object that it began with', async (t) => {
	const store = await start(t)
	const old = randomBytes(8 << 20)
	await put(store, old)
	const reading = await store.s3.getObject(at)
	await put(store, 'new')
	await store.s3.deleteObject(at)
	t.true((await buffer(reading.Body as Readable)).equals(old))
	await hasFiles(t, store, 0)
})

test('ACLs of a bucket decide what another account may do', async (t) => {
	const {s3, other} = await start(t)
	const inBucket = {Bucket: 'bucket'}
	const id = (await other.listBuckets()).Owner?.ID
	t.deepEqual((await other.listBuckets()).Buckets ?? [], [])
	t.is(await refusal(t, other.listObjectsV2(inBucket)), 'AccessDenied')
	t.is(await refusal(t, other.createBucket(inBucket)), 'BucketAlreadyExists')
	t.is(await refusal(t, other.deleteBucket(inBucket)), 'AccessDenied')
	t.is(await refusal(t, other.getObject({...inBucket, Key: 'absent'})), 'AccessDenied')

	await s3.putBucketAcl({...inBucket, GrantRead: `id="${id}"`, GrantWrite: `id=${id}`})
	t.is((await other.listObjectsV2(inBucket)).KeyCount, 0)
	t.is(await refusal(t, other.getObject({...inBucket, Key: 'absent'})), 'NoSuchKey')
	await other.putObject({...at, Body: Buffer.from('theirs')})
	t.is((await other.getObjectAcl(at)).Owner?.ID, id)
	t.is(await refusal(t, s3.getObject(at)), 'AccessDenied')
	t.is(await refusal(t, other.putBucketAcl({...inBucket, ACL: 'public-read'})), 'AccessDenied')
	await other.putObjectAcl({...at, ACL: 'bucket-owner-full-control'})
	await s3.getObject(at)
	await s3.putBucketOwnershipControls({
		...inBucket,
		OwnershipControls: {Rules: [{ObjectOwnership: 'BucketOwnerPreferred'}]},
	})
	await other.putObject({...at, Body: Buffer.alloc(0), ACL: 'bucket-owner-full-control'})
	t.not((await s3.getObjectAcl(at)).Owner?.ID, id)
	t.is(await refusal(t, s3.putObjectAcl({...at, GrantRead: 'id=nobody'})), 'InvalidArgument')
})

test('--acls-disabled makes buckets as AWS does', async (t) => {
	const store = await start(t, {aclsDisabled: true})
	const {s3} = store
	const {OwnershipControls} = await s3.getBucketOwnershipControls({Bucket: 'bucket'})
	t.is(OwnershipControls?.Rules?.[0]?.ObjectOwnership, 'BucketOwnerEnforced')
	const {PublicAccessBlockConfiguration} = await s3.getPublicAccessBlock({Bucket: 'bucket'})
	t.true(PublicAccessBlockConfiguration?.BlockPublicAcls)
	t.is(await refusal(t, put(store, 'x', {ACL: 'public-read'})), 'AccessControlListNotSupported')
	await put(store, 'x', {ACL: 'bucket-owner-full-control'})
	t.is(
		await refusal(t, s3.putBucketAcl({Bucket: 'bucket', ACL: 'public-read'})),
		'AccessControlListNotSupported',
	)
	t.is(
		await refusal(t, s3.createBucket({Bucket: 'public', ACL: 'public-read'})),
		'InvalidBucketAclWithObjectOwnership',
	)

	await s3.putBucketOwnershipControls({
		Bucket: 'bucket',
		OwnershipControls: {Rules: [{ObjectOwnership: 'ObjectWriter'}]},
	})
	t.is(await refusal(t, put(store, 'x', {ACL: 'public-read'})), 'AccessDenied')
	await s3.deletePublicAccessBlock({Bucket: 'bucket'})
	await put(store, 'x', {ACL: 'public-read'})
	t.is(await send(store, 'GET', '/bucket/a/b'), '200')
	await s3.putPublicAccessBlock({Bucket: 'bucket', PublicAccessBlockConfiguration: {IgnorePublicAcls: true}})
	t.is(await send(store, 'GET', '/bucket/a/b'), '403 AccessDenied')
})

test('a policy may allow and deny, and is refused when it could not be obeyed', async (t) => {
	const store = await start(t)
	await put(store, 'x')
	const statement = (more: object) => ({
		Effect: 'Allow',
		Principal: '*',
		Action: 's3:Get*',
		Resource: 'arn:aws:s3:::bucket/a/*',
		...more,
	})
	const policy = (...Statement: object[]) =>
		store.s3.putBucketPolicy({Bucket: 'bucket', Policy: JSON.stringify({Statement})})
	await policy(statement({}))
	t.is(await send(store, 'GET', '/bucket/a/b'), '200')
	t.is(await send(store, 'PUT', '/bucket/a/b', {}, 'x'), '403 AccessDenied')
	await policy(statement({}), statement({Effect: 'Deny', Resource: 'arn:aws:s3:::bucket/a/b'}))
	t.is(await send(store, 'GET', '/bucket/a/b'), '403 AccessDenied')
	t.is(await refusal(t, policy(statement({Condition: {Bool: {}}}))), 'NotImplemented')
	t.is(await refusal(t, policy(statement({Resource: 'arn:aws:s3:::elsewhere/*'}))), 'MalformedPolicy')
})

test('every checksum is verified, kept and returned', async (t) => {
	const store = await start(t)
	for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
		const field = `Checksum${ChecksumAlgorithm}` as const
		const sent = await put(store, 'content', {ChecksumAlgorithm})
		t.truthy(sent[field])
		const read = await store.s3.getObject({...at, ChecksumMode: 'ENABLED'})
		t.is(await text(read.Body as Readable), 'content')
		t.is(read[field], sent[field])
		t.is(read.ChecksumType, 'FULL_OBJECT')
		const copied = await store.s3.copyObject({Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/a/b'})
		t.is(copied.CopyObjectResult?.[field], sent[field])
	}
})

test('parts have checksums, and the whole one of them or of all bytes', async (t) => {
	const {s3} = await start(t)
	const parts = [randomBytes(5 << 20), randomBytes(1000)]
	for (const [ChecksumAlgorithm, ChecksumType, make] of [
		['CRC64NVME', 'FULL_OBJECT', () => new Crc64Nvme()],
		['CRC32C', 'FULL_OBJECT', () => new Crc32c()],
		['SHA256', 'COMPOSITE', () => createHash('sha256')],
	] as const) {
		const {UploadId} = await s3.createMultipartUpload({...at, ChecksumAlgorithm, ChecksumType})
		const sent = []
		for (const [i, Body] of parts.entries()) {
			const {ETag} = await s3.uploadPart({...at, UploadId, PartNumber: i + 1, Body, ChecksumAlgorithm})
			sent.push({PartNumber: i + 1, ETag})
		}
		await s3.completeMultipartUpload({...at, UploadId, MultipartUpload: {Parts: sent}})
		const digest = (data: readonly Buffer[]) => {
			const hasher = make()
			for (const chunk of data) hasher.update(chunk)
			return hasher.digest()
		}
		const whole = ChecksumType === 'FULL_OBJECT' ? digest(parts) : digest(parts.map((part) => digest([part])))
		const head = await s3.headObject({...at, ChecksumMode: 'ENABLED'})
		const suffix = ChecksumType === 'FULL_OBJECT' ? '' : '-2'
		t.is(head[`Checksum${ChecksumAlgorithm}`], whole.toString('base64') + suffix)
		t.is(head.ChecksumType, ChecksumType)
	}
	const whole = createHash('md5').update(Buffer.concat(parts)).digest('hex')
	const {CopyObjectResult} = await s3.copyObject({Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/a/b'})
	t.is(CopyObjectResult?.ETag, `"${whole}"`)
})

test('listings in pages are the whole, whatever the prefix, the delimiter and the page', async (t) => {
	const store = await start(t)
	const keys = Array.from({length: 300}, (_, i) => `${i % 7}/${i % 3 === 0 ? 'x/' : ''}é${i}`)
	await Promise.all(
		keys.map((key) =>
			sendSigned(store, 'PUT', `/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`, ''),
		),
	)
	const list = async (input: object) => {
		const found: string[] = []
		let ContinuationToken: string | undefined
		do {
			const page = await store.s3.listObjectsV2({Bucket: 'bucket', ...input, ContinuationToken})
			found.push(
				...(page.Contents ?? []).map((o) => o.Key ?? ''),
				...(page.CommonPrefixes ?? []).map((p) => p.Prefix ?? ''),
			)
			ContinuationToken = page.NextContinuationToken
		} while (ContinuationToken !== undefined)
		return found.toSorted()
	}
	t.deepEqual(await list({MaxKeys: 37}), keys.toSorted())
	for (const Prefix of ['', '3/', '3/x', 'none'])
		for (const MaxKeys of [1, 5, 1000]) {
			const wanted = keys
				.filter((k) => k.startsWith(Prefix))
				.map((k) => {
					const end = k.indexOf('/', Prefix.length)
					return end < 0 ? k : k.slice(0, end + 1)
				})
			t.deepEqual(await list({Prefix, Delimiter: '/', MaxKeys}), [...new Set(wanted)].toSorted())
		}
	const after = keys.toSorted()[100]
	t.deepEqual(await list({StartAfter: after, MaxKeys: 50}), keys.toSorted().slice(101))
})

test('suspended versioning replaces the null version alone', async (t) => {
	const store = await start(t)
	const {s3} = store
	const versioning = (Status: 'Enabled' | 'Suspended') =>
		s3.putBucketVersioning({Bucket: 'bucket', VersioningConfiguration: {Status}})
	await put(store, 'null 1')
	await versioning('Enabled')
	const {VersionId} = await put(store, 'kept')
	await versioning('Suspended')
	t.is((await put(store, 'null 2')).VersionId, 'null')
	t.is((await s3.listObjectVersions({Bucket: 'bucket', MaxKeys: 1})).NextVersionIdMarker, 'null')
	t.is(await gotText(store, {VersionId}), 'kept')
	const {DeleteMarker} = await s3.deleteObject(at)
	t.true(DeleteMarker)
	await hasFiles(t, store, 1)
	t.is(await refusal(t, s3.getObject({...at, VersionId: 'null'})), 'MethodNotAllowed')
	t.is(await refusal(t, s3.deleteBucket({Bucket: 'bucket'})), 'BucketNotEmpty')
})

test('only names that S3 takes become buckets', async (t) => {
	const {s3} = await start(t)
	for (const Bucket of [
		'ab',
		'Upper',
		'a..b',
		'-ab',
		'ab-',
		'1.2.3.4',
		'under_score',
		'xn--abc',
		'.lock',
		'a'.repeat(64),
	])
		t.is(await refusal(t, s3.createBucket({Bucket})), 'InvalidBucketName', Bucket)
	await s3.createBucket({Bucket: 'a.b-1'})
})

test('a log of requests has a line for each', async (t) => {
	const lines: string[] = []
	const store = await start(t, {log: (line) => lines.push(line)})
	await send(store, 'GET', '/bucket/absent')
	t.regex(
		lines.join('\n'),
		/^PUT \/bucket\/? 200 [\d.]+ ms\nGET \/bucket\/absent 403 AccessDenied [\d.]+ ms$/,
	)
	t.is(readFileSync(join(store.root, '.lock'), 'latin1'), `${process.pid}\n`)
})

test('a locked version stays until the lock is over, is lifted, or is passed over where that may be', async (t) => {
	const store = await start(t)
	const {s3} = store
	const until = new Date(Date.now() + 3_600_000)
	const locked = {Bucket: 'locked', Key: 'key'}
	t.is(await refusal(t, put(store, '1', {ObjectLockLegalHoldStatus: 'ON'})), 'InvalidRequest')
	await s3.createBucket({Bucket: 'locked', ObjectLockEnabledForBucket: true})
	t.is((await s3.getBucketVersioning({Bucket: 'locked'})).Status, 'Enabled')
	const suspend = s3.putBucketVersioning({Bucket: 'locked', VersioningConfiguration: {Status: 'Suspended'}})
	t.is(await refusal(t, suspend), 'InvalidBucketState')
	const lock = async (more: Partial<PutObjectCommandInput>) =>
		(await s3.putObject({...locked, Body: Buffer.from('1'), ...more})).VersionId
	const governed = await lock({ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until})
	const complied = await lock({ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until})
	const held = await lock({ObjectLockLegalHoldStatus: 'ON'})
	const free = await lock({ObjectLockLegalHoldStatus: 'OFF'})
	t.is(await refusal(t, lock({ObjectLockMode: 'GOVERNANCE'})), 'InvalidArgument')
	t.is(
		await refusal(t, lock({ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date(0)})),
		'InvalidArgument',
	)
	const remove = (VersionId: string | undefined, BypassGovernanceRetention = false) =>
		s3.deleteObject({...locked, VersionId, BypassGovernanceRetention})
	for (const version of [governed, complied, held]) t.is(await refusal(t, remove(version)), 'AccessDenied')
	for (const version of [complied, held]) t.is(await refusal(t, remove(version, true)), 'AccessDenied')
	await remove(governed, true)
	await remove(free)
	// without a version a marker hides it, which takes nothing away
	await remove(undefined)
	const {s3: again} = await store.restart()
	const {Versions = []} = await again.listObjectVersions({Bucket: 'locked'})
	const left = Versions.map(({VersionId}) => VersionId)
	t.deepEqual(left, [held, complied])
})

test('what is archived is read when it was asked for and its time has come', async (t) => {
	const store = await start(t, {restoreTime: 3_600_000})
	await put(store, 'cold', {StorageClass: 'GLACIER'})
	t.is(await refusal(t, got(store)), 'InvalidObjectState')
	const copying = store.s3.copyObject({Bucket: 'bucket', Key: 'copy', CopySource: `bucket/${KEY}`})
	t.is(await refusal(t, copying), 'InvalidObjectState')
	const restore = ({s3}: Store, Days: number) => s3.restoreObject({...at, RestoreRequest: {Days}})
	t.is((await restore(store, 2)).$metadata.httpStatusCode, 202)
	t.is(await refusal(t, restore(store, 2)), 'RestoreAlreadyInProgress')
	t.is((await store.s3.headObject(at)).Restore, 'ongoing-request="true"')
	t.is(await refusal(t, got(store)), 'InvalidObjectState')
	await put(store, 'colder', {StorageClass: 'DEEP_ARCHIVE'})
	const quick = await store.restart({restoreTime: 0})
	t.is(await refusal(t, got(quick)), 'InvalidObjectState')
	await restore(quick, 1)
	t.is(await gotText(quick), 'colder')
	t.regex((await quick.s3.headObject(at)).Restore ?? '', /^ongoing-request="false", expiry-date=".* GMT"$/)
	t.is((await restore(quick, 3)).$metadata.httpStatusCode, 200)
	await put(quick, 'warm')
	t.is(await refusal(t, restore(quick, 1)), 'InvalidObjectState')
})

test('encryption that was asked for is answered, and an ETag under a key of KMS is no MD5', async (t) => {
	const store = await start(t)
	await put(store, '1', {ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key-1'})
	const head = await store.s3.headObject(at)
	t.like(head, {ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key-1'})
	t.not(head.ETag, `"${createHash('md5').update('1').digest('hex')}"`)
	t.is(await gotText(store, {IfMatch: head.ETag}), '1')
	const wrong = put(store, '1', {ServerSideEncryption: 'AES256', SSEKMSKeyId: 'key-1'})
	t.is(await refusal(t, wrong), 'InvalidArgument')
	await store.s3.copyObject({...at, CopySource: `bucket/${KEY}`, MetadataDirective: 'REPLACE'})
	t.is((await store.s3.headObject(at)).ServerSideEncryption, undefined)
})
