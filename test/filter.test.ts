// Ignore files: s3r against git itself. And what filter rules promise besides what rsync does with them, for
// which see filter-rsync.test.ts.

import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import * as fc from './support/properties.ts'
import {withoutSlash} from '../src/base/path.ts'
import {answer} from '../src/format/filter-read.ts'
import {parseRule, type Setting} from '../src/format/filter-rule.ts'
import {FilterRules, FilterWalk} from '../src/format/filter.ts'
import {IgnoreStack, parseIgnore} from '../src/format/gitignore.ts'
import {wildcardSource} from '../src/format/pattern.ts'
import {parseSize} from '../src/format/size.ts'
import {prune, tree, withTree} from './support/trees.ts'

const SEED = 4693
const has = (program: string) => spawnSync(program, ['--version']).status === 0
const withGit = has('git') ? test : test.skip

const piece = fc.constantFrom(
	...'a b ab foo bar .o . * * ? ** *** / / / [ab] [!a] [^b] [a-c] []a] [--0] [b-a]'.split(' '),
	...String.raw`[[:alpha:]] [[:punct:]-] [[:foo:]] [a \ \* \[ [\]a]`.split(' '),
)
const pattern = fc
	.array(piece, {minLength: 1, maxLength: 6})
	.map((pieces) => pieces.join(''))
	.filter((text) => !text.includes('//'))

/** What the compiled pattern should match, said in the plainest way, which is exponential. */
const plain = (text: string, dialect: 'rsync' | 'git') =>
	dialect === 'rsync'
		? text.replace(/\*+/g, (stars) => (stars.length > 1 ? '[^]*' : '[^/]*'))
		: text.replace(/(^|\/)\*\*+(\/|$)|\*+/g, (_, before?: string, after?: string) =>
				before === undefined ? '[^/]*' : before + (after === '/' ? '(?:[^]*/)?' : '[^]*'),
			)

test('a compiled pattern matches what its plain translation matches', (t) => {
	const stars = fc.array(fc.constantFrom('a', 'b', '*', '**', '/', '/'), {maxLength: 9})
	const words = fc.array(fc.constantFrom('a', 'b', '/'), {maxLength: 9})
	for (const dialect of ['rsync', 'git'] as const)
		fc.assert(
			fc.property(stars, fc.array(words, {minLength: 20, maxLength: 20}), (pieces, texts) => {
				const text = pieces.join('').replace(/\/+/g, '/').replace('**/**', '**')
				const ours = new RegExp(`^${wildcardSource(text, dialect)}$`)
				const theirs = new RegExp(`^${plain(text, dialect)}$`)
				return texts.every((word) => ours.test(word.join('')) === theirs.test(word.join('')))
			}),
			{seed: SEED, numRuns: 2000},
		)
	t.pass()
})

test('a hostile pattern is decided at once', (t) => {
	const options = ['*a*a*a*a*a*a*a*a*b', '**a*b**a*b**a*b**a*b**c'].map(
		(value) => ({option: 'exclude', value}) as const,
	)
	const rules = answer(FilterRules.read(options, {root: ''}), () => undefined)
	const hostile = new FilterWalk(rules.on('sender'), () => undefined)
	const started = performance.now()
	t.is(hostile.decide('a'.repeat(4000), false), undefined)
	t.is(hostile.decide('ba'.repeat(2000), false), undefined)
	t.true(performance.now() - started < 1000)
})

const ignoreLine = fc.oneof(
	pattern,
	fc
		.tuple(
			fc.constantFrom('', '!', '/', '!/', '\\', ' '),
			pattern,
			fc.constantFrom('', '/', ' ', '\\ ', '  '),
		)
		.map((parts) => parts.join('')),
	fc.constantFrom(
		'**/a',
		'a/**',
		'**/b/',
		'a/**/b',
		'foo/**/a.o',
		'!**/a.o',
		'/**/foo',
		'**',
		'*/',
		'!*/',
		'#a',
		'\\#a',
		'\\!a',
		'!!a',
		'',
		'a\\',
		'x y ',
		'x\\ y',
		'*.o\r',
		'b\\\\',
		'\\[a]',
		'***/a',
		'a/***/b',
		'/',
		'!',
	),
)
const ignoreText = fc.array(ignoreLine, {minLength: 1, maxLength: 4}).map((lines) => lines.join('\n'))

