// The orders of a file list: that in which both sides number its entries, and that of a listing. See s3r-rsync(5),
// FILE LIST.

import {parentOf, type Path, withoutSlash} from '../../base/path.ts'
import type {FileList} from './flist.ts'

/**
 * The rows by their numbers. In a directory all that are none come first, then each directory with what is in
 * it, by bytes, a directory's name with its '/'. Of two with one name the later is dropped, and keeps its number.
 */
export function numbered(list: FileList, protocol: number): Uint32Array {
	return protocol < 29 ? sortPlainly(list) : sortByDirectory(list)
}

function sortPlainly(list: FileList): Uint32Array {
	const names = Array.from({length: list.count}, (_, row) => withoutSlash(list.path(row)))
	const order = Uint32Array.from(names.keys()).toSorted(
		(a, b) => compare(names[a] ?? '', names[b] ?? '') || a - b,
	)
	order.forEach((row, i) => {
		if (i > 0 && names[row] === names[order[i - 1] ?? -1]) list.drop(row)
	})
	return order
}

function sortByDirectory(list: FileList): Uint32Array {
	const order = new Uint32Array(list.count)
	let at = 0
	for (const row of walk(list, true)) order[at++] = row
	return order
}

/** The rows in the byte order of their paths, which is that of a listing; second entries of a name left out. */
export function byPath(list: FileList): Uint32Array {
	const order = new Uint32Array(list.count)
	let at = 0
	for (const row of walk(list, false)) if (!list.isDropped(row)) order[at++] = row
	return order.subarray(0, at)
}

/** The rows, each directory before what is in it; what is none before all directories, or by its name among them. */
function* walk(list: FileList, filesFirst: boolean): Iterable<number> {
	const {starts, rows} = grouped(list)
	const below = subdirectories(list)
	let root: number | undefined
	for (let row = 0; row < list.count; row++) {
		if (list.directoryOf(row) !== undefined) continue
		if (root !== undefined) list.drop(row)
		root ??= row
		yield row
	}
	const kindOf = (row: number) => (filesFirst && list.isDirectory(row) ? 1 : 0)
	const compareRows = (a: number, b: number): number =>
		kindOf(a) - kindOf(b) || list.compareNames(a, b) || a - b
	const open = (directory: Path): Level => {
		const id = list.directoryNumber(directory)
		const own = id === undefined ? NO_ROWS : rows.subarray(starts[id], starts[id + 1])
		const isListed = new Set<Path>()
		if (below.has(directory)) for (const row of own) if (list.isDirectory(row)) isListed.add(list.path(row))
		const implied = (below.get(directory) ?? []).filter((path) => !isListed.has(path)).toSorted()
		return {rows: own.toSorted(compareRows), at: 0, implied}
	}
	const stack = [open('')]
	for (let level = stack.at(-1); level; level = stack.at(-1)) {
		const row = level.rows[level.at]
		const [implied] = level.implied
		// a directory that has no entry has its turn where it would have one
		if (implied !== undefined && (row === undefined || comesBefore(list, implied, row, filesFirst))) {
			level.implied.shift()
			stack.push(open(implied))
		} else if (row === undefined) stack.pop()
		else {
			yield row
			for (level.at++; level.at < level.rows.length; level.at++) {
				const same = level.rows[level.at] ?? 0
				if (list.compareNames(row, same) !== 0) break
				list.drop(same)
				yield same
			}
			if (list.isDirectory(row)) stack.push(open(list.path(row)))
		}
	}
}

/** Whether a directory comes before a row that lies in the same one. */
const comesBefore = (list: FileList, directory: Path, row: number, filesFirst: boolean): boolean =>
	filesFirst && !list.isDirectory(row) ? false : directory < list.path(row)

/** A directory whose rows are being gone through. */
type Level = {
	readonly rows: Uint32Array
	/** The next one. */
	at: number
	/** Directories in it that have no entry, and something in them. */
	readonly implied: Path[]
}

const NO_ROWS = new Uint32Array(0)

/** The rows of each directory, behind one another. */
function grouped(list: FileList): {starts: Uint32Array; rows: Uint32Array} {
	const starts = new Uint32Array(list.directories.length + 1)
	for (let row = 0; row < list.count; row++) {
		const id = list.directoryOf(row)
		if (id !== undefined) starts[id + 1] = (starts[id + 1] ?? 0) + 1
	}
	for (let id = 0; id < list.directories.length; id++)
		starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0)
	const rows = new Uint32Array(list.count)
	const next = starts.slice()
	for (let row = 0; row < list.count; row++) {
		const id = list.directoryOf(row)
		if (id === undefined) continue
		rows[next[id] ?? 0] = row
		next[id] = (next[id] ?? 0) + 1
	}
	return {starts, rows}
}

/** Directories that something lies in, and those above them, by the directory that they lie in. */
function subdirectories(list: FileList): Map<Path, Path[]> {
	const below = new Map<Path, Path[]>()
	const known = new Set<Path>([''])
	for (const directory of list.directories)
		for (let path = directory; !known.has(path);) {
			known.add(path)
			const above = parentOf(path)
			const children = below.get(above)
			if (children) children.push(path)
			else below.set(above, [path])
			path = above
		}
	return below
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
