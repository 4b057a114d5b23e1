// CRC-32, as zlib has it.

import {crc32 as zlibs} from 'node:zlib'

/** Bytes below which it pays not to load zlib, which takes 0.4 ms, and 1.0 more for the streams that it has. */
const FEW = 8192

/** What is left of each byte. That of two bits is what is left of each, combined, so eight are made and the others follow. */
const table = new Int32Array(256)
for (let bit = 128, left = 1; bit > 0; bit >>= 1) {
	left = (left >>> 1) ^ (left & 1 ? 0xedb88320 : 0)
	for (let at = 0; at < 256; at += 2 * bit) table[at + bit] = left ^ (table[at] as number)
}

/** The CRC-32 of bytes that follow on those of which `before` is the CRC-32. */
export function crc32(bytes: Buffer, before = 0): number {
	if (bytes.length >= FEW) return zlibs(bytes, before)
	let crc = ~before
	for (let i = 0; i < bytes.length; i++)
		crc = (table[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8)
	return ~crc >>> 0
}
