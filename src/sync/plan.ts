// What a push or a pull would do: each entry of the index, compared three ways.
//
// `base` is what both sides held when they were last the same. A side that still is its base has
// not changed; where only one side changed, it is sent to the other; where both did, and not to the
// same content, it is a conflict, and nothing is written.

import {NumberMap} from '../base/number-map.ts'
import {isDirectory, type Path} from '../base/path.ts'
import {type Entry, isRelinked, localIsBase, objectMd5, remoteIsBase, TYPE, typeOf} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import {localRecord, remoteRecord} from '../format/sides.ts'
import type {DiffLine, Status} from '../format/record.ts'
import {Clashes} from './clash.ts'
import type {Selection} from './select.ts'
import {Shown} from './shown.ts'

export type Direction = 'push' | 'pull'

export type PlanOptions = {
	readonly direction: Direction
	/** Deletions go to the other side too: of what was there once and has not changed since. */
	readonly delete?: boolean | undefined
	/** The sending side wins every conflict, and with `delete` also over what it never had. */
	readonly force?: boolean | undefined
	/** Yields '=' too. */
	readonly same?: boolean | undefined
	/** Entries that take part; by default all. */
	readonly select?: ((path: Path) => boolean) | undefined
	/** What the filters let through; by default all. */
	readonly selection?: Selection | undefined
}

export type PlanItem = {readonly status: Status; readonly entry: Entry}

/** Whether both sides certainly hold the same bytes. An ETag that is no MD5 never equals one. */
export const sameContent = ({path, local, remote}: Entry): boolean =>
	isDirectory(path) || (local !== undefined && remote !== undefined && objectMd5(local) === remote.etag)

/** Whether nothing would be lost here, were the local side what the remote is. */
const isAsBase = (entry: Entry): boolean => localIsBase(entry) || isRelinked(entry)

/** How the local side differs from base. */
function changeOf({local, base}: Entry): Status {
	if (!local || !base || typeOf(local.mode) !== base.type) return 'T'
	return local.md5 === base.md5 ? 'P' : 'M'
}

/** What a push does with an entry; undefined: nothing to say. */
export function pushStatus(entry: Entry, options: Omit<PlanOptions, 'direction'>): Status | undefined {
	const {local, remote, base} = entry
	if (!local) {
		if (!remote || !options.delete) return undefined
		if (options.force) return 'D'
		return base && (remoteIsBase(entry) ? 'D' : 'C')
	}
	if (!remote) return 'A'
	if (remoteIsBase(entry)) return localIsBase(entry) ? '=' : changeOf(entry)
	if (base && isAsBase(entry) && !options.force) return '='
	if (sameContent(entry)) return 'P'
	return options.force ? 'M' : 'C'
}

/** What a pull does with an entry; undefined: nothing to say. */
export function pullStatus(entry: Entry, options: Omit<PlanOptions, 'direction'>): Status | undefined {
	const {local, remote, base} = entry
	if (!remote) {
		if (!local || !options.delete) return undefined
		if (options.force) return 'D'
		// a directory that anything new lies in is not removed, whatever its attributes are
		return base && (isAsBase(entry) || isDirectory(entry.path) ? 'D' : 'C')
	}
	if (!local) return 'A'
	if (remoteIsBase(entry) && (localIsBase(entry) || !options.force)) return '='
	if (sameContent(entry)) return 'P'
	return options.force || isAsBase(entry) ? 'M' : 'C'
}

/** The line that says what is done with an item. */
export function planLine({status, entry}: PlanItem, direction: Direction): DiffLine {
	const sending = direction === 'push' ? entry.local : entry.remote
	const fromLocal = (direction === 'push') === (sending !== undefined)
	return {status, record: fromLocal ? localRecord(entry) : remoteRecord(entry)}
}

/** What is done with each entry, before it is known which content is on the remote already. */
function* compared(index: IndexRows, options: PlanOptions): Generator<PlanItem, undefined> {
	const {direction, select, same, selection} = options
	const clashes = new Clashes(index, options)
	const shown = selection && new Shown(index, options, selection)
	const seesAll = same || shown?.exposes
	const next = (row: number) => (seesAll ? row : index.outOfSync(row))
	for (let row = next(0); row < index.count; row = next(row + 1)) {
		const known = index.entry(row)
		if (select && !select(known.path)) continue
		const entry = shown ? shown.see(known) : known
		if (!entry) continue
		const status =
			direction === 'push' ? clashes.status(entry, pushStatus(entry, options)) : pullStatus(entry, options)
		if (status !== undefined && (status !== '=' || same)) yield {status, entry}
	}
}

/**
 * The items of a push or pull, in the order of their paths. Each is made when it is asked for: those that
 * are executed meanwhile may be noted in the index.
 */
export function* plan(index: IndexRows, options: PlanOptions): Generator<PlanItem, undefined> {
	let sources: CopySources | undefined
	for (const item of compared(index, options)) {
		if (item.status === 'A' && options.direction === 'push') sources ??= copySources(index)
		yield sources?.has(item.entry) && item.status === 'A' ? {status: 'R', entry: item.entry} : item
	}
}

/** How many deletions a plan has. */
export function countDeletions(index: IndexRows, options: PlanOptions): number {
	let count = 0
	for (const {status} of compared(index, options)) if (status === 'D') count++
	return count
}

/** Content that is on the remote already, or will be by then, and so need not be sent again. */
export type CopySources = {
	has(entry: Entry): boolean
	/** The path of an object with the content of `entry`, once it is there. */
	find(entry: Entry): Entry | undefined
}

/** A part of an MD5; a match is confirmed by the whole. */
const keyOf = (md5: string): number => parseInt(md5.slice(0, 8), 16)

const isCopyable = ({local}: Entry): boolean =>
	local !== undefined && local.md5 !== undefined && local.size > 0 && typeOf(local.mode) === TYPE.file

/**
 * Finds for new files the objects that hold their content: a renamed file's old name, or a
 * duplicate, also one that this push itself sends first. Memory is in proportion to the new files.
 */
export function copySources(index: IndexRows): CopySources {
	let rows: NumberMap | undefined
	const find = (entry: Entry): Entry | undefined => {
		// of a first push most files have no MD5 yet, and there is nothing to look for
		if (!isCopyable(entry)) return undefined
		rows ??= rowsByContent(index)
		const row = rows.get(keyOf(entry.local?.md5 ?? ''))
		const source = row === undefined ? undefined : index.entry(row)
		if (!source || source.path === entry.path) return undefined
		const md5 = source.remote ? source.base?.md5 : source.local?.md5
		return md5 === entry.local?.md5 ? source : undefined
	}
	return {has: (entry) => find(entry) !== undefined, find}
}

/** By the MD5s of new files: an object that has it, or else the first of these files. */
function rowsByContent(index: IndexRows): NumberMap {
	const rows = new NumberMap()
	for (let row = 0; row < index.count; row++) {
		if (index.hasRemote(row) || !index.hasMd5(row)) continue
		const entry = index.entry(row)
		if (!isCopyable(entry)) continue
		const key = keyOf(entry.local?.md5 ?? '')
		if (rows.get(key) === undefined) rows.set(key, row)
	}
	if (rows.size > 0)
		for (let row = 0; row < index.count; row++) {
			const md5 = index.baseMd5(row)
			if (md5 !== undefined && rows.get(keyOf(md5)) !== undefined) rows.set(keyOf(md5), row)
		}
	return rows
}
