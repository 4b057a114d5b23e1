// What a user writes: the config, read in git's form and edited without losing a comment; targets and ACLs.

import test from 'ava'
import * as fc from './support/properties.ts'
import {parse} from 'ini'
import {formatGrant, isPublic, parseCanned} from '../src/format/acl.ts'
import {getValue, parseConfig, remoteValues} from '../src/format/config.ts'
import {
	parseKey,
	parseValues,
	removeSection,
	renameSection,
	setValue,
	unsetValue,
} from '../src/format/config-text.ts'
import {checkNewBucket, parseTarget} from '../src/format/url.ts'
import {defined, statusOf} from './support/values.ts'

const CONFIG = `; ours
[core]
	indexversion = 1
[remote "origin"]
	bucket = testrsync	; the first
	Prefix = home
	endpoint = "http://127.0.0.1:9000"   # local
	path-style
	unknown = "a\\"b;c"
[remote "a.b"]
	bucket = other
`

test('the config is read in git’s form', (t) => {
	const {core, remotes, values} = parseConfig(CONFIG, 'config')
	t.is(core.indexVersion, 1)
	t.deepEqual(defined(remotes.get('origin') ?? {}), {
		bucket: 'testrsync',
		prefix: 'home/',
		endpoint: 'http://127.0.0.1:9000',
		pathStyle: true,
	})
	t.is(remotes.get('a.b')?.bucket, 'other')
	t.is(getValue(values, 'remote.origin.unknown'), 'a"b;c')
	t.is(parse(CONFIG)['remote "origin"'].bucket, 'testrsync')
})

test('a setting is changed in its line and all else stays', (t) => {
	const key = parseKey('Remote.origin.bucket')
	const lines = CONFIG.split('\n')
	t.is(setValue(CONFIG, key, 'new one', 'c'), lines.with(4, '\tbucket = "new one"').join('\n'))
	t.is(
		setValue(CONFIG, parseKey('remote.origin.region'), 'eu', 'c'),
		lines.toSpliced(9, 0, '\tregion = eu').join('\n'),
	)
	t.is(setValue('', parseKey('remote.x"y.bucket'), 'b', 'c'), '[remote "x\\"y"]\n\tbucket = b\n')
	t.is(unsetValue(CONFIG, parseKey('core.indexversion'), 'c'), lines.toSpliced(1, 2).join('\n'))
	t.is(
		removeSection(CONFIG, {section: 'remote', subsection: 'origin'}, 'c'),
		lines.toSpliced(3, 6).join('\n'),
	)
	const [from, to] = ['origin', 'a "b"'].map((subsection) => ({section: 'remote', subsection}))
	if (from && to) t.is(renameSection(CONFIG, from, to, 'c'), CONFIG.replace('"origin"]', '"a \\"b\\""]'))
})

test('any value is read back as it was set', (t) => {
	const value = fc.oneof(
		fc.string({unit: 'binary-ascii'}),
		fc.string({unit: 'grapheme'}),
		fc.constantFrom('true', "'5'", ' a ', 'a\\;b', '"', '[x]', 'a=b', '\\\\'),
	)
	fc.assert(
		fc.property(
			value,
			(text) => getValue(parseValues(setValue(CONFIG, parseKey('a.b.c'), text, 'c'), 'c'), 'a.b.c') === text,
		),
	)
	const remote = {
		bucket: 'b',
		prefix: 'p/',
		pathStyle: false,
		requesterPays: true,
		checksum: 'when-required',
	} as const
	const text = remoteValues('o', remote).reduce((sum, [key, v]) => setValue(sum, parseKey(key), v, 'c'), '')
	t.deepEqual(defined(parseConfig(text, 'c').remotes.get('o') ?? {}), remote)
})

test('a remote without a bucket is none yet', (t) => {
	t.is(parseConfig('[remote "o"]\nregion = x\n', 'f').remotes.size, 0)
	t.is(parseConfig('[remote "o"]\nregion = x\n[remote "o"]\nbucket = b\n', 'f').remotes.get('o')?.region, 'x')
})

test('what is wrong in a config is said with its file and line', (t) => {
	t.deepEqual(
		statusOf(() => parseConfig('[core]\n?\n', 'f')),
		[128, "bad config line 2 in 'f'"],
	)
	t.deepEqual(
		statusOf(() => parseConfig('a = b\n', 'f')),
		[128, "bad config line 1 in 'f'"],
	)
	t.deepEqual(
		statusOf(() => parseConfig('[remote "o"]\nbucket = b\npath-style = maybe\n', 'f')),
		[128, "bad value 'maybe' for 'remote.o.path-style' in 'f'"],
	)
	t.is(statusOf(() => parseKey('nodot'))?.[0], 129)
})

test('an ACL is public if anybody else may read it', (t) => {
	t.is(parseCanned('public-read'), 'public-read')
	t.is(statusOf(() => parseCanned('publik'))?.[0], 129)
	t.deepEqual(
		['private', 'public-read', 'authenticated-read'].map((name) => isPublic(parseCanned(name))),
		[false, true, true],
	)
	const everybody = {
		permission: 'READ',
		grantee: {uri: 'http://acs.amazonaws.com/groups/global/AllUsers'},
	} as const
	t.true(isPublic({grants: [everybody]}))
	t.false(isPublic({grants: [{permission: 'READ', grantee: {id: 'abc'}}]}))
	t.is(formatGrant(everybody), 'READ\thttp://acs.amazonaws.com/groups/global/AllUsers')
})

test('a target is a bucket and a key, with a query in a URL', (t) => {
	t.deepEqual(defined(parseTarget('testrsync')), {bucket: 'testrsync', key: ''})
	t.deepEqual(defined(parseTarget('testrsync/a/')), {bucket: 'testrsync', key: 'a/'})
	t.deepEqual(defined(parseTarget('s3://b.c-d/x?y?endpoint=http://[::1]:9000&region=eu')), {
		bucket: 'b.c-d',
		key: 'x?y',
		endpoint: 'http://[::1]:9000',
		region: 'eu',
	})
	t.is(parseTarget('s3://bucket/a?b=c').key, 'a?b=c')
	t.is(parseTarget('bucket/a?region=x').key, 'a?region=x')
})

test('a name that no bucket can have is refused with the rule', (t) => {
	const broken = {
		ab: '3 to 63',
		Upper: 'upper-case',
		un_der: 'only lower-case',
		'-dash': 'begin and end',
		'dot.': 'begin and end',
		'a..b': "two '.'",
		'192.168.1.1': 'IP address',
	}
	for (const [name, rule] of Object.entries(broken)) {
		const [status, message] = statusOf(() => parseTarget(`s3://${name}/k`)) ?? []
		t.is(status, 129)
		t.true(String(message).includes(rule), `${message}`)
	}
	t.is(statusOf(() => parseTarget('/etc/passwd'))?.[0], 129)
	for (const name of ['xn--a', 'abc-s3alias', 'abc--x-s3']) {
		t.is(statusOf(() => checkNewBucket(name))?.[0], 129, name)
		t.is(parseTarget(name).bucket, name)
	}
})
