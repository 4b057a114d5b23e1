// An index in memory <-> the bytes of `.s3rsync/index`.

import {crc32} from '../base/crc32.ts'
import {fatal} from '../base/errors.ts'
import type {Sections} from './index-columns.ts'
import {IndexFile} from './index-file.ts'
import {Heaps} from './index-write.ts'
import {ENTRY, H, HEADER, MAGIC, packTime, TRAILER, unpackTime, VERSION, WORDS} from './index-layout.ts'

const align = (n: number) => Math.ceil(n / 8) * 8

/** What the header of an index file says: how much there is of what. */
export type Header = Pick<Sections, 'count' | 'scanned' | 'device'> & {
	readonly directories: number
	readonly owners: number
	/** Bytes of names and of extras. */
	readonly names: number
	readonly extras: number
}

/** The first bytes of an index file. */
export function encodeHeader(h: Header): Buffer {
	const header = Buffer.alloc(HEADER)
	header.write(MAGIC, 'latin1')
	header.writeUInt32LE(VERSION, H.version)
	header.writeUInt32LE(h.count, H.entries)
	header.writeUInt32LE(h.directories, H.directories)
	header.writeUInt32LE(h.owners, H.owners)
	const [low, high] = packTime(h.scanned)
	header.writeUInt32LE(low, H.scanned)
	header.writeUInt32LE(high, H.scanned + 4)
	header.writeBigUInt64LE(h.device, H.device)
	header.writeUInt32LE(h.names, H.names)
	header.writeUInt32LE(h.extras, H.extras)
	return header
}

/** Where a section lies in an index file, in bytes. */
export type Span = {readonly start: number; readonly length: number}

/** The places of the sections, as an index file has them one behind the other; `end` is where the trailer begins. */
export type Layout = Header & {
	readonly at: {
		readonly words: Span
		readonly directories: Span
		readonly owners: Span
		readonly names: Span
		readonly extras: Span
	}
	readonly end: number
}

export function layoutOf(header: Header): Layout {
	let end = HEADER
	const span = (length: number): Span => {
		const start = end
		end += align(length)
		return {start, length}
	}
	const at = {
		words: span(header.count * ENTRY),
		directories: span(header.directories * 8),
		owners: span(header.owners * 8),
		names: span(header.names),
		extras: span(header.extras),
	}
	return {...header, at, end}
}

/** What is said of an index file that is damaged. */
export const corruptIndex = (why: string) =>
	fatal(
		`the index is corrupt: ${why}`,
		"move '.s3rsync/index' away and run 's3r fetch' and 's3r index' to make it anew",
	)

/** The layout of an index file of `size` bytes that begins with these. Throws an S3rError that says what is wrong. */
export function readLayout(header: Buffer, size: number): Layout {
	const layout = layoutIn(header)
	if (layout === undefined) throw corruptIndex('it does not begin as one')
	if (size !== layout.end + TRAILER) throw corruptIndex('its length is not what it says')
	return layout
}

/** What a header says; undefined where it is none. */
function layoutIn(header: Buffer): Layout | undefined {
	if (header.length < HEADER || header.latin1Slice(0, 8) !== MAGIC) return undefined
	const version = header.readUInt32LE(H.version)
	if (version !== VERSION)
		throw fatal(
			`the index has version ${version}, this s3r knows version ${VERSION}`,
			'use the s3r that wrote it',
		)
	return layoutOf({
		count: header.readUInt32LE(H.entries),
		scanned: unpackTime(header.readUInt32LE(H.scanned), header.readUInt32LE(H.scanned + 4)),
		device: header.readBigUInt64LE(H.device),
		directories: header.readUInt32LE(H.directories),
		owners: header.readUInt32LE(H.owners),
		names: header.readUInt32LE(H.names),
		extras: header.readUInt32LE(H.extras),
	})
}

/** Whether the bytes of an index file are those that were written, by its trailer. */
function isWhole(buffer: Buffer): boolean {
	const end = buffer.length - TRAILER
	return buffer.readUInt32LE(end) === crc32(buffer.subarray(0, end)) && buffer.readUInt32LE(end + 4) === 0
}

/** The last bytes of an index file whose other bytes have this CRC-32. */
export function encodeTrailer(crc: number): Buffer {
	const trailer = Buffer.alloc(TRAILER)
	trailer.writeUInt32LE(crc, 0)
	return trailer
}

/** The bytes of an index file, in pieces to be written one after the other. */
export function serializeIndex(s: Sections): Buffer[] {
	const header = encodeHeader({
		count: s.count,
		scanned: s.scanned,
		device: s.device,
		directories: s.directories.length / 2,
		owners: s.owners.length / 2,
		names: s.names.length,
		extras: s.extras.length,
	})
	const bytes = (view: Uint32Array) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)
	const pieces = [header, bytes(s.words.subarray(0, s.count * WORDS)), bytes(s.directories), bytes(s.owners)]
	for (const heap of [s.names, s.extras]) pieces.push(heap, Buffer.alloc(align(heap.length) - heap.length))
	return [...pieces, encodeTrailer(pieces.reduce((sum, piece) => crc32(piece, sum), 0))]
}

/**
 * Takes apart the bytes of an index file, which stay in use.
 *
 * Throws an S3rError that says what is wrong with them; nothing behind a bad checksum is believed.
 */
export function parseIndex(buffer: Buffer): IndexFile {
	const layout = readLayout(buffer.subarray(0, HEADER), buffer.length)
	if (!isWhole(buffer)) throw corruptIndex('its checksum is wrong')
	return takeApart(buffer, layout)
}

/** The index that bytes begin with, and how many of them it has; undefined where none is whole. Throws as parseIndex. */
export function firstIndex(bytes: Buffer): {readonly index: IndexFile; readonly size: number} | undefined {
	const layout = layoutIn(bytes.subarray(0, HEADER))
	if (layout === undefined) return undefined
	const size = layout.end + TRAILER
	const buffer = bytes.subarray(0, size)
	return buffer.length === size && isWhole(buffer) ? {index: takeApart(buffer, layout), size} : undefined
}

function takeApart(buffer: Buffer, {at, count, scanned, device}: Layout): IndexFile {
	const section = ({start, length}: Span) => buffer.subarray(start, start + length)
	const words = (span: Span) => {
		const piece = section(span)
		return new Uint32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4)
	}
	const owners = words(at.owners)
	if (new Heaps(owners).owners.length !== owners.length) throw corruptIndex('an owner is there twice')
	return new IndexFile({
		count,
		scanned,
		device,
		words: words(at.words),
		directories: words(at.directories),
		owners,
		names: section(at.names),
		extras: section(at.extras),
	})
}
