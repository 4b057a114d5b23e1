// What is replaced or deleted is kept under another name: --backup.

import {isDirectory, type Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import type {Sender} from './send.ts'

export type Backup = {
	/** '' for beside the file, else a directory below the root with its final '/'. */
	readonly dir: Path
	readonly suffix: string
}

/** The names for a backup of a path: each is to be taken only if those before are in use. */
export function* backupNames({dir, suffix}: Backup, path: Path): Generator<Path, never> {
	for (let name = dir + path + suffix; ; name += suffix || '~') yield name
}

/** Copies the object of an entry on the server, as it is known, and never over another. */
export async function keepObject(sender: Sender, backup: Backup, entry: Entry): Promise<void> {
	const {store} = sender.options
	if (!entry.remote || isDirectory(entry.path)) return
	const from = sender.objectKey(entry)
	const head = await store.head(from)
	// that it is another one by now is found out by whoever replaces it
	if (!head || head.etag !== entry.remote.etag) return
	const {metadata, contentType, contentEncoding, storageClass, headers, size, etag} = head
	for (const name of backupNames(backup, entry.path)) {
		const to = sender.key(name)
		if (await store.head(to)) continue
		const properties = {metadata, contentType, contentEncoding, storageClass, headers}
		await store.copy(from, to, {...properties, size, sourceIfMatch: etag, ifNoneMatch: '*'})
		return
	}
}
