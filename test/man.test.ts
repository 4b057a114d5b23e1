// Every command has a page, and the page, `-h` and the table say the same (after git's
// t0450-txt-doc-vs-help). A command is three files of one name.

import {existsSync, readdirSync, readFileSync} from 'node:fs'
import test from 'ava'
import {COMMANDS} from '../commands/table.ts'
import type {Command, Flag} from '../src/cli/command.ts'

const pages = readdirSync('man').filter((f) => /\.[157]$/.test(f))
const names = Object.keys(COMMANDS)

/** The bin, the table, and the second bin are no commands. */
const NO_COMMANDS = ['s3r', 'table', 'git-remote-s3r']

const read = (page: string) => readFileSync(`man/${page}`, 'utf8')

/** The lines of one section of a page. */
function section(page: string, title: string): string[] {
	const lines = page.split('\n')
	const from = lines.indexOf(`.Sh ${title}`)
	const rest = from < 0 ? [] : lines.slice(from + 1)
	const to = rest.findIndex((l) => l.startsWith('.Sh '))
	return to < 0 ? rest : rest.slice(0, to)
}

/** What `.It Fl` says of an option: `v , -verbose`, `-acl Ar name`, `-[no-]path-style`. */
function documented(flag: Flag, name: string): string {
	const short = flag.short === undefined ? '' : `${flag.short} , `
	const no = flag.type === 'boolean' && flag.negatable === true ? '[no-]' : ''
	const value = flag.type === 'string' ? ` Ar ${flag.arg}` : ''
	return `${short}-${no}${name}${value}`
}

/** A SYNOPSIS in mdoc as `-h` writes it: `.Op Fl n Ar file` is `[-n <file>]`. One text for each `.Nm`. */
function synopses(lines: readonly string[]): string[] {
	const forms: string[][] = []
	for (const line of lines.filter((l) => l !== '' && !/^\.(\\"|Pp|Bk|Ek|Sm)/.test(l))) {
		if (line.startsWith('.Nm')) forms.push([])
		else forms.at(-1)?.push(macros(line))
	}
	return forms.map((words) => tidy(words.join(' ')))
}

function macros(line: string): string {
	let closing = ''
	let mode = ''
	const out = line
		.replace(/^\./, '')
		.split(' ')
		.flatMap((word) => {
			if (word === 'Op') {
				closing = ` ]${closing}`
				mode = ''
				return ['[']
			}
			if (word === 'Oo' || word === 'Oc') {
				mode = ''
				return word === 'Oo' ? ['['] : [']']
			}
			if (word === 'Ns') return ['\b']
			if (['Fl', 'Ar', 'Cm', 'No', 'Li'].includes(word)) {
				mode = word
				return []
			}
			if (['|', ',', '...', '=', ':'].includes(word)) return [word === '...' ? '\b...' : word]
			return mode === 'Fl' ? [`-${word}`] : mode === 'Ar' ? [`<${word}>`] : [word]
		})
	return out.join(' ') + closing
}

/** Without the blanks that brackets, `Ns` and ellipses swallow. */
const tidy = (text: string) =>
	text
		.replace(/ *\u0008 */g, '')
		.replace(/\[ +/g, '[')
		.replace(/ +\]/g, ']')
		.replace(/\s+/g, ' ')
		.replace(/ ?\| ?/g, '|')
		.trim()

const load = async (name: string): Promise<Command> => {
	const row = COMMANDS[name]
	if (row === undefined) throw new Error(name)
	return (await row.load()).default
}

for (const name of names)
	test(`s3r ${name} is what its page says`, async (t) => {
		const c = await load(name)
		const page = read(`s3r-${name}.1`)
		t.is(c.name, name)
		t.is(COMMANDS[name]?.summary, c.summary, 'the summary in the table')
		t.is(/^\.Nd (.*)$/m.exec(page)?.[1], c.summary, '.Nd')
		t.deepEqual(
			[...page.matchAll(/^\.It Fl (.*)$/gm)].map((m) => m[1]),
			Object.entries(c.flags).map(([n, f]) => documented(f, n)),
			'.It Fl',
		)
		t.deepEqual(synopses(section(page, 'SYNOPSIS')), c.synopsis.map(tidy), 'SYNOPSIS')
		t.deepEqual(
			section(page, 'SYNOPSIS').filter((l) => l.startsWith('.Nm')),
			c.synopsis.map(() => `.Nm s3r ${name}`),
			'.Nm',
		)
		const shorts = Object.values(c.flags).flatMap((f) => f.short ?? [])
		t.is(new Set(shorts).size, shorts.length, 'no short option twice')
	})

test('a command is three files of one name', (t) => {
	const files = readdirSync('commands').map((f) => f.replace(/\.ts$/, ''))
	const transcripts = readdirSync('test/commands').map((f) => f.replace(/\.txt$/, ''))
	t.deepEqual(
		files.filter((f) => !NO_COMMANDS.includes(f)).toSorted(),
		names.toSorted(),
		'commands/ and the table',
	)
	t.deepEqual(
		names.filter((n) => !pages.includes(`s3r-${n}.1`)),
		[],
		'without a page',
	)
	t.deepEqual(
		names.filter((n) => !transcripts.includes(n)),
		[],
		'without a transcript',
	)
})

test('a page of section 1 is that of a command', (t) => {
	const commands = ['s3r.1', 'git-remote-s3r.1', ...names.map((n) => `s3r-${n}.1`)]
	t.deepEqual(
		pages.filter((p) => p.endsWith('.1') && !commands.includes(p)),
		[],
	)
})

test('a page is called what its file is called', (t) => {
	for (const file of pages) {
		const [name, number] = [file.slice(0, -2), file.slice(-1)]
		t.regex(read(file), new RegExp(`^\\.Dt ${name.toUpperCase()} ${number}$`, 'm'), file)
		t.regex(read(file), new RegExp(`^\\.Sh NAME\\n\\.Nm ${name}\\n\\.Nd `, 'm'), file)
	}
})

test('a page that is referred to exists', (t) => {
	const dangling = pages.flatMap((file) =>
		[...read(file).matchAll(/\bXr ((?:s3r|git-remote-s3r)[a-z0-9-]*) (\d)/g)]
			.filter((m) => !existsSync(`man/${m[1]}.${m[2]}`))
			.map((m) => `${file}: ${m[1]}(${m[2]})`),
	)
	t.deepEqual(dangling, [])
})

test('s3r(1) names every command', (t) => {
	const listed = [...read('s3r.1').matchAll(/^\.It Xr s3r-([a-z0-9-]+) 1$/gm)].map((m) => m[1] ?? '')
	t.deepEqual(listed.toSorted(), names.toSorted())
})

test('npm installs every page', (t) => {
	const {man} = JSON.parse(readFileSync('package.json', 'utf8')) as {man?: string[]}
	t.deepEqual(
		man,
		pages.toSorted().map((p) => `man/${p}`),
		'scripts/list-man.mjs writes the list',
	)
})
