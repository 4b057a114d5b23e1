// Paths as a person in some directory of the local side would type them.

import {ROOT, type Path} from '../base/path.ts'

/** `path`, which is relative to the root, as seen from the directory `here` below the root ('' for the root). */
export function seenFrom(here: Path, path: Path): Path {
	const from = here === '' ? [] : here.split('/')
	const to = path === ROOT ? [''] : path.split('/')
	let same = 0
	while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++
	return '../'.repeat(from.length - same) + to.slice(same).join('/') || './'
}
