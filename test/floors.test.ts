// The floor plan, enforced: a file imports only from its own floor and from lower ones, and never in
// a circle. HACKING.md draws it.

import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, normalize} from 'node:path'
import test from 'ava'

const FLOORS: Record<string, number> = {
	'src/base': 0,
	'src/format': 1,
	'src/algo': 2,
	'src/local': 3,
	'src/store': 3,
	'src/serve': 3,
	'src/repo': 4,
	'src/sync': 5,
	'src/peer': 6,
	'src/cli': 7,
	commands: 8,
}

/** Neighbours on one floor that do not see each other. */
const APART = ['src/local', 'src/store', 'src/serve']

const files = ['src', 'commands']
	.flatMap((d) => readdirSync(d, {recursive: true, encoding: 'utf8'}).map((f) => join(d, f)))
	.filter((f) => f.endsWith('.ts'))
	.toSorted()
const text = new Map(files.map((f) => [f, readFileSync(f, 'utf8')]))

const room = (file: string) => (file.startsWith('src/') ? file.split('/').slice(0, 2).join('/') : 'commands')
const floor = (file: string) => FLOORS[room(file)] ?? -1

const withoutComments = (source: string) =>
	source.replace(/^\s*(\/\/|\/?\*).*$/gm, '').replace(/\s\/\/ .*$/gm, '')

type Import = {readonly name: string; readonly type: boolean}

/** Every module a file names, in whichever way. */
const named = (file: string): Import[] =>
	[
		...withoutComments(text.get(file) ?? '').matchAll(
			/\b(?:import|export)\s*(?:\(\s*|(type\s)?[\w*{][^'"]*?\sfrom\s*)?'([^']+)'/g,
		),
	].map((m) => ({name: m[2] ?? '', type: m[1] !== undefined}))
const path = (file: string, {name}: Import) => normalize(join(dirname(file), name))
const inside = (file: string) => named(file).filter(({name}) => name.startsWith('.'))
const imports = (file: string) => inside(file).map((i) => path(file, i))
const having = (pattern: RegExp) => files.filter((f) => pattern.test(withoutComments(text.get(f) ?? '')))
const importing = (pattern: RegExp) => files.filter((f) => named(f).some(({name}) => pattern.test(name)))

test('every file lies on a floor', (t) => {
	t.deepEqual(
		files.filter((f) => floor(f) < 0),
		[],
	)
})

test('a file imports only its own floor and lower ones', (t) => {
	const upward = files.flatMap((f) =>
		imports(f)
			.filter((i) => floor(i) > floor(f))
			.map((i) => `${f} imports ${i}`),
	)
	t.deepEqual(upward, [])
})

test('the disk, the bucket and the server do not import each other', (t) => {
	const across = files.flatMap((f) =>
		imports(f)
			.filter((i) => room(i) !== room(f) && APART.includes(room(i)) && APART.includes(room(f)))
			.map((i) => `${f} imports ${i}`),
	)
	t.deepEqual(across, [])
})

/** `import type` is gone when the program runs. */
test('no circle of imports', (t) => {
	const done = new Set<string>()
	const circles: string[] = []
	const visit = (file: string, via: readonly string[]) => {
		if (via.includes(file)) circles.push([...via.slice(via.indexOf(file)), file].join(' -> '))
		if (via.includes(file) || done.has(file)) return
		for (const i of inside(file).filter(({type}) => !type)) visit(path(file, i), [...via, file])
		done.add(file)
	}
	for (const file of files) visit(file, [])
	t.deepEqual(circles, [])
})

test('only src/store/s3*.ts imports the SDK', (t) => {
	t.deepEqual(
		importing(/^@(aws-sdk|smithy)\//).filter((f) => !/^src\/store\/s3[^/]*\.ts$/.test(f)),
		[],
	)
})

test('only src/cli/color.ts imports chalk', (t) => {
	t.deepEqual(importing(/^chalk$/), ['src/cli/color.ts'])
})

test('only src/peer/git imports isomorphic-git', (t) => {
	t.deepEqual(
		importing(/^isomorphic-git/).filter((f) => !f.startsWith('src/peer/git')),
		[],
	)
})

test('only the bins touch the process', (t) => {
	const bins = ['commands/s3r.ts', 'commands/git-remote-s3r.ts']
	const touching = having(
		/\bprocess\.(argv|exit|exitCode|stdout|stdin|stderr|on|once|chdir|abort)\b|\bnew Io\(process/,
	)
	t.deepEqual(
		touching.filter((f) => !bins.includes(f)),
		[],
	)
})

test('nothing prints by console', (t) => {
	t.deepEqual(having(/\bconsole\./), [])
})
