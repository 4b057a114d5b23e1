// CRC-32, as zlib has it.

import {crc32 as zlibs} from 'node:zlib'

/** Bytes below which it pays not to load zlib, which takes 0.4 ms, and 1.0 more for the streams that it has. */
const FEW = 8192

let table: Int32Array | undefined

/** The CRC-32 of bytes that follow on those of which `before` is the CRC-32. */
export function crc32(bytes: Buffer, before = 0): number {
	if (bytes.length >= FEW) return zlibs(bytes, before)
	table ??= Int32Array.from({length: 256}, (_, byte) => remainder(byte))
	let crc = ~before
	for (let i = 0; i < bytes.length; i++)
		crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
	return ~crc >>> 0
}

function remainder(byte: number): number {
	let crc = byte
	for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
	return crc
}
