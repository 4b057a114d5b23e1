// Ignore files: s3r against git itself. And what filter rules promise besides what rsync does with them, for
// which see filter-rsync.test.ts.

import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import * as fc from 'fast-check'
import {withoutSlash} from '../src/base/path.ts'
import {answer} from '../src/format/filter-read.ts'
import {FilterRules, FilterWalk} from '../src/format/filter.ts'
import {IgnoreStack, parseIgnore} from '../src/format/gitignore.ts'
import {wildcardSource} from '../src/format/pattern.ts'
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
