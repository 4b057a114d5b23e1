// The cyclic redundancy checks of S3: CRC32 (zlib's own), CRC32C and CRC64NVME. All are reflected, and
// begin and end with a complement. Source: the catalogue of parametrised CRC algorithms.

import {crc32} from 'node:zlib'

/** What computes a digest of a stream; node's Hash is one. */
export type Hasher = {
	update(chunk: Buffer): unknown
	digest(): Buffer
}

export const POLYNOMIALS = {CRC32: 0xedb88320n, CRC32C: 0x82f63b78n, CRC64NVME: 0x9a6c9329ac4bc9b5n}

/** The remainder of each byte, for a division of one byte a step. */
function remainders(polynomial: bigint): bigint[] {
	return Array.from({length: 256}, (_, byte) => {
		let value = BigInt(byte)
		for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? polynomial : 0n)
		return value
	})
}

export class Crc32 implements Hasher {
	#value = 0

	update(chunk: Buffer): void {
		this.#value = crc32(chunk, this.#value)
	}

	digest(): Buffer {
		const bytes = Buffer.alloc(4)
		bytes.writeUInt32BE(this.#value)
		return bytes
	}
}

let table32c: Int32Array | undefined

export class Crc32c implements Hasher {
	#value = -1

	update(chunk: Buffer): void {
		table32c ??= Int32Array.from(remainders(POLYNOMIALS.CRC32C), (value) => Number(value))
		let value = this.#value
		for (const byte of chunk) value = (table32c[(value ^ byte) & 255] as number) ^ (value >>> 8)
		this.#value = value
	}

	digest(): Buffer {
		const bytes = Buffer.alloc(4)
		bytes.writeInt32BE(~this.#value)
		return bytes
	}
}

let table64: {readonly high: Int32Array; readonly low: Int32Array} | undefined

/** The tables of CRC64NVME in halves: JavaScript computes with 32 bits, and BigInt is 50 times slower. */
function tables(): {high: Int32Array; low: Int32Array} {
	const values = remainders(POLYNOMIALS.CRC64NVME)
	return {
		high: Int32Array.from(values, (value) => Number(value >> 32n)),
		low: Int32Array.from(values, (value) => Number(value & 0xffffffffn)),
	}
}

export class Crc64Nvme implements Hasher {
	#high = -1
	#low = -1

	update(chunk: Buffer): void {
		table64 ??= tables()
		let [high, low] = [this.#high, this.#low]
		for (const byte of chunk) {
			const at = (low ^ byte) & 255
			low = ((low >>> 8) | (high << 24)) ^ (table64.low[at] as number)
			high = (high >>> 8) ^ (table64.high[at] as number)
		}
		this.#high = high
		this.#low = low
	}

	digest(): Buffer {
		const bytes = Buffer.alloc(8)
		bytes.writeInt32BE(~this.#high, 0)
		bytes.writeInt32BE(~this.#low, 4)
		return bytes
	}
}

/** The product of two reflected polynomials, modulo a third. */
function multiply(a: bigint, b: bigint, polynomial: bigint, width: bigint): bigint {
	let product = 0n
	for (let bit = 1n << (width - 1n); bit > 0n; bit >>= 1n) {
		if (a & bit) product ^= b
		b = (b >> 1n) ^ (b & 1n ? polynomial : 0n)
	}
	return product
}

/** x to the power of `exponent`, modulo the polynomial. */
function power(exponent: bigint, polynomial: bigint, width: bigint): bigint {
	let result = 1n << (width - 1n)
	for (let square = result >> 1n; exponent > 0n; exponent >>= 1n) {
		if (exponent & 1n) result = multiply(square, result, polynomial, width)
		square = multiply(square, square, polynomial, width)
	}
	return result
}

/** The CRC of concatenated parts, from each part's own CRC and size. */
export function combine(
	algorithm: keyof typeof POLYNOMIALS,
	parts: readonly {readonly crc: Buffer; readonly size: number}[],
): Buffer {
	const bytes = algorithm === 'CRC64NVME' ? 8 : 4
	const [polynomial, width] = [POLYNOMIALS[algorithm], BigInt(bytes * 8)]
	const shifts = new Map<number, bigint>()
	let total = 0n
	for (const {crc, size} of parts) {
		const shift = shifts.get(size) ?? power(BigInt(size) * 8n, polynomial, width)
		shifts.set(size, shift)
		total = multiply(shift, total, polynomial, width) ^ BigInt(`0x${crc.toString('hex')}`)
	}
	return Buffer.from(total.toString(16).padStart(bytes * 2, '0'), 'hex')
}
