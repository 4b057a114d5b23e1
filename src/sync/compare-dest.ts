// Files that need not be moved, since another place has them: --compare-dest.

import {isDirectory, type Path} from '../base/path.ts'
import {type Entry, objectPath, TYPE, typeOf} from '../format/entry.ts'
import {keyOf} from '../format/key.ts'
import type {Store} from '../store/store.ts'
import {arrivalOf} from './arrival.ts'
import {vouchedMd5} from './content.ts'
import type {Files} from './files.ts'
import type {PlanItem} from './plan.ts'

/** Whether the other place has the content of an entry. */
export type Compare = (
	entry: Entry,
	remote: {readonly store: Store; readonly prefix: string},
) => Promise<boolean>

/** The items but for files whose content is in another place, which is asked for what is new or changed. */
export async function* withoutHad(
	items: AsyncIterable<PlanItem> | Iterable<PlanItem>,
	compare: Compare,
	remote: {readonly store: Store; readonly prefix: string},
): AsyncGenerator<PlanItem> {
	for await (const item of items) {
		const {status, entry} = item
		const isMoved = !isDirectory(entry.path) && /[AMTR]/.test(status)
		if (!isMoved || !(await compare(entry, remote))) yield item
	}
}

/** Compares what would be sent with the objects below other prefixes, by a HEAD of each. */
export const withPrefixes =
	(prefixes: readonly string[]): Compare =>
	async ({path, local}, {store}) => {
		if (local?.md5 === undefined || typeOf(local.mode) !== TYPE.file) return false
		for (const prefix of prefixes)
			if ((await md5In(store, path, prefix + keyOf(path))) === local.md5) return true
		return false
	}

/** Compares what would be fetched with the files of other directories; of an object whose ETag is no MD5, by a HEAD. */
export const withDirectories =
	(directories: readonly Files[]): Compare =>
	async (entry, {store, prefix}) => {
		const {path, remote} = entry
		const found = directories.map((files) => ({files, stat: statOf(files, path)})).filter(({stat}) => stat)
		if (found.length === 0 || !remote) return false
		const md5 = await md5In(store, path, prefix + keyOf(objectPath(entry)))
		return md5 !== undefined && found.some(({files, stat}) => stat && files.hash(path, stat) === md5)
	}

function statOf(files: Files, path: Path) {
	const stat = files.stat(path)
	return stat && typeOf(stat.mode) === TYPE.file ? stat : undefined
}

/** The MD5 of the content of an object, as far as it is vouched for; undefined where there is none. */
async function md5In(store: Store, path: Path, key: string): Promise<string | undefined> {
	const head = await store.head(key)
	const arrival = head && arrivalOf(path, key, head, {}, 0)
	return arrival?.type === TYPE.file ? vouchedMd5(arrival) : undefined
}
