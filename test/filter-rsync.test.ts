// Filter rules: s3r against rsync itself. What a session finds, fast-check shrinks; the least case belongs
// among the examples. Another session: S3R_FILTER_SEED=1 S3R_FILTER_ROUNDS=500 npx ava test/filter-rsync.test.ts

import {execFile, spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import * as fc from './support/properties.ts'
import {errnoOf, S3rError} from '../src/base/errors.ts'
import {answer, type FilterOption} from '../src/format/filter-read.ts'
import {FilterRules, FilterWalk} from '../src/format/filter.ts'
import {TYPE} from '../src/format/entry.ts'
import {IndexBuilder} from '../src/format/index-builder.ts'
import type {IndexFile} from '../src/format/index-file.ts'
import {type Direction, plan} from '../src/sync/plan.ts'
import {selection} from '../src/sync/select.ts'
import {prune, treeOf} from './support/trees.ts'

const SEED = Number(process.env['S3R_FILTER_SEED'] ?? 4693)
/** Trees in one round; each is a case of its own, for it has rules in its files. */
const TREES = 20
/** Command lines that each of them is tried with. */
const LISTS = 8
/** Of each of the two tests, in as many parts, so that a slow machine shows that it goes on. */
const ROUNDS = Number(process.env['S3R_FILTER_ROUNDS'] ?? 4)
const PARTS = [1, 2, 3, 4]
const withRsync = spawnSync('rsync', ['--version']).status === 0 ? test.serial : test.serial.skip

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
	...':C|dir-merge,- .more|: .more|: a/.more|:- ../.more|dir-merge,ne_.more|:/ .rules|.- more'.split('|'),
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
const groves = fc.array(grove, {minLength: TREES, maxLength: TREES})
const lists = fc.array(list, {minLength: LISTS, maxLength: LISTS})
type Groves = typeof groves extends fc.Arbitrary<infer T> ? T : never

/** Makes the trees below `root`; returns all paths, directories with a final '/'. */
function plant(root: string, wanted: Groves): string[] {
	const paths = new Set<string>()
	for (const [i, [tree, files]] of wanted.entries()) {
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
	writeFileSync(join(root, 'more'), 'b*\na\n')
	return [...paths.add('more')].toSorted()
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

for (const part of PARTS)
	withRsync(`filter rules choose what the real rsync chooses, ${part}`, (t) => choosesAlike(t, SEED + part))

async function choosesAlike(t: ExecutionContext, seed: number): Promise<void> {
	let refused = 0
	await withBase(async (base) => {
		const root = join(base, 'root')
		await fc.assert(
			fc.asyncProperty(groves, lists, async (wanted, given) => {
				mkdirSync(root)
				try {
					const paths = plant(root, wanted)
					const answers = await eachByRsync(given, ['--out-format=%n', 'root/', 'none/'], base)
					for (const [i, options] of given.entries()) {
						const theirs = answers[i]?.filter((line) => line !== './').toSorted()
						const ours = chosen(paths, options, base)
						if (theirs === undefined) refused++
						if (theirs?.join('\n') !== ours?.join('\n')) throw difference(options, theirs, ours)
					}
				} finally {
					rmSync(root, {recursive: true})
				}
			}),
			{seed, numRuns: ROUNDS, includeErrorInReport: true},
		)
	})
	t.log(
		`seed ${seed}: ${ROUNDS} rounds of ${TREES} trees with ${LISTS} command lines, ${refused} refused by both`,
	)
	t.true(refused < ROUNDS * LISTS)
}

/** What the other side has besides, and what it lacks, by numbers. */
const others = fc.array(fc.tuple(grove, fc.array(fc.nat(30), {maxLength: 3})), {
	minLength: TREES,
	maxLength: TREES,
})
const excluded = fc.array(fc.boolean(), {minLength: LISTS, maxLength: LISTS})

for (const part of PARTS)
	withRsync(`hide and show, protect and risk delete what the real rsync deletes, ${part}`, (t) =>
		deletesAlike(t, SEED + part),
	)

async function deletesAlike(t: ExecutionContext, seed: number): Promise<void> {
	let [refused, deletions] = [0, 0]
	await withBase(async (base) => {
		await fc.assert(
			fc.asyncProperty(groves, others, lists, excluded, async (wanted, more, given, deleteExcluded) => {
				const roots = ['root', 'there'].map((name) => join(base, name))
				for (const root of roots) mkdirSync(root)
				try {
					const here = plant(join(base, 'root'), wanted)
					const there = plantBeside(join(base, 'there'), here, wanted, more)
					const ask = (flag: string, at: boolean) => {
						const asked = given.map((options, i) => (deleteExcluded[i] === at ? options : undefined))
						return eachByRsync(asked, ['-i', flag, 'root/', 'there/'], base)
					}
					const plainly = await ask('--delete', false)
					const all = await ask('--delete-excluded', true)
					for (const [i, options] of given.entries()) {
						const theirs = doneBy((deleteExcluded[i] ? all : plainly)[i])
						// rsync reads the rules of directories, too, where nothing is to be deleted
						if (theirs === undefined) {
							refused++
							continue
						}
						deletions += theirs.filter((line) => line.startsWith('D')).length
						for (const direction of ['push', 'pull'] as const) {
							const ours = planned(direction, here, there, options, {
								base,
								deleteExcluded: deleteExcluded[i] ?? false,
							})
							if (theirs.join('\n') !== ours?.join('\n'))
								throw difference(
									[...options, {option: 'filter', value: `${direction} ${deleteExcluded[i]}`}],
									theirs,
									ours,
								)
						}
					}
				} finally {
					for (const root of roots) rmSync(root, {recursive: true})
				}
			}),
			{seed, numRuns: ROUNDS, includeErrorInReport: true},
		)
	})
	t.log(`seed ${seed}: ${ROUNDS} rounds of ${TREES} trees with ${LISTS} command lines`)
	t.log(`${refused} refused by rsync, ${deletions} deletions`)
	t.true(refused < ROUNDS * LISTS && deletions > ROUNDS)
}

const MORE = 'x*'

/** A directory with what rules may name outside the trees. */
async function withBase(use: (base: string) => Promise<void>): Promise<void> {
	const base = mkdtempSync(join(tmpdir(), 's3r-filter-'))
	try {
		mkdirSync(join(base, 'home'))
		writeFileSync(join(base, 'home/.cvsignore'), 'ba* -\nfoo')
		writeFileSync(join(base, 'more'), 'b*\n+ a\n')
		await use(base)
	} finally {
		rmSync(base, {recursive: true})
	}
}

/** Makes the other side: the same, but for some files, and some more where nothing of another type is. */
function plantBeside(
	root: string,
	here: readonly string[],
	wanted: Groves,
	besides: readonly (readonly [Groves[number], readonly number[]])[],
): string[] {
	const known = new Set(here)
	const clashes = (path: string) => known.has(path.endsWith('/') ? path.slice(0, -1) : `${path}/`)
	const leads = (path: string) =>
		path
			.split('/')
			.slice(0, -1)
			.map((_, n, parts) => parts.slice(0, n + 1).join('/'))
	const more = besides.map(([[tree, files]], i): Groves[number] => [
		tree.filter(
			(path) => !clashes(`t${i}/${path}`) && !leads(`t${i}/${path}`).some((name) => known.has(name)),
		),
		files,
	])
	const extra = plant(root, more)
	plant(root, wanted)
	const there = new Set([...extra, ...here])
	for (const [i, [, drops]] of besides.entries()) {
		const files = here.filter(
			(path) => path.startsWith(`t${i}/`) && !/(\/|\.rules|\.more|\.cvsignore)$/.test(path),
		)
		for (const drop of drops) {
			const path = files[drop]
			if (path === undefined || !there.delete(path)) continue
			rmSync(join(root, path))
		}
	}
	return [...there].toSorted()
}

/** What rsync prints of each list of options; undefined for one that it refuses, and for none. */
function eachByRsync(
	given: readonly (readonly FilterOption[] | undefined)[],
	args: readonly string[],
	base: string,
): Promise<(readonly string[] | undefined)[]> {
	const env = {...process.env, HOME: join(base, 'home'), CVSIGNORE: MORE}
	const one = (options: readonly FilterOption[]) =>
		new Promise<readonly string[] | undefined>((resolve, reject) =>
			execFile(
				'rsync',
				['-rn8', ...options.map(argument), ...args],
				{encoding: 'latin1', cwd: base, env},
				(error, stdout) => {
					if (error?.code === 1 || error?.code === 11) resolve(undefined)
					else if (error) reject(error)
					else resolve(stdout.split('\n').filter((line) => line !== ''))
				},
			),
		)
	// all at once: rsync sleeps before it ends
	return Promise.all(given.map(async (options) => options && one(options)))
}

/**
 * What rsync deletes (D) and makes (A), of what it itemized. A directory that holds something which stays is
 * itemized too, with -n alone, but rsync says that it cannot be deleted.
 */
function doneBy(lines: readonly string[] | undefined): string[] | undefined {
	if (lines === undefined) return undefined
	const found = (form: RegExp) => lines.flatMap((line) => form.exec(line)?.[1] ?? [])
	const held = new Set(found(/^cannot delete non-empty directory: (.*)$/))
	const deleted = found(/^\*deleting {3}(.*)$/).filter(
		(path) => !(path.endsWith('/') && held.has(path.slice(0, -1))),
	)
	const made = found(/^[>c][fd]\+{9} (.*)$/)
	return [...deleted.map((path) => `D ${path}`), ...made.map((path) => `A ${path}`)].toSorted()
}

/** What we choose of the paths; undefined if we refuse the rules. */
function chosen(
	paths: readonly string[],
	options: readonly FilterOption[],
	base: string,
): string[] | undefined {
	return unlessRefused(() => {
		const walk = new FilterWalk(rulesOf(options, join(base, 'root'), base).on('sender'), read)
		return prune(paths, (path) => walk.decide(path, path.endsWith('/'))?.kind === 'exclude')
	})
}

/** What a push or a pull with --delete would do, were all that is there on both sides the same. */
function planned(
	direction: Direction,
	from: readonly string[],
	to: readonly string[],
	options: readonly FilterOption[],
	{base, deleteExcluded}: {readonly base: string; readonly deleteExcluded: boolean},
): string[] | undefined {
	const [local, remote] = direction === 'push' ? [from, to] : [to, from]
	const place = (side: readonly string[]) => join(base, side === from ? 'root' : 'there')
	return unlessRefused(() => {
		const root = place(local)
		const rules = rulesOf(options, root, base, deleteExcluded)
		const chooses = selection({root, dir: join(base, 'none'), rules, direction})
		const isRules = (path: string) => /(^|\/)\.(rules|more|cvsignore)$/.test(path)
		const texts = remote.filter(isRules).map((path) => [path, read(join(place(remote), path))] as const)
		const gone = local.filter((path) => isRules(path) && !remote.includes(path))
		chooses.learn(
			direction === 'push'
				? new Map(texts.filter(([path]) => !local.includes(path)))
				: new Map([...texts, ...gone.map((path) => [path, undefined] as const)]),
		)
		const items = plan(indexOf(local, remote), {direction, delete: true, selection: chooses})
		return Array.from(items, ({status, entry}) => `${status} ${entry.path}`).toSorted()
	})
}

/** An index in which all that is there on both sides is in sync, and all was once. */
function indexOf(local: readonly string[], remote: readonly string[]): IndexFile {
	const [here, there] = [new Set(local), new Set(remote)]
	const builder = new IndexBuilder()
	for (const path of [...new Set([...local, ...remote])].toSorted()) {
		const isDir = path.endsWith('/')
		const md5 = isDir ? undefined : '0'.repeat(32)
		const attrs = '1'.repeat(16)
		builder.add({
			path,
			base: {type: isDir ? TYPE.directory : TYPE.file, md5, attrs},
			...(here.has(path) && {attrs, local: {...FILE, mode: isDir ? 0o40755 : 0o100644, md5}}),
			...(there.has(path) && {remote: {etag: md5 ?? 'e', size: 0}}),
		})
	}
	return builder.finish({scanned: 1n, device: 0n})
}

const FILE = {size: 0, mtime: 0n, ctime: 0n, ino: 1n, uid: 0, gid: 0}

const rulesOf = (
	options: readonly FilterOption[],
	root: string,
	base: string,
	deleteExcluded = false,
): FilterRules => {
	const cvs = {home: join(base, 'home/.cvsignore'), more: MORE}
	return answer(FilterRules.read(inOrder(options), {root, cwd: base, cvs, deleteExcluded}), read)
}

function unlessRefused(choose: () => string[]): string[] | undefined {
	try {
		return choose()
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
