// What `-h` prints: the synopsis and one line an option, from the same table that parses.

import type {Command, Flag} from './command.ts'

/** Columns of a line of the synopsis. */
const LINE = 80
/** Columns of the options; the text of a wider one begins on the next line, as in git. */
const WIDTH = 26

/** The usage text of a command, without a final newline. */
export function usageText(c: Command): string {
	const synopsis = c.synopsis.map((s, i) => wrapped(`${i === 0 ? 'usage' : '   or'}: s3r ${c.name}`, s))
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

/** One way of calling, on as many lines as it needs; what is in brackets stays on one. */
function wrapped(start: string, synopsis: string): string {
	const indent = ' '.repeat(start.length)
	const lines = [start]
	for (const piece of pieces(synopsis)) {
		const line = `${lines.at(-1)} ${piece}`
		if (line.length <= LINE) lines[lines.length - 1] = line
		else lines.push(`${indent} ${piece}`)
	}
	return lines.join('\n')
}

/** The words of a synopsis: `[-q]`, `[<remote> [<prefix>]]`, `<file>...`. */
function pieces(synopsis: string): string[] {
	const found: string[] = []
	let depth = 0
	for (const word of synopsis.split(' ').filter((w) => w !== '')) {
		if (depth > 0) found.push(`${found.pop()} ${word}`)
		else found.push(word)
		depth += word.split('[').length - word.split(']').length
	}
	return found
}
