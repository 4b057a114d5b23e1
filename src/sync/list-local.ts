// The files as a list, each with the MD5 that the index knows of it. Nothing is written.

import {nameOf, type Path} from '../base/path.ts'
import {type Local, TYPE, typeOf} from '../format/entry.ts'
import type {IndexFile} from '../format/index-file.ts'
import {isTemporary} from '../local/temporary.ts'
import type {Stat} from '../local/stat.ts'
import {lookAt} from '../local/look.ts'
import {walk, walkPaths} from '../local/walk.ts'
import {isOfSize} from './narrow.ts'
import type {Contents, ScanOptions} from './scan.ts'
import {contentMd5, isUnchanged} from './unchanged.ts'

export type ListOptions = Pick<
	ScanOptions,
	'root' | 'paths' | 'shallow' | 'sizes' | 'select' | 'oneFileSystem' | 'onError'
> & {
	readonly index: IndexFile
	/** Reads the files that the index does not know, or knows otherwise; without, they have no MD5. */
	readonly contents?: Contents | undefined
}

export type Listed = Pick<Local, 'mode' | 'size' | 'mtime' | 'uid' | 'gid' | 'md5'> & {readonly path: Path}

/** The files in the order of their paths. */
export function* listLocal(options: ListOptions): Iterable<Listed> {
	const {root, paths, shallow, sizes, select, oneFileSystem, onError, index} = options
	const how = {
		oneFileSystem,
		onError,
		select: (path: Path, isDirectory: boolean) =>
			!isTemporary(nameOf(path)) && (select?.(path, isDirectory) ?? true),
		takesPlain: select ? select.takesPlain : () => true,
	}
	const place = Buffer.from(root, 'latin1')
	const filesOf = () => {
		if (!paths) return walk(place, how)
		return shallow ? lookAt(place, paths, how) : walkPaths(place, paths, how)
	}
	let row = 0
	for (const file of filesOf()) {
		const {path, stat} = file
		if (sizes && typeOf(stat.mode) === TYPE.file && !isOfSize(stat.size, sizes)) continue
		let order = -1
		while (row < index.count && (order = index.comparePath(row, file)) < 0) row++
		const isKnown = order === 0 && isUnchanged(index, row, stat)
		const {mode, size, mtime, uid, gid} = stat
		const md5 = isKnown ? index.localMd5(row) : md5Of(path, stat, options)
		yield {path, mode, size: typeOf(mode) === TYPE.directory ? 0 : size, mtime, uid, gid, md5}
	}
}

function md5Of(path: Path, stat: Stat, {contents, onError}: ListOptions): string | undefined {
	try {
		return contents && contentMd5(path, stat, contents)
	} catch (error) {
		onError(path, error)
		return undefined
	}
}
