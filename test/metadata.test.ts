// File attributes in an object's metadata. The golden values stand in s3r-metadata(5) too.

import test from 'ava'
import * as fc from './support/properties.ts'
import {comparePaths} from '../src/base/path.ts'
import {decodeMetadata, explainMetadata} from '../src/format/foreign.ts'
import {
	type Attributes,
	attributesDigest,
	encodeMetadata,
	metadataSize,
	placeMetadata,
} from '../src/format/metadata.ts'
import {decodeXattrs, encodeXattrs} from '../src/format/xattrs.ts'
import {bytes, defined, id, maybe, md5, mode, ns} from './support/values.ts'

const xattrs = fc.uniqueArray(
	fc.tuple(
		bytes,
		fc.uint8Array({maxLength: 40}).map((b) => Buffer.from(b)),
	),
	{
		selector: ([name]) => name,
		minLength: 1,
		maxLength: 4,
	},
)
const attributes: fc.Arbitrary<Attributes> = fc.record({
	mode,
	mtime: ns,
	uid: id,
	gid: id,
	uname: maybe(fc.string({maxLength: 12})),
	gname: maybe(fc.constantFrom('users', 'domain users', 'a;b=c%20', 'Ünï', '')),
	rdev: maybe(fc.record({major: fc.nat(4095), minor: fc.nat()})),
	link: maybe(md5.map((s) => s.slice(0, 12))),
	xattrs: maybe(xattrs.map((list) => list.toSorted(([a], [b]) => comparePaths(a, b)))),
	original: maybe(fc.record({size: fc.nat(), md5, encoding: fc.constant('gzip' as const)})),
	md5: maybe(md5),
})

const FILE = {key: 'f'}
const golden: Attributes = {
	mode: 0o100644,
	mtime: 1181747955123456789n,
	uid: 1000,
	gid: 100,
	uname: 'tridge',
	gname: 'domain users',
	link: '0123456789ab',
	md5: 'd41d8cd98f00b204e9800998ecf8427e',
}

test('a file’s metadata is that of the manual page', (t) => {
	t.deepEqual(encodeMetadata(golden, {etagIsMd5: false}), {
		'file-permissions': '0100644',
		'file-owner': '1000',
		'file-group': '100',
		'file-mtime': '1181747955123456789ns',
		mtime: '1181747955.123456789',
		md5chksum: '1B2M2Y8AsgTpgAmY7PhCfg==',
		s3r: 'v=1;uname=tridge;gname=domain%20users;hl=0123456789ab',
	})
	t.is(
		encodeMetadata({...golden, mtime: -86400n * 10n ** 9n}, {etagIsMd5: true})['mtime'],
		'-86400.000000000',
	)
})

test('metadata reads back as it was written', (t) => {
	fc.assert(
		fc.property(attributes, (a) => {
			const key = (a.mode & 0o170000) === 0o040000 ? 'd/' : 'f'
			const {attributes: read, convention} = decodeMetadata(encodeMetadata(a, {etagIsMd5: false}), {key})
			t.deepEqual(read, defined(a))
			t.is(convention, 's3r')
		}),
		{numRuns: 300},
	)
})

test('xattrs that do not fit go to a side object', (t) => {
	const small = {...golden, xattrs: [['user.a', Buffer.from('b')]] as const}
	t.is(placeMetadata(small, {etagIsMd5: true}).side, undefined)
	const large = {...golden, xattrs: [['user.a', Buffer.alloc(1500)]] as const}
	const {metadata, side} = placeMetadata(large, {etagIsMd5: true})
	t.true(metadataSize(metadata) < 400)
	t.is(decodeMetadata(metadata, FILE).attributes.xattrsAt, side?.md5)
	t.deepEqual(decodeXattrs(side?.bytes ?? Buffer.alloc(0)), [['user.a', Buffer.alloc(1500)]])
	t.deepEqual(attributesDigest(decodeMetadata(metadata, FILE).attributes), attributesDigest(large))
})

