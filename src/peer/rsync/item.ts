// What both sides say of a file of the list: its number, and what is to be done or was done. See s3r-rsync(5), ITEMS.

import type {BlockSums} from '../../algo/match.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import {NAME_LIMIT} from './flist-errors.ts'
import type {Output} from './output.ts'

export const ITEM = {
	atime: 0x1,
	/** The content differs, or a link's target does. */
	change: 0x2,
	size: 0x4,
	time: 0x8,
	perms: 0x10,
	owner: 0x20,
	group: 0x40,
	acl: 0x80,
	xattr: 0x100,
	/** A byte follows. */
	basis: 0x800,
	/** A name follows. */
	name: 0x1000,
	isNew: 0x2000,
	localChange: 0x4000,
	transfer: 0x8000,
} as const

const BASIS_FNAME = 0x80

export type Item = {
	readonly flags: number
	readonly basis: number
	/** A byte string; of a hard link the path of its first name. */
	readonly name: string | undefined
}

/** Before protocol 29 nothing but the number was sent: a number asks for the file. */
export function readItem(cursor: Cursor, protocol: number): Item {
	if (protocol < 29) return {flags: ITEM.transfer, basis: BASIS_FNAME, name: undefined}
	const flags = cursor.short()
	const basis = flags & ITEM.basis ? cursor.byte() : BASIS_FNAME
	const name = flags & ITEM.name ? cursor.vstring() : undefined
	if ((name?.length ?? 0) >= NAME_LIMIT) throw new RsyncError(RERR.protocol, 'a name is too long')
	return {flags, basis, name}
}

export function writeItem(output: Output, {flags, basis, name}: Item, protocol: number): void {
	if (protocol < 29) return
	output.short(flags)
	if (flags & ITEM.basis) output.byte(basis)
	if (flags & ITEM.name) output.vstring(name ?? '')
}

export const NO_SUMS: BlockSums = {
	blockLength: 0,
	strongLength: 0,
	remainder: 0,
	count: 0,
	weak: new Uint32Array(0),
	strong: Buffer.alloc(0),
}

/** Bytes of sums of one file that are taken: of a file of some terabytes. */
const SUMS_LIMIT = 2 ** 28
/** The longest block that may be. */
const LONGEST_BLOCK = 2 ** 17
const OLD_LONGEST_BLOCK = 2 ** 29

/** Reads how many sums there are and of what length. */
export function readSumHead(
	cursor: Cursor,
	protocol: number,
	digestLength: number,
): Omit<BlockSums, 'weak' | 'strong'> {
	const count = cursor.int()
	const blockLength = cursor.int()
	const strongLength = protocol < 27 ? 2 : cursor.int()
	const remainder = cursor.int()
	const longest = protocol < 30 ? OLD_LONGEST_BLOCK : LONGEST_BLOCK
	if (
		count < 0 ||
		blockLength < 0 ||
		blockLength > longest ||
		strongLength < 0 ||
		strongLength > Math.max(16, digestLength) ||
		remainder < 0 ||
		remainder > blockLength ||
		(count > 0 && (blockLength === 0 || strongLength === 0)) ||
		count * (strongLength + 4) > SUMS_LIMIT
	)
		throw new RsyncError(
			RERR.protocol,
			`bad block sums: ${count} of ${strongLength} bytes, of ${blockLength} and ${remainder} bytes`,
		)
	return {count, blockLength, strongLength, remainder}
}

/** The sums from the bytes that follow the head. */
export function sumsOf(head: Omit<BlockSums, 'weak' | 'strong'>, bytes: Buffer): BlockSums {
	const {count, strongLength} = head
	const weak = new Uint32Array(count)
	const strong = Buffer.allocUnsafe(count * strongLength)
	for (let block = 0, at = 0; block < count; block++, at += 4 + strongLength) {
		weak[block] = bytes.readUInt32LE(at)
		bytes.copy(strong, block * strongLength, at + 4, at + 4 + strongLength)
	}
	return {weak, strong, ...head}
}

export function writeSumHead(output: Output, sums: Omit<BlockSums, 'weak' | 'strong'>): void {
	output.int(sums.count)
	output.int(sums.blockLength)
	output.int(sums.strongLength)
	output.int(sums.remainder)
}

/** Writes the sums of blocks, of the strong ones as many bytes as the head says. */
export function writeSums(output: Output, sums: BlockSums): void {
	const {count, strongLength, weak, strong} = sums
	writeSumHead(output, sums)
	const whole = count === 0 ? 0 : strong.length / count
	for (let block = 0; block < count; block++) {
		output.int(weak[block] as number)
		output.raw(strong.subarray(block * whole, block * whole + strongLength))
	}
}