withGit('ignore files choose what the real git check-ignore chooses', (t) => {
	fc.assert(
		fc.property(tree, ignoreText, ignoreText, (paths, top, inner) => {
			withTree(paths, (root) => {
				const directory = paths.find((path) => path.endsWith('/')) ?? ''
				writeFileSync(join(root, '.gitignore'), top)
				if (directory !== '') writeFileSync(join(root, directory, '.gitignore'), inner)
				const git = (args: string[], input = '') =>
					spawnSync('git', ['-c', 'core.excludesFile=/dev/null', ...args], {
						cwd: root,
						input,
						encoding: 'latin1',
					}).stdout
				git(['init', '-q'])
				const theirs = git(
					['check-ignore', '--no-index', '--stdin', '-z'],
					paths.map((path) => `${withoutSlash(path)}\0`).join(''),
				)
					.split('\0')
					.slice(0, -1)
				const stack = new IgnoreStack()
				stack.push(parseIgnore(top, '', '.gitignore'))
				stack.push(parseIgnore(inner, directory === '' ? 'none/' : directory, `${directory}.gitignore`))
				const left = prune(paths, (path) => stack.decide(path, path.endsWith('/'))?.negated === false)
				const ours = paths.filter((path) => !left.includes(path)).map(withoutSlash)
				if (theirs.join('\n') !== ours.join('\n'))
					throw new Error(
						`${JSON.stringify({directory})}\ngit  ${JSON.stringify(theirs)}\nours ${JSON.stringify(ours)}`,
					)
			})
		}),
		{seed: SEED, numRuns: 200},
	)
	t.pass()
})

test('sizes are what rsync takes them for', (t) => {
	for (const [text, bytes] of [
		['100', 100],
		['1K', 1024],
		['1.5m', 1.5 * 2 ** 20],
		['2GB', 2e9],
		['3kib', 3072],
		['1KiB-1', 1023],
		['10b+1', 11],
		['.5K', 512],
	] as const)
		t.is(parseSize(text), bytes, text)
	t.is(parseSize('100', 'K'), 102_400)
	t.is(parseSize('1.5', 'K'), 1536)
	for (const text of ['', 'K', '1X', '-1', '1 K', '1K+2', '1e9', '0-1'])
		t.is(parseSize(text), undefined, text)
})

test('a rule says what it is, and one that is none is refused', (t) => {
	const parsed = (text: string, setting: Partial<Setting> = {}) => {
		const rule = parseRule(text, 'f:1', {style: 'rules', ...setting})
		const {text: written, source, ...says} = rule ?? {}
		if (rule) t.deepEqual([written, source], [text, 'f:1'])
		return says
	}
	t.deepEqual(parsed('- a/'), {kind: 'exclude', pattern: 'a', directoryOnly: true})
	t.deepEqual(parsed('include,!s_a b'), {kind: 'include', pattern: 'a b', negated: true, side: 'sender'})
	t.deepEqual(parsed('-,sr a'), {kind: 'exclude', pattern: 'a', side: 'both'})
	t.deepEqual(parsed('Pp a'), {kind: 'exclude', pattern: 'a', side: 'receiver', perishable: true})
	t.deepEqual(parsed('-C'), {
		kind: 'cvs',
		pattern: '',
		merge: {words: true, alone: true, cvs: true, plain: 'exclude'},
	})
	t.deepEqual(parsed('dir-merge,-en .rules'), {
		kind: 'dir-merge',
		pattern: '.rules',
		merge: {plain: 'exclude', itself: true, alone: true},
	})
	t.deepEqual(parsed('clear'), {kind: 'clear', pattern: ''})
	t.deepEqual(parsed('! x', {style: 'patterns'}), {kind: 'exclude', pattern: '! x'})
	t.deepEqual(parsed('- a', {deleteExcluded: true}), {kind: 'exclude', pattern: 'a', side: 'sender'})
	t.deepEqual(parsed('P a', {deleteExcluded: true}), {kind: 'exclude', pattern: 'a', side: 'receiver'})
	for (const [text, why] of [
		['a', /no filter rule/],
		['excluded a', /no filter rule/],
		['-', /no pattern/],
		['- ', /no pattern/],
		['-q a', /'q' is no modifier/],
		['-n a', /'n' is no modifier/],
		['Ps a', /'s' is no modifier/],
		[':! a', /'!' is no modifier/],
		['! x', /nothing may follow/],
		['exclude\ta', /no blank/],
	] as const) {
		const error = t.throws(() => parseRule(text, '--filter', {style: 'rules'}), {message: why})
		t.true(error?.message.includes('in --filter'), text)
	}
})