test('xattrs are the same bytes in every order, and garbage is none', (t) => {
	fc.assert(fc.property(xattrs, (list) => encodeXattrs(list).equals(encodeXattrs(list.toReversed()))))
	t.is(
		encodeXattrs([
			['user.b', Buffer.from('2')],
			['user.a', Buffer.from('1')],
		]).toString(),
		'6 1\nuser.a16 1\nuser.b2',
	)
	fc.assert(fc.property(fc.uint8Array(), (any) => decodeXattrs(Buffer.from(any)) !== null))
	t.is(decodeXattrs(Buffer.from('6 9\nuser.a1')), undefined)
})

test('a bad field is skipped, whatever stands in the metadata', (t) => {
	const bad = {
		s3r: 'v=1;rdev=x;hl=zz;uname=%;size=1;z=gzip;md5=0;x=!!;new=1',
		'file-owner': '4294967295',
		'file-mtime': 'soon',
		'file-permissions': '0999',
		mtime: '5',
	}
	t.deepEqual(decodeMetadata(bad, FILE).attributes, {mtime: 5000000000n})
	t.deepEqual(decodeMetadata({s3r: 'v=2;uname=a'}, FILE), {
		attributes: {},
		convention: 'none',
		directory: false,
	})
	const names = fc.constantFrom(
		...'s3r mode mtime mc-attrs s3cmd-attrs xattr permissions privilege'.split(' '),
	)
	fc.assert(
		fc.property(
			fc.dictionary(names, fc.string()),
			(any) => decodeMetadata(any, FILE).convention !== undefined,
		),
	)
})

test('the metadata of other tools is read', (t) => {
	const told = (metadata: Record<string, string>, info = FILE) => {
		const {convention, attributes: a} = decodeMetadata(metadata, info)
		return [convention, a.mode?.toString(8), a.uid, a.gid, a.uname, a.mtime].map((v) => v ?? '-').join(' ')
	}
	const aws = {'file-permissions': '0644', 'file-owner': '1', 'file-group': '2', 'file-mtime': '3'}
	const mc = 'atime:1#2/gid:5/gname:g/mode:33188/mtime:7#8/uid:4/uname:u'
	const s3cmd = 'atime:1/ctime:1/gid:0/gname:root/md5:x/mode:35309/mtime:9/uid:0/uname:a%20b'
	const gcs = {'goog-reserved-posix-mode': '755', 'goog-reserved-file-mtime': '1'}
	t.is(told(aws), 'aws 100644 1 2 - 3000000')
	t.is(told({'mc-attrs': mc}), 'mc 100644 4 5 u 7000000008')
	t.is(told({'s3cmd-attrs': s3cmd}), 's3cmd 104755 0 0 a b 9000000000')
	t.is(told({mode: '33188', uid: '4', gid: '5', mtime: '6.000000007'}), 's3fs 100644 4 5 - 6000000007')
	t.is(told({mode: '41471', uid: '4', gid: '5', mtime: '6'}), 's3fs 120777 4 5 - 6000000000')
	t.is(told({mode: '104755', uid: '4', gid: '5', mtime: '6.5'}), 'rclone 104755 4 5 - 6500000000')
	t.is(told({mode: '41777', uid: '4', mtime: '6'}, {key: 'd/'}), 'rclone 41777 4 - - 6000000000')
	t.is(told({mtime: '6.5'}, {key: 'l.rclonelink'}), 'rclone 120777 - - - 6500000000')
	t.is(told({}, {key: 'l.rclonelink'}), 'rclone 120777 - - - -')
	t.is(told({mode: '100644', mtime: '6.5'}, {key: 'd/l.rclonelink'}), 'rclone 120777 - - - 6500000000')
	t.is(told({permissions: '33188', owner: '4', group: '5'}), 's3sync.rb 100644 4 5 - -')
	t.is(told({permissions: '493', owner: '4', symlink: 'true'}), 's3sync.rb 120755 4 - - -')
	t.is(told({privilege: '640'}), 's4cmd 100640 - - - -')
	t.is(told(gcs), 'gcs 100755 - - - 1000000000')
	t.deepEqual(
		decodeMetadata({mode: '33188', xattr: '%7B%22user.a%22%3A%22Yg%3D%3D%22%7D'}, FILE).attributes.xattrs,
		[['user.a', Buffer.from('b')]],
	)
	const withXattrs = {mode: '100644', uid: '0', colour: 'blue', 'content-type': 'x', btime: 'y'}
	t.deepEqual(decodeMetadata(withXattrs, FILE).attributes.xattrs, [['user.colour', Buffer.from('blue')]])
	t.is(decodeMetadata({colour: 'blue', mtime: '1'}, FILE).attributes.xattrs, undefined)
	t.is(
		decodeMetadata({md5chksum: '1B2M2Y8AsgTpgAmY7PhCfg=='}, FILE).attributes.md5,
		'd41d8cd98f00b204e9800998ecf8427e',
	)
})

