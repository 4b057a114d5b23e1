// Entries into their 80 bytes, and the two heaps that they point into.

import {Heap, WordHeap} from '../base/bytes.ts'
import {type Entry, typeOf} from './entry.ts'
import {encodeExtra} from './index-extra.ts'
import {F, packTime, W} from './index-layout.ts'

/** The owners and the extra fields of an index, which entries refer to by number. */
export class Heaps {
	readonly #owners = new WordHeap()
	readonly #extras: Heap
	/** The number of each pair, by its owner and then its group. */
	readonly #numbers = new Map<number, Map<number, number>>()

	constructor(owners: Uint32Array = new Uint32Array(0), extras: Buffer = Buffer.alloc(0)) {
		this.#extras = new Heap(extras)
		for (let at = 0; at < owners.length; at += 2) this.owner(owners[at] ?? 0, owners[at + 1] ?? 0)
	}

	get owners(): Uint32Array {
		return this.#owners.words
	}

	get extras(): Buffer {
		return this.#extras.bytes
	}

	clear(): void {
		this.#owners.clear()
		this.#extras.clear()
		this.#numbers.clear()
	}

	/** The number of a pair of owner and group. */
	owner(uid: number, gid: number): number {
		let groups = this.#numbers.get(uid)
		if (groups === undefined) this.#numbers.set(uid, (groups = new Map()))
		let number = groups.get(gid)
		if (number === undefined) {
			const at = this.#owners.extend(2)
			this.#owners.words[at] = uid
			this.#owners.words[at + 1] = gid
			number = at / 2
			groups.set(gid, number)
		}
		return number
	}

	/** Keeps an extra; returns what an entry says of it: its offset plus 1, or 0 for none. */
	extra(bytes: Buffer | undefined): number {
		return bytes === undefined ? 0 : this.#extras.append(bytes) + 1
	}
}

/** The flags that say of `entry` what its other fields need not. */
function flagsOf({local, remote, base, attrs}: Entry): number {
	const md5 = local ? local.md5 : base?.md5
	let flags = base ? base.type << 12 : 0
	if (local) flags |= F.local
	if (remote) flags |= F.remote
	if (base) flags |= F.base
	if (md5 !== undefined) flags |= F.md5
	if (base && base.md5 === md5 && (!local || typeOf(local.mode) === base.type)) flags |= F.sameContent
	if (base && attrs === base.attrs) flags |= F.sameAttrs
	if (remote?.moved) flags |= F.moved
	if (remote?.bound) flags |= F.bound
	if (remote && remote.etag === md5) flags |= F.etagIsMd5
	if (remote && remote.size === (local?.size ?? -1)) flags |= F.sameSize
	return flags
}

const NEVER = [0, 0] as const

/** Writes all of `entry` but its path at word `at`. */
export function writeEntry(words: Uint32Array, at: number, entry: Entry, heaps: Heaps): void {
	const {local, remote, base} = entry
	const flags = flagsOf(entry)
	const high = Math.floor((local?.size ?? 0) / 2 ** 32)
	const ino = local?.ino ?? 0n
	const [mtime, mtimeHigh] = local ? packTime(local.mtime) : NEVER
	const [ctime, ctimeHigh] = local ? packTime(local.ctime) : NEVER
	words[at + W.lengthFlags] = (((words[at + W.lengthFlags] ?? 0) & 0xffff) | (flags << 16)) >>> 0
	words[at + W.modeSize] = ((local?.mode ?? 0) | (high << 16)) >>> 0
	words[at + W.size] = (local?.size ?? 0) % 2 ** 32
	words[at + W.ino] = Number(ino & 0xffffffffn)
	words[at + W.ino + 1] = Number(ino >> 32n)
	words[at + W.owner] = local ? heaps.owner(local.uid, local.gid) : 0
	words[at + W.mtime] = mtime
	words[at + W.mtime + 1] = mtimeHigh
	words[at + W.ctime] = ctime
	words[at + W.ctime + 1] = ctimeHigh
	words[at + W.modified] = remote?.modified ?? 0
	words[at + W.extra] = heaps.extra(encodeExtra(entry, flags))
	hexInto(words, at + W.md5, 4, local ? local.md5 : base?.md5)
	hexInto(words, at + W.base, 2, base?.attrs)
}

/** Writes the bytes of `hex`, or zeros, over `count` words. */
function hexInto(words: Uint32Array, at: number, count: number, hex: string | undefined): void {
	if (hex === undefined) words.fill(0, at, at + count)
	else bytesOf(words).hexWrite(hex, words.byteOffset + at * 4, count * 4)
}

/** The bytes of the words that were written last: most often the next entry goes there, too. */
let last: Buffer = Buffer.alloc(0)

/** All bytes that these words lie in. */
function bytesOf({buffer}: Uint32Array): Buffer {
	if (buffer !== last.buffer) last = Buffer.from(buffer)
	return last
}
