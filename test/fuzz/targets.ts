// Every parser of bytes that somebody else made, as a function of bytes: it reads them, checks what must
// hold of what it read, and throws nothing but the errors that are meant for users.

import {createHash} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import type {IncomingMessage} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {deepStrictEqual, ok} from 'node:assert/strict'
import {crc32} from 'node:zlib'
import {quote, shown, unquote} from '../../src/base/quote.ts'
import {unsafe} from '../../src/base/path.ts'
import {formatGrant} from '../../src/format/acl.ts'
import {parseConfig, remoteValues} from '../../src/format/config.ts'
import {formatKey, parseKey, parseValues, setValue, unsetValue} from '../../src/format/config-text.ts'
import type {Entry} from '../../src/format/entry.ts'
import {answer, type FilterOption} from '../../src/format/filter-read.ts'
import {FilterRules, FilterWalk} from '../../src/format/filter.ts'
import {explained} from '../../src/cli/explained.ts'
import {decodeMetadata, explainMetadata} from '../../src/format/foreign.ts'
import {IgnoreStack, parseIgnore} from '../../src/format/gitignore.ts'
import {parseGrant} from '../../src/format/grant.ts'
import {IndexBuilder} from '../../src/format/index-builder.ts'
import {parseIndex, serializeIndex} from '../../src/format/index-bytes.ts'
import {journaled, parseJournal} from '../../src/format/journal.ts'
import {surrogateEscaped} from '../../src/format/json.ts'
import {keyOf, pathOf} from '../../src/format/key.ts'
import {attributesDigest, encodeMetadata} from '../../src/format/metadata.ts'
import {formatDiff, formatRecord, parseLine} from '../../src/format/record.ts'
import {parseTemplate} from '../../src/format/template.ts'
import {parseTarget} from '../../src/format/url.ts'
import {decodeXattrs, encodeXattrs} from '../../src/format/xattrs.ts'
import {createPlace} from '../../src/repo/find.ts'
import {listUploadRecords, readUpload} from '../../src/repo/uploads.ts'
import {decodeChunked} from '../../src/serve/chunked.ts'
import {S3Error} from '../../src/serve/errors.ts'
import {parseRequest} from '../../src/serve/request.ts'
import {authenticate} from '../../src/serve/signature.ts'
import {parseTagHeader} from '../../src/serve/tagging.ts'
import {childrenOf, parseXml, renderXml, textOf} from '../../src/serve/xml.ts'
import {readBuckets} from '../../src/store/buckets-page.ts'
import {type ReplyHeaders, readHeaders} from '../../src/store/http-headers.ts'
import {readPage} from '../../src/store/list-page.ts'
import {Refusal} from '../../src/store/plane-errors.ts'
import {headIn, writtenIn} from '../../src/store/plane-headers.ts'
import {toStoreError} from '../../src/store/s3-errors.ts'
import type {Head} from '../../src/store/store.ts'
import {S3rError} from '../../src/base/errors.ts'
import {RSYNC_TARGETS} from './rsync.ts'

export type Target = {
	readonly name: string
	/** Inputs that are well formed, for others to be made of. */
	readonly samples: readonly Buffer[]
	/** Pieces that mean something to it. */
	readonly words: readonly string[]
	/** How many inputs of others take as long as one of it; 1 by default. */
	readonly cost?: number
	run(input: Buffer): void | Promise<void>
}

/** Whether an error is one that a user, or a client, is told. */
export const isMeant = (error: unknown): boolean => error instanceof S3rError || error instanceof S3Error

const text = (input: Buffer) => input.toString('latin1')
const samples = (...texts: readonly string[]) => texts.map((sample) => Buffer.from(sample, 'latin1'))

const MD5 = createHash('md5').update('x').digest('hex')
const LOCAL = {mode: 0o100644, size: 5, mtime: 10n ** 18n, ctime: 10n ** 18n + 1n, ino: 77n, uid: 0, gid: 5}
const ENTRIES: readonly Entry[] = [
	{path: './', local: {...LOCAL, mode: 0o40755, size: 0}, attrs: '0123456789abcdef'},
	{
		path: 'a',
		local: {...LOCAL, md5: MD5, link: '0123456789ab', xattrs: MD5},
		attrs: '0123456789abcdef',
		base: {
			type: 8,
			md5: MD5,
			attrs: 'fedcba9876543210',
			was: {mode: 0o100600, size: 3, mtime: 1n, uid: 1, gid: 2},
		},
		remote: {etag: MD5, size: 5, modified: 1_700_000_000, bound: true, moved: false},
	},
	{path: 'd/b', remote: {etag: 'x-2', size: 2 ** 40, version: 'v', moved: true}},
]

