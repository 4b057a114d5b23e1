// Every line of s3r-tutorial(7) that is typed is typed here, into one bash, and answers as the page says.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import test from 'ava'

type Typed = {readonly command: string; readonly answer: readonly string[]}

/** A line of mdoc as it is shown. */
const shown = (line: string): string =>
	line.replace(/^\\&/, '').replaceAll('\\(dq', '"').replaceAll('\\e', '\\').replaceAll('\\-', '-')

/** What is typed in the displays of a page, each with the lines below it. */
function typedIn(page: string): Typed[] {
	return [...page.matchAll(/^\.Bd -literal.*\n([^]*?)^\.Ed$/gm)].flatMap(([, display = '']) => {
		const found: {command: string; answer: string[]}[] = []
		for (const line of display.split('\n').slice(0, -1).map(shown))
			if (line.startsWith('$ ')) found.push({command: line.slice(2), answer: []})
			else found.at(-1)?.answer.push(line)
		return found
	})
}

/** `...` is anything in a line, and any lines if it is a line. */
function matches(answer: readonly string[], said: string): boolean {
	const pattern = answer
		.map((line) =>
			line === '...'
				? '(?:.*\n)*'
				: `${line
						.split('...')
						.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
						.join('.*')}\n`,
		)
		.join('')
	return new RegExp(`^${pattern}$`).test(said)
}

const MARK = '--- typed ---'

test('the tutorial is true, line by line', async (t) => {
	if (spawnSync('rsync', ['--version']).error) return t.log('skipped, for there is no rsync')
	const home = realpathSync(mkdtempSync(join(tmpdir(), 's3r-tutorial-')))
	mkdirSync(join(home, 'bin'))
	symlinkSync(resolve('dist/s3r.js'), join(home, 'bin/s3r'))
	const typed = typedIn(readFileSync('man/s3r-tutorial.7', 'utf8'))
	t.true(typed.length > 30)
	const child = spawn('bash', ['--norc'], {
		cwd: home,
		detached: true,
		env: {
			PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
			HOME: home,
			TMPDIR: home,
			LC_ALL: 'C.UTF-8',
			TZ: 'UTC',
			AWS_EC2_METADATA_DISABLED: 'true',
		},
	})
	const {pid} = child
	t.teardown(() => {
		// the server, where the tutorial did not come to its end
		try {
			if (pid !== undefined) process.kill(-pid, 'SIGKILL')
		} catch {
			// all of them ended
		}
		rmSync(home, {recursive: true, force: true, maxRetries: 5})
	})
	const said: Buffer[] = []
	child.stdout.on('data', (piece: Buffer) => said.push(piece))
	const script = typed.map(({command}) => `{ ${command}\n} 2>&1; echo '${MARK}'\n`).join('')
	child.stdin.end(`exec 2>/dev/null\numask 022\n${script}`)
	await once(child, 'close')
	const answers = Buffer.concat(said).toString().split(`${MARK}\n`)
	t.is(answers.length, typed.length + 1)
	const wrong = [...typed.entries()]
		.filter(([at, {answer}]) => !matches(answer, answers[at] ?? ''))
		.map(([at, {command, answer}]) => `$ ${command}\n${answers[at]}--- the page says\n${answer.join('\n')}`)
	t.is(wrong.join('\n\n'), '')
})
