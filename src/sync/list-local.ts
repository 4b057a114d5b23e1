// The files as a list, each with the MD5 that the index knows of it. Nothing is written.

import {nameOf, type Path} from '../base/path.ts'
import {TYPE, typeOf} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import {isTemporary} from '../local/temporary.ts'
import {lookAt} from '../local/look.ts'
import {walk, walkPaths} from '../local/walk.ts'
import type {Entry as WalkEntry} from '../local/walk-entry.ts'
import {isOfSize} from './narrow.ts'
import type {Contents, ScanOptions} from './scan.ts'
import {contentMd5, isUnchanged} from './unchanged.ts'

export type ListOptions = Pick<
	ScanOptions,
	'root' | 'paths' | 'shallow' | 'sizes' | 'select' | 'oneFileSystem' | 'onError'
> & {
	readonly index: IndexRows
	/** Reads the files that the index does not know, or knows otherwise; without, they have no MD5. */
	readonly contents?: Contents | undefined
}

/** A file of the list. What it says holds until the next one is asked for. */
export class Listed {
	readonly file: WalkEntry
	readonly #index: IndexRows
	/** The row of the index that knows its MD5, or -1. */
	readonly #row: number
	/** Its MD5, where it was read. */
	readonly #md5: string | undefined

	constructor(file: WalkEntry, index: IndexRows, row: number, md5: string | undefined) {
		this.file = file
		this.#index = index
		this.#row = row
		this.#md5 = md5
	}

	get path(): Path {
		return this.file.path
	}

	get mode(): number {
		return this.file.stat.mode
	}

	get size(): number {
		const {stat} = this.file
		return typeOf(stat.mode) === TYPE.directory ? 0 : stat.size
	}

	get mtime(): bigint {
		return this.file.stat.mtime
	}

	get uid(): number {
		return this.file.stat.uid
	}

	get gid(): number {
		return this.file.stat.gid
	}

	get md5(): string | undefined {
		return this.#row < 0 ? this.#md5 : this.#index.localMd5(this.#row)
	}

	/** Writes its MD5 in hex and returns where that ends; `at` where it has none. */
	writeMd5(into: Buffer, at: number): number {
		if (this.#row >= 0) return this.#index.writeLocalMd5(this.#row, into, at)
		return this.#md5 === undefined ? at : at + into.write(this.#md5, at, 'latin1')
	}
}

/** The files in the order of their paths. */
export function* listLocal(options: ListOptions): Iterable<Listed> {
	const {sizes, index} = options
	let row = 0
	for (const file of filesOf(options)) {
		const {stat} = file
		if (sizes && typeOf(stat.mode) === TYPE.file && !isOfSize(stat.size, sizes)) continue
		let order = -1
		while (row < index.count && (order = index.comparePath(row, file)) < 0) row++
		const isKnown = order === 0 && isUnchanged(index, row, stat)
		yield isKnown
			? new Listed(file, index, row, undefined)
			: new Listed(file, index, -1, options.contents && md5Of(file, options.contents, options))
	}
}

function filesOf({
	root,
	paths,
	shallow,
	select,
	oneFileSystem,
	onError,
	index,
}: ListOptions): Iterable<WalkEntry> {
	const how = {
		oneFileSystem,
		onError,
		expected: paths ? 0 : index.count,
		inThreads: true,
		select: (path: Path, isDirectory: boolean) =>
			!isTemporary(nameOf(path)) && (select?.(path, isDirectory) ?? true),
		takesPlain: select ? select.takesPlain : () => true,
	}
	const place = Buffer.from(root, 'latin1')
	if (!paths) return walk(place, how)
	return shallow ? lookAt(place, paths, how) : walkPaths(place, paths, how)
}

function md5Of({path, stat}: WalkEntry, contents: Contents, {onError}: ListOptions): string | undefined {
	try {
		return contentMd5(path, stat, contents)
	} catch (error) {
		onError(path, error)
		return undefined
	}
}
