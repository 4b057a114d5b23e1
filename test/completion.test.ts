// Completion in the shells themselves, each with a terminal of its own, where they are installed; bash without one is
// in test/commands/completion.txt.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import test from 'ava'
import {COMMANDS} from '../commands/table.ts'
import {splitLine} from '../src/cli/completion-scripts.ts'
import {s3r} from './support/run.ts'
import {testServer, type TestServer} from './support/server.ts'

let server: TestServer
const base = realpathSync(mkdtempSync(join(tmpdir(), 's3r-completion-')))

test.before(async () => {
	server = await testServer()
	mkdirSync(join(base, 'bin'))
	mkdirSync(join(base, 'home'))
	mkdirSync(join(base, 'side/dir'), {recursive: true})
	symlinkSync(resolve('dist/s3r.js'), join(base, 'bin/s3r'))
	writeFileSync(join(base, 'side/dir/object'), '')
	const side = {cwd: join(base, 'side'), env: {...server.env}}
	Object.assign(process.env, server.env)
	await s3r(['init', '--create-bucket', 'testrsync'], side)
	await s3r(['push', '-a'], side)
})
test.after.always(async () => {
	await server.stop()
	rmSync(base, {recursive: true, force: true, maxRetries: 5})
})

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

/** Runs a program beside the server, which is in this process; resolves to all that it said. */
async function run(program: string, argv: readonly string[], input = ''): Promise<string> {
	const env = {
		...server.env,
		PATH: `${join(base, 'bin')}:${process.env['PATH']}`,
		HOME: join(base, 'home'),
		TERM: 'dumb',
		LC_ALL: 'C.UTF-8',
	}
	const child = spawn(program, argv, {cwd: join(base, 'side'), env, timeout: 60_000})
	child.stdin.end(input)
	const said: Buffer[] = []
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece))
	await once(child, 'close')
	return Buffer.concat(said).toString()
}

test('a line is split as a shell splits it', (t) => {
	for (const [line, words] of [
		['s3r push ', ['s3r', 'push', '']],
		['s3r get \'a b\'\\ c"d\\"e', ['s3r', 'get', 'a b cd"e']],
		["s3r get ''", ['s3r', 'get', '']],
		["s3r get 'not ended", ['s3r', 'get', 'not ended']],
		['  s3r', ['s3r']],
	] as const)
		t.deepEqual(splitLine(line), [...words], line)
})

test('every command is completed, with all its options', async (t) => {
	const ask = async (...words: readonly string[]) =>
		(await s3r(['completion', '--words', '--', ...words], {cwd: join(base, 'side'), env: {...server.env}}))
			.stdout
	t.deepEqual((await ask('')).match(/^\S+(?=\t)/gm), Object.keys(COMMANDS))
	for (const [name, row] of Object.entries(COMMANDS)) {
		const {flags} = (await row.load()).default
		const offered = (await ask(name, '--')).match(/^--\S+(?=\t)/gm) ?? []
		t.deepEqual(
			offered.filter((option) => !option.startsWith('--no-') || Object.hasOwn(flags, option.slice(2))),
			Object.keys(flags).map((flag) => `--${flag}`),
			name,
		)
	}
})

test('bash completes what is typed at its prompt', async (t) => {
	if (!isThere('bash') || !isThere('script')) return t.log('skipped, for there is no bash or no script(1)')
	const typed =
		'eval "$(s3r completion bash)"\ns3r ls-remote testrsync di\t --name-only | tr a-z A-Z\ns3r ls-loc\t --name-only dir\nexit\n'
	const shown = await run('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], typed)
	t.regex(shown, /DIR\/OBJECT/)
	return t.regex(shown, /^dir\/object\r?$/m)
})

test('zsh completes what is typed at its prompt', async (t) => {
	if (!isThere('zsh')) return t.log('skipped, for there is no zsh')
	const script = [
		'zmodload zsh/zpty',
		'zpty shell zsh -f -i',
		`zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; eval "$(s3r completion zsh)"; print -r READ''Y'`,
		`zpty -r shell line '*READY*'`,
		`zpty -w -n shell $'s3r stat-object --format "found %(path)" s3://testrsync/dir/ob\\t; print -r DO""NE\\n'`,
		`zpty -r shell line '*DONE*'`,
		'print -r -- $line',
		`zpty -w -n shell $'s3r ls-loc\\t --name-only dir; print -r EN""D\\n'`,
		`zpty -r shell line '*END*'`,
		'print -r -- $line',
	].join('\n')
	const shown = await run('zsh', ['-f', '-c', script])
	t.regex(shown, /^found dir\/object\r?$/m)
	return t.regex(shown, /^dir\/object\r?$/m)
})

test('fish offers what s3r does', async (t) => {
	if (!isThere('fish')) return t.log('skipped, for there is no fish')
	const ask = (line: string) =>
		run('fish', ['--no-config', '-c', `s3r completion fish | source; complete -C ${JSON.stringify(line)}`])
	t.is(await ask('s3r ls-loc'), 'ls-local\tlist the files of the local side\n')
	t.is(await ask('s3r get s3://testrsync/d'), 's3://testrsync/dir/\n')
	return t.regex(await ask('s3r push --max-del'), /^--max-delete\t/)
})
