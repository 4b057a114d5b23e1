// HMAC with SHA-256 (RFC 2104) of many short texts with one key: the key is padded once, and each text takes two digests.
// That is half of the time of node's own, which makes two objects of the system for every text.

import {hash} from 'node:crypto'

/** SHA-256 works on blocks of so many bytes. */
const BLOCK = 64
const DIGEST = 32
/** Bytes of a text for which there is room from the beginning. */
const TEXT = 256

export class HmacKey {
	/** The key with its two pads, and room for what is hashed behind it. */
	#inner: Buffer
	/** What is hashed of it: texts of one kind have one length. */
	#text: Buffer
	readonly #outer: Buffer

	/** `key` is not longer than a block of 64 bytes, as those of signatures are. */
	constructor(key: Buffer) {
		if (key.length > BLOCK) throw new RangeError(`a key of ${key.length} bytes is too long`)
		this.#text = this.#inner = padded(key, 0x36, TEXT)
		this.#outer = padded(key, 0x5c, DIGEST)
	}

	/** The HMAC of a text, in hex. */
	sign(text: string): string {
		// a character takes three bytes of UTF-8 at most
		const most = BLOCK + text.length * 3
		if (this.#inner.length < most) this.#text = this.#inner = Buffer.concat([this.#inner], most)
		const end = BLOCK + this.#inner.write(text, BLOCK)
		if (this.#text.length !== end) this.#text = this.#inner.subarray(0, end)
		this.#outer.hexWrite(hash('sha256', this.#text, 'hex'), BLOCK, DIGEST)
		return hash('sha256', this.#outer, 'hex')
	}
}

/** A block of the key and `pad`, with room behind it. */
function padded(key: Buffer, pad: number, room: number): Buffer {
	const block = Buffer.alloc(BLOCK + room)
	for (let i = 0; i < BLOCK; i++) block[i] = (key[i] ?? 0) ^ pad
	return block
}
