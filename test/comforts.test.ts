// What S3 offers besides keeping bytes is asked for by options and by the config, over the data plane and over the
// SDK, and read back from a server with another client.

import {randomBytes} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
	GetObjectAclCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListObjectVersionsCommand,
	type HeadObjectCommandOutput,
	S3Client,
} from '@aws-sdk/client-s3'
import test, {type ExecutionContext} from 'ava'
import {parseConfig} from '../src/format/config.ts'
import {parseHeaderRule, ruled} from '../src/format/header-rules.ts'
import {parseRetention} from '../src/format/object-lock.ts'
import {parseTags} from '../src/format/tags.ts'
import {makeClient} from '../src/store/s3-client.ts'
import {siteOf} from '../src/store/s3-site.ts'
import {CHANGES, treeOf} from './support/moments.ts'
import {type Result, s3r} from './support/run.ts'
import {type TestServer, testServer} from './support/server.ts'
import {stub} from './support/stub.ts'

let server: TestServer
let client: S3Client

test.before(async () => {
	server = await testServer()
	for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
	Object.assign(process.env, server.env, {
		AWS_EC2_METADATA_DISABLED: 'true',
		AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
	})
	client = new S3Client({endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true})
})

test.after.always(async () => {
	client.destroy()
	await server.stop()
})

let made = 0

/** A bucket and a local side, and commands in it. */
class Side {
	readonly bucket = `comforts-${++made}`
	readonly home: string
	readonly root: string
	readonly #t: ExecutionContext
	readonly #endpoint: string

	constructor(t: ExecutionContext, endpoint: string = server.endpoint) {
		this.#t = t
		this.#endpoint = endpoint
		this.home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-comforts-')))
		t.teardown(() => fs.rmSync(this.home, {recursive: true, force: true}))
		this.root = join(this.home, 'root')
		fs.mkdirSync(this.root)
	}

	static async init(t: ExecutionContext, ...options: readonly string[]): Promise<Side> {
		const side = new Side(t)
		await side.ok('create-bucket', ...options, side.bucket)
		await side.ok('init', side.bucket)
		return side
	}

	write(path: string, content: string | Buffer): this {
		fs.mkdirSync(join(this.root, path, '..'), {recursive: true})
		fs.writeFileSync(join(this.root, path), content)
		return this
	}

	run(...argv: readonly string[]): Promise<Result> {
		return this.runIn(this.root, ...argv)
	}

	runIn(cwd: string, ...argv: readonly string[]): Promise<Result> {
		const env = {
			...process.env,
			HOME: this.home,
			XDG_CONFIG_HOME: this.home,
			AWS_ENDPOINT_URL: this.#endpoint,
		}
		return s3r(argv, {cwd, env})
	}

	async ok(...argv: readonly string[]): Promise<string> {
		const {status, stdout, stderr} = await this.run(...argv)
		this.#t.deepEqual({argv, status, stderr}, {argv, status: 0, stderr: ''})
		return stdout
	}

	head(key: string): Promise<HeadObjectCommandOutput> {
		return client.send(new HeadObjectCommand({Bucket: this.bucket, Key: key}))
	}

	async tags(key: string): Promise<Record<string, string>> {
		const {TagSet = []} = await client.send(new GetObjectTaggingCommand({Bucket: this.bucket, Key: key}))
		return Object.fromEntries(TagSet.map(({Key = '', Value = ''}) => [Key, Value]))
	}

	async grants(key: string): Promise<string[]> {
		const {Grants = []} = await client.send(new GetObjectAclCommand({Bucket: this.bucket, Key: key}))
		return Grants.map(({Permission, Grantee}) => `${Permission} ${Grantee?.URI ?? 'id'}`)
	}
}

const MIB = 2 ** 20
const said = (line: string): string[] => line.split(/\s+/)
const header = (rule: string): string[] => ['--header', rule]
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

/** Both ways to the store, one after the other. */
function bothWays(title: string, ask: (t: ExecutionContext) => Promise<void>): void {
	test.serial(`${title}, over the data plane`, ask)
	test.serial(`${title}, over the SDK`, async (t) => {
		process.env['S3R_DATA_PLANE'] = '0'
		t.teardown(() => delete process.env['S3R_DATA_PLANE'])
		await ask(t)
	})
}