test('files that merge each other without an end are refused', (t) => {
	const texts: Readonly<Record<string, string>> = {'/a': '. a', '/b': '. c\n. c', '/c': '. d\n. d'}
	const read = (path: string) =>
		texts[path] ?? (path.length < 12 ? `. ${path.slice(1)}x\n. ${path.slice(1)}x` : '')
	for (const name of ['a', 'b'])
		t.throws(() => answer(FilterRules.read([{option: 'filter', value: `. ${name}`}], {root: ''}), read), {
			message: /too many files of rules/,
		})
})

test('-F looks into the directories above the root, too', (t) => {
	const texts: Readonly<Record<string, string>> = {
		'/.rsync-filter': '- *.bak',
		'/home/.rsync-filter': '- /me/secret',
		'/home/me/.rsync-filter': '- /top',
		'/home/me/d/.rsync-filter': '+ keep.bak\n: more',
		'/home/me/d/more': '- x',
	}
	const asked: string[] = []
	const read = (path: string) => {
		asked.push(path)
		return texts[path]
	}
	const rules = answer(
		FilterRules.read([{option: 'filter', value: ': /.rsync-filter'}], {root: '/home/me'}),
		read,
	)
	const walk = new FilterWalk(rules.on('sender'), read)
	const kept = (path: string) => walk.decide(path, false)?.kind !== 'exclude'
	const paths = ['a.bak', 'secret', 'top', 'd/top', 'd/a.bak', 'd/keep.bak', 'd/x', 'x', 'e/x']
	t.deepEqual(paths.filter(kept), ['d/top', 'd/keep.bak', 'x', 'e/x'])
	t.deepEqual(asked.slice(0, 3), ['/.rsync-filter', '/home/.rsync-filter', '/home/me/.rsync-filter'])
	t.is(walk.decide('d/x', false)?.source, 'd/more:1')
	t.is(walk.decide('secret', false)?.source, '/home/.rsync-filter:1')
})

test('what the comparison with rsync has found', (t) => {
	const decided = (rules: readonly string[], texts: Readonly<Record<string, string>> = {}) => {
		const options = rules.map((value) => ({option: 'filter', value}) as const)
		const read = (path: string) => texts[path]
		const walk = new FilterWalk(answer(FilterRules.read(options, {root: ''}), read).on('receiver'), read)
		return (path: string, ignorePerishable = false) =>
			walk.decide(path, path.endsWith('/'), {ignorePerishable})?.kind
	}
	const slash = decided(['- a[/b]c', '- x/**/y', '-! *.c'])
	t.is(slash('abc'), 'exclude', 'by the last rule: a set with a slash matches nothing')
	t.is(slash('abc.c'), undefined)
	t.is(slash('x/y.c'), undefined)
	const perishable = decided([':p .rules'], {'/d/.rules': ':e .rules'})
	t.is(perishable('d/.rules'), 'exclude')
	t.is(perishable('d/.rules', true), undefined, 'what a perishable rule brings is perishable')
	const again = decided([': .rules'], {'/.rules': '- a', '/d/.rules': '!\n- b', '/d/e/.rules': '+ b'})
	t.deepEqual(
		[again('a'), again('d/a'), again('d/b'), again('d/e/b'), again('f/a')],
		['exclude', undefined, 'exclude', 'include', 'exclude'],
	)
	const wild = decided([': .rules'], {'/[a]/.rules': '- /x'})
	t.is(wild('[a]/x'), undefined, 'the name of the directory is a pattern there')
})
