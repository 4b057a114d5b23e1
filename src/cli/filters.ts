// The filters of the command line, in its order.

import {readFileSync} from 'node:fs'
import {errnoOf, fatal, reason, usage} from '../base/errors.ts'
import {forFs, fromUnicode, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {answerLater, type FilterOption} from '../format/filter-read.ts'
import {FilterRules} from '../format/filter.ts'
import {absolute, join, type Place} from '../repo/find.ts'
import {backupOf} from './choices.ts'
import type {Context, Ordered} from './command.ts'
import type {FilterValues} from './flags.ts'

/** What -F stands for; given again it stands for the second too. */
const RSYNC_FILTER = [': /.rsync-filter', '- .rsync-filter']

/** The rules that the options give; the files that they name are read, and '-' is the standard input. */
export function filterRules(
	context: Context,
	{root}: Pick<Place, 'root'>,
	flags: FilterValues,
	ordered: readonly Ordered[],
): Promise<FilterRules> {
	const {cwd, env} = context
	const [first, second] = ordered.filter(({name, value}) => value === '-' && READ.has(name))
	if (first && second) throw usage(`--${first.name} and --${second.name} cannot both read the standard input`)
	const options = filterOptions(ordered)
	const backup = flags['delete-excluded'] ? undefined : backupOf(flags)
	// as in rsync, what was kept is not deleted by the next run
	if (backup)
		options.push({option: 'filter', value: `P ${backup.dir === '' ? `*${backup.suffix}` : `/${backup.dir}`}`})
	if (flags['cvs-exclude']) options.push({option: 'cvs-exclude'})
	const home = env['HOME'] === undefined ? undefined : join(fromUnicode(env['HOME']), '.cvsignore')
	const settings = {
		root: root === '/' ? '' : root,
		cwd: cwd === '/' ? '' : cwd,
		nul: flags.from0,
		deleteExcluded: flags['delete-excluded'],
		cvs: {home, more: fromUnicode(env['CVSIGNORE'] ?? '')},
	}
	return answerLater(FilterRules.read(options, settings), (file) => readText(context, file))
}

/** Options whose values are files to read. */
const READ = new Set(['files-from', 'include-from', 'exclude-from'])

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

/** The text of a file as bytes, undefined where there is none; '-' is the standard input. */
export async function readText({cwd, io}: Context, file: Path): Promise<string | undefined> {
	if (file === '-') {
		let text = ''
		for await (const chunk of io.stdinChunks()) text += chunk.toString('latin1')
		return text
	}
	try {
		return readFileSync(forFs(absolute(cwd, file)), 'latin1')
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
