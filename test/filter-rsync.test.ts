// Filter rules: s3r against rsync itself. What a session finds, fast-check shrinks; the least case belongs
// among the examples. Another session: S3R_FILTER_SEED=1 S3R_FILTER_ROUNDS=5000 npx ava test/filter-rsync.test.ts

import {execFile, spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test from 'ava'
import * as fc from 'fast-check'
import {errnoOf, S3rError} from '../src/base/errors.ts'
import {answer, type FilterOption} from '../src/format/filter-read.ts'
import {FilterRules, FilterWalk} from '../src/format/filter.ts'
import {prune, treeOf} from './support/trees.ts'

const SEED = Number(process.env['S3R_FILTER_SEED'] ?? 4693)
const ROUNDS = Number(process.env['S3R_FILTER_ROUNDS'] ?? 125)
/** Trees in one round; each is a case of its own, for it has rules in its files. */
const TREES = 10
/** Command lines that each of them is tried with. */
const LISTS = 4
const withRsync = spawnSync('rsync', ['--version']).status === 0 ? test : test.skip

const word = fc.constantFrom(
	...'a b ab foo bar .o . * * ? ** *** / / / [ab] [!a] [^b] [a-c] []a] [--0] [b-a] a/b'.split(' '),
	...String.raw`[[:alpha:]] [[:punct:]-] [[:foo:]] [a \ \* \[ [\]a] [/a] .rules`.split(' '),
)
const pattern = fc.array(word, {minLength: 1, maxLength: 5}).map((pieces) => pieces.join(''))
const sentence = (...parts: readonly fc.Arbitrary<string>[]) =>
	fc.tuple(...parts).map((words) => words.join(''))
const rule = fc.oneof(
	{
		weight: 12,
		arbitrary: sentence(
			fc.constantFrom('-', '+', '-', '+', 'exclude,', 'include,'),
			fc.constantFrom('', '', '', '', '', 's', 'r', 'p', '!', '/', 'sr', 'p!', 'x', '!/s'),
			fc.constantFrom(' ', ' ', '_'),
			pattern,
		),
	},
	{
		weight: 3,
		arbitrary: sentence(
			fc.constantFrom('H', 'S', 'P', 'R', 'hide', 'show', 'protect', 'risk', 'H!', 'P,p'),
			fc.constantFrom(' ', '_'),
			pattern,
		),
	},
	{weight: 2, arbitrary: fc.constantFrom('!', 'clear', '-C', '# no rule', '; none', '')},
)
const dirMerge = fc.constantFrom(
	...': .rules|:n .rules|:e .rules|:- .rules|:+ .rules|:w- .rules|:p .rules|: /.rules|:nw .rules'.split('|'),
	...':C|dir-merge,- .more|: .more|: a/.more|:- ../.more|dir-merge,ne_.more|:/ .rules|. /more|.- more'.split(
		'|',
	),
)
const fileLine = fc.oneof(
	{weight: 1000, arbitrary: rule},
	{weight: 75, arbitrary: dirMerge},
	{weight: 1, arbitrary: pattern},
)
const fileText = fc.array(fileLine, {minLength: 1, maxLength: 4}).map((lines) => lines.join('\n'))
/** Without a lone '!': rsync 3.2.7 refuses it, later ones do not. */
const cvsText = fc
	.array(pattern, {minLength: 1, maxLength: 4})
	.map((words) => words.join(' ').replaceAll('!', ''))

const option = fc.oneof(
	{weight: 6, arbitrary: rule.map((value): FilterOption => ({option: 'filter', value}))},
	{weight: 4, arbitrary: dirMerge.map((value): FilterOption => ({option: 'filter', value}))},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom(':s .rules', ':r .more')
			.map((value): FilterOption => ({option: 'filter', value})),
	},
	{
		weight: 3,
		arbitrary: fc
			.tuple(fc.constantFrom('include', 'exclude'), pattern)
			.map(([name, value]): FilterOption => ({option: name, value})),
	},
	{weight: 1, arbitrary: fc.constant<FilterOption>({option: 'cvs-exclude'})},
)

/** A tree, and the texts of files in it: their places are chosen among its directories. */
const grove = fc.tuple(
	treeOf(3, 9),
	fc.array(
		fc.oneof(
			{weight: 5, arbitrary: fc.tuple(fc.nat(9), fc.constantFrom('.rules', '.rules', '.more'), fileText)},
			{weight: 1, arbitrary: fc.tuple(fc.nat(9), fc.constant('.cvsignore'), cvsText)},
		),
		{maxLength: 3},
	),
)
const list = fc
	.tuple(fc.array(option, {maxLength: 4}), fc.boolean())
	.map(([options, always]): FilterOption[] =>
		always ? [...options, {option: 'filter', value: ': .rules'}] : options,
	)
