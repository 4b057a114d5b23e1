// Which names are hard links of one file.

import {createHash} from 'node:crypto'
import type {Path} from '../base/path.ts'
import {toBytes} from '../base/path.ts'
import type {Local} from '../format/entry.ts'
import type {Stat} from '../local/stat.ts'

type Group = {readonly md5: string | undefined; readonly ctime: bigint; readonly paths: Path[]}

const keyOf = (stat: Stat): string => `${stat.dev}:${stat.ino}`

/**
 * The groups of names that a walk meets. A group is named after the first of its names, so that
 * the same tree has the same groups wherever it lies.
 */
export class LinkGroups {
	readonly #groups = new Map<string, Group>()

	/** Notes a name of a file with several; directories have several by nature and are passed over. */
	see(path: Path, stat: Stat, local: Local | undefined): void {
		if (path.endsWith('/')) return
		const group = this.#groups.get(keyOf(stat))
		if (group) group.paths.push(path)
		else this.#groups.set(keyOf(stat), {md5: local?.md5, ctime: stat.ctime, paths: [path]})
	}

	/** The MD5 of a file that was looked at under another name, if it has not changed since. */
	md5(stat: Stat): string | undefined {
		if (stat.nlink < 2) return undefined
		const group = this.#groups.get(keyOf(stat))
		return group?.ctime === stat.ctime ? group.md5 : undefined
	}

	/**
	 * Every name that was noted, with its group's id; without one where the other names lie elsewhere. A group
	 * that one of its names is known to have keeps its id.
	 */
	*members(
		known: (path: Path) => string | undefined = () => undefined,
	): Iterable<{readonly path: Path; readonly link: string | undefined}> {
		for (const {paths} of this.#groups.values()) {
			const kept = paths.map(known).find((id) => id !== undefined)
			const link = kept ?? (paths.length > 1 ? idOf(paths[0] ?? '') : undefined)
			for (const path of paths) yield {path, link}
		}
	}
}

/** The id of the group whose first name this is. */
export const idOf = (first: Path): string =>
	createHash('md5').update(toBytes(first)).digest('hex').slice(0, 12)
