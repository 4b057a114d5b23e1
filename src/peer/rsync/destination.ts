// Where a client's files go: which path of the remote a name of the list is.

import {isDirectory, type Path, ROOT, unsafe} from '../../base/path.ts'
import type {Catalogue} from './catalogue.ts'
import {RERR, RsyncError} from './errors.ts'
import type {FileList} from './flist.ts'
import {told} from './told.ts'

export type Destination = {
	/** What stands before names: '' or a directory with its '/'. */
	readonly base: Path
	/** The path of the one file that is sent, under another name. */
	readonly single?: Path | undefined
	/** Whether the directory may be missing. */
	readonly mayBeNew: boolean
	/** As the client named it. */
	readonly text: Path
}

/** The path below the remote's root of what the list calls `path`. */
export function remotePath({base, single}: Destination, path: Path): Path {
	if (single !== undefined) return single
	return path === ROOT ? base || ROOT : base + path
}

/**
 * The destination that an argument means for a list. As in rsync, a single file gets the name of the argument, unless
 * that is a directory or ends in '/'.
 */
export async function destinationOf(text: Path, files: FileList, catalogue: Catalogue): Promise<Destination> {
	const path = text
		.split('/')
		.filter((part) => part !== '' && part !== '.')
		.join('/')
	const why = path === '' ? undefined : unsafe(path)
	if (why !== undefined)
		throw new RsyncError(RERR.fileSelect, `nothing can be written to ${told(text)}: ${why}`)
	if (path === '') return {base: '', mayBeNew: false, text}
	const isOne = files.count === 1 && !isDirectory(files.path(0))
	if (!isOne || /(^|\/)\.?$/.test(text)) return {base: `${path}/`, mayBeNew: true, text}
	if (await hasAny(catalogue, `${path}/`)) return {base: `${path}/`, mayBeNew: false, text}
	return {base: '', single: path, mayBeNew: false, text}
}

/** Whether a directory is there: it, or something in it. */
export async function hasAny(catalogue: Catalogue, directory: Path): Promise<boolean> {
	for await (const page of catalogue.listOne(directory)) if (page.length > 0) return true
	return false
}