function indexBytes(): Buffer {
	const builder = new IndexBuilder()
	for (const entry of ENTRIES) builder.add(entry)
	return Buffer.concat(serializeIndex(builder.finish({scanned: 5n, device: 6n})))
}

/** The checksum that makes damaged bytes an index again: what is behind it is looked at, too. */
function resealed(input: Buffer): Buffer {
	const bytes = Buffer.from(input)
	if (bytes.length < 72) return bytes
	bytes.writeUInt32LE(crc32(bytes.subarray(0, bytes.length - 8)), bytes.length - 8)
	bytes.writeUInt32LE(0, bytes.length - 4)
	return bytes
}

function readIndex(bytes: Buffer): void {
	const index = parseIndex(bytes)
	for (let row = 0; row < index.count; row++) {
		const entry = index.entry(row)
		index.find(entry.path)
		index.baseMd5(row)
		index.inSync(row)
	}
}

function headersOf(input: Buffer): [string, string][] {
	return text(input)
		.split('\n')
		.slice(0, 100)
		.map((line) => {
			const colon = line.indexOf(':')
			return [line.slice(0, Math.max(colon, 0)).toLowerCase(), line.slice(colon + 1)]
		})
}

const PATHS = ['a', 'foo/bar.o', 'a'.repeat(200), `${'ab/'.repeat(60)}x`, '*'.repeat(20), '.a/ b\\']

/** A .s3rsync that goes when the process, or thread, does. */
function scratch() {
	const root = mkdtempSync(join(tmpdir(), 's3r-fuzz-'))
	process.once('exit', () => rmSync(root, {recursive: true, force: true}))
	return createPlace(root)
}

let place: ReturnType<typeof scratch> | undefined

const ACCOUNT = {accessKey: 'AKIA', secretKey: 'secret', id: 'me'}
const NOW = Date.UTC(2030, 0, 2)
const SIGNED =
	'AWS4-HMAC-SHA256 Credential=AKIA/20300102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'

const about = {bucket: 'bucket', key: 'key', endpoint: 'http://127.0.0.1:9'}

