// The format floor: text and bytes <-> values.

import {execFileSync, spawnSync} from 'node:child_process'
import test from 'ava'
import fc from 'fast-check'
import {FilterRules, parseRule, type Rule} from '../src/format/filter.ts'
import {prune, tree, withTree} from './support/trees.ts'

const SEED = 4693
const has = (program: string) => spawnSync(program, ['--version']).status === 0
const withRsync = has('rsync') ? test : test.skip

// --- filter rules

const rule = (kind: 'include' | 'exclude') => (pattern: string) => ({kind, pattern}) satisfies Rule
const exclude = rule('exclude')
const include = rule('include')
const excluded = (rules: readonly Rule[], path: string) =>
	new FilterRules(rules).decide(path, path.endsWith('/'))?.kind === 'exclude'

const piece = fc.constantFrom(
	...[
		'a',
		'b',
		'ab',
		'foo',
		'bar',
		'.o',
		'.',
		'*',
		'*',
		'?',
		'**',
		'***',
		'/',
		'/',
		'/',
		'[ab]',
		'[!a]',
		'[^b]',
	],
	...[
		'[a-c]',
		'[]a]',
		'[[:alpha:]]',
		'[[:punct:]-]',
		'[[:foo:]]',
		'[a',
		'\\',
		'\\*',
		'\\[',
		'[\\]a]',
		'[--0]',
		'[b-a]',
	],
)
const pattern = fc
	.array(piece, {minLength: 1, maxLength: 6})
	.map((pieces) => pieces.join(''))
	.filter((text) => !text.includes('//'))
const rules = fc.array(fc.tuple(fc.constantFrom('include', 'exclude'), pattern), {minLength: 1, maxLength: 5})

withRsync('filter rules choose what the real rsync chooses', (t) => {
	fc.assert(
		fc.property(tree, fc.array(rules, {minLength: 10, maxLength: 10}), (paths, lists) => {
			withTree(paths, (root) => {
				for (const list of lists) {
					const ours = new FilterRules(
						list.map(([kind, text]) => parseRule(text, kind as 'include') ?? exclude('')),
					)
					const left = prune(paths, (path) => ours.decide(path, path.endsWith('/'))?.kind === 'exclude')
					const args = list.map(([kind, text]) => `--${kind}=${text}`)
					const printed = execFileSync('rsync', [
						'-rn8',
						'--out-format=%n',
						...args,
						`${root}/`,
						`${root}/none`,
					])
					const theirs = printed
						.toString('latin1')
						.split('\n')
						.filter((line) => line !== '' && line !== './')
					if (theirs.toSorted().join('\n') !== left.join('\n'))
						throw new Error(
							`${JSON.stringify(args)}\nrsync ${JSON.stringify(theirs.toSorted())}\nours  ${JSON.stringify(left)}`,
						)
				}
			})
		}),
		{seed: SEED, numRuns: 30},
	)
	t.pass()
})
