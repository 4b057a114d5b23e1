// What part of the local side a command is about.

import type {Path} from '../base/path.ts'
import {type Place, pathBelow} from '../repo/find.ts'
import type {Context} from './command.ts'

/** Paths below the root, of arguments as seen from the current directory. */
export const pathsOf = ({cwd}: Context, place: Place, args: readonly string[]): Path[] =>
	args.map((arg) => pathBelow(place, cwd, arg))

/** The paths of arguments, or undefined where they are everything. */
export function scopeOf(context: Context, place: Place, args: readonly string[]): Path[] | undefined {
	const paths = pathsOf(context, place, args)
	return paths.length === 0 || paths.includes('') ? undefined : paths
}
