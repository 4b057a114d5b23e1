// What part of the local side a command is about: its operands, or the names in a file.

import {fatal, usage} from '../base/errors.ts'
import {parentOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Place, pathBelow} from '../repo/find.ts'
import type {Selection} from '../sync/select.ts'
import type {Context, Values} from './command.ts'
import {readText} from './filters.ts'
import type {filterFlags} from './flags.ts'
import {isWithin} from './work.ts'

/** Paths below the root, of arguments as seen from the current directory. */
export const pathsOf = ({cwd}: Context, place: Place, args: readonly string[]): Path[] =>
	args.map((arg) => pathBelow(place, cwd, arg))

/** The paths of arguments, or undefined where they are everything. */
export function scopeOf(context: Context, place: Place, args: readonly string[]): Path[] | undefined {
	const paths = pathsOf(context, place, args)
	return paths.length === 0 || paths.includes('') ? undefined : paths
}

/** What a command looks at. */
export type Scope = {
	/** Undefined for everything. */
	readonly paths?: readonly Path[] | undefined
	/** These paths alone, not what is below them. */
	readonly shallow?: boolean | undefined
	/** Whether a path is one of them, or is meant with them. */
	readonly within?: ((path: Path) => boolean) | undefined
	/** The names in the file of --files-from, without a final '/'. */
	readonly names?: readonly Path[] | undefined
	/** The selection, but for directories that lead to a name: those no rule leaves out. */
	leading(selection: Selection): Selection
}

type Flags = Pick<Values<typeof filterFlags>, 'files-from' | 'recursive' | 'from0'>

/** The scope of operands, or of --files-from. */
export async function scopeFrom(
	context: Context,
	place: Place,
	flags: Flags,
	args: readonly string[],
): Promise<Scope> {
	const file = flags['files-from']
	if (file === undefined) {
		const paths = args.length > 0 ? pathsOf(context, place, args) : undefined
		return {paths, within: paths && isWithin(paths), leading: (selection) => selection}
	}
	if (args.length > 0) throw usage("option '--files-from' and a path exclude each other")
	const text = await readText(context, file)
	if (text === undefined) throw fatal(`cannot read ${shown(file)}: no such file or directory`)
	return scopeOfNames(namesIn(text, flags.from0 ?? false, file), flags.recursive ?? false)
}

/** The names in a text, as rsync reads them: comments and empty lines are none, and all are seen from the root. */
function namesIn(text: string, nul: boolean, file: string): Path[] {
	return text
		.split(nul ? '\0' : /\r\n|[\r\n]/)
		.filter((line) => line !== '' && !/^[#;]/.test(line))
		.map((line) => {
			const parts = line.split('/').filter((part) => part !== '' && part !== '.')
			if (parts.includes('..')) throw usage(`${shown(line)} in ${shown(file)} leads out of the root`)
			return parts.length === 0 ? ROOT : parts.join('/')
		})
}

function scopeOfNames(names: readonly Path[], isDeep: boolean): Scope {
	const leading = new Set<Path>()
	for (const name of names)
		for (let at = parentOf(name); at !== '' && !leading.has(at); at = parentOf(at)) leading.add(at)
	const exact = new Set([...names, ...Array.from(leading, withoutSlash)])
	const below = isDeep ? isWithin(names.map((name) => (name === ROOT ? '' : name))) : () => false
	return {
		paths: isDeep ? names.map((name) => (name === ROOT ? '' : name)) : [...exact],
		shallow: !isDeep,
		names,
		within: (path) => exact.has(path === ROOT ? ROOT : withoutSlash(path)) || below(path),
		leading: (selection) => ({
			...selection,
			shows: (path, isDirectory) => leading.has(path) || selection.shows(path, isDirectory),
			scans: (path, isDirectory) => leading.has(path) || selection.scans(path, isDirectory),
		}),
	}
}