bothWays('options say what is stored with every object, small and large', async (t) => {
	const side = await Side.init(t, '--object-lock', '--acl', 'public-read')
	side
		.write('index.html', '<p>')
		.write('d/data.txt', 'data')
		.write('large.html', Buffer.alloc(17 * MIB, 'x'))
	await side.ok(
		...said(`push -a --storage-class STANDARD_IA --sse aws:kms --sse-kms-key-id key-1
			--object-lock-mode governance --retain-until 1d --legal-hold --grant read=uri=${ALL_USERS}
			--tag project=backup --tag`),
		'who=me + you=',
		...['*.html: cache-control=max-age=60', '/d/*: content-type=text/x-data'].flatMap(header),
		...['*.html: x-amz-meta-kind=page', 'd/data.txt: content-language=en'].flatMap(header),
	)
	for (const key of ['index.html', 'd/data.txt', 'large.html', 'd/']) {
		const head = await side.head(key)
		t.like(head, {
			StorageClass: 'STANDARD_IA',
			ServerSideEncryption: 'aws:kms',
			SSEKMSKeyId: 'key-1',
			ObjectLockMode: 'GOVERNANCE',
			ObjectLockLegalHoldStatus: 'ON',
		})
		const left = (head.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()
		t.true(left > 80_000_000 && left <= 86_400_000, key)
		t.deepEqual(await side.tags(key), {project: 'backup', who: 'me + you='})
		t.deepEqual(await side.grants(key), [`READ ${ALL_USERS}`])
	}
	for (const key of ['index.html', 'large.html'])
		t.like(await side.head(key), {CacheControl: 'max-age=60', ContentType: 'text/html'}, key)
	t.is((await side.head('large.html')).Metadata?.['kind'], 'page')
	t.like(await side.head('d/data.txt'), {ContentType: 'text/x-data', ContentLanguage: 'en'})
	t.is((await side.head('d/data.txt')).CacheControl, undefined)
	// what is locked hides behind a marker, and stays
	await side.ok('rm', 'd/data.txt')
	const versions = await side.ok('ls-versions', '--format', '%(version) %(deleted)', 'd/data.txt')
	t.regex(versions, /^\S+ true\n\S+ \n$/)
	// what was put there to learn of the store is gone without a trace
	const {Versions = []} = await client.send(new ListObjectVersionsCommand({Bucket: side.bucket}))
	t.deepEqual(
		Versions.map(({Key}) => Key),
		['.s3r/root', 'd/', 'd/data.txt', 'index.html', 'large.html'],
	)
	const {status, stderr} = await side.run('rm', '--versions', 'd/data.txt')
	t.is(status, 23)
	t.regex(stderr, /^error: 'd\/data.txt': access denied to 's3:.*data.txt': it is locked \(object lock\)\n$/)
})

bothWays('new attributes leave all else as it is', async (t) => {
	const side = await Side.init(t, '--acl', 'public-read')
	side.write('a.html', 'page')
	const asked = [
		'--tag',
		'a=b',
		'--header',
		'*.html: cache-control=no-cache',
		'--storage-class',
		'ONEZONE_IA',
	]
	await side.ok('push', '-a', '--acl', 'public-read', ...asked)
	fs.chmodSync(join(side.root, 'a.html'), 0o600)
	const {stderr} = await side.run('push', '-a', '--stats')
	t.regex(stderr, /^requests: .*copy 1/m)
	t.notRegex(stderr, /put/)
	t.like(await side.head('a.html'), {CacheControl: 'no-cache', StorageClass: 'ONEZONE_IA'})
	t.is((await side.head('a.html')).Metadata?.['file-permissions'], '0100600')
	t.deepEqual(await side.tags('a.html'), {a: 'b'})
	t.deepEqual(await side.grants('a.html'), ['FULL_CONTROL id', `READ ${ALL_USERS}`])
	// a copy for another name gets what new objects get
	fs.copyFileSync(join(side.root, 'a.html'), join(side.root, 'b.txt'))
	t.regex(
		await side.ok('push', '-av', '--tag', 'c=d', '--header', '*.txt: expires=Wed, 25 Nov 2026 10:00:00 GMT'),
		/^R .*b\.txt$/m,
	)
	t.like(await side.head('b.txt'), {ExpiresString: 'Wed, 25 Nov 2026 10:00:00 GMT', StorageClass: undefined})
	t.deepEqual(await side.tags('b.txt'), {c: 'd'})
})

bothWays('the config says the same', async (t) => {
	const side = await Side.init(t)
	fs.appendFileSync(
		join(side.root, '.s3rsync/config'),
		[
			'\tstorage-class = STANDARD_IA',
			'\ttag = a=b, c=d e',
			'\tsse = AES256',
			'[header "*"]',
			'\tcache-control = max-age=1',
			'[header "*.html"]',
			'\tcache-control = "max-age=60, public"',
			'\tcontent-disposition = inline\n',
		].join('\n'),
	)
	await side.write('a.html', '1').write('b', '2').ok('push', '-a', '--header', 'b: cache-control=no-store')
	t.like(await side.head('a.html'), {
		CacheControl: 'max-age=60, public',
		ContentDisposition: 'inline',
		StorageClass: 'STANDARD_IA',
		ServerSideEncryption: 'AES256',
	})
	t.like(await side.head('b'), {CacheControl: 'no-store'})
	t.deepEqual(await side.tags('b'), {a: 'b', c: 'd e'})
	// an option takes the place of what it excludes
	await side.ok('config', 'remote.origin.grant', 'read=everyone')
	await side.ok('put', join(side.root, 'b'), `${side.bucket}/c`, '--acl', 'private')
	t.deepEqual(await side.grants('c'), ['FULL_CONTROL id'])
})

bothWays("a key of one's own encrypts, is needed to read, and is nowhere but in its file", async (t) => {
	const side = await Side.init(t)
	const key = randomBytes(32)
	fs.writeFileSync(join(side.home, 'key'), key)
	fs.writeFileSync(join(side.home, 'hex'), `${key.toString('hex')}\n`)
	fs.writeFileSync(join(side.home, 'other'), `${randomBytes(32).toString('base64')}\n`)
	side.write('a', 'secret').write('large', randomBytes(17 * MIB))
	const given = ['--sse-c-key-file', join(side.home, 'key')]
	const texts = [await side.ok('push', '-av', ...given)]
	await t.throwsAsync(side.head('a'))
	fs.chmodSync(join(side.root, 'a'), 0o600)
	fs.renameSync(join(side.root, 'large'), join(side.root, 'moved'))
	texts.push(await side.ok('push', '-av', '--delete', ...given))
	t.regex(texts[1] ?? '', /^P .*\ta$/m)
	t.regex(texts[1] ?? '', /^R .*\tmoved$/m)
	const at = (name: string) => ['--sse-c-key-file', join(side.home, name)]
	t.is(await side.ok('cat-object', 'a', ...at('hex')), 'secret')
	const copy = join(side.home, 'copy')
	await side.ok('clone', '-a', ...given, side.bucket, copy)
	t.true(fs.readFileSync(join(copy, 'moved')).equals(fs.readFileSync(join(side.root, 'moved'))))
	t.regex(fs.readFileSync(join(copy, '.s3rsync/config'), 'utf8'), /sse-c-key-file = \/.*\/key$/m)
	for (const options of [[], at('other')]) {
		const {status, stdout, stderr} = await side.run('cat-object', 'a', ...options)
		t.deepEqual([status, stdout], [128, ''])
		texts.push(stderr)
	}
	t.regex(texts[2] ?? '', /--sse-c-key-file/)
	// a head has no words of its own
	const {status, stderr} = await side.run('stat-object', 'a')
	t.is(status, 23)
	t.regex(stderr, /^error: 'a': 's3:.*' is encrypted with a key of its owner's\nhint: --sse-c-key-file /)
	for (const name of ['config', 'index']) texts.push(fs.readFileSync(join(copy, '.s3rsync', name), 'latin1'))
	for (const text of texts) {
		t.false(text.includes(key.toString('base64')))
		t.false(text.includes(key.toString('hex')))
		t.false(text.includes(key.toString('latin1')))
	}
})

test('the endpoints of AWS are those that were asked for', async (t) => {
	const http = {connections: 1, connectTimeout: 1000, idleTimeout: 1000, pipelines: true, ca: undefined}
	const way = {
		bucket: 'bucket',
		endpoint: undefined,
		profile: undefined,
		pathStyle: false,
		region: () => 'eu-west-1',
	}
	delete process.env['AWS_ENDPOINT_URL']
	t.teardown(() => (process.env['AWS_ENDPOINT_URL'] = server.endpoint))
	const hostOf = async (more: object) =>
		(await siteOf(makeClient({...way, ...more}, http, 'when-required'), 'bucket'))?.host
	t.is(await hostOf({}), 'bucket.s3.eu-west-1.amazonaws.com')
	t.is(await hostOf({accelerate: true}), 'bucket.s3-accelerate.amazonaws.com')
	t.is(await hostOf({dualstack: true}), 'bucket.s3.dualstack.eu-west-1.amazonaws.com')
	t.is(await hostOf({accelerate: true, dualstack: true}), 'bucket.s3-accelerate.dualstack.amazonaws.com')
	t.is(await hostOf({fips: true}), 'bucket.s3-fips.eu-west-1.amazonaws.com')
	t.is(await hostOf({fips: true, dualstack: true}), 'bucket.s3-fips.dualstack.eu-west-1.amazonaws.com')
})

test('what cannot be is refused before anything is sent', async (t) => {
	const side = await Side.init(t)
	side.write('a', '1')
	fs.writeFileSync(join(side.home, 'short'), 'too short')
	const refused = async (pattern: RegExp, ...options: readonly string[]) => {
		const {status, stdout, stderr} = await side.run('push', '-a', ...options)
		t.is(stdout, '')
		t.regex(stderr, pattern)
		return status
	}
	const both = (one: string, other: string) =>
		new RegExp(`^usage: options '--${one}' and '--${other}' exclude`)
	const given: Readonly<Record<string, string>> = {
		acl: 'private',
		grant: 'read=everyone',
		sse: 'AES256',
		'sse-kms-key-id': 'k',
		'sse-c-key-file': 'k',
		endpoint: 'http://127.0.0.1:1',
	}
	const option = (name: string) =>
		given[name] === undefined ? [`--${name}`] : [`--${name}`, given[name] ?? '']
	const pairs = [
		['acl', 'grant'],
		['sse-c-key-file', 'sse'],
		['sse-c-key-file', 'sse-kms-key-id'],
		['accelerate', 'endpoint'],
		['accelerate', 'path-style'],
		['accelerate', 'fips'],
		['dualstack', 'endpoint'],
		['fips', 'endpoint'],
	] as const
	for (const [one, other] of pairs)
		t.is(await refused(both(one, other), ...option(other), ...option(one)), 129)
	t.is(await refused(/^fatal: 'fips' is for Amazon's own endpoints/, '--fips'), 128)
	t.is(await refused(/^usage: 'retain-until' needs 'object-lock-mode'/, '--retain-until', '1d'), 129)
	t.is(
		await refused(/^usage: 'object-lock-mode' needs 'retain-until'/, '--object-lock-mode', 'COMPLIANCE'),
		129,
	)
	t.is(
		await refused(/^usage: 'HARD' is not a mode of object lock\nhint: /, '--object-lock-mode', 'HARD'),
		129,
	)
	t.is(await refused(/^usage: 'soon' is not an end of retention/, '--retain-until', 'soon'), 129)
	t.is(await refused(/^usage: 'a' is not a tag\nhint: /, '--tag', 'a'), 129)
	t.is(await refused(/^usage: there are two tags 'a'/, '--tag', 'a=1', '--tag', 'a=2'), 129)
	t.is(await refused(/^usage: 'everyone' is not a grant/, '--grant', 'everyone'), 129)
	t.is(await refused(/^usage: 'x' is not a header rule/, '--header', 'x'), 129)
	t.is(await refused(/^usage: 'host' is not a header that can be set/, '--header', '*: host=x'), 129)
	t.is(
		await refused(
			/^usage: 'x-amz-meta-mtime' is what s3r itself writes/,
			'--header',
			'*: x-amz-meta-mtime=1',
		),
		129,
	)
	t.is(await refused(/^usage: 'soon' is not a date for 'expires'/, '--header', '*: expires=soon'), 129)
	t.is(await refused(/^fatal: cannot read the key file '.*': no such file/, '--sse-c-key-file', 'none'), 128)
	t.is(
		await refused(
			/^fatal: '.*short' does not hold a key of 32 bytes\nhint: /,
			'--sse-c-key-file',
			join(side.home, 'short'),
		),
		128,
	)
	t.is(await refused(/^error: .*(Object Lock|lock)/m, '--legal-hold'), 23)
	const config =
		(...lines: readonly string[]) =>
		() =>
			parseConfig(['[remote "o"]', 'bucket = b', ...lines].join('\n'), 'config')
	t.throws(config('tag = a'), {message: /^bad value 'a' for 'remote\.o\.tag' in 'config': 'a' is not a tag$/})
	t.throws(config('acl = private', 'grant = read=everyone'), {
		message: /^'remote\.o\.acl' and 'remote\.o\.grant' in 'config' exclude each other$/,
	})
	t.throws(config('[header "*"]', 'host = x'), {message: /^bad value 'x' for 'header\.\*\.host' in 'config'/})
})

test('headers go by names and by whole paths, and the later counts', (t) => {
	const rules = [
		'*.css: cache-control=1',
		'd/*.css: cache-control=2',
		'/top.css: content-encoding=br',
		'*: x-amz-meta-k=v',
	]
	const of = (path: string) => ruled(rules.map(parseHeaderRule), path)
	t.like(of('a.css').headers, {'cache-control': '1'})
	t.like(of('x/d/a.css').headers, {'cache-control': '1'})
	t.like(of('d/a.css').headers, {'cache-control': '2'})
	t.is(of('top.css').contentEncoding, 'br')
	t.is(of('d/top.css').contentEncoding, undefined)
	t.deepEqual(of('d').metadata, {k: 'v'})
	t.deepEqual(parseHeaderRule('Cache-Control=a: b=c'), {pattern: '*', name: 'cache-control', value: 'a: b=c'})
	t.throws(() => parseHeaderRule('*.html: cache-control='), {message: /cannot be the value/})
	t.deepEqual(parseTags('a=b, c='), {a: 'b', c: ''})
	t.is(parseRetention('30d', 0), 30 * 86_400_000)
})

bothWays('what is archived is told, asked for, and comes later', async (t) => {
	// an hour, until the clock of the server is asked again: the second server has none
	const slow = await testServer({restoreTime: 3_600_000})
	t.teardown(() => slow.stop())
	for (const [endpoint, isSlow] of [
		[slow.endpoint, true],
		[server.endpoint, false],
	] as const) {
		const side = new Side(t, endpoint)
		await side.ok('create-bucket', side.bucket)
		await side.ok('init', side.bucket)
		await side.write('a', '1').write('b', '2').ok('push', '-a')
		await side.write('cold', 'ice').ok('push', '-a', '--storage-class', 'DEEP_ARCHIVE')
		// what is archived cannot be copied, but is here
		fs.renameSync(join(side.root, 'cold'), join(side.root, 'colder'))
		await side.ok('push', '-a', '--delete', '--storage-class', 'DEEP_ARCHIVE')
		fs.renameSync(join(side.root, 'colder'), join(side.root, 'cold'))
		await side.ok('push', '-a', '--delete', '--storage-class', 'DEEP_ARCHIVE')
		const copy = join(side.home, 'copy')
		const clone = await side.run('clone', side.bucket, copy)
		t.is(clone.status, 23)
		t.regex(
			clone.stderr,
			/^error: 'cold': 's3:.*cold' is archived and must be restored before it can be read\nhint: --restore of 's3r pull' and 's3r get' asks for that\n$/,
		)
		t.deepEqual(fs.readdirSync(copy).toSorted(), ['.s3rsync', 'a', 'b'])
		const pull = (...options: readonly string[]) => side.runIn(copy, 'pull', ...options)
		const asked = await pull('--restore', '--restore-tier', 'bulk', '--restore-days', '3')
		t.is(asked.status, 23)
		t.regex(
			asked.stderr,
			/^error: 'cold': it is archived, and a copy for 3 days was asked for \(Bulk\)\nhint: run this again in 5 to 12 hours, or 48 for DEEP_ARCHIVE\n$/,
		)
		const again = await pull('--restore', '--stats')
		t.is(again.status, isSlow ? 23 : 0)
		if (isSlow)
			t.regex(
				again.stderr,
				/^error: 'cold': it is archived, and a copy was asked for before\n.*^requests: .*restore 1/ms,
			)
		else t.is(fs.readFileSync(join(copy, 'cold'), 'utf8'), 'ice')
		const got = await side.run('get', '--restore', 'cold', join(side.home, 'got'))
		t.is(got.status, isSlow ? 23 : 0)
		for (const wrong of [
			['--restore-days', '3'],
			['--restore-tier', 'Bulk'],
			['--restore', '--restore-tier', 'fast'],
			['--restore', '--restore-days', '0'],
		])
			t.is((await pull(...wrong)).status, 129, wrong.join(' '))
	}
})

test('a bucket goes back in time also where threads would fetch', async (t) => {
	const side = await Side.init(t, '--versioning')
	const names = Array.from({length: 520}, (_, i) => `file-${i}`)
	for (const name of names) side.write(name, `old ${name}`)
	await side.ok('push', '-a')
	const moment = Date.now()
	while (Date.now() <= moment) await new Promise((resolve) => setTimeout(resolve, 1))
	for (const name of names) side.write(name, `new ${name}`)
	await side.ok('push', '-a')
	const contents = () => names.map((name) => fs.readFileSync(join(side.root, name), 'utf8'))
	await side.ok('pull', '-a', '--at', `@${moment / 1000}`)
	t.deepEqual(
		contents(),
		names.map((name) => `old ${name}`),
	)
	await side.ok('pull', '-a')
	t.deepEqual(
		contents(),
		names.map((name) => `new ${name}`),
	)
})

bothWays('who pays says so with every request, also for ACLs and deletions', async (t) => {
	const list = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
	const acl =
		'<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList></AccessControlList></AccessControlPolicy>'
	const recorder = await stub(({url}, response) => {
		response.setHeader('etag', '"d41d8cd98f00b204e9800998ecf8427e"')
		response.end(url.includes('list-type') ? list : url.includes('acl') ? acl : '')
	})
	t.teardown(() => recorder.stop())
	const side = new Side(t, recorder.endpoint)
	const commands = [
		'ls-remote bucket',
		'cat-object bucket/key',
		'rm bucket/key',
		'acl bucket/key',
		'acl public-read bucket/key',
	]
	for (const command of commands) t.is((await side.run(...said(command), '--requester-pays')).status, 0)
	const asked = recorder.asked.map(
		({method, url}) => `${method} ${/[?&](acl|list-type)/.exec(url)?.[1] ?? url.split('?')[0]}`,
	)
	for (const request of ['GET list-type', 'GET /bucket/key', 'DELETE /bucket/key', 'GET acl', 'PUT acl'])
		t.true(asked.includes(request), `${request} of ${asked.join(', ')}`)
	t.deepEqual([...new Set(recorder.asked.map(({headers}) => headers['x-amz-request-payer']))], ['requester'])
})

test('what is encrypted with a key of KMS is sent once', async (t) => {
	const side = await Side.init(t)
	side.write('a', '1').write('b', '2')
	const {stderr} = await side.run('push', '-a', '--sse', 'aws:kms', '--stats')
	// two files and the root
	t.regex(stderr, /^requests: 3 \(put 3\)$/m)
	t.is(await side.ok('push', '-av', '--sse', 'aws:kms'), '')
	side.write('a', 'other')
	t.regex(await side.ok('push', '-av', '--sse', 'aws:kms'), /^M .*\ta$/m)
	await side.ok('clone', side.bucket, join(side.home, 'copy'))
	t.is(fs.readFileSync(join(side.home, 'copy/a'), 'utf8'), 'other')
})

bothWays(
	'a tree is brought back as it was at each of five moments, however quickly they followed',
	async (t) => {
		const side = await Side.init(t, '--versioning')
		const moments: {readonly at: string; readonly tree: readonly string[]}[] = []
		for (const change of CHANGES) {
			change(side.root)
			await side.ok('push', '-a', '--delete')
			const now = Date.now()
			while (Date.now() <= now) await new Promise((resolve) => setTimeout(resolve, 1))
			moments.push({at: `@${now / 1000}`, tree: treeOf(side.root)})
		}
		for (const i of [1, 3, 0, 4, 2]) {
			await side.ok('pull', '-a', '--delete', '--at', moments[i]?.at ?? '')
			t.deepEqual(treeOf(side.root), moments[i]?.tree, `pull at ${i}`)
			await side.ok('pull', '-a', '--delete')
			t.deepEqual(treeOf(side.root), moments.at(-1)?.tree, `pull after ${i}`)
		}
	},
)
