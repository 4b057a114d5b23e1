// What rsync's options take out of a plan, though the filters let it through. Deletions stay.

import {isDirectory} from '../base/path.ts'
import {type Entry, objectPath, remoteIsBase, TYPE, typeOf} from '../format/entry.ts'
import {decodeMetadata} from '../format/foreign.ts'
import {keyOf} from '../format/key.ts'
import type {Store} from '../store/store.ts'
import type {Direction, PlanItem} from './plan.ts'

export type Narrow = {
	/** Nothing new is made on the receiving side. */
	readonly existing?: boolean | undefined
	/** Files that are there on the receiving side are left as they are. */
	readonly ignoreExisting?: boolean | undefined
	/** Files of one size are taken for the same. */
	readonly sizeOnly?: boolean | undefined
	/** Bytes of the least and the greatest file to be sent. */
	readonly sizes?: Sizes | undefined
}

/** Bytes, both included. */
export type Sizes = {readonly min?: number | undefined; readonly max?: number | undefined}

export const isOfSize = (size: number, {min = 0, max = Infinity}: Sizes): boolean =>
	size >= min && size <= max

/** The items that are left. */
export function* narrowed(
	items: Iterable<PlanItem>,
	direction: Direction,
	how: Narrow,
): Generator<PlanItem, undefined> {
	for (const item of items) if (staysIn(item, direction, how)) yield item
}

function staysIn({status, entry}: PlanItem, direction: Direction, how: Narrow): boolean {
	if (status === 'D' || status === '=') return true
	const isNew = (direction === 'push' ? entry.remote : entry.local) === undefined
	if (isNew && how.existing) return false
	if (isDirectory(entry.path)) return true
	if (!isNew && how.ignoreExisting) return false
	if (!isFile(entry)) return true
	const size = (direction === 'push' ? entry.local : entry.remote)?.size ?? 0
	if (how.sizes && !isOfSize(size, how.sizes)) return false
	return !(how.sizeOnly && (status === 'M' || status === 'C') && !isNew && sameSize(entry))
}

/** Whether it is a regular file, as far as is known: of an object without a base nothing is. */
const isFile = ({local, base}: Entry): boolean =>
	(local === undefined ? (base?.type ?? TYPE.file) : typeOf(local.mode)) === TYPE.file

/** What is stored as gzip has another size than its file, which the index knows while that is the base. */
const sameSize = (entry: Entry): boolean =>
	entry.local?.size === ((remoteIsBase(entry) ? entry.base?.was?.size : undefined) ?? entry.remote?.size)

type UpdateOptions = {
	readonly direction: Direction
	readonly store: Store
	readonly prefix: string
}

/**
 * The items but for files that are newer on the receiving side (-u): an object's file has the mtime that its
 * metadata say. Costs a HEAD for each that somebody else stored, and for each that would be fetched.
 */
export async function* withoutNewer(
	items: AsyncIterable<PlanItem> | Iterable<PlanItem>,
	options: UpdateOptions,
): AsyncGenerator<PlanItem> {
	for await (const item of items) if (!(await isNewerThere(item, options))) yield item
}

async function isNewerThere({status, entry}: PlanItem, options: UpdateOptions): Promise<boolean> {
	const {local, remote} = entry
	if (status === 'D' || status === '=' || !local || !remote) return false
	if (isDirectory(entry.path) || !isFile(entry)) return false
	const there = await remoteMtime(entry, options)
	if (there === undefined) return false
	return options.direction === 'push' ? there > local.mtime : local.mtime > there
}

async function remoteMtime(entry: Entry, {store, prefix}: UpdateOptions): Promise<bigint | undefined> {
	if (remoteIsBase(entry) && entry.base?.was) return entry.base.was.mtime
	const key = prefix + keyOf(objectPath(entry))
	const head = await store.head(key)
	if (!head) return undefined
	const {attributes} = decodeMetadata(head.metadata, {key, ...head})
	return attributes.mtime ?? BigInt(Math.trunc(head.modified)) * 1_000_000n
}
