// The files below a root in the order of their paths.
//
// Synchronous calls: promises cost five times the CPU (3.6 us a file here, 17 there). Whoever
// changes the tree while it is walked can make the walk list the names of another directory in
// place of one of its own; the reader of a file checks that it is the one that was listed.

import {fatal} from '../base/errors.ts'
import {type Path, ROOT, unsafe, withoutSlash} from '../base/path.ts'
import {Ahead} from './ahead.ts'
import {placeOf} from './stat.ts'
import {type Asked, Tree, type TreeOptions} from './tree.ts'
import {Entry} from './walk-entry.ts'

export type WalkOptions = TreeOptions & {
	/** Whether a thread may help where there are very many files, and another core. Directories are then read ahead of the walk. */
	readonly inThreads?: boolean | undefined
}

/**
 * Yields everything below `root`, an absolute directory (a string is Unicode, a Buffer bytes), and
 * `root` itself as './', in byte order of paths. Links are never followed.
 */
export const walk = (root: string | Buffer, options: WalkOptions): Generator<Entry> =>
	walkFrom(root, true, options)

/**
 * Yields the given paths, what lies below those that are directories, and the directories that lead
 * to them (not the root), each once and in byte order. Paths that are missing, lead through something
 * that is no directory, or would leave the root go to `onError`.
 */
export function walkPaths(
	root: string | Buffer,
	paths: Iterable<Path>,
	options: WalkOptions,
): Generator<Entry> {
	const asked: Asked = new Map()
	for (const path of paths) {
		const why = unsafe(path)
		if (path === ROOT) return walk(root, options)
		if (why === undefined) ask(asked, withoutSlash(path).split('/'))
		else options.onError(path, fatal(why))
	}
	return walkFrom(root, asked, options)
}

function ask(asked: Asked, [name = '', ...rest]: string[]): void {
	const known = asked.get(name)
	if (known === true) return
	const inner: Asked | true = rest.length === 0 || (known ?? new Map())
	asked.set(name, inner)
	if (inner !== true) ask(inner, rest)
}

function* walkFrom(root: string | Buffer, asked: Asked | true, options: WalkOptions): Generator<Entry> {
	const place = placeOf(root)
	const tree = new Tree(place === '/' ? '/' : `${place}/`, options)
	const {lookup} = tree
	let ahead: Ahead | undefined
	let pays: boolean | undefined
	try {
		if (!tree.begin(asked)) return
		// to ask for the cores is a system call: once is enough
		while (!(options.inThreads && lookup.isOfVeryMany && (pays ??= Ahead.pays))) {
			if (!tree.advance()) return
			if (!tree.look()) continue
			yield new Entry(tree.level.path, tree.level.names.bytes, tree.start, lookup.stat)
			if (lookup.isNamedDirectory) tree.enter()
		}
		ahead = new Ahead(tree)
		for (let entry = ahead.next(); entry !== undefined; entry = ahead.next()) yield entry
	} finally {
		ahead?.close()
		lookup.close()
	}
}