const round = fc.record({
	groves: fc.array(grove, {minLength: TREES, maxLength: TREES}),
	lists: fc.array(list, {minLength: LISTS, maxLength: LISTS}),
})
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never

/** Makes the trees below `root`; returns all paths, directories with a final '/'. */
function plant(root: string, groves: Round['groves']): string[] {
	const paths = new Set<string>()
	for (const [i, [tree, files]] of groves.entries()) {
		const directories = [
			`t${i}/`,
			...tree.filter((path) => path.endsWith('/')).map((path) => `t${i}/${path}`),
		]
		for (const path of directories) mkdirSync(join(root, path), {recursive: true})
		for (const path of directories) paths.add(path)
		for (const path of tree.filter((name) => !name.endsWith('/'))) {
			writeFileSync(join(root, `t${i}/${path}`), '')
			paths.add(`t${i}/${path}`)
		}
		for (const [at, name, text] of files) {
			const path = `${directories[at % directories.length]}${name}`
			writeFileSync(join(root, path), text, 'latin1')
			paths.add(path)
		}
	}
	return [...paths].toSorted()
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, 'latin1')
	} catch (error) {
		if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
		throw error
	}
}

const argument = (given: FilterOption): string =>
	given.option === 'cvs-exclude' ? '-C' : `--${given.option}=${given.value}`

/** As rsync has it, -C stands at the end. */
const inOrder = (options: readonly FilterOption[]) => [
	...options.filter(({option: name}) => name !== 'cvs-exclude'),
	...options.filter(({option: name}) => name === 'cvs-exclude').slice(0, 1),
]

withRsync('filter rules choose what the real rsync chooses', async (t) => {
	t.log(`seed ${SEED}, ${ROUNDS} rounds of ${TREES} trees with ${LISTS} command lines each`)
	let refused = 0
	const base = mkdtempSync(join(tmpdir(), 's3r-filter-'))
	const root = join(base, 'root')
	try {
		mkdirSync(join(base, 'home'))
		writeFileSync(join(base, 'home/.cvsignore'), 'ba* -\nfoo')
		writeFileSync(join(base, 'more'), 'b*\n+ a\n')
		await fc.assert(
			fc.asyncProperty(round, async ({groves, lists}) => {
				mkdirSync(root)
				try {
					const paths = plant(root, groves)
					// rsync sleeps before it ends
					const answers = await Promise.all(lists.map((options) => chosenByRsync(options, base)))
					for (const [i, options] of lists.entries()) {
						const theirs = answers[i]
						const ours = chosen(paths, options, base)
						if (theirs === undefined) refused++
						if (theirs?.join('\n') !== ours?.join('\n')) throw difference(options, theirs, ours)
					}
				} finally {
					rmSync(root, {recursive: true})
				}
			}),
			{seed: SEED, numRuns: ROUNDS, includeErrorInReport: true},
		)
	} finally {
		rmSync(base, {recursive: true})
	}
	t.log(`${refused} command lines were refused by both`)
	t.true(refused < (ROUNDS * LISTS) / 3)
})

const MORE = 'x*'

/** What rsync chooses of what is in `root`, in order; undefined if it refuses the rules. */
function chosenByRsync(options: readonly FilterOption[], base: string): Promise<string[] | undefined> {
	const args = ['-rn8', '--out-format=%n', ...options.map(argument), 'root/', 'none/']
	const env = {...process.env, HOME: join(base, 'home'), CVSIGNORE: MORE}
	return new Promise((resolve, reject) =>
		execFile('rsync', args, {encoding: 'latin1', cwd: base, env}, (error, stdout) => {
			if (error?.code === 1 || error?.code === 11) resolve(undefined)
			else if (error) reject(error)
			else
				resolve(
					stdout
						.split('\n')
						.filter((line) => line !== '' && line !== './')
						.toSorted(),
				)
		}),
	)
}

/** What we choose of the paths; undefined if we refuse the rules. */
function chosen(
	paths: readonly string[],
	options: readonly FilterOption[],
	cwd: string,
): string[] | undefined {
	const cvs = {home: join(cwd, 'home/.cvsignore'), more: MORE}
	try {
		const settings = {root: join(cwd, 'root'), cwd, cvs}
		const rules = answer(FilterRules.read(inOrder(options), settings), read)
		const walk = new FilterWalk(rules.on('sender'), read)
		return prune(paths, (path) => walk.decide(path, path.endsWith('/'))?.kind === 'exclude')
	} catch (error) {
		if (error instanceof S3rError) return undefined
		throw error
	}
}

const difference = (
	options: readonly FilterOption[],
	theirs: readonly string[] = ['refused'],
	ours: readonly string[] = ['refused'],
): Error =>
	new Error(
		[
			options.map(argument).join(' '),
			`only rsync ${JSON.stringify(theirs.filter((p) => !ours.includes(p)))}`,
			`only ours ${JSON.stringify(ours.filter((p) => !theirs.includes(p)))}`,
		].join('\n'),
	)
