// The signature of a file: sums of its blocks. The page s3r-signature(5) is the authority.

import {createHash, hash} from 'node:crypto'
import {fatal} from '../base/errors.ts'

const MAGIC = 's3rblock'
const VERSION = 1
const HEADER = 16
const RECORD = 20
const MD5 = 16
const TRAILER = 8 + MD5 + MD5
export const BLOCK_LIMIT = 1 << 17

/** What a signature says of its file. */
export type Signature = {
	readonly blockLength: number
	/** Of the file. */
	readonly size: number
	readonly md5: Buffer
	/** Weak sums of the blocks. */
	readonly weak: Uint32Array
	/** MD5s of the blocks, one behind another. */
	readonly strong: Buffer
}

/** Writes a signature as its file is read: first `head`, then `block` for each, then `end`. */
export class SignatureWriter {
	readonly #hash = createHash('md5')

	#counted(bytes: Buffer): Buffer {
		this.#hash.update(bytes)
		return bytes
	}

	head(blockLength: number): Buffer {
		const bytes = Buffer.alloc(HEADER)
		bytes.write(MAGIC, 'latin1')
		bytes.writeUInt32LE(VERSION, 8)
		bytes.writeUInt32LE(blockLength, 12)
		return this.#counted(bytes)
	}

	block(weak: number, md5: Buffer): Buffer {
		const bytes = Buffer.allocUnsafe(RECORD)
		bytes.writeUInt32LE(weak, 0)
		md5.copy(bytes, 4)
		return this.#counted(bytes)
	}

	end(size: number, md5: Buffer): Buffer {
		const bytes = Buffer.allocUnsafe(8 + MD5)
		bytes.writeBigUInt64LE(BigInt(size), 0)
		md5.copy(bytes, 8)
		return Buffer.concat([this.#counted(bytes), this.#hash.digest()])
	}
}

/** Reads a whole signature. Throws status 128 for what is none or was changed. */
export function decodeSignature(bytes: Buffer): Signature {
	if (bytes.toString('latin1', 0, 8) !== MAGIC) throw fatal('what was given as the signature is none')
	if (bytes.length < HEADER + TRAILER) throw fatal('the signature is cut off')
	if (bytes.readUInt32LE(8) !== VERSION)
		throw fatal(`the signature has version ${bytes.readUInt32LE(8)}`, 'a newer s3r may have written it')
	const blockLength = bytes.readUInt32LE(12)
	const trailer = bytes.length - TRAILER
	const size = Number(bytes.readBigUInt64LE(trailer))
	const count = Math.ceil(size / blockLength)
	if (blockLength < 1 || blockLength > BLOCK_LIMIT || trailer !== HEADER + count * RECORD)
		throw fatal('the signature is cut off or damaged')
	if (!hash('md5', bytes.subarray(0, -MD5), 'buffer').equals(bytes.subarray(-MD5)))
		throw fatal('the signature is damaged')

	const weak = new Uint32Array(count)
	const strong = Buffer.allocUnsafe(count * MD5)
	for (let block = 0; block < count; block++) {
		const at = HEADER + block * RECORD
		weak[block] = bytes.readUInt32LE(at)
		bytes.copy(strong, block * MD5, at + 4, at + RECORD)
	}
	return {blockLength, size, md5: Buffer.from(bytes.subarray(trailer + 8, trailer + 8 + MD5)), weak, strong}
}
