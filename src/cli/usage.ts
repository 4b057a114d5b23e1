// What `-h` prints: the synopsis and one line an option, from the same table that parses.

import type {Command, Flag} from './command.ts'

/** Columns of the options; the text of a wider one begins on the next line, as in git. */
const WIDTH = 26

/** The usage text of a command, without a final newline. */
export function usageText(c: Command): string {
	const synopsis = c.synopsis.map((s, i) => `${i === 0 ? 'usage' : '   or'}: s3r ${c.name} ${s}`.trimEnd())
	const options = Object.entries(c.flags).map(([name, flag]) => {
		const left = `    ${optionText(name, flag)}`
		return left.length < WIDTH + 4
			? `${left.padEnd(WIDTH + 4)}${flag.help}`
			: `${left}\n${' '.repeat(WIDTH + 4)}${flag.help}`
	})
	return [...synopsis, ...(options.length > 0 ? ['', ...options] : [])].join('\n')
}

/** `-v, --[no-]verbose`, `--exclude <pattern>`. */
function optionText(name: string, flag: Flag): string {
	const short = flag.short === undefined ? '' : `-${flag.short}, `
	return flag.type === 'string'
		? `${short}--${name} <${flag.arg}>`
		: `${short}--${flag.negatable === true ? '[no-]' : ''}${name}`
}
