// Reading values out of what has come so far. A reader that finds too little throws MORE, and is called again
// from its start when more is there: so it must not change anything before it has read its last byte.

/** Thrown where more bytes are needed. Not an error, and so without the cost of one. */
export const MORE: unique symbol = Symbol('more')

/** How many bytes follow the first one of a varint or varlong, by that byte's upper six bits. */
const EXTRA = Uint8Array.from({length: 64}, (_, i) => [0, 0, 0, 0, 1, 1, 2, 3][i >> 3] ?? 0).map((extra, i) =>
	i < 60 ? extra : i < 62 ? 4 : i === 62 ? 5 : 6,
)

export class Cursor {
	/** What has come and was not read yet: from `at` on. */
	protected bytes: Buffer = Buffer.alloc(0)
	protected at = 0

	#take(length: number): number {
		const at = this.at
		if (length > this.bytes.length - at) throw MORE
		this.at = at + length
		return at
	}

	byte(): number {
		const at = this.#take(1)
		return this.bytes[at] ?? 0
	}

	/** `length` bytes; a view that is valid until the next read waits. */
	raw(length: number): Buffer {
		const at = this.#take(length)
		return this.bytes.subarray(at, at + length)
	}

	/** `length` bytes as a byte string. */
	text(length: number): string {
		const at = this.#take(length)
		return this.bytes.toString('latin1', at, at + length)
	}

	/** 16 bits. */
	short(): number {
		return this.bytes.readUInt16LE(this.#take(2))
	}

	/** 32 bits with a sign. */
	int(): number {
		return this.bytes.readInt32LE(this.#take(4))
	}

	/** 32 bits without a sign. */
	uint(): number {
		return this.bytes.readUInt32LE(this.#take(4))
	}

	/** 32 bits with a sign, in one to five bytes. */
	varint(): number {
		const first = this.byte()
		const extra = EXTRA[first >> 2] ?? 0
		if (extra === 0) return first
		const at = this.#take(extra)
		let value = 0
		for (let i = 0; i < Math.min(extra, 4); i++) value |= (this.bytes[at + i] ?? 0) << (8 * i)
		return extra < 4 ? value | ((first & ((1 << (8 - extra)) - 1)) << (8 * extra)) : value
	}

	/** 64 bits with a sign, in `least` bytes or more. Exact up to 2^53; beyond that only large. */
	varlong(least: number): number {
		const at = this.#take(least)
		const first = this.bytes[at] ?? 0
		const extra = EXTRA[first >> 2] ?? 0
		const rest = this.#take(extra)
		const top = extra === 0 ? first : first & ((1 << (8 - extra)) - 1)
		const byteAt = (i: number) =>
			i < least - 1
				? (this.bytes[at + 1 + i] ?? 0)
				: i < least - 1 + extra
					? (this.bytes[rest + i - least + 1] ?? 0)
					: i === least - 1 + extra
						? top
						: 0
		const low = byteAt(0) + byteAt(1) * 2 ** 8 + byteAt(2) * 2 ** 16 + byteAt(3) * 2 ** 24
		const high = byteAt(4) | (byteAt(5) << 8) | (byteAt(6) << 16) | (byteAt(7) << 24)
		return high * 2 ** 32 + low
	}

	/** 64 bits of protocol 29 and older: four bytes, or twelve. */
	longint(): number {
		const short = this.int()
		if (short !== -1) return short
		const at = this.#take(8)
		return this.bytes.readInt32LE(at + 4) * 2 ** 32 + this.bytes.readUInt32LE(at)
	}

	/** A short string, as the handshake has them. */
	vstring(): string {
		const first = this.byte()
		return this.text(first & 0x80 ? ((first & 0x7f) << 8) | this.byte() : first)
	}
}
