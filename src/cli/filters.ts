// The filters of the command line, in its order.

import {readFileSync} from 'node:fs'
import {errnoOf, fatal, reason, usage} from '../base/errors.ts'
import {forFs, fromUnicode, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {answerLater, type FilterOption} from '../format/filter-read.ts'
import {FilterRules} from '../format/filter.ts'
import {join, type Place} from '../repo/find.ts'
import type {Context, Ordered} from './command.ts'
import type {FilterValues} from './flags.ts'

/** What -F stands for; given again it stands for the second too. */
const RSYNC_FILTER = [': /.rsync-filter', '- .rsync-filter']

/** The rules that the options give; the files that they name are read, and '-' is the standard input. */
export function filterRules(
	{cwd, env, io}: Context,
	{root}: Pick<Place, 'root'>,
	flags: FilterValues,
	ordered: readonly Ordered[],
): Promise<FilterRules> {
	const options = filterOptions(ordered)
	if (flags['cvs-exclude']) options.push({option: 'cvs-exclude'})
	const home = env['HOME'] === undefined ? undefined : join(fromUnicode(env['HOME']), '.cvsignore')
	const settings = {
		root: root === '/' ? '' : root,
		cwd: cwd === '/' ? '' : cwd,
		nul: flags.from0,
		deleteExcluded: flags['delete-excluded'],
		cvs: {home, more: fromUnicode(env['CVSIGNORE'] ?? '')},
	}
	const read = async (file: Path) => (file === '-' ? whole(io.stdinChunks()) : readRules(file))
	return answerLater(FilterRules.read(options, settings), read)
}

function filterOptions(ordered: readonly Ordered[]): FilterOption[] {
	const perDirectory = [...RSYNC_FILTER]
	return ordered.flatMap(({name, value}): FilterOption[] => {
		switch (name) {
			case 'filter':
			case 'include':
			case 'exclude':
			case 'include-from':
			case 'exclude-from':
				return [{option: name, value}]
			case 'rsync-filter': {
				const rule = perDirectory.shift()
				return rule === undefined ? [] : [{option: 'filter', value: rule}]
			}
		}
		return []
	})
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<string> {
	let text = ''
	for await (const chunk of chunks) text += chunk.toString('latin1')
	return text
}

/** The text of a file of rules, undefined where there is none. */
function readRules(file: Path): string | undefined {
	try {
		return readFileSync(forFs(file), 'latin1')
	} catch (error) {
		const code = errnoOf(error)
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
		throw fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/** A number that an option was given; a usage error if it is none. */
export function numberOf(name: string, value: string | undefined): number | undefined {
	if (value === undefined) return undefined
	if (!/^\d{1,15}$/.test(value)) throw usage(`--${name} takes a whole number, not ${shown(value)}`)
	return Number(value)
}
