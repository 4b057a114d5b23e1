// Single files by their paths, without a walk.

import {parentOf, type Path, ROOT, unsafe, withoutSlash} from '../base/path.ts'
import {fatal} from '../base/errors.ts'
import {isDirectoryMode} from '../format/mode.ts'
import {lstatExact, placeOf, type Stat} from './stat.ts'
import {Entry} from './walk-entry.ts'

export type LookOptions = {
	/** Told of each path that cannot be looked at; one without a file is an ENOENT. */
	readonly onError: (path: Path, error: unknown) => void
}

/**
 * Yields the files that have these paths below `root`, an absolute directory, each once and in byte order;
 * not what lies in those that are directories. A path may end in '/' or not, whichever it is. What lies
 * behind a symlink is not there.
 */
export function* lookAt(
	root: string | Buffer,
	paths: Iterable<Path>,
	{onError}: LookOptions,
): Generator<Entry> {
	const looker = new Looker(placeOf(root))
	const found: Path[] = []
	for (const name of new Set(Array.from(paths, nameAsAsked))) {
		try {
			const why = unsafe(name)
			if (why !== undefined) throw fatal(why)
			found.push(looker.existing(name))
		} catch (error) {
			onError(name, error)
		}
	}
	for (const path of found.toSorted()) {
		try {
			yield Entry.of(path, looker.stat(path))
		} catch (error) {
			onError(path, error)
		}
	}
}

const nameAsAsked = (path: Path): Path => (path === ROOT ? ROOT : withoutSlash(path))

class Looker {
	readonly #base: Path
	/** Whether these are directories, reached through directories only; '' is the root. */
	readonly #directories = new Map<Path, boolean>([['', true]])

	constructor(root: Path) {
		this.#base = root === '/' ? '/' : `${root}/`
	}

	/** The path of a name, with '/' if it is a directory's. Its stat is taken again when its turn comes. */
	existing(name: Path): Path {
		const isDirectory = isDirectoryMode(this.stat(name).mode)
		return isDirectory && name !== ROOT ? `${name}/` : name
	}

	stat(path: Path): Stat {
		const stat = this.#isDirectory(path === ROOT ? '' : parentOf(path)) ? this.#lstat(path) : undefined
		if (stat === undefined) throw Object.assign(new Error('ENOENT'), {code: 'ENOENT'})
		if (path.endsWith('/') && !isDirectoryMode(stat.mode))
			throw fatal('its type changed while it was looked at')
		return stat
	}

	#lstat(path: Path): Stat | undefined {
		return lstatExact(this.#base + (path === ROOT ? ROOT : withoutSlash(path)))
	}

	#isDirectory(path: Path): boolean {
		const known = this.#directories.get(path)
		if (known !== undefined) return known
		const stat = this.#isDirectory(parentOf(path)) ? this.#lstat(path) : undefined
		const isDirectory = stat !== undefined && isDirectoryMode(stat.mode)
		this.#directories.set(path, isDirectory)
		return isDirectory
	}
}
