// What an argument of a client that downloads means.

import {parentOf, type Path, unsafe} from '../../base/path.ts'

export type Argument = {
	/** Below the remote's root, without a final '/'; '' for the root. */
	readonly path: Path
	/** What is in a directory, not the directory. */
	readonly content: boolean
	/** What of the remote's path the names in the list lack. */
	readonly base: Path
}

/** The argument, or why it names nothing here. With -R names have all of the path, or what follows a '/./' in it. */
export function argumentOf(text: Path, relative: boolean): Argument | string {
	const path = clean(text)
	const why = path === '' ? undefined : unsafe(path)
	if (why !== undefined) return why
	const content = path === '' || /(^|\/)\.?$/.test(text)
	const cut = relative ? text.lastIndexOf('/./') : -1
	const dropped = cut < 0 ? '' : clean(text.slice(0, cut))
	const base = relative ? dropped && `${dropped}/` : content ? path && `${path}/` : parentOf(path)
	return {path, content, base}
}

/** A path without empty parts and '.'. */
const clean = (path: Path): Path =>
	path
		.split('/')
		.filter((part) => part !== '' && part !== '.')
		.join('/')
