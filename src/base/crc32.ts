// CRC-32, as zlib has it.

import {crc32 as zlibs} from 'node:zlib'

/** Bytes below which it pays not to load zlib, which takes 0.4 ms, and 1.0 more for the streams that it has. */
const FEW = 8192

/** What is left of each half of a byte: a table for whole ones takes longer to make than these few bytes to go through. */
const table = Int32Array.from({length: 16}, (_, half) => remainder(half))

/** The CRC-32 of bytes that follow on those of which `before` is the CRC-32. */
export function crc32(bytes: Buffer, before = 0): number {
	if (bytes.length >= FEW) return zlibs(bytes, before)
	let crc = ~before
	for (let i = 0; i < bytes.length; i++) {
		const byte = bytes[i] as number
		crc = (table[(crc ^ byte) & 15] as number) ^ (crc >>> 4)
		crc = (table[(crc ^ (byte >>> 4)) & 15] as number) ^ (crc >>> 4)
	}
	return ~crc >>> 0
}

function remainder(half: number): number {
	let crc = half
	for (let bit = 0; bit < 4; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
	return crc
}
