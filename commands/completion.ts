// s3r completion: print what a shell needs to complete the words of s3r, or what it may offer.

import {EXIT, usage} from '../src/base/errors.ts'
import {shown} from '../src/base/quote.ts'
import {fromUnicode} from '../src/base/path.ts'
import {command, type Context} from '../src/cli/command.ts'
import {complete} from '../src/cli/complete.ts'
import {brokenAt, SCRIPTS, SHELLS, splitLine} from '../src/cli/completion-scripts.ts'
import {exclusive} from '../src/cli/exclusive.ts'

export default command({
	name: 'completion',
	summary: 'let a shell complete commands, options and keys',
	synopsis: ['bash|zsh|fish', '--words [<word>...]', '--line <text> [--breaks <characters>]'],
	flags: {
		words: {type: 'boolean', help: 'print what the last of these words can be completed to'},
		line: {type: 'string', arg: 'text', help: 'the same for a line, which the shell has not read yet'},
		breaks: {
			type: 'string',
			arg: 'characters',
			help: "what parts words for the shell: bash's COMP_WORDBREAKS",
		},
	},

	async run(context, flags, args) {
		exclusive(flags, 'words', 'line')
		if (flags.line !== undefined) {
			const words = splitLine(flags.line).slice(1)
			return print(context, words, brokenAt(words.at(-1) ?? '', flags.breaks ?? ''))
		}
		if (flags.words) return print(context, args, 0)
		const [name, unexpected] = args
		if (unexpected !== undefined) throw usage(`unexpected argument ${shown(unexpected)}`)
		const shell = SHELLS.find((one) => one === name)
		if (shell === undefined)
			throw usage(
				name === undefined ? 'a shell is missing' : `${shown(name)} is not a shell that is known`,
				`one of ${SHELLS.join(', ')}`,
			)
		await context.io.record(SCRIPTS[shell])
		return EXIT.ok
	},
})

/** The kind of what is offered, then each candidate, without what the shell has of it already. */
async function print(context: Context, words: readonly string[], from: number): Promise<number> {
	const {kind, candidates} = await complete(context, words)
	await context.io.record(kind)
	// a name with one of these in it cannot be told by a line
	for (const {text, about} of candidates.filter((one) => !/[\t\n]/.test(one.text)))
		await context.io.record(`${text.slice(from)}${about === undefined ? '' : `\t${fromUnicode(about)}`}`)
	return EXIT.ok
}
