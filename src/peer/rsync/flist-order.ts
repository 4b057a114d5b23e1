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
	const stack: Step[] = [{directory: ''}]
	for (let step = stack.pop(); step; step = stack.pop()) {
		if (step.row !== undefined) {
			yield step.row
			for (const row of step.same ?? []) yield row
		}
		if (step.directory === undefined) continue
		const id = list.directoryNumber(step.directory)
		const own = id === undefined ? [] : [...rows.subarray(starts[id], starts[id + 1])]
		const steps = stepsIn(list, step.directory, own, below.get(step.directory) ?? [])
		const order = (a: Step, b: Step) =>
			(filesFirst ? Number(a.directory !== undefined) - Number(b.directory !== undefined) : 0) ||
			compare(a.name ?? '', b.name ?? '')
		for (const next of steps.toSorted((a, b) => order(b, a))) stack.push(next)
	}
}

/** What is to be walked in a directory: its entries, and directories that have none and something in them. */
function stepsIn(list: FileList, directory: Path, own: readonly number[], below: readonly Path[]): Step[] {
	const steps = new Map<string, Step>()
	for (const row of own) {
		const isDirectory = list.isDirectory(row)
		const name = isDirectory ? `${list.name(row)}/` : list.name(row)
		const same = steps.get(name)
		if (same) {
			list.drop(row)
			;(same.same ??= []).push(row)
		} else steps.set(name, {name, row, directory: isDirectory ? directory + name : undefined})
	}
	for (const path of below) {
		const name = path.slice(directory.length)
		if (!steps.has(name)) steps.set(name, {name, directory: path})
	}
	return [...steps.values()]
}

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

/** An entry or a directory whose turn is to come. */
type Step = {
	readonly name?: string
	readonly row?: number
	/** Where what is in it is to be walked. */
	readonly directory?: Path | undefined
	/** Further entries of the same name. */
	same?: number[]
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
