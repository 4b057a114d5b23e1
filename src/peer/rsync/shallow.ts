// One level of a listing: what lies deeper is passed over, by listing on behind each directory.

import {parentOf, type Path} from '../../base/path.ts'
import {keyOf} from '../../format/key.ts'
import type {Store} from '../../store/store.ts'
import {type Heard, listPaths} from '../../sync/fetch.ts'

/** No character comes behind this one. */
const LAST = '\u{10FFFF}'

export type Level = {
	readonly files: readonly Heard[]
	/** Directories of which something deeper was met, which may have no object of their own. */
	readonly directories: readonly Pick<Heard, 'path' | 'modified'>[]
}

/** The pages of what lies directly in `directory` ('' for the root), which itself may be among it. */
export async function* listLevel(
	store: Store,
	prefix: string,
	directory: Path,
	failed: (path: Path, error: unknown) => void,
): AsyncIterable<Level> {
	const narrow = directory === '' ? '' : keyOf(directory)
	const seen = new Set<Path>()
	let after: string | undefined
	for (let ended = false; !ended;) {
		ended = true
		for await (const page of listPaths(store, prefix, failed, narrow, after)) {
			const directories = new Map<Path, Pick<Heard, 'path' | 'modified'>>()
			const files: Heard[] = []
			let last: Path | undefined
			for (const heard of page) {
				const below = subdirectory(directory, heard.path)
				last = below
				if (below === undefined) files.push(heard)
				else if (!seen.has(below)) {
					seen.add(below)
					directories.set(below, {path: below, modified: heard.modified})
				}
			}
			yield {files, directories: [...directories.values()]}
			if (last === undefined) continue
			after = prefix + keyOf(last) + LAST
			ended = false
			break
		}
	}
}

/** The directory directly in `directory` that a path lies in, undefined for what lies in it itself. */
function subdirectory(directory: Path, path: Path): Path | undefined {
	if (parentOf(path) === directory || path === directory || path === './') return undefined
	const end = path.indexOf('/', directory.length)
	return end < 0 || end === path.length - 1 ? undefined : path.slice(0, end + 1)
}