test('of what several conventions say, the first is believed', (t) => {
	const both = {
		mode: '33188',
		uid: '4',
		mtime: '6',
		'goog-reserved-posix-mode': '755',
		privilege: '600',
		md5: 'x',
	}
	t.deepEqual(
		explainMetadata(both, FILE).map(
			({field, convention, won, attributes: said}) =>
				`${field} ${convention} ${won} ${[said.mode, said.uid, said.mtime][['mode', 'uid', 'mtime'].indexOf(field)]}`,
		),
		[
			'uid s3fs true 4',
			'mtime s3fs true 6000000000',
			'mode s3fs true 33188',
			'uid rclone false 4',
			'mtime rclone false 6000000000',
			'mode s4cmd false 384',
			'mode gcs false 493',
		],
	)
	fc.assert(
		fc.property(
			fc.dictionary(
				fc.constantFrom('mode', 'mtime', 'uid', 'file-mtime', 's3cmd-attrs', 'goog-reserved-file-mtime'),
				fc.oneof(fc.string(), fc.nat().map(String)),
			),
			(any) => {
				const believed = decodeMetadata(any, FILE).attributes
				const won = explainMetadata(any, FILE).filter((saying) => saying.won)
				t.deepEqual(won.map(({field}) => field).toSorted(), Object.keys(believed).toSorted())
				t.is(believed.mtime, won.find(({field}) => field === 'mtime')?.attributes.mtime)
			},
		),
	)
})

test('a directory is known by its key, its mode, its type or s3sync.rb’s mark', (t) => {
	t.is(decodeMetadata({privilege: '755'}, {key: 'd/'}).attributes.mode, 0o040755)
	t.is(decodeMetadata({'file-permissions': '0100755'}, {key: 'd/'}).attributes.mode, 0o040755)
	t.true(decodeMetadata({'file-permissions': '0040755'}, FILE).directory)
	t.true(decodeMetadata({}, {key: 'd', size: 0, contentType: 'application/x-directory; charset=x'}).directory)
	t.true(decodeMetadata({}, {key: 'd', size: 38, etag: 'd66759af42f282e1ba19144df2d405d0'}).directory)
	t.false(decodeMetadata({}, {key: 'd', size: 39, etag: 'd66759af42f282e1ba19144df2d405d0'}).directory)
})

test('the attributes digest changes with what is preserved', (t) => {
	t.is(attributesDigest(golden), 'aeb65012a6d83654')
	t.deepEqual(attributesDigest({...golden, uid: 5, md5: undefined}), attributesDigest(golden))
	for (const change of [
		{mode: 0o100600},
		{uname: 'root'},
		{uname: undefined},
		{mtime: 0n},
		{link: undefined},
		{xattrs: [['a', Buffer.alloc(0)]] as const},
	])
		t.notDeepEqual(attributesDigest({...golden, ...change}), attributesDigest(golden))
})
