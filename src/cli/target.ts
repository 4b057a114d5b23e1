// Where `get` puts what it fetches.

import {mkdirSync, realpathSync, statSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, fromBytes, nameOf, parentOf, type Path, withoutSlash} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {absolute} from '../repo/find.ts'

export type Target = {
	/** An absolute directory that exists. */
	readonly base: Path
	/** The name of the file in it; without, every object keeps its own. */
	readonly name?: Path | undefined
}

/**
 * The place that an argument names, seen from `cwd`: a directory if it is one, if it ends in '/' or if it must be
 * one; it is made where it is missing. What is neither a file nor a directory, such as a device, is refused.
 */
export function targetOf(cwd: Path, arg: Path, mustBeDirectory: boolean): Target {
	const file = absolute(cwd, arg)
	try {
		const stat = statSync(forFs(file), {throwIfNoEntry: false})
		if (stat?.isDirectory()) return {base: file}
		if (mustBeDirectory || arg.endsWith('/')) {
			mkdirSync(forFs(file), {recursive: true})
			return {base: file}
		}
		if (stat === undefined) return inDirectory(file)
		if (stat.isFile()) return inDirectory(fromBytes(realpathSync.native(forFs(file), 'buffer')))
	} catch (error) {
		const why = errnoOf(error) === 'EEXIST' ? 'not a directory' : reason(error)
		throw fatal(`cannot write to ${shown(arg)}: ${why}`, undefined, error)
	}
	throw fatal(`cannot write to ${shown(arg)}: not a regular file`, "'-' is standard output")
}

function inDirectory(file: Path): Target {
	const base = withoutSlash(parentOf(file)) || '/'
	statSync(forFs(base))
	return {base, name: nameOf(file)}
}
