// What a client that downloads asks for, read from the wire: files by their numbers, and ends of phases. See
// s3r-rsync(5), TRANSFER.

import type {BlockSums} from '../../algo/match.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import type {FileList} from './flist.ts'
import {ITEM, type Item, NO_SUMS, readItem, readSumHead, sumsOf} from './item.ts'
import type {Line} from './line.ts'
import {NDX} from './ndx.ts'

/** What a client asks for. */
export type Request =
	| {readonly kind: 'done'}
	| {readonly kind: 'delStats'; readonly counts: readonly number[]}
	| {
			readonly kind: 'item'
			readonly ndx: number
			readonly row: number
			readonly item: Item
			/** Numbers of the attributes whose values it wants. */
			readonly xattrs: readonly number[] | undefined
			readonly sums: BlockSums | undefined
	  }
export type ItemRequest = Extract<Request, {kind: 'item'}>

/** Reads one request for a file of a list; `order` is its rows by their numbers. */
export async function readRequest(line: Line, files: FileList, order: Uint32Array): Promise<Request> {
	const {input, numbersIn, protocol, options, checksum, agreed} = line
	const ndx = await input.read((cursor) => numbersIn.read(cursor))
	if (ndx === NDX.done) return {kind: 'done'}
	if (ndx === NDX.delStats) return {kind: 'delStats', counts: await input.read(readCounts)}
	const row = order[ndx]
	if (row === undefined || ndx < 0)
		throw new RsyncError(RERR.protocol, `file ${ndx} was asked for, the list has ${order.length}`)
	const item = await input.read((cursor) => readItem(cursor, protocol))
	const isFurther = (item.flags & ITEM.name) !== 0 && (item.flags & ITEM.localChange) !== 0
	const wantsXattrs =
		options.xattrs &&
		(item.flags & ITEM.xattr) !== 0 &&
		!options.dryRun &&
		protocol >= 29 &&
		!(agreed.xattrOptimization && isFurther)
	const xattrs = wantsXattrs ? await input.read(readNumbers) : undefined
	const isTransfer = (item.flags & ITEM.transfer) !== 0
	if (isTransfer && typeOf(files.mode(row)) !== TYPE.file)
		throw new RsyncError(RERR.protocol, `the content of file ${ndx} was asked for, which has none`)
	let sums: BlockSums | undefined
	if (isTransfer && !options.dryRun) {
		const head = await input.read((cursor) => readSumHead(cursor, protocol, checksum.length))
		// with --append the blocks are only counted
		sums =
			options.append > 0
				? {...NO_SUMS, ...head}
				: sumsOf(head, await input.take(head.count * (4 + head.strongLength)))
	}
	return {kind: 'item', ndx, row, item, xattrs, sums}
}

export const readCounts = (cursor: Cursor): number[] => Array.from({length: 5}, () => cursor.varint())

/** Numbers that grow, as their differences, ended by 0. */
function readNumbers(cursor: Cursor): number[] {
	const numbers: number[] = []
	for (let number = 0; ;) {
		const difference = cursor.varint()
		if (difference === 0) return numbers
		number += difference
		if (difference < 0 || number > 1 << 16)
			throw new RsyncError(RERR.protocol, `attribute ${number} was asked for`)
		numbers.push(number)
	}
}
