// An index in memory <-> the bytes of `.s3rsync/index`.

import {crc32} from 'node:zlib'
import {fatal} from '../base/errors.ts'
import {IndexFile, type Sections} from './index-file.ts'
import {ENTRY, H, HEADER, MAGIC, packTime, TRAILER, unpackTime, VERSION, WORDS} from './index-layout.ts'

const align = (n: number) => Math.ceil(n / 8) * 8

/** The bytes of an index file, in pieces to be written one after the other. */
export function serializeIndex(s: Sections): Buffer[] {
	const header = Buffer.alloc(HEADER)
	header.write(MAGIC, 'latin1')
	header.writeUInt32LE(VERSION, H.version)
	header.writeUInt32LE(s.count, H.entries)
	header.writeUInt32LE(s.directories.length / 2, H.directories)
	header.writeUInt32LE(s.owners.length / 2, H.owners)
	const [low, high] = packTime(s.scanned)
	header.writeUInt32LE(low, H.scanned)
	header.writeUInt32LE(high, H.scanned + 4)
	header.writeBigUInt64LE(s.device, H.device)
	header.writeUInt32LE(s.names.length, H.names)
	header.writeUInt32LE(s.extras.length, H.extras)
	const bytes = (view: Uint32Array) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)
	const pieces = [header, bytes(s.words.subarray(0, s.count * WORDS)), bytes(s.directories), bytes(s.owners)]
	for (const heap of [s.names, s.extras]) pieces.push(heap, Buffer.alloc(align(heap.length) - heap.length))
	// zlib's crc32 of nothing is 0, whatever it was before
	const filled = pieces.filter((piece) => piece.length > 0)
	const trailer = Buffer.alloc(TRAILER)
	trailer.writeUInt32LE(
		filled.reduce((sum, piece) => crc32(piece, sum), 0),
		0,
	)
	return [...filled, trailer]
}

/**
 * Takes apart the bytes of an index file, which stay in use.
 *
 * Throws an S3rError that says what is wrong with them; nothing behind a bad checksum is believed.
 */
export function parseIndex(buffer: Buffer): IndexFile {
	const bad = (why: string) =>
		fatal(
			`the index is corrupt: ${why}`,
			"move '.s3rsync/index' away and run 's3r fetch' and 's3r index' to make it anew",
		)
	if (buffer.length < HEADER + TRAILER || buffer.toString('latin1', 0, 8) !== MAGIC)
		throw bad('it does not begin as one')
	const version = buffer.readUInt32LE(H.version)
	if (version !== VERSION)
		throw fatal(
			`the index has version ${version}, this s3r knows version ${VERSION}`,
			'use the s3r that wrote it',
		)
	const count = buffer.readUInt32LE(H.entries)
	const lengths = [
		count * ENTRY,
		buffer.readUInt32LE(H.directories) * 8,
		buffer.readUInt32LE(H.owners) * 8,
		buffer.readUInt32LE(H.names),
		buffer.readUInt32LE(H.extras),
	]
	const starts = [HEADER]
	for (const length of lengths) starts.push((starts.at(-1) ?? 0) + align(length))
	const end = starts.at(-1) ?? 0
	if (buffer.length !== end + TRAILER) throw bad('its length is not what it says')
	if (crc32(buffer.subarray(0, end)) !== buffer.readUInt32LE(end) || buffer.readUInt32LE(end + 4) !== 0)
		throw bad('its checksum is wrong')
	const section = (i: number) => buffer.subarray(starts[i] ?? 0, (starts[i] ?? 0) + (lengths[i] ?? 0))
	const words = (i: number) => {
		const piece = section(i)
		return new Uint32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4)
	}
	const index = new IndexFile({
		count,
		scanned: unpackTime(buffer.readUInt32LE(H.scanned), buffer.readUInt32LE(H.scanned + 4)),
		device: buffer.readBigUInt64LE(H.device),
		words: words(0),
		directories: words(1),
		owners: words(2),
		names: section(3),
		extras: section(4),
	})
	if (index.owners.length !== words(2).length) throw bad('an owner is there twice')
	return index
}