export const TARGETS: readonly Target[] = [
	{
		name: 'index',
		samples: [indexBytes()],
		words: ['\0\0\0\0', '\xff\xff\xff\xff', '\x01\0\0\0'],
		run: readIndex,
	},
	{
		name: 'index-sealed',
		samples: [indexBytes()],
		words: ['\0\0\0\0', '\xff\xff\xff\xff', '\x01\0\0\0', '\x50\0\0\0'],
		run: (input) => readIndex(resealed(input)),
	},
	{
		name: 'journal',
		samples: [Buffer.concat(ENTRIES.map((entry) => journaled([entry]))), journaled([{path: 'gone'}])],
		words: ['s3rindex', '\0\0\0\0', '\xff\xff\xff\xff', '\x01\0\0\0'],
		run(input) {
			const read = [...parseJournal(input)]
			deepStrictEqual([...parseJournal(Buffer.concat(read.map((entry) => journaled([entry]))))], read)
		},
	},
	{
		name: 'journal-sealed',
		samples: [journaled(ENTRIES), journaled([{path: 'gone'}])],
		words: ['\0\0\0\0', '\xff\xff\xff\xff', '\x01\0\0\0', '\x50\0\0\0'],
		run(input) {
			const journal = Buffer.concat([journaled(ENTRIES), resealed(input)])
			const builder = new IndexBuilder()
			const entries = new Map([...parseJournal(journal)].map((entry) => [entry.path, entry]))
			for (const path of [...entries.keys()].toSorted()) builder.add(entries.get(path) ?? {path})
			builder.finish({scanned: 0n, device: 0n})
		},
	},
	{
		name: 'config',
		samples: samples(
			'[core]\n\tindexversion = 1\n[remote "origin"]\n\tbucket = testrsync\n\tprefix = home/ ; c\n\tpath-style = yes\n',
			'; comment\n[a "b\\"c\\\\"]\nd\ne = "x\\ty" # z\n',
		),
		words: [
			'[',
			']',
			'"',
			'\\',
			';',
			'#',
			'=',
			'\n',
			'[remote "x"]\n',
			'bucket = b',
			'__proto__',
			'{"a":1}',
			"'",
		],
		run(input) {
			const config = input.toString('utf8')
			const values = parseValues(config, 'f')
			const key = parseKey('remote.origin.bucket')
			const set = setValue(config, key, 'x "y" ;z', 'f')
			ok(parseValues(set, 'f').some(([name, value]) => name === formatKey(key) && value === 'x "y" ;z'))
			ok(!parseValues(unsetValue(set, key, 'f'), 'f').some(([name]) => name === formatKey(key)))
			const {remotes} = parseConfig(config, 'f')
			for (const [name, remote] of remotes) remoteValues(name, remote)
			ok(values.length <= config.length)
		},
	},
	{
		name: 'config-key',
		samples: samples('remote.origin.bucket', 'core.indexversion', 'remote.a b.c.path-style'),
		words: ['.', '"', '\n', '-'],
		run(input) {
			const key = parseKey(text(input))
			deepStrictEqual(parseKey(formatKey(key)), key)
			const set = setValue('', key, 'v', 'f')
			deepStrictEqual(parseValues(set, 'f'), [[formatKey(key), 'v']])
		},
	},
	{
		name: 'record',
		samples: samples(
			`100644 5 1700000000.000000001 md5:${MD5}\ta/b`,
			'C - - -5.5 etag:x-3\t"a\\tb\\303\\244"',
			'- - - -\tx',
		),
		words: ['\t', ' ', '-', 'md5:', 'etag:', '"', '\\', '\\377', '.', 'A '],
		run(input) {
			for (const nul of [true, false]) {
				const line = text(input)
				try {
					const {status, record} = parseLine(line, nul)
					const again = status === undefined ? formatRecord(record, nul) : formatDiff({status, record}, nul)
					deepStrictEqual(parseLine(again, nul), parseLine(line, nul))
				} catch (error) {
					if (!isMeant(error)) throw error
				}
			}
		},
	},
	{
		name: 'quote',
		samples: samples('"a\\303\\244\\n"', 'plain', '\u001b[2J'),
		words: ['"', '\\', '\\0', '\\400', '\x1b'],
		run(input) {
			const name = text(input)
			deepStrictEqual(unquote(quote(name)), name)
			ok(!/[\x00-\x1f\x7f]/.test(shown(name)))
			unquote(name)
			unsafe(name)
			surrogateEscaped(name)
		},
	},
	{
		name: 'key',
		samples: samples('a/b', '.s3r/root', '\xef\xbf\xbd41', '\xc3\xa4', '.s3r', './'),
		words: ['\xef\xbf\xbd', '.s3r/', '/', '..', '\0', '\xed\xa0\x80', 'FF'],
		run(input) {
			const path = text(input)
			deepStrictEqual(pathOf(keyOf(path)), path)
			const key = input.toString('utf8')
			const named = pathOf(key)
			if (named !== undefined) deepStrictEqual(keyOf(named), key)
		},
	},
	{
		name: 'list-page',
		samples: samples(
			`<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken><Contents><Key>a%20b</Key><LastModified>2030-01-01T00:00:00.000Z</LastModified><ETag>&quot;${MD5}&quot;</ETag><Size>5</Size><StorageClass>GLACIER</StorageClass><Owner><ID>x</ID></Owner></Contents></ListBucketResult>`,
		),
		words: [
			'<',
			'>',
			'</',
			'/>',
			'&#x0;',
			'&amp;',
			'<Contents>',
			'<Key>',
			'<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>',
			'<!--',
			'<![CDATA[',
			'%',
			'%zz',
			'<!DOCTYPE a [<!ENTITY b "c">]>',
		],
		run(input) {
			const page = readPage(input)
			for (const {key, size, modified} of page?.objects ?? []) {
				ok(key !== '' && Number.isSafeInteger(size) && size >= 0 && Number.isFinite(modified))
				pathOf(key)
			}
			ok(page?.prefixes?.every((prefix) => prefix !== '') ?? true)
		},
	},
	{
		name: 'bucket-page',
		samples: samples(
			'<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets><Bucket><Name>b</Name><CreationDate>2030-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets><ContinuationToken>t</ContinuationToken></ListAllMyBucketsResult>',
		),
		words: [
			'<',
			'</',
			'/>',
			'<Bucket>',
			'</Bucket>',
			'<Name>',
			'<CreationDate>',
			'&#x0;',
			'<!--',
			'<Buckets/>',
		],
		run(input) {
			for (const {name, created} of readBuckets(input)?.buckets ?? [])
				ok(name !== '' && (created === undefined || Number.isFinite(created)))
		},
	},
	{
		name: 'refusal',
		samples: samples(
			'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>no &lt;such&gt; key</Message><Region>eu</Region></Error>',
			'<Error><Code>PreconditionFailed</Code></Error>',
		),
		words: ['<Code>', '</Code>', '<Message>', '&lt;', '\x1b[2J', '\n', 'SlowDown', 'AccessDenied'],
		run(input) {
			for (const status of [301, 400, 403, 404, 412, 500, 503]) {
				const error = toStoreError(new Refusal(status, {}, input), about)
				ok(!/[\x00-\x1f\x7f]/.test(error.message), `a control character in ${JSON.stringify(error.message)}`)
			}
		},
	},
	{
		name: 'reply-headers',
		samples: samples(
			'etag:"abc"\nlast-modified:Wed, 21 Oct 2030 07:28:00 GMT\ncontent-length:5\nx-amz-meta-s3r:v=1\ncontent-range:bytes 0-1/2',
		),
		words: ['etag:', 'content-length:', 'content-range:', 'x-amz-meta-', '__proto__', '-1', 'NaN'],
		run(input) {
			let headers: ReplyHeaders
			let head: Head
			try {
				const lines = `${input.toString('latin1').replaceAll('\n', '\r\n')}\r\n`
				headers = readHeaders(lines, 0, lines.length - 2)
				head = headIn(headers)
			} catch (error) {
				throw toStoreError(error, about)
			}
			ok(typeof head.etag === 'string' && Number.isFinite(head.modified))
			ok(Number.isSafeInteger(head.size) && head.size >= 0, `a size of ${head.size}`)
			writtenIn(headers)
		},
	},
	{
		name: 'metadata',
		samples: samples(
			`s3r:v=1;hl=0123456789ab;rdev=8:1;size=5;md5=${MD5};enc=gzip;uname=a;gname=b;x=@${MD5}\nfile-permissions:0100644\nfile-owner:1000\nfile-group:100\nfile-mtime:1700000000000000001ns\nmtime:1700000000.000000001\nmd5chksum:AAAAAAAAAAAAAAAAAAAAAA==`,
			's3cmd-attrs:uid:0/gname:root/uname:root/gid:0/mode:33188/mtime:1700000000/atime:1/md5:x/ctime:1',
			'mode:33188\nuid:0\ngid:0\nmtime:1700000000\natime:1',
			'mc-attrs:atime:1#5/gid:0/gname:r/mode:33188/mtime:17#5/uid:0\nowner:1\npermissions:420\ngroup:5',
			's4cmd-privilege:0644\ngoog-reserved-posix-mode:644\ngoog-reserved-file-mtime:5',
		),
		words: [
			';',
			'=',
			'/',
			':',
			'%',
			'-1',
			'0o7',
			'4294967295',
			'99999999999999999999',
			'ns',
			'\xff',
			'__proto__',
			'v=2',
		],
		run(input) {
			const metadata = Object.fromEntries(headersOf(input))
			const {attributes} = decodeMetadata(metadata, {key: 'd/k', size: 5, etag: MD5})
			attributesDigest(attributes)
			const believed = explainMetadata(metadata, {key: 'd/k'}).filter(({won}) => won)
			deepStrictEqual(believed.map(({field}) => field).toSorted(), Object.keys(attributes).toSorted())
			const head = {metadata, etag: MD5, size: 5, modified: 0}
			ok(explained('d/k', 'd/k', head, {nul: false, json: false}).every((line) => !line.includes('\n')))
			const {mode, uid, gid, mtime, xattrs} = attributes
			ok(mode === undefined || (mode >= 0 && mode <= 0o177777))
			ok([uid, gid].every((id) => id === undefined || (Number.isInteger(id) && id >= 0 && id < 2 ** 32)))
			if (xattrs) encodeXattrs(xattrs)
			if (mode === undefined || mtime === undefined) return
			const full = {...attributes, mode, mtime, uid: uid ?? 0, gid: gid ?? 0}
			const again = decodeMetadata(encodeMetadata(full, {etagIsMd5: false}), {
				key: mode >>> 12 === 4 ? 'k/' : 'k',
			})
			deepStrictEqual(
				[again.attributes.mode, again.attributes.uid, again.attributes.gid],
				[mode, full.uid, full.gid],
			)
		},
	},
	{
		name: 'filter',
		samples: samples('- *.o\n+ /foo/**/bar\n# c\n!\n- [a-z]?*/\n', '**/a/***\n- x[!a]b\\*\n'),
		words: [
			'*',
			'**',
			'***',
			'?',
			'[',
			']',
			'[!',
			'[[:alpha:]]',
			'\\',
			'/',
			'!',
			'- ',
			'+ ',
			'\n',
			'*a*a*a*a*a*a*a',
			': f',
			'. f',
			',!/sp ',
		],
		run(input) {
			const read = (path: string) => (path === '/f' ? text(input) : undefined)
			const all: FilterOption[] = [
				{option: 'exclude-from', value: 'f'},
				{option: 'filter', value: '. f'},
				{option: 'filter', value: ': f'},
				{option: 'filter', value: ':C f'},
			]
			for (const option of all)
				for (const nul of [false, true])
					try {
						const rules = answer(FilterRules.read([option], {root: '', nul}), read)
						const walk = new FilterWalk(rules.on('sender'), read)
						for (const path of PATHS) for (const isDirectory of [true, false]) walk.decide(path, isDirectory)
					} catch (error) {
						if (!isMeant(error)) throw error
					}
		},
	},
	{
		name: 'ignore',
		samples: samples('*.o\n!keep.o\n/build/\nfoo/**/bar\n#c\n\\#d\\ \n', '\xef\xbb\xbfa[!b]c\r\n'),
		words: [
			'*',
			'**',
			'**/',
			'?',
			'[',
			']',
			'[^',
			'[[:digit:]]',
			'\\',
			'/',
			'!',
			' ',
			'\n',
			'\r',
			'*a*a*a*a*a*a*a*b',
		],
		run(input) {
			const stack = new IgnoreStack()
			stack.push(parseIgnore(text(input), '', 'f'))
			stack.push(parseIgnore(text(input), 'foo/', 'g'))
			for (const path of PATHS) for (const isDirectory of [true, false]) stack.decide(path, isDirectory)
		},
	},
	{
		name: 'target',
		samples: samples('s3://bucket/key?endpoint=http://h:1&region=x', 'bucket/a/b', 's3://b-c.d'),
		words: ['s3://', '/', '?', '&', 'endpoint=', '%zz', '..', '%'],
		run(input) {
			const {bucket, key} = parseTarget(text(input))
			deepStrictEqual(parseTarget(`${bucket}/${key}`), {
				bucket,
				key,
				endpoint: undefined,
				region: undefined,
				profile: undefined,
			})
		},
	},
	{
		name: 'template',
		samples: samples('%(path) %(size)%0a%%', '%(mode)%(type)%(mtime)%(digest)'),
		words: ['%', '%(', ')', '%(path)', '%00', '%(constructor)', '%(__proto__)'],
		run(input) {
			const show = parseTemplate(text(input), false)
			show({record: {path: 'a\nb', mode: 0o100644, size: 5, mtime: -1n, digest: `md5:${MD5}`}, modified: 5})
			show({record: {path: 'a'}})
		},
	},
	{
		name: 'grant',
		samples: samples('READ=everyone', 'full-control=id=abc', 'WRITE\thttp://x/y'),
		words: ['=', '\t', 'id=', 'email=', 'constructor', '__proto__'],
		run(input) {
			const grant = parseGrant(text(input))
			deepStrictEqual(parseGrant(formatGrant(grant)), grant)
		},
	},
	{
		name: 'xattrs',
		samples: [
			encodeXattrs([
				['user.a', Buffer.from('x')],
				['user.b', Buffer.alloc(0)],
			]),
		],
		words: ['0 0\n', '9 9\n', '999999999 1\n', '\n', ' '],
		run(input) {
			const xattrs = decodeXattrs(input)
			if (xattrs) deepStrictEqual(decodeXattrs(encodeXattrs(xattrs))?.length, xattrs.length)
		},
	},
	{
		name: 'upload-record',
		samples: samples(
			JSON.stringify({path: 'a', key: 'k', id: 'i', partSize: 8388608, packed: false, file: '1 2 3 4'}),
		),
		words: ['{', '}', 'null', '[]', '"path":', '"a"', '"partSize":', '-1', '1e999', 'true'],
		run(input) {
			place ??= scratch()
			const file = createHash('md5').update('a').digest('hex')
			writeFileSync(`${place.dir}/uploads/${file}.json`, input)
			for (const record of [readUpload(place, 'a'), ...listUploadRecords(place)])
				ok(
					record === undefined ||
						([record.path, record.key, record.id, record.file].every((field) => typeof field === 'string') &&
							Number.isSafeInteger(record.partSize) &&
							record.partSize > 0),
					'an upload that is none',
				)
		},
	},
	{
		name: 'xml',
		samples: samples(
			'<?xml version="1.0"?><Delete xmlns="x"><Quiet>true</Quiet><Object><Key>a&amp;b&#10;</Key></Object><Object><Key>c</Key></Object></Delete>',
		),
		words: [
			'<',
			'>',
			'</',
			'&#x110000;',
			'&#xd800;',
			'<![CDATA[',
			']]>',
			'<!--',
			'<!ENTITY',
			'<__proto__>',
			'<Object>',
			'<Key>',
			'@',
		],
		run(input) {
			const root = parseXml(text(input), 'Delete')
			for (const object of childrenOf(root, 'Object')) {
				const key = textOf(object, 'Key')
				if (key !== undefined) ok(renderXml('a', {key}).length >= key.length)
			}
		},
	},
	{
		name: 'request',
		samples: samples(
			`GET /bucket/key?list-type=2&prefix=a%20b\nhost:h\nx-amz-date:20300102T000000Z\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nauthorization:${SIGNED}`,
			'PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20300102%2Fr%2Fs3%2Faws4_request&X-Amz-Date=20300102T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00\nhost:h',
		),
		words: [
			'%',
			'%00',
			'%ff',
			'&',
			'=',
			'?',
			'/',
			'..',
			'Credential=',
			'Signature=',
			'SignedHeaders=',
			'X-Amz-Signature=',
			'x-amz-date:',
			'date:',
			'__proto__',
			'constructor',
			'AKIA/',
			';',
		],
		run(input) {
			const [line, ...rest] = text(input).split('\n')
			const [method, url] = (line ?? '').split(' ')
			const headers = Object.fromEntries(headersOf(Buffer.from(rest.join('\n'), 'latin1')))
			const request = parseRequest({method, url, headers} as unknown as IncomingMessage)
			const caller = authenticate(request, new Map([[ACCOUNT.accessKey, ACCOUNT]]), NOW)
			// nobody here knows the secret
			ok(caller.id === undefined)
		},
	},
	{
		name: 'tags',
		samples: samples('a=b&c=d%20e', 'x='),
		words: ['&', '=', '%', '%zz', '+', '__proto__'],
		run: (input) => void parseTagHeader(text(input)),
	},
	{
		name: 'chunked',
		samples: samples(
			'5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
			`3;chunk-signature=${'0'.repeat(64)}\r\nabc\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`,
			'5\r\nhello\r\n0\r\n\r\n',
		),
		words: ['\r\n', '0\r\n', 'ffffffffffff\r\n', ';chunk-signature=', ':', '\r', '-1\r\n'],
		async run(input) {
			const size = Math.max(1, input.length >>> 2)
			async function* source(): AsyncGenerator<Buffer> {
				for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size)
			}
			const seed = {signature: '0', date: '20300102T000000Z', scope: 'x', signingKey: Buffer.from('k')}
			for (const options of [{trailer: true}, {trailer: false}, {trailer: true, seed}]) {
				let length = 0
				try {
					for await (const piece of decodeChunked(source(), options)) length += piece.length
				} catch (error) {
					if (!isMeant(error)) throw error
				}
				ok(length <= input.length)
			}
		},
	},
	...RSYNC_TARGETS,
]
